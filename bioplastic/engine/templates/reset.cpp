{# Statements for every neuron that fired in this step: resets and trace increments. #}
{% extends 'kernel.cpp' %}
{% block body %}
    const int _count = {{events}}[{{size}}];
    if(_count == 0)
        return;
    const size_t _vectorisation_idx = -1;
    {{scalar_code|autoindent}}
    for(int _event=0; _event<_count; _event++)
    {
        const int _idx = {{events}}[_event];
        const size_t _vectorisation_idx = _idx;
        {{vector_code|autoindent}}
    }
{% endblock %}
