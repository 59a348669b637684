{# One contiguous row of the weight matrix per presynaptic spike: synapses to its own group. #}
{% extends 'kernel.cpp' %}
{% block body %}
    const int _count = {{events}}[{{n_pre}}];
    if(_count == 0)
        return;
    const size_t _vectorisation_idx = -1;
    {{scalar_code|autoindent}}
    for(int _event=0; _event<_count; _event++)
    {
        const int _presynaptic_idx = {{events}}[_event];
        const int _first = {{first_post}};
        const size_t _row = (size_t)_presynaptic_idx * {{width}} - _first;
        {% if vectorise %}
        #pragma GCC ivdep
        {% endif %}
        for(int _postsynaptic_idx=_first; _postsynaptic_idx<_first+{{width}}; _postsynaptic_idx++)
        {
            const size_t _idx = _row + _postsynaptic_idx;
            const size_t _vectorisation_idx = _idx;
            {{vector_code|autoindent}}
        }
    }
{% endblock %}
