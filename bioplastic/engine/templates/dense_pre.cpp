{# One contiguous row of the weight matrix per presynaptic spike. #}
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
        const size_t _row = (size_t)_presynaptic_idx * {{n_post}};
        {% if vectorise %}
        #pragma GCC ivdep
        {% endif %}
        for(int _postsynaptic_idx=0; _postsynaptic_idx<{{n_post}}; _postsynaptic_idx++)
        {
            const size_t _idx = _row + _postsynaptic_idx;
            const size_t _vectorisation_idx = _idx;
            {{vector_code|autoindent}}
        }
    }
{% endblock %}
