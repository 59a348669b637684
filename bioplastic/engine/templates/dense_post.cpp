{# One strided column of the weight matrix per postsynaptic spike: synapses from its own group. #}
{% extends 'kernel.cpp' %}
{% block body %}
    const int _count = {{events}}[{{n_post}}];
    if(_count == 0)
        return;
    const size_t _vectorisation_idx = -1;
    {{scalar_code|autoindent}}
    for(int _event=0; _event<_count; _event++)
    {
        const int _postsynaptic_idx = {{events}}[_event];
        const int _first = {{first_pre}};
        const int _column = {{column}};
        {% if vectorise %}
        #pragma GCC ivdep
        {% endif %}
        for(int _presynaptic_idx=_first; _presynaptic_idx<_first+{{depth}}; _presynaptic_idx++)
        {
            const size_t _idx = (size_t)_presynaptic_idx * {{width}} + _column;
            const size_t _vectorisation_idx = _idx;
            {{vector_code|autoindent}}
        }
    }
{% endblock %}
