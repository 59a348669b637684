{# A variable of the postsynaptic cells becomes the sum of an expression over all synapses. #}
{% extends 'kernel.cpp' %}
{% block body %}
    const size_t _vectorisation_idx = -1;
    {{scalar_code|autoindent}}
    std::memset({{target}}, 0, {{n_post}} * sizeof(*{{target}}));
    for(int _presynaptic_idx=0; _presynaptic_idx<{{n_pre}}; _presynaptic_idx++)
    {
        const int _first = {{first_post}};
        const size_t _row = (size_t)_presynaptic_idx * {{width}} - _first;
        {{vector_code|invariant('_postsynaptic_idx', '_idx', '_vectorisation_idx')|autoindent}}
        {% if vectorise %}
        #pragma GCC ivdep
        {% endif %}
        for(int _postsynaptic_idx=_first; _postsynaptic_idx<_first+{{width}}; _postsynaptic_idx++)
        {
            const size_t _idx = _row + _postsynaptic_idx;
            const size_t _vectorisation_idx = _idx;
            {{vector_code|varying('_postsynaptic_idx', '_idx', '_vectorisation_idx')|autoindent}}
            {{target}}[_postsynaptic_idx] += _summand;
        }
    }
{% endblock %}
