{# Multiplicative scaling: the summed weight of every column (over='pre') or row (over='post'). #}
{% extends 'kernel.cpp' %}
{% block body %}
    const size_t _vectorisation_idx = -1;
    {{scalar_code|autoindent}}
    {% if over == 'pre' %}
    std::vector<{{scalar_type}}> _factor({{n_post}}, {{scalar_type}}(0));
    {{scalar_type}}* __restrict _f = _factor.data();
    for(int _i=0; _i<{{n_pre}}; _i++)
    {
        const {{scalar_type}}* __restrict _w = {{weight}} + (size_t)_i * {{n_post}};
        for(int _j=0; _j<{{n_post}}; _j++)
            _f[_j] += _w[_j];
    }
    for(int _j=0; _j<{{n_post}}; _j++)
        _f[_j] = _f[_j] != 0 ? {{scalar_type}}({{total}}) / _f[_j] : {{scalar_type}}(1);
    for(int _i=0; _i<{{n_pre}}; _i++)
    {
        {{scalar_type}}* __restrict _w = {{weight}} + (size_t)_i * {{n_post}};
        for(int _j=0; _j<{{n_post}}; _j++)
            _w[_j] *= _f[_j];
    }
    {% else %}
    for(int _i=0; _i<{{n_pre}}; _i++)
    {
        {{scalar_type}}* __restrict _w = {{weight}} + (size_t)_i * {{n_post}};
        {{scalar_type}} _sum = 0;
        for(int _j=0; _j<{{n_post}}; _j++)
            _sum += _w[_j];
        const {{scalar_type}} _f = _sum != 0 ? {{scalar_type}}({{total}}) / _sum : {{scalar_type}}(1);
        for(int _j=0; _j<{{n_post}}; _j++)
            _w[_j] *= _f;
    }
    {% endif %}
{% endblock %}
