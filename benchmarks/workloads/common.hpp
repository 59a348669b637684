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

// Arrays that begin at lines of the cache.
template <typename T> struct Lines
{
    using value_type = T;
    Lines() = default;
    template <typename U> Lines(const Lines<U>&) {}
    T* allocate(size_t n) { return (T*)std::aligned_alloc(64, (n * sizeof(T) + 63) / 64 * 64); }
    void deallocate(T* p, size_t) { std::free(p); }
    bool operator==(const Lines&) const { return true; }
    bool operator!=(const Lines&) const { return false; }
};
template <typename T> struct Aligned : std::vector<T, Lines<T>>
{
    explicit Aligned(size_t n) : std::vector<T, Lines<T>>(n) {}
    explicit Aligned(const std::vector<T>& v) : std::vector<T, Lines<T>>(v.begin(), v.end()) {}
};

static double cpu_seconds()
{
    rusage used;
    getrusage(RUSAGE_SELF, &used);
    return used.ru_utime.tv_sec + used.ru_stime.tv_sec
        + 1e-6 * (used.ru_utime.tv_usec + used.ru_stime.tv_usec);
}
