{# Statements for every synapse of a dense projection. #}
{# ALLOWS_SCALAR_WRITE #}
{% extends 'kernel.cpp' %}
{% block body %}
    const size_t _vectorisation_idx = -1;
    {{scalar_code|autoindent}}
    {% if wanted['flat'] and vector_code|names_none('_presynaptic_idx', '_postsynaptic_idx') %}
    {% if vectorise %}
    #pragma GCC ivdep
    {% endif %}
    for(size_t _idx=0; _idx<{{n_pre * width}}; _idx++)
    {
        const size_t _vectorisation_idx = _idx;
        {{vector_code|autoindent}}
    }
    {% else %}
    for(int _presynaptic_idx=0; _presynaptic_idx<{{n_pre}}; _presynaptic_idx++)
    {
        const int _first = {{first_post}};
        const size_t _row = (size_t)_presynaptic_idx * {{width}} - _first;
        {{vector_code|invariant('_postsynaptic_idx', '_idx', '_vectorisation_idx')|autoindent}}
        {% if vectorise %}
        #pragma GCC ivdep
        {% endif %}
        for(int _postsynaptic_idx=_first; _postsynaptic_idx<_first+{{width}}; _postsynaptic_idx++)
        {
            const size_t _idx = _row + _postsynaptic_idx;
            const size_t _vectorisation_idx = _idx;
            {{vector_code|varying('_postsynaptic_idx', '_idx', '_vectorisation_idx')|autoindent}}
        }
    }
    {% endif %}
{% endblock %}
