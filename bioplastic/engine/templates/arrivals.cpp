{# Statements for single synapses, in the order in which their events were sent. #}
{% extends 'kernel.cpp' %}
{% block body %}
    const std::vector<int32_t>& _arrived = _queue_{{queue}}.arrived();
    if(_arrived.empty())
        return;
    const size_t _vectorisation_idx = -1;
    {{scalar_code|autoindent}}
    for(const int32_t _idx : _arrived)
    {
        {% if sparse %}
        const int _presynaptic_idx = _pre_{{projection}}[_idx];
        const int _postsynaptic_idx = _post_{{projection}}[_idx];
        {% else %}
        const int _presynaptic_idx = _idx / {{width}};
        const int _postsynaptic_idx = _idx % {{width}} + {{first_post}};
        {% endif %}
        const size_t _vectorisation_idx = _idx;
        {{vector_code|autoindent}}
    }
{% endblock %}
