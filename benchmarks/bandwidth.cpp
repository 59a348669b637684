// What memory gives one core: GB/s by rows of a matrix of floats, visited in the order of events.
// g++ -O3 -march=native -ffast-math; arguments: rows, columns, events.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <vector>

static double seconds()
{
    timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return t.tv_sec + 1e-9 * t.tv_nsec;
}

int main(int, char** given)
{
    const size_t rows = atoi(given[1]), columns = atoi(given[2]);
    const int events = atoi(given[3]);
    float* const matrix = (float*)std::aligned_alloc(64, (4 * rows * columns + 63) / 64 * 64);
    std::fill(matrix, matrix + rows * columns, 0.25f);
    double total = 0;
    std::vector<size_t> order(events);
    uint64_t state = 88172645463325252ull;
    for (size_t& row : order)
    {
        state ^= state << 13, state ^= state >> 7, state ^= state << 17;
        row = state % rows;
    }
    double read = 1e9, update = 1e9;
    for (int repeat = 0; repeat < 7; repeat++)
    {
        double begin = seconds();
        for (size_t row : order)
        {
            const float* __restrict w = matrix + row * columns;
            float sum = 0;
            for (size_t j = 0; j < columns; j++)
                sum += w[j];
            total += sum;
        }
        read = std::min(read, seconds() - begin);
        begin = seconds();
        for (size_t row : order)
        {
            float* __restrict w = matrix + row * columns;
            for (size_t j = 0; j < columns; j++)
                w[j] = w[j] * 0.999f;
        }
        update = std::min(update, seconds() - begin);
    }
    const double bytes = 4e-9 * columns * events;
    std::printf("{\"read\": %.2f, \"update\": %.2f, \"check\": %g}\n", bytes / read, 2 * bytes / update,
                total);
}
