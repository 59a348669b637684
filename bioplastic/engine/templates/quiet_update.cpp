{# A step of cells in blocks; where most are awake, all of them without a look at who rests. #}
{% extends 'kernel.cpp' %}
{% from 'over_cells.cpp' import over_cells, over_block %}
{% block body %}
    const size_t _vectorisation_idx = -1;
    {{scalar_code|autoindent}}
    if(!_quiet_{{quiet.group}}.few() && _step % 16 != 0)
    {
        {{over_cells(size, vector_code, vectorise, wanted)}}
        return;
    }
    _quiet_{{quiet.group}}.integrate([&](const int bp_first, const int bp_end) {
        uint32_t bp_changed = 0;
        {% set last = '' %}
        {% if quiet.refractory %}
        {% set last = 'bp_changed |= (_refractory_step_' ~ quiet.group ~ ' - _last_step_' ~ quiet.group ~ '[_idx]) < ' ~ quiet.refractory ~ ';' %}
        {% endif %}
        {{over_block(size, vector_code|tell_changes('bp_changed'), last)}}
        return bp_changed != 0;
    });
{% endblock %}
