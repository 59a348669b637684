// The dopamine network by hand: what `dopamine.py` describes, float32, one thread.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "common.hpp"

struct Random // xorshift
{
    uint64_t state;
    float uniform()
    {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        return ((state >> 40) + 0.5f) / 16777216.f;
    }
};

int main(int argc, char** argv)
{
    FILE* file = std::fopen(argv[2], "rb");
    const std::vector<float> p = read<float>(file);
    const float dt = p[0], keep_v = p[1], keep_x = p[2], keep_c = p[3], keep_d = p[4], rate = p[5], a_plus = p[6],
                a_minus = p[7], baseline = p[8], reward = p[9], w_max = p[10], gain = p[11];
    const int interval = (int)p[12], reward_steps = (int)p[13];
    Aligned<float> w_(read<float>(file));
    Random random{read<uint64_t>(file)[0]};
    std::fclose(file);
    const int n = 100, m = (int)w_.size() / n, steps = (int)std::lround(std::atof(argv[1]) / dt);
    Aligned<float> c_(w_.size()), v_(n), x_pre_(m), x_post_(n);
    std::vector<int> fired;
    float* __restrict w = w_.data();
    float* __restrict c = c_.data();
    float* __restrict v = v_.data();
    float* __restrict x_pre = x_pre_.data();
    float* __restrict x_post = x_post_.data();
    float dopamine = 0;
    // inputs: the number of silent (input, step) pairs up to the next spike
    const float scale = 1 / std::log1p(-rate * dt);
    int64_t next = (int64_t)(std::log(random.uniform()) * scale), spikes = 0, inputs = 0;

    const double start = cpu_seconds();
    for (int step = 0; step < steps; step++)
    {
        if (step % reward_steps == 0)
            dopamine += reward;
        dopamine *= keep_d;
        for (int i = 0; i < m; i++)
            x_pre[i] *= keep_x;
        int any = 0;
        for (int j = 0; j < n; j++)
        {
            v[j] *= keep_v;
            x_post[j] *= keep_x;
            any |= v[j] > 1;
        }
        fired.clear();
        if (any)
            for (int j = 0; j < n; j++)
                if (v[j] > 1)
                    fired.push_back(j);
        for (; next < m; next += 1 + (int64_t)(std::log(random.uniform()) * scale))
        {
            const size_t row = (size_t)next * n;
            x_pre[next] += 1;
            inputs++;
            for (int j = 0; j < n; j++)
            {
                v[j] += gain * w[row + j];
                c[row + j] -= a_minus * x_post[j];
            }
        }
        next -= m;
        for (int j : fired)
        {
            x_post[j] += 1;
            for (int i = 0; i < m; i++)
                c[(size_t)i * n + j] += a_plus * x_pre[i];
        }
        if (step % interval == interval - 1)
            for (size_t k = 0; k < (size_t)m * n; k++)
            {
                w[k] = std::min(std::max(w[k] + (baseline + dopamine) * c[k], 0.f), w_max);
                c[k] *= keep_c;
            }
        for (int j : fired)
            v[j] = 0;
        spikes += fired.size();
    }
    const double used = cpu_seconds() - start, seconds = steps * (double)dt;

    double sum = 0, squares = 0;
    for (float x : w_)
    {
        sum += x;
        squares += (double)x * x;
    }
    const double mean = sum / w_.size();
    std::printf("{\"cpu_seconds_simulation\": %.6f, \"rate_hz\": %.6f, \"rate_in_hz\": %.6f, \"weight_mean\": %.8f, "
                "\"weight_std\": %.8f}\n",
                used, spikes / seconds / n, inputs / seconds / m, mean, std::sqrt(squares / w_.size() - mean * mean));
}
