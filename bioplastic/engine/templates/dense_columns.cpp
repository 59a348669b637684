{# The synapses of cells that fired, in a list of columns. #}
{% extends 'kernel.cpp' %}
{% block body %}
    const int _count = {{events}}[{{n_pre}}], _n = _columns_{{projection}}.n_{{columns}};
    const int32_t* const _list = _columns_{{projection}}.{{columns}};
    const size_t _vectorisation_idx = -1;
    {{scalar_code|autoindent}}
    for(int _event=0; _event<_count; _event++)
    {
        const int _presynaptic_idx = {{events}}[_event];
        const size_t _row = (size_t)_presynaptic_idx * {{width}};
        for(int _c=0; _c<_n; _c++)
        {
            const int _postsynaptic_idx = _list[_c];
            const size_t _idx = _row + _postsynaptic_idx;
            const size_t _vectorisation_idx = _idx;
            {{vector_code|autoindent}}
        }
    }
{% endblock %}
