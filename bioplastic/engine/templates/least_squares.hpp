// Recursive least squares. P is symmetric, so only its lower triangle is read and written (half the
// memory traffic), and rank-one updates are collected: P = scale*(stored - sum_k gain_k c_k c_k^T).
// A product with P then reads the triangle once and corrects for the pending updates; they are
// applied `capacity` at a time, and at the end of every trial.
template <typename T, int n, int m> struct LeastSquares
{
    static constexpr int capacity = 16, rows = 4;
    const double forgetting;
    const bool exact;
    int pending = 0;
    double scale = 1;
    bool changed = false;
    alignas(64) T c[n] = {}, gain[capacity] = {}, update_c[capacity][n] = {};
    LeastSquares(double forgetting_, bool exact_) : forgetting(forgetting_), exact(exact_) {}

    static inline T dot(const T* __restrict a, const T* __restrict b)
    {
        T sum = 0;
        for (int j = 0; j < n; j++)
            sum += a[j] * b[j];
        return sum;
    }
    static inline void subtract(T* __restrict a, T factor, const T* __restrict b)
    {
        for (int j = 0; j < n; j++)
            a[j] -= factor * b[j];
    }
    // y = P x: every element of the triangle serves its row and its column.
    static void multiply(const T* __restrict P, const T* __restrict x, T* __restrict y)
    {
        std::memset(y, 0, n * sizeof(T));
        int i = 0;
        for (; i + rows <= n; i += rows)
        {
            const T* __restrict p0 = P + (size_t)i * n;
            const T* __restrict p1 = p0 + n;
            const T* __restrict p2 = p1 + n;
            const T* __restrict p3 = p2 + n;
            const T x0 = x[i], x1 = x[i + 1], x2 = x[i + 2], x3 = x[i + 3];
            T a0 = 0, a1 = 0, a2 = 0, a3 = 0;
            #pragma GCC ivdep
            for (int j = 0; j < i; j++)
            {
                const T xj = x[j];
                a0 += p0[j] * xj;
                a1 += p1[j] * xj;
                a2 += p2[j] * xj;
                a3 += p3[j] * xj;
                y[j] += p0[j] * x0 + p1[j] * x1 + p2[j] * x2 + p3[j] * x3;
            }
            y[i] += a0;
            y[i + 1] += a1;
            y[i + 2] += a2;
            y[i + 3] += a3;
            corner(P, x, y, i, i + rows);
        }
        for (; i < n; i++)
        {
            T a = 0;
            for (int j = 0; j < i; j++)
            {
                a += P[(size_t)i * n + j] * x[j];
                y[j] += P[(size_t)i * n + j] * x[i];
            }
            y[i] += a + P[(size_t)i * n + i] * x[i];
        }
    }
    static inline void corner(const T* P, const T* x, T* y, int first, int last)
    {
        for (int a = first; a < last; a++)
        {
            y[a] += P[(size_t)a * n + a] * x[a];
            for (int b = first; b < a; b++)
            {
                y[a] += P[(size_t)a * n + b] * x[b];
                y[b] += P[(size_t)a * n + b] * x[a];
            }
        }
    }
    void update(T* P, const T* r, const T* error, T* w)
    {
        if (pending == capacity)
            flush(P);
        T* __restrict now = c;
        multiply(P, r, now);
        for (int k = 0; k < pending; k++)
            subtract(now, gain[k] * dot(update_c[k], r), update_c[k]);
        for (int j = 0; j < n; j++)
            now[j] *= (T)scale;
        const double spread = forgetting + (double)dot(now, r);
        const double step = exact ? 1.0 / spread : 1.0;
        for (int o = 0; o < m; o++)
        {
            const T each = (T)(step * error[o]);
            for (int j = 0; j < n; j++)
                w[(size_t)j * m + o] -= now[j] * each;
        }
        std::memcpy(update_c[pending], now, n * sizeof(T));
        gain[pending++] = (T)(1.0 / (scale * spread));
        scale /= forgetting;
        changed = true;
    }
    void flush(T* __restrict P)
    {
        if (pending == 0)
            return;
        for (int k = pending; k < capacity; k++)
            gain[k] = 0;
        for (int i = 0; i < n; i++)
        {
            T factor[capacity];
            for (int k = 0; k < capacity; k++)
                factor[k] = gain[k] * update_c[k][i];
            T* __restrict p = P + (size_t)i * n;
            #pragma GCC ivdep
            for (int j = 0; j <= i; j++)
            {
                T sum = p[j];
                for (int k = 0; k < capacity; k++)
                    sum -= factor[k] * update_c[k][j];
                p[j] = (T)scale * sum;
            }
        }
        pending = 0;
        scale = 1;
    }
    void mirror(T* P)
    {
        if (!changed)
            return;
        constexpr int tile = 32;
        for (int i = 0; i < n; i += tile)
            for (int j = 0; j <= i; j += tile)
                for (int a = i; a < std::min(i + tile, n); a++)
                    for (int b = j; b < std::min(j + tile, a); b++)
                        P[(size_t)b * n + a] = P[(size_t)a * n + b];
        changed = false;
    }
};
