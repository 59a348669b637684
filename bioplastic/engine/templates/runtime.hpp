// Run-time support shared by all generated networks: arithmetic that Brian2's expressions expect,
// counter-based random numbers, the calendar of input spikes and the recorders.
#if defined(__x86_64__) && defined(__linux__) && defined(__GNUC__) && !defined(__clang__)
// glibc offers these for vectors only under the full -ffast-math, which would assume that no number
// is NaN.
#include <features.h>
#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 22)
#define BP_SIMD __attribute__((__simd__("notinbranch")))
extern "C" {
BP_SIMD double sin(double) noexcept;
BP_SIMD double cos(double) noexcept;
BP_SIMD double log(double) noexcept;
BP_SIMD double exp(double) noexcept;
BP_SIMD float sinf(float) noexcept;
BP_SIMD float cosf(float) noexcept;
BP_SIMD float logf(float) noexcept;
BP_SIMD float expf(float) noexcept;
}
#endif
#endif
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <ctime>
#include <memory>
#include <new>
#include <type_traits>
#include <vector>
#if defined(__SSE2__)
#include <xmmintrin.h>
#endif

using std::sin; using std::cos; using std::tan; using std::sinh; using std::cosh; using std::tanh;
using std::asin; using std::acos; using std::atan; using std::exp; using std::log; using std::log10;
using std::sqrt; using std::ceil; using std::floor; using std::expm1; using std::log1p;

// ---- arithmetic ---------------------------------------------------------------------------------
template <typename T, typename L, typename H> // limits are no integers because the number is one
using Clipped = std::conditional_t<std::is_floating_point_v<T>, T, std::common_type_t<T, L, H>>;
// Limits that the compiler takes for constants become four comparisons of masks; others become the
// instructions for minimum and maximum, which let NaN through as written here.
template <typename T> struct __attribute__((visibility("hidden"))) Hidden
{
    static T zero;
};
template <typename T> T Hidden<T>::zero = 0;
template <typename T, typename L, typename H>
static inline Clipped<T, L, H> bp_clip(T value, L low, H high)
{
    using R = Clipped<T, L, H>;
    R l = R(low), h = R(high);
#ifndef BP_PLAIN_LIMITS
    if constexpr (std::is_floating_point_v<R>)
    {
        l += Hidden<R>::zero;
        h += Hidden<R>::zero;
    }
#endif
    R x = value;
    x = x < l ? l : x;
    return x > h ? h : x;
}
template <typename T> static inline T bp_abs(T x) { return x < 0 ? -x : x; }
template <typename T> static inline T bp_sign(T x) { return T((T(0) < x) - (x < T(0))); }
static inline int bp_int(bool x) { return x; }
static inline int bp_int(int x) { return x; }
template <typename T> static inline T bp_int(T x) { return std::trunc(x); }
template <typename T> static inline double bp_real(T x) { return (double)x; }
static inline int bp_whole(double x) { return (int)std::rint(x); }
static inline int64_t bp_timestep(double t, double dt) { return (int64_t)((t + 1e-3L * dt) / dt); }
static inline double bp_exprel(double x)
{
    return bp_abs(x) < 1e-12L ? 1.0 + x / 2 : expm1(x) / x;
}
static inline float _brian_pow(float x, float y) { return std::pow(x, y); }
static inline double _brian_pow(double x, double y) { return std::pow(x, y); }
template <typename T> static inline T _brian_pow(T x, int n)
{
    if (n < 0)
        return T(1) / _brian_pow(x, -n);
    T result = 1;
    for (; n > 0; n >>= 1, x *= x)
        if (n & 1)
            result *= x;
    return result;
}
template <typename A, typename B> static inline auto _brian_pow(A x, B y) -> decltype(x * y)
{
    return std::pow((decltype(x * y))x, (decltype(x * y))y);
}
static inline int _brian_mod(int x, int y)
{
    const int r = y ? x % y : 0;
    return r && (r < 0) != (y < 0) ? r + y : r;
}
template <typename A, typename B> static inline auto _brian_mod(A x, B y) -> decltype(x * y)
{
    double r = std::fmod((double)x, (double)y);
    if (r != 0 && (r < 0) != (y < 0))
        r += y;
    return (decltype(x * y))r;
}
template <typename A, typename B> static inline auto _brian_floordiv(A x, B y) -> decltype(x * y)
{
    const double q = ((double)x - (double)_brian_mod((double)x, (double)y)) / (double)y, f = floor(q);
    return (decltype(x * y))(q - f > 0.5 ? f + 1 : f);
}

