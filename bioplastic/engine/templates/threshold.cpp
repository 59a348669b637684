{# USES_VARIABLES { N } #}
{# The condition of every neuron into a row of flags (vectorises), then, where any is set, the flags
   eight at a time into the list of spikes. Cells that rest do not fire. #}
{% extends 'kernel.cpp' %}
{% from 'over_cells.cpp' import over_cells, over_block %}
{% from 'scratch.cpp' import scratch %}
{% block body %}
    const size_t _vectorisation_idx = -1;
    {{scalar_code|autoindent}}
    int _count = 0;
    {% if quiet %}
    if(_quiet_{{quiet.group}}.few())
    {
        for(int bp_a=0; bp_a<_quiet_{{quiet.group}}.n; bp_a++)
        {
            const int bp_first = _quiet_{{quiet.group}}.awake[bp_a] * 16, bp_end = std::min(bp_first + 16, {{size}});
            unsigned char bp_flags[16];
            unsigned char bp_any = 0;
            {{over_block(size, vector_code, 'bp_flags[bp_lane] = _cond; bp_any |= _cond;')}}
            for(int bp_lane=0; bp_any && bp_lane<bp_end-bp_first; bp_lane++)
                if(bp_flags[bp_lane])
                    {{events}}[_count++] = bp_first + bp_lane;
        }
        std::sort({{events}}, {{events}} + _count);
    }
    else
    {% endif %}
    {
        {{scratch('unsigned char', '_flags', (size + 63) // 64 * 64)}}
        {% if size % 64 %}
        std::memset(_flags + {{size // 64 * 64}}, 0, 64);
        {% endif %}
        unsigned char bp_any = 0;
        {{over_cells(size, vector_code, vectorise, wanted, '_flags[_idx] = _cond; bp_any |= _cond;')}}
        if(__builtin_expect(bp_any != 0, 0))
            for(int _block=0; _block<{{(size + 63) // 64 * 64}}; _block+=8)
            {
                uint64_t _word;
                std::memcpy(&_word, _flags + _block, 8);
                if(__builtin_expect(_word != 0, 0))
                    for(int _k=_block; _k<_block+8; _k++)
                        if(_flags[_k])
                            {{events}}[_count++] = _k;
            }
    }
    {{events}}[{{size}}] = _count;
    {% if counted_refractory %}
    for(int _k=0; _k<_count; _k++)
        {{last_step}}[{{events}}[_k]] = _step;
    {% elif stored_refractory %}
    for(int _k=0; _k<_count; _k++)
    {
        {{not_refractory}}[{{events}}[_k]] = false;
        {{lastspike}}[{{events}}[_k]] = {{t}};
    }
    {% endif %}
{% endblock %}
