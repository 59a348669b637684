{# Statements for the synapses of chosen postsynaptic cells of a dense projection. #}
{# ALLOWS_SCALAR_WRITE #}
{% extends 'kernel.cpp' %}
{% from 'scratch.cpp' import scratch %}
{% block body %}
    {{scratch('int', '_columns', n_post)}}
    {{scratch('int', '_ends', groups)}}
    int _n = 0;
    for(int _group=0; _group<{{groups}}; _group++)
    {
        for(int _j=_group*{{width}}; _j<(_group+1)*{{width}}; _j++)
            if({{only}}[_j] != 0)
                _columns[_n++] = _j;
        _ends[_group] = _n;
    }
    if(_n == 0)
        return;
    const size_t _vectorisation_idx = -1;
    {{scalar_code|autoindent}}
    for(int _presynaptic_idx=0; _presynaptic_idx<{{n_pre}}; _presynaptic_idx++)
    {
        const int _first = {{first_post}};
        const size_t _row = (size_t)_presynaptic_idx * {{width}} - _first;
        const int _group = _presynaptic_idx / {{depth}};
        {% if vectorise %}
        #pragma GCC ivdep
        {% endif %}
        for(int _c=_group == 0 ? 0 : _ends[_group - 1]; _c<_ends[_group]; _c++)
        {
            const int _postsynaptic_idx = _columns[_c];
            const size_t _idx = _row + _postsynaptic_idx;
            const size_t _vectorisation_idx = _idx;
            {{vector_code|autoindent}}
        }
    }
{% endblock %}