// ---- random numbers: the n-th draw is a hash of (key, n), so any draw can be repeated ------------
static inline uint64_t bp_hash(uint64_t z)
{
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
    return z ^ (z >> 31);
}
struct CounterRng
{
    uint64_t key = 0, n = 0;
    static uint64_t derive(uint64_t key, uint64_t child)
    {
        return bp_hash(key ^ bp_hash(child + 0x9E3779B97F4A7C15ull));
    }
    inline double uniform()
    {
        const uint64_t bits = bp_hash(key + 0x9E3779B97F4A7C15ull * ++n);
        return ((double)(bits >> 11) + 0.5) * (1.0 / 9007199254740992.0);
    }
    void uniform(double* __restrict x, int count)
    {
        const uint64_t start = key + 0x9E3779B97F4A7C15ull * n;
        for (int j = 0; j < count; j++)
        {
            const uint64_t bits = bp_hash(start + 0x9E3779B97F4A7C15ull * (uint64_t)(j + 1));
            x[j] = ((double)(int64_t)(bits >> 11) + 0.5) * (1.0 / 9007199254740992.0);
        }
        n += count;
    }
    inline double normal()
    {
        const double radius = sqrt(-2.0 * log(uniform()));
        return radius * cos(6.283185307179586476925286766559L * uniform());
    }
    int poisson(double mean)
    {
        int count = 0;
        for (; mean > 30; mean -= 30)
            count += poisson(30.0);
        double product = uniform();
        for (const double limit = exp(-mean); product > limit; product *= uniform())
            count++;
        return count;
    }
};

// Logarithm of a positive normal number by the series of atanh, and cosine and sine of a turn (a
// number in [0, 1)) by their series within an eighth of a turn, to some 1e-15. Unlike the library's
// they have no branches and no calls, so that loops over them vectorise.
static inline double bp_log(double x)
{
    int64_t bits;
    std::memcpy(&bits, &x, 8);
    const int64_t shift = (bits - 0x3FE6A09E667F3BCDll) >> 52; // mantissa in [sqrt(1/2), sqrt(2))
    bits -= shift << 52;
    double m;
    std::memcpy(&m, &bits, 8);
    const double s = (m - 1.0) / (m + 1.0), z = s * s;
    const double sum = 1.0 + z * (1.0 / 3 + z * (1.0 / 5 + z * (1.0 / 7 + z * (1.0 / 9 + z * (1.0 / 11
        + z * (1.0 / 13 + z * (1.0 / 15 + z * (1.0 / 17 + z * (1.0 / 19 + z * (1.0 / 21))))))))));
    return 2.0 * s * sum + (double)shift * 0.6931471805599453;
}

static inline void bp_turn(double turn, double& cosine, double& sine)
{
    const int64_t quarter = (int64_t)(4.0 * turn + 0.5);
    const double x = (turn - 0.25 * (double)quarter) * 6.283185307179586, z = x * x;
    const double c = 1.0 - z / 2 * (1.0 - z / 12 * (1.0 - z / 30 * (1.0 - z / 56 * (1.0 - z / 90
        * (1.0 - z / 132 * (1.0 - z / 182 * (1.0 - z / 240)))))));
    const double s = x * (1.0 - z / 6 * (1.0 - z / 20 * (1.0 - z / 42 * (1.0 - z / 72 * (1.0 - z / 110
        * (1.0 - z / 156 * (1.0 - z / 210 * (1.0 - z / 272))))))));
    const double odd = (double)(quarter & 1);
    cosine = (c + odd * (s - c)) * (1.0 - (double)((quarter + 1) & 2));
    sine = (s + odd * (c - s)) * (1.0 - (double)(quarter & 2));
}

static inline void bp_normal_pair(uint64_t key, int j, double& one, double& other)
{
    const uint64_t bits = bp_hash(key + 0x9E3779B97F4A7C15ull * (uint64_t)(j + 1));
    const double first = ((double)(int64_t)(bits >> 32) + 0.5) * (1.0 / 4294967296.0);
    const double radius = sqrt(-2.0 * bp_log(first));
    double cosine, sine;
    bp_turn((double)(int64_t)(bits & 0xFFFFFFFFull) * (1.0 / 4294967296.0), cosine, sine);
    one = radius * cosine;
    other = radius * sine;
}

// Independent normal numbers, two from each 64-bit hash (Box and Muller): cell j and j + n/2. Not
// inlined: inside a longer function compilers were seen not to vectorise the loop.
template <typename T>
__attribute__((noinline)) static void bp_normal_frame(T* __restrict x, int n, uint64_t key)
{
    const int half = (n + 1) / 2, pairs = n / 2;
    T* __restrict y = x + half;
    for (int j = 0; j < pairs; j++)
    {
        double one, other;
        bp_normal_pair(key, j, one, other);
        x[j] = (T)one;
        y[j] = (T)other;
    }
    if (n % 2)
    {
        double one, other;
        bp_normal_pair(key, half - 1, one, other);
        x[half - 1] = (T)one;
    }
}

