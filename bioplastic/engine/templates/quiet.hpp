// ---- cells that rest -----------------------------------------------------------------------------
// Blocks of cells that an integration step has changed, or that a spike has reached since. A block
// rests after two steps in a row without either: its threshold was looked at in between.
template <int N> struct Quiet
{
    static constexpr int WIDE = 16, BLOCKS = (N + WIDE - 1) / WIDE;
    int32_t awake[BLOCKS];
    uint8_t steps[BLOCKS]; // until it rests
    int n = 0;
    void wake_all()
    {
        n = BLOCKS;
        for (int b = 0; b < BLOCKS; b++)
        {
            awake[b] = b;
            steps[b] = 2;
        }
    }
    void wake(const int32_t* cells, int count)
    {
        for (int e = 0; e < count; e++)
        {
            const int b = cells[e] / WIDE;
            if (steps[b] == 0)
                awake[n++] = b;
            steps[b] = 2;
        }
    }
    bool few() const { return 2 * n <= BLOCKS; }
    // Integrate the blocks that are awake; `step(first, end)` tells whether anything has changed.
    template <typename F> inline void integrate(F step)
    {
        int left = 0;
        for (int a = 0; a < n; a++)
        {
            const int b = awake[a];
            if (step(b * WIDE, std::min(b * WIDE + WIDE, N)))
                steps[b] = 2;
            else
                steps[b]--;
            if (steps[b] > 0)
                awake[left++] = b;
        }
        n = left;
    }
};
static inline uint32_t bp_differ(float x, float y)
{
    return *(const bp_bits32*)&x ^ *(const bp_bits32*)&y;
}
static inline uint32_t bp_differ(double x, double y)
{
    const uint64_t bits = *(const bp_bits64*)&x ^ *(const bp_bits64*)&y;
    return (uint32_t)(bits >> 32) | (uint32_t)bits;
}
template <typename T> static inline uint32_t bp_differ(T x, T y) { return x != y; }
