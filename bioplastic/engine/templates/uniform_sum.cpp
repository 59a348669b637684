{# The statement is `target += constant`: every target receives the number of spikes times the
   constant, and with pattern 'all_but_self' those that fired themselves one less. #}
{% extends 'kernel.cpp' %}
{% block body %}
    const int _count = {{events}}[{{n_pre}}];
    if(_count == 0)
        return;
    const size_t _vectorisation_idx = -1;
    {{scalar_code|autoindent}}
    {
        const {{scalar_type}} _each = {{increment}};
        {% if pattern == 'all_but_self' %}
        {{scalar_type}} _own[{{n_pre}}];
        for(int _event=0; _event<_count; _event++)
            _own[_event] = {{target}}[{{events}}[_event]];
        {% endif %}
        const {{scalar_type}} _all = _each * _count;
        for(int _j=0; _j<{{n_post}}; _j++)
            {{target}}[_j] += _all;
        {% if pattern == 'all_but_self' %}
        const {{scalar_type}} _others = _each * (_count - 1);
        for(int _event=0; _event<_count; _event++)
            {{target}}[{{events}}[_event]] = _own[_event] + _others;
        {% endif %}
    }
{% endblock %}
