{# Any statement that is no plain `target += constant`: every pair of the pattern in turn. #}
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
        for(int _postsynaptic_idx=_first; _postsynaptic_idx<_first+{{width}}; _postsynaptic_idx++)
        {
            {% if pattern == 'all_but_self' %}
            if(_postsynaptic_idx == _presynaptic_idx)
                continue;
            {% endif %}
            const size_t _idx = _postsynaptic_idx;
            const size_t _vectorisation_idx = _idx;
            {{vector_code|autoindent}}
        }
    }
{% endblock %}
