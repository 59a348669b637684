{# A variable of the postsynaptic cells becomes the sum of an expression over their synapses. #}
{% extends 'kernel.cpp' %}
{% block body %}
    const size_t _vectorisation_idx = -1;
    {{scalar_code|autoindent}}
    std::memset({{target}}, 0, {{n_post}} * sizeof(*{{target}}));
    for(int _presynaptic_idx=0; _presynaptic_idx<{{n_pre}}; _presynaptic_idx++)
        for(int64_t _idx=_row_{{projection}}[_presynaptic_idx]; _idx<_row_{{projection}}[_presynaptic_idx+1]; _idx++)
        {
            const int _postsynaptic_idx = _post_{{projection}}[_idx];
            const size_t _vectorisation_idx = _idx;
            {{vector_code|autoindent}}
            {{target}}[_postsynaptic_idx] += _summand;
        }
{% endblock %}
