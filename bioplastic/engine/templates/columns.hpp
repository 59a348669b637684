// ---- columns of a dense matrix of weights that learn, and those that are left alone --------------
template <typename T, int N_PRE, int N, int MOST> struct Columns
{
    static constexpr int WIDE = 16, BLOCKS = (N + WIDE - 1) / WIDE;
    int32_t learning[N], outside[N];    // columns that learn now; those with weights beyond limits
    int n_learning = N, n_outside = 0;
    bool is_learning[N];                // whether it stands in the list; the trace may have decayed
    bool scanned = false;               // whether `outside` is known
    bool moved[BLOCKS], is_outside[BLOCKS * WIDE] = {}; // not known to be scaled right
    int32_t visited[BLOCKS];
    T sum[BLOCKS * WIDE], least[BLOCKS * WIDE], most[BLOCKS * WIDE];
    Columns()
    {
        std::fill(moved, moved + BLOCKS, true);
        std::fill(is_learning, is_learning + N, true);
        for (int j = 0; j < N; j++)
            learning[j] = j;
    }

    // Traces grow at spikes of their cells alone.
    void spike(const int32_t* cells, int n)
    {
        for (int e = 0; e < n; e++)
            if (!is_learning[cells[e]])
            {
                is_learning[cells[e]] = true;
                learning[n_learning++] = cells[e];
            }
    }
    // Forget the columns whose trace has become small; returns whether those left are few.
    bool choose(const T* trace, T small)
    {
        int n = 0;
        for (int c = 0; c < n_learning; c++)
        {
            const int j = learning[c];
            if (!(bp_abs(trace[j]) <= small))
                learning[n++] = j;
            else
                is_learning[j] = false;
        }
        n_learning = n;
        return n <= MOST;
    }
    void move_all() { std::fill(moved, moved + BLOCKS, true); }
    void move(const int32_t* columns, int n)
    {
        for (int c = 0; c < n; c++)
            moved[columns[c] / WIDE] = true;
    }
    template <typename F> static inline void over(const int32_t* blocks, int n, F one)
    {
        for (int b = 0; b < n; b++)
        {
            const int first = blocks[b] * WIDE, at = b * WIDE;
            if (N % WIDE == 0 || first + WIDE <= N)
            {
                #pragma GCC ivdep
                for (int l = 0; l < WIDE; l++)
                    one(first + l, at + l);
            }
            else
                for (int l = 0; first + l < N; l++)
                    one(first + l, at + l);
        }
    }
    // Look for weights beyond the limits in blocks of columns; sums on the way.
    void look(const T* __restrict w, int n)
    {
        T* __restrict s = sum; T* __restrict low = least; T* __restrict high = most;
        over(visited, n, [=](int j, int at) { s[at] = 0; low[at] = high[at] = w[j]; });
        for (int i = 0; i < N_PRE; i++)
        {
            const T* __restrict row = w + (size_t)i * N;
            over(visited, n, [=](int j, int at) {
                const T x = row[j];
                s[at] += x;
                low[at] = x < low[at] ? x : low[at];
                high[at] = x > high[at] ? x : high[at];
            });
        }
    }
    void list_outside()
    {
        n_outside = 0;
        for (int j = 0; j < N; j++)
            if (is_outside[j])
                outside[n_outside++] = j;
    }
    void scan(const T* w, T low, T high)
    {
        if (scanned)
            return;
        for (int b = 0; b < BLOCKS; b++)
            visited[b] = b;
        look(w, BLOCKS);
        for (int j = 0; j < N; j++)
            is_outside[j] = !(least[j] >= low && most[j] <= high);
        list_outside();
        scanned = true;
    }
    // Scale columns that have moved to a total, those that are right to within a tolerance aside.
    void scale(T* __restrict w, T total, T tolerance, T low, T high)
    {
        int n = 0;
        for (int b = 0; b < BLOCKS; b++)
            if (moved[b])
                visited[n++] = b;
        if (n == 0)
            return;
        look(w, n);
        T* const factor = sum;
        int scaled = 0;
        for (int b = 0; b < n; b++)
        {
            const int first = visited[b] * WIDE;
            bool any = false;
            for (int l = 0; l < WIDE && first + l < N; l++)
            {
                const int at = b * WIDE + l;
                T f = sum[at] != 0 ? total / sum[at] : T(1);
                if (bp_abs(f - 1) <= tolerance)
                    f = 1;
                any |= f != 1;
                is_outside[first + l] = !(least[at] * f >= low && most[at] * f <= high && f >= 0);
                factor[scaled * WIDE + l] = f;
            }
            moved[visited[b]] = any;
            if (any)
                visited[scaled++] = visited[b];
        }
        for (int i = 0; i < N_PRE; i++)
        {
            T* __restrict row = w + (size_t)i * N;
            over(visited, scaled, [=](int j, int at) { row[j] *= factor[at]; });
        }
        scanned |= n == BLOCKS;
        list_outside();
    }
};
