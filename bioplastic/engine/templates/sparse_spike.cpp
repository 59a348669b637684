{# Compressed rows (presynaptic spikes) or compressed columns (postsynaptic spikes). #}
{% extends 'kernel.cpp' %}
{% block body %}
    const int _count = {{events}}[{{n_events}}];
    if(_count == 0)
        return;
    const size_t _vectorisation_idx = -1;
    {{scalar_code|autoindent}}
    for(int _event=0; _event<_count; _event++)
    {
        {% if direction == 'pre' %}
        const int _presynaptic_idx = {{events}}[_event];
        for(int64_t _idx=_row_{{projection}}[_presynaptic_idx]; _idx<_row_{{projection}}[_presynaptic_idx+1]; _idx++)
        {
            const int _postsynaptic_idx = _post_{{projection}}[_idx];
        {% else %}
        const int _postsynaptic_idx = {{events}}[_event];
        for(int64_t _k=_column_{{projection}}[_postsynaptic_idx]; _k<_column_{{projection}}[_postsynaptic_idx+1]; _k++)
        {
            const int64_t _idx = _order_{{projection}}[_k];
            const int _presynaptic_idx = _pre_{{projection}}[_idx];
        {% endif %}
            const size_t _vectorisation_idx = _idx;
            {{vector_code|autoindent}}
        }
    }
{% endblock %}
