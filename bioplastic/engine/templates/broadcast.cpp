{# Statements for all synapses at every spike of another population. #}
{% extends 'kernel.cpp' %}
{% block body %}
    const int _count = {{events}}[{{n_events}}];
    if(_count == 0)
        return;
    const size_t _vectorisation_idx = -1;
    {{scalar_code|autoindent}}
    for(int _event=0; _event<_count; _event++)
        for(int _presynaptic_idx=0; _presynaptic_idx<{{n_pre}}; _presynaptic_idx++)
        {
            {% if sparse %}
            for(int64_t _idx=_row_{{projection}}[_presynaptic_idx]; _idx<_row_{{projection}}[_presynaptic_idx+1]; _idx++)
            {
                const int _postsynaptic_idx = _post_{{projection}}[_idx];
            {% else %}
            const int _first = {{first_post}};
            const size_t _row = (size_t)_presynaptic_idx * {{width}} - _first;
            {% if vectorise %}
            #pragma GCC ivdep
            {% endif %}
            for(int _postsynaptic_idx=_first; _postsynaptic_idx<_first+{{width}}; _postsynaptic_idx++)
            {
                const size_t _idx = _row + _postsynaptic_idx;
            {% endif %}
                const size_t _vectorisation_idx = _idx;
                {{vector_code|autoindent}}
            }
        }
{% endblock %}
