// The sparse recurrent plastic network by hand: what `sparse.py` describes, float32, one thread.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "common.hpp"

// Synapses by presynaptic cell.
struct Rows
{
    std::vector<int32_t> first, post;
    explicit Rows(FILE* file) : first(read<int32_t>(file)), post(read<int32_t>(file)) {}
    void send(int cell, float* __restrict target, float weight) const
    {
        for (int k = first[cell]; k < first[cell + 1]; k++)
            target[post[k]] += weight;
    }
};

struct Cells
{
    int n;
    Aligned<float> v, ge, gi;
    Aligned<int32_t> frozen; // steps for which the voltage stays
    std::vector<int32_t> fired;
    explicit Cells(const std::vector<float>& start)
        : n(start.size()), v(start), ge(n), gi(n), frozen(n) {}
};

int main(int argc, char** argv)
{
    const int steps = (int)std::lround(std::atof(argv[1]) * 1e4);
    FILE* file = std::fopen(argv[2], "rb");
    const std::vector<float> p = read<float>(file);
    const float keep_v = p[0], keep_e = p[1], keep_i = p[2], keep_x = p[3], rest = p[4], threshold = p[5],
                reset = p[6], g_plastic = p[7], g_e = p[8], g_i = p[9], up = p[10], down = p[11];
    const int refractory = (int)p[12], delay = (int)p[13];
    Rows ee(file), ei(file), ie(file), ii(file);
    std::vector<float> w = read<float>(file);
    Cells exc(read<float>(file)), inh(read<float>(file));
    std::fclose(file);
    Aligned<float> x_pre(exc.n), x_post(exc.n);

    // plastic synapses by postsynaptic cell
    std::vector<int32_t> first(exc.n + 1), order(w.size()), source(w.size());
    for (int32_t j : ee.post)
        first[j + 1]++;
    for (int j = 0; j < exc.n; j++)
        first[j + 1] += first[j];
    std::vector<int32_t> next(first.begin(), first.end() - 1);
    for (int i = 0; i < exc.n; i++)
        for (int k = ee.first[i]; k < ee.first[i + 1]; k++)
        {
            const int place = next[ee.post[k]]++;
            order[place] = k;
            source[place] = i;
        }

    std::vector<std::vector<int32_t>> exc_ring(delay), inh_ring(delay);
    int64_t exc_spikes = 0, inh_spikes = 0;

    const auto integrate = [&](Cells& cells)
    {
        float* __restrict v = cells.v.data();
        float* __restrict ge = cells.ge.data();
        float* __restrict gi = cells.gi.data();
        int32_t* __restrict frozen = cells.frozen.data();
        cells.fired.clear();
        for (int begin = 0; begin < cells.n; begin += 64)
        {
            const int end = std::min(begin + 64, cells.n);
            int any = 0;
            for (int i = begin; i < end; i++)
            {
                const float target = rest + ge[i] + gi[i];
                v[i] = frozen[i] > 0 ? v[i] : target + (v[i] - target) * keep_v;
                ge[i] *= keep_e;
                gi[i] *= keep_i;
                any |= v[i] > threshold;
                frozen[i] = std::max(frozen[i] - 1, 0);
            }
            if (any)
                for (int i = begin; i < end; i++)
                    if (v[i] > threshold)
                        cells.fired.push_back(i);
        }
    };

    const double start = cpu_seconds();
    for (int step = 0; step < steps; step++)
    {
        integrate(exc);
        integrate(inh);
        for (int i = 0; i < exc.n; i++)
            x_pre[i] *= keep_x;
        for (int i = 0; i < exc.n; i++)
            x_post[i] *= keep_x;
        std::vector<int32_t>& exc_arrived = exc_ring[step % delay];
        for (int i : exc_arrived)
        {
            x_pre[i] += 1;
            for (int k = ee.first[i]; k < ee.first[i + 1]; k++)
            {
                const int j = ee.post[k];
                exc.ge[j] += g_plastic * w[k];
                w[k] = std::min(std::max(w[k] - down * x_post[j], 0.f), 1.f);
            }
            ei.send(i, inh.ge.data(), g_e);
        }
        std::vector<int32_t>& inh_arrived = inh_ring[step % delay];
        for (int i : inh_arrived)
        {
            ie.send(i, exc.gi.data(), g_i);
            ii.send(i, inh.gi.data(), g_i);
        }
        for (int j : exc.fired)
        {
            x_post[j] += 1;
            for (int k = first[j]; k < first[j + 1]; k++)
                w[order[k]] = std::min(std::max(w[order[k]] + up * x_pre[source[k]], 0.f), 1.f);
        }
        for (Cells* cells : {&exc, &inh})
            for (int i : cells->fired)
            {
                cells->v[i] = reset;
                cells->frozen[i] = refractory - 1; // the step of the spike is one
            }
        exc_spikes += exc.fired.size();
        inh_spikes += inh.fired.size();
        exc_arrived.swap(exc.fired);
        inh_arrived.swap(inh.fired);
    }
    const double used = cpu_seconds() - start;

    double sum = 0, squares = 0;
    for (float x : w)
    {
        sum += x;
        squares += (double)x * x;
    }
    const double mean = sum / w.size(), seconds = steps * 1e-4;
    std::printf("{\"cpu_seconds_simulation\": %.6f, \"rate_hz\": %.6f, \"rate_inh_hz\": %.6f, "
                "\"weight_mean\": %.8f, \"weight_std\": %.8f}\n",
                used, exc_spikes / seconds / exc.n, inh_spikes / seconds / inh.n, mean,
                std::sqrt(squares / w.size() - mean * mean));
}
