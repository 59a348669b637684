{# Multiplicative scaling of the summed weight per postsynaptic (over='pre') or presynaptic cell. #}
{% extends 'kernel.cpp' %}
{% block body %}
    const size_t _vectorisation_idx = -1;
    {{scalar_code|autoindent}}
    {% set cell = '_post_' ~ projection if over == 'pre' else '_pre_' ~ projection %}
    const int64_t _n = _row_{{projection}}[{{n_pre}}];
    std::vector<{{weight_type}}> _factor({{n_post if over == 'pre' else n_pre}}, {{weight_type}}(0));
    for(int64_t _k=0; _k<_n; _k++)
        _factor[{{cell}}[_k]] += {{weight}}[_k];
    {% set at = '_j' if over == 'pre' else '_i' %}
    for(int {{at}}=0; {{at}}<{{n_post if over == 'pre' else n_pre}}; {{at}}++)
        _factor[{{at}}] = _factor[{{at}}] != 0 ? {{weight_type}}({{total}}) / _factor[{{at}}] : {{weight_type}}(1);
    for(int64_t _k=0; _k<_n; _k++)
        {{weight}}[_k] *= _factor[{{cell}}[_k]];
{% endblock %}
