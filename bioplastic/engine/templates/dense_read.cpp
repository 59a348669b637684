{# Rows of presynaptic spikes that are only read, four at a time. #}
{% extends 'kernel.cpp' %}
{% block body %}
    const int _count = {{events}}[{{n_pre}}];
    const size_t _vectorisation_idx = -1;
    {{scalar_code|autoindent}}
    int _event = 0;
    {% for rows in (4, 1) %}
    for(; _event+{{rows}}<=_count; _event+={{rows}})
    {
        {% for row in range(rows) %}
        const int _pre{{row}} = {{events}}[_event + {{row}}];
        {% endfor %}
        #pragma GCC ivdep
        for(int _postsynaptic_idx=0; _postsynaptic_idx<{{width}}; _postsynaptic_idx++)
        {
            {% for row in range(rows) %}
            {
                const int _presynaptic_idx = _pre{{row}};
                const size_t _idx = (size_t)_presynaptic_idx * {{width}} + _postsynaptic_idx;
                const size_t _vectorisation_idx = _idx;
                {{vector_code|autoindent}}
            }
            {% endfor %}
        }
    }
    {% endfor %}
{% endblock %}
