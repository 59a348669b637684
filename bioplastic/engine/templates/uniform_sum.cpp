{# The statement is `target += constant`: every target receives the number of spikes of its
   group times the constant, and with pattern 'all_but_self' those that fired themselves one less. #}
{% extends 'kernel.cpp' %}
{% from 'scratch.cpp' import scratch %}
{% block body %}
    const int _count = {{events}}[{{n_pre}}];
    if(_count == 0)
        return;
    const size_t _vectorisation_idx = -1;
    {{scalar_code|autoindent}}
    {
        const {{target_type}} _each = {{increment}};
        {% if pattern == 'all_but_self' %}
        {{scratch(target_type, '_own', n_pre)}}
        for(int _event=0; _event<_count; _event++)
            _own[_event] = {{target}}[{{events}}[_event]];
        {% endif %}
        {{scratch('int', '_counts', groups)}}
        std::fill(_counts, _counts + {{groups}}, 0);
        for(int _event=0; _event<_count; _event++)
            _counts[{{events}}[_event] / {{depth}}]++;
        for(int _group=0; _group<{{groups}}; _group++)
        {
            if(_counts[_group] == 0)
                continue;
            const {{target_type}} _all = _each * _counts[_group];
            for(int _j=_group*{{width}}; _j<(_group+1)*{{width}}; _j++)
                {{target}}[_j] += _all;
        }
        {% if pattern == 'all_but_self' %}
        for(int _event=0; _event<_count; _event++)
        {
            const int _cell = {{events}}[_event];
            {{target}}[_cell] = _own[_event] + _each * (_counts[_cell / {{depth}}] - 1);
        }
        {% endif %}
    }
{% endblock %}
