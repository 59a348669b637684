{# The same with few postsynaptic cells: the sum over the presynaptic cells is the inner loop. #}
{% extends 'kernel.cpp' %}
{% block body %}
    const size_t _vectorisation_idx = -1;
    {{scalar_code|autoindent}}
    for(int _postsynaptic_idx=0; _postsynaptic_idx<{{n_post}}; _postsynaptic_idx++)
    {
        const int _first = {{first_pre}};
        const int _column = {{column}};
        {{target_type}} _total = 0;
        for(int _presynaptic_idx=_first; _presynaptic_idx<_first+{{depth}}; _presynaptic_idx++)
        {
            const size_t _idx = (size_t)_presynaptic_idx * {{width}} + _column;
            const size_t _vectorisation_idx = _idx;
            {{vector_code|autoindent}}
            _total += _summand;
        }
        {{target}}[_postsynaptic_idx] = _total;
    }
{% endblock %}
