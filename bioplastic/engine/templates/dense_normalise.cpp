{# Multiplicative scaling: the summed weight of every column (over='pre') or row (over='post'). #}
{% extends 'kernel.cpp' %}
{% from 'scratch.cpp' import scratch %}
{% block body %}
    const size_t _vectorisation_idx = -1;
    {{scalar_code|autoindent}}
    {% if over == 'pre' and only %}
    {# Only the columns of chosen cells; each is gathered once into a row of factors. #}
    for(int _group=0; _group<{{groups}}; _group++)
    {
        {{scratch('int', '_columns', width)}}
        int _n = 0;
        for(int _j=_group*{{width}}; _j<(_group+1)*{{width}}; _j++)
            if({{only}}[_j] != 0)
                _columns[_n++] = _j;
        if(_n == 0)
            continue;
        const int _first = _group * {{width}};
        {{scratch(weight_type, '_f', width)}}
        std::fill(_f, _f + {{width}}, {{weight_type}}(0));
        for(int _i=_group*{{depth}}; _i<(_group+1)*{{depth}}; _i++)
        {
            const {{weight_type}}* __restrict _w = {{weight}} + (size_t)_i * {{width}};
            for(int _c=0; _c<_n; _c++)
                _f[_c] += _w[_columns[_c] - _first];
        }
        for(int _c=0; _c<_n; _c++)
        {
            const int _j = _columns[_c];
            _f[_c] = _f[_c] != 0 ? {{weight_type}}({{total}}) / _f[_c] : {{weight_type}}(1);
        }
        for(int _i=_group*{{depth}}; _i<(_group+1)*{{depth}}; _i++)
        {
            {{weight_type}}* __restrict _w = {{weight}} + (size_t)_i * {{width}};
            for(int _c=0; _c<_n; _c++)
                _w[_columns[_c] - _first] *= _f[_c];
        }
    }
    {% elif over == 'pre' %}
    std::vector<{{weight_type}}> _factor({{n_post}}, {{weight_type}}(0));
    {{weight_type}}* __restrict _f = _factor.data();
    for(int _i=0; _i<{{n_pre}}; _i++)
    {
        const {{weight_type}}* __restrict _w = {{weight}} + (size_t)_i * {{width}};
        {{weight_type}}* __restrict _own = _f + _i / {{depth}} * {{width}};
        for(int _j=0; _j<{{width}}; _j++)
            _own[_j] += _w[_j];
    }
    for(int _j=0; _j<{{n_post}}; _j++)
        _f[_j] = _f[_j] != 0 ? {{weight_type}}({{total}}) / _f[_j] : {{weight_type}}(1);
    for(int _i=0; _i<{{n_pre}}; _i++)
    {
        {{weight_type}}* __restrict _w = {{weight}} + (size_t)_i * {{width}};
        const {{weight_type}}* __restrict _own = _f + _i / {{depth}} * {{width}};
        for(int _j=0; _j<{{width}}; _j++)
            _w[_j] *= _own[_j];
    }
    {% else %}
    for(int _i=0; _i<{{n_pre}}; _i++)
    {
        {{weight_type}}* __restrict _w = {{weight}} + (size_t)_i * {{width}};
        {{weight_type}} _sum = 0;
        for(int _j=0; _j<{{width}}; _j++)
            _sum += _w[_j];
        const {{weight_type}} _f = _sum != 0 ? {{weight_type}}({{total}}) / _sum : {{weight_type}}(1);
        for(int _j=0; _j<{{width}}; _j++)
            _w[_j] *= _f;
    }
    {% endif %}
{% endblock %}