// ---- the first probability per step of a trial that is none -----------------------------------
struct RateCheck
{
    int source = -1, cell = 0;
    double value = 0;
    template <typename T> bool check(int number, const T* p, int n)
    {
        bool bad = false;
        for (int i = 0; i < n; i++)
            bad |= !(p[i] >= 0 && p[i] < T(1e9));
        for (int i = 0; bad && source < 0 && i < n; i++)
            if (!(p[i] >= 0 && p[i] < T(1e9)))
            {
                source = number;
                cell = i;
                value = p[i];
            }
        return bad;
    }
};

// ---- spikes of one step ------------------------------------------------------------------------
// Cells are skipped by geometric intervals at the largest probability and accepted in proportion to
// their own (at most 0.9). `silent` holds the step from which on a cell may fire again.
template <typename T>
static int bp_draw_step(const T* p, int n, int32_t* silent, int dead, int k, uint64_t key, int32_t* events)
{
    T largest = 0;
    for (int i = 0; i < n; i++)
        largest = std::max(largest, std::min(p[i], T(0.9)));
    if (!(largest > 0))
        return 0;
    CounterRng rng;
    rng.key = key;
    const double scale = 1.0 / log1p(-(double)largest);
    for (int i = -1, count = 0;;)
    {
        const double wait = log(rng.uniform()) * scale, chance = rng.uniform();
        if (wait >= n - i - 1)
            return count;
        i += 1 + (int)wait;
        if (!(chance * (double)largest < (double)std::min(p[i], T(0.9))) || (silent && k < silent[i]))
            continue;
        events[count++] = i;
        if (silent)
            silent[i] = k + 1 + dead;
    }
}
// One number for each cell from a distribution: P(number <= size[1] + c) is table[c], c < size[0].
template <typename T>
static void bp_draw_counts(T* counts, int n, const double* table, const int64_t* size, uint64_t key)
{
    CounterRng rng;
    rng.key = key;
    for (int j = 0; j < n; j++)
    {
        const double u = rng.uniform();
        int64_t c = 0;
        if (size[0] > 16)
            c = std::upper_bound(table, table + size[0], u) - table;
        else
            while (c < size[0] && u >= table[c])
                c++;
        counts[j] = (T)(size[1] + c);
    }
}

// ---- numbers of synapses that decay alike: stored divided by the product of their factors -------
template <typename T> struct Factor
{
    double product = 1;
    T times = 1, over = 1;
    void set(double value) { product = value; times = (T)value; over = (T)(1 / value); }
};

