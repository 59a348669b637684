{# USES_VARIABLES { N } #}
{# Two passes: the condition of every neuron into a row of flags (vectorises), then the flags eight
   at a time into the list of spikes (rarely anything to do). #}
{% extends 'kernel.cpp' %}
{% from 'over_cells.cpp' import over_cells %}
{% from 'scratch.cpp' import scratch %}
{% block body %}
    const size_t _vectorisation_idx = -1;
    {{scalar_code|autoindent}}
    {{scratch('unsigned char', '_flags', (size + 63) // 64 * 64)}}
    {% if size % 64 %}
    std::memset(_flags + {{size // 64 * 64}}, 0, 64);
    {% endif %}
    {{over_cells(size, vector_code, vectorise, wanted, '_flags[_idx] = _cond;')}}
    int _count = 0;
    for(int _block=0; _block<{{(size + 63) // 64 * 64}}; _block+=8)
    {
        uint64_t _word;
        std::memcpy(&_word, _flags + _block, 8);
        if(__builtin_expect(_word != 0, 0))
            for(int _k=_block; _k<_block+8; _k++)
                if(_flags[_k])
                    {{events}}[_count++] = _k;
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
