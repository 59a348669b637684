{# Statements for every synapse of a sparse projection. #}
{# ALLOWS_SCALAR_WRITE #}
{% extends 'kernel.cpp' %}
{% block body %}
    const size_t _vectorisation_idx = -1;
    {{scalar_code|autoindent}}
    for(int _presynaptic_idx=0; _presynaptic_idx<{{n_pre}}; _presynaptic_idx++)
        for(int64_t _idx=_row_{{projection}}[_presynaptic_idx]; _idx<_row_{{projection}}[_presynaptic_idx+1]; _idx++)
        {
            const int _postsynaptic_idx = _post_{{projection}}[_idx];
            const size_t _vectorisation_idx = _idx;
            {{vector_code|autoindent}}
        }
{% endblock %}
