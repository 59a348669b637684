{# Statements for the synapses of chosen postsynaptic cells of an all-to-all projection. #}
{# ALLOWS_SCALAR_WRITE #}
{% extends 'kernel.cpp' %}
{% block body %}
    int _columns[{{n_post}}], _n = 0;
    for(int _j=0; _j<{{n_post}}; _j++)
        if({{only}}[_j] != 0)
            _columns[_n++] = _j;
    if(_n == 0)
        return;
    const size_t _vectorisation_idx = -1;
    {{scalar_code|autoindent}}
    for(int _presynaptic_idx=0; _presynaptic_idx<{{n_pre}}; _presynaptic_idx++)
    {
        const size_t _row = (size_t)_presynaptic_idx * {{n_post}};
        {% if vectorise %}
        #pragma GCC ivdep
        {% endif %}
        for(int _c=0; _c<_n; _c++)
        {
            const int _postsynaptic_idx = _columns[_c];
            const size_t _idx = _row + _postsynaptic_idx;
            const size_t _vectorisation_idx = _idx;
            {{vector_code|autoindent}}
        }
    }
{% endblock %}
