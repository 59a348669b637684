// The reservoir by hand: what `reservoir.py` describes, float32, one thread.
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "common.hpp"

int main(int argc, char** argv)
{
    FILE* file = std::fopen(argv[2], "rb");
    const std::vector<float> p = read<float>(file);
    const float dt = p[0], c_m = p[1], k = p[2], v_r = p[3], v_t = p[4], v_peak = p[5], a = p[6], b = p[7],
                c = p[8], d = p[9], bias = p[10], tau_rise = p[11], tau_decay = p[12];
    Aligned<float> v_(read<float>(file)), w_(read<float>(file));
    std::fclose(file);
    const int n = (int)v_.size(), steps = (int)std::lround(std::atof(argv[1]) / dt);
    Aligned<float> u_(n), i_syn_(n), g_(n);
    std::vector<int> fired;
    float* __restrict v = v_.data();
    float* __restrict u = u_.data();
    float* __restrict i_syn = i_syn_.data();
    float* __restrict g = g_.data();
    const float* __restrict w = w_.data();
    int64_t spikes = 0;

    const double start = cpu_seconds();
    for (int step = 0; step < steps; step++)
    {
        fired.clear();
        for (int begin = 0; begin < n; begin += 64)
        {
            const int end = begin + 64 < n ? begin + 64 : n;
            int any = 0;
            for (int i = begin; i < end; i++)
            {
                const float dv = (k * (v[i] - v_r) * (v[i] - v_t) - u[i] + i_syn[i] + bias) / c_m;
                const float du = a * (b * (v[i] - v_r) - u[i]);
                const float di = g[i] - i_syn[i] / tau_rise;
                v[i] += dt * dv;
                u[i] += dt * du;
                i_syn[i] += dt * di;
                g[i] -= dt * g[i] / tau_decay;
                any |= v[i] >= v_peak;
            }
            if (any)
                for (int i = begin; i < end; i++)
                    if (v[i] >= v_peak)
                        fired.push_back(i);
        }
        for (int i : fired)
        {
            const float* __restrict row = w + (size_t)i * n;
            for (int j = 0; j < n; j++)
                g[j] += row[j];
        }
        for (int i : fired)
        {
            v[i] = c;
            u[i] += d;
        }
        spikes += fired.size();
    }
    const double used = cpu_seconds() - start;
    std::printf("{\"cpu_seconds_simulation\": %.6f, \"rate_hz\": %.6f}\n", used, spikes / (steps * (double)dt) / n);
}