// ---- input spikes of one trial, sorted by time step ----------------------------------------------
struct Calendar
{
    std::vector<int32_t> steps, cells, start, sorted;
    int n_steps = 0;
    void begin(int n) { n_steps = n; steps.clear(); cells.clear(); }
    inline void add(int step, int cell) { steps.push_back(step); cells.push_back(cell); }
    void finish()
    {
        start.assign(n_steps + 1, 0);
        sorted.resize(steps.size());
        for (int32_t s : steps)
            start[s + 1]++;
        for (int k = 0; k < n_steps; k++)
            start[k + 1] += start[k];
        std::vector<int32_t>& next = scratch;
        next.assign(start.begin(), start.end());
        for (size_t k = 0; k < steps.size(); k++)
            sorted[next[steps[k]]++] = cells[k];
    }
    inline void emit(int step, int32_t* events, int n) const
    {
        const int first = start[step], count = start[step + 1] - first;
        for (int k = 0; k < count; k++)
            events[k] = sorted[first + k];
        events[n] = count;
    }
    // One step per distinct spike time below 1, in increasing order; `times` holds them. Cells that
    // share a time keep their order. Returns the number of steps.
    template <typename T> int sort_latencies(const T* t, int n, int after_last)
    {
        sorted.clear();
        for (int i = 0; i < n; i++)
            if (t[i] < 1)
                sorted.push_back(i);
        sort_by_time(t);
        start.clear();
        times.clear();
        for (size_t k = 0; k < sorted.size(); k++)
            if (k == 0 || t[sorted[k]] != t[sorted[k - 1]])
            {
                start.push_back((int32_t)k);
                times.push_back(t[sorted[k]]);
            }
        if (times.empty())
            after_last = 0;
        n_steps = (int)times.size() + after_last;
        for (int k = 0; k < 1 + after_last; k++)
            start.push_back((int32_t)sorted.size());
        return n_steps;
    }
    // Bernoulli trials with probability p per step as geometric intervals: the cost follows the
    // spikes. After a spike, `dead` steps cannot fire. Probabilities are at most 0.9.
    template <typename T>
    void draw_bernoulli(const T* p, int n, int on, int off, int dead, uint64_t key)
    {
        for (int i = 0; i < n; i++)
        {
            if (!(p[i] > 0))
                continue;
            CounterRng rng;
            rng.key = CounterRng::derive(key, i);
            const double scale = 1.0 / log1p(-(double)std::min(p[i], T(0.9)));
            int step = on - 1;
            while (true)
            {
                const double wait = log(rng.uniform()) * scale;
                if (wait >= off - step - 1)
                    break;
                step += 1 + (int)wait;
                add(step, i);
                step += dead;
                if (step >= off)
                    break;
            }
        }
    }
    std::vector<double> times;
private:
    std::vector<int32_t> scratch;
    std::vector<uint64_t> keyed, moved;
    void sort_by_time(const double* t)
    {
        std::stable_sort(sorted.begin(), sorted.end(), [t](int a, int b) { return t[a] < t[b]; });
    }
    // The bits of numbers in [0, 1) are ordered like the numbers and have 30 digits: three passes.
    void sort_by_time(const float* t)
    {
        const size_t count = sorted.size();
        keyed.resize(count);
        moved.resize(count);
        for (size_t k = 0; k < count; k++)
        {
            uint32_t bits;
            std::memcpy(&bits, t + sorted[k], sizeof bits);
            keyed[k] = (uint64_t)(bits & 0x3fffffff) << 32 | (uint32_t)sorted[k];
        }
        uint64_t *from = keyed.data(), *to = moved.data();
        for (int shift = 32; shift < 62; shift += 10)
        {
            uint32_t place[1024] = {};
            for (size_t k = 0; k < count; k++)
                place[from[k] >> shift & 1023]++;
            uint32_t first = 0;
            for (uint32_t& p : place)
            {
                const uint32_t size = p;
                p = first;
                first += size;
            }
            for (size_t k = 0; k < count; k++)
                to[place[from[k] >> shift & 1023]++] = from[k];
            std::swap(from, to);
        }
        for (size_t k = 0; k < count; k++)
            sorted[k] = (int32_t)(uint32_t)from[k];
    }
};

// ---- time per part, in programs compiled with profile=True ---------------------------------------
static inline double bp_seconds()
{
    timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec + 1e-9 * now.tv_nsec;
}

// ---- NaN and infinity: all bits of the exponent are set ------------------------------------------
typedef uint32_t __attribute__((may_alias)) bp_bits32;
typedef uint64_t __attribute__((may_alias)) bp_bits64;
static inline bool bp_not_finite(float x)
{
    return (*(const bp_bits32*)&x & 0x7F800000u) == 0x7F800000u;
}
static inline bool bp_not_finite(double x)
{
    return (*(const bp_bits64*)&x & 0x7FF0000000000000ull) == 0x7FF0000000000000ull;
}
static inline bool bp_any_not_finite(const float* x, int64_t n)
{
    const bp_bits32* bits = (const bp_bits32*)x;
    uint32_t bad = 0;
    for (int64_t j = 0; j < n; j++)
        bad |= (bits[j] & 0x7F800000u) == 0x7F800000u;
    return bad;
}
static inline bool bp_any_not_finite(const double* x, int64_t n)
{
    const bp_bits64* bits = (const bp_bits64*)x;
    uint64_t bad = 0;
    for (int64_t j = 0; j < n; j++)
        bad |= (bits[j] & 0x7FF0000000000000ull) == 0x7FF0000000000000ull;
    return bad;
}
// One of 64 parts of a large array, in turn; the whole of a small one.
template <typename T> static inline bool bp_part_not_finite(const T* x, int64_t n, int64_t turn)
{
    if (n <= 4096)
        return bp_any_not_finite(x, n);
    const int64_t part = (n + 63) / 64, first = (turn % 64) * part;
    return first < n && bp_any_not_finite(x + first, std::min(part, n - first));
}

// ---- recorders ---------------------------------------------------------------------------------
struct SpikeLog
{
    std::vector<int64_t> presentation;
    std::vector<int32_t> step, cell;
    inline void add(const int32_t* events, int n, int64_t p, int k)
    {
        for (int e = 0; e < events[n]; e++)
        {
            presentation.push_back(p);
            step.push_back(k);
            cell.push_back(events[e]);
        }
    }
};

// Subnormal numbers (decaying traces) cost a hundred cycles each: flush them while the network runs.
struct FlushSubnormals
{
#if defined(__SSE2__)
    unsigned int saved;
    FlushSubnormals() : saved(_mm_getcsr()) { _mm_setcsr(saved | 0x8040); }
    ~FlushSubnormals() { _mm_setcsr(saved); }
#endif
};
