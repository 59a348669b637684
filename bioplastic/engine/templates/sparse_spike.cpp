{# Compressed rows (presynaptic spikes) or compressed columns (postsynaptic spikes). What a spike needs
   is fetched ahead: rows together, those of spikes in flight a step before they arrive; synapses of a
   column, which lie scattered, some before their turn. Few synapses are in the cache anyway. #}
{% extends 'kernel.cpp' %}
{% block body %}
    {% set arrays = vector_code|indexed_by('_idx') %}
    {% if ahead %}
    const bool _far = _row_{{projection}}[{{n_pre}}] > {{many}};
    {% endif %}
    {% if ahead and direction == 'pre' %}
    {% if steps %}
    const int32_t* _next = _flight_{{flight}} + (_array_clock_timestep[0] + 1) % {{steps}} * {{n_events + 1}};
    {% else %}
    const int32_t* _next = {{events}};
    {% endif %}
    for(int _event=0, _last=_far ? std::min(_next[{{n_events}}], {{ahead}}) : 0; _event<_last; _event++)
    {
        const int64_t _end = _row_{{projection}}[_next[_event]+1];
        for(int64_t _k=_row_{{projection}}[_next[_event]]; _k<_end; _k+={{line}})
        {
            __builtin_prefetch(_post_{{projection}} + _k);
            {% for array in arrays %}
            __builtin_prefetch({{array}} + _k, 1);
            {% endfor %}
        }
    }
    {% endif %}
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
            {% for array in arrays if ahead %}
            if(_far) __builtin_prefetch({{array}} + _order_{{projection}}[_k + {{ahead}}], 1);
            {% endfor %}
            const int64_t _idx = _order_{{projection}}[_k];
            const int _presynaptic_idx = _origin_{{projection}}[_k];
        {% endif %}
            const size_t _vectorisation_idx = _idx;
            {{vector_code|autoindent}}
        }
    }
{% endblock %}
