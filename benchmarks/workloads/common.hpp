// What the hand-written programs share: reading what Python gives, and the time that they used.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <sys/resource.h>
#include <vector>

template <typename T> static std::vector<T> read(FILE* file)
{
    int64_t n = 0;
    if (std::fread(&n, sizeof n, 1, file) != 1)
        std::exit(2);
    std::vector<T> values(n);
    if (std::fread(values.data(), sizeof(T), n, file) != (size_t)n)
        std::exit(2);
    return values;
}

static double cpu_seconds()
{
    rusage used;
    getrusage(RUSAGE_SELF, &used);
    return used.ru_utime.tv_sec + used.ru_stime.tv_sec
        + 1e-6 * (used.ru_utime.tv_usec + used.ru_stime.tv_usec);
}
