// ---- events on their way to single synapses, each with its own delay -----------------------------
struct EventQueue
{
    std::vector<std::vector<int32_t>> slots;
    std::vector<int32_t> steps;
    int64_t now = 0;
    size_t mask = 0;
    // events: pairs (steps until arrival, synapse)
    void begin(const double* delay, int64_t n, double dt, const int32_t* events, int64_t n_events,
               int64_t timestep)
    {
        int32_t most = 0;
        steps.resize(n);
        for (int64_t k = 0; k < n; k++)
            most = std::max(most, steps[k] = (int32_t)(delay[k] / dt + 0.5));
        for (int64_t e = 0; e < n_events; e++)
            most = std::max(most, events[2 * e]);
        size_t size = 1;
        while (size < (size_t)most + 2)
            size *= 2;
        slots.resize(size);
        mask = size - 1;
        for (int64_t e = 0; e < n_events; e++)
            slots[(timestep + events[2 * e]) & mask].push_back(events[2 * e + 1]);
    }
    inline void step(int64_t timestep)
    {
        slots[(timestep - 1) & mask].clear();
        now = timestep;
    }
    inline void send(int32_t synapse) { slots[(now + steps[synapse]) & mask].push_back(synapse); }
    inline const std::vector<int32_t>& arrived() const { return slots[now & mask]; }
    void end(int64_t timestep, std::vector<int32_t>& events)
    {
        slots[(timestep - 1) & mask].clear();
        for (size_t d = 0; d < slots.size(); d++)
            for (int32_t synapse : slots[(timestep + d) & mask])
            {
                events.push_back((int32_t)d);
                events.push_back(synapse);
            }
    }
};
