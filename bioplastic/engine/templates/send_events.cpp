{# Puts the synapses of the cells that fired into the slots in which they are reached. #}
void run_{{queue}}_send()
{
    _queue_{{queue}}.step(_array_clock_timestep[0]);
    const int _count = {{events}}[{{n_events}}];
    for(int _event=0; _event<_count; _event++)
    {
        {% if side != 'other' %}
        const int _cell = {{events}}[_event];
        {% endif %}
        {% if side == 'other' %}
        for(int64_t _idx=0; _idx<{{n_synapses}}; _idx++)
            _queue_{{queue}}.send((int32_t)_idx);
        {% elif sparse and side == 'pre' %}
        for(int64_t _idx=_row_{{projection}}[_cell]; _idx<_row_{{projection}}[_cell+1]; _idx++)
            _queue_{{queue}}.send((int32_t)_idx);
        {% elif sparse %}
        for(int64_t _k=_column_{{projection}}[_cell]; _k<_column_{{projection}}[_cell+1]; _k++)
            _queue_{{queue}}.send((int32_t)_order_{{projection}}[_k]);
        {% elif side == 'pre' %}
        for(int _k=0; _k<{{width}}; _k++)
            _queue_{{queue}}.send(_cell * {{width}} + _k);
        {% else %}
        const int _postsynaptic_idx = _cell;
        for(int _k={{first_pre}}; _k<{{first_pre}}+{{depth}}; _k++)
            _queue_{{queue}}.send(_k * {{width}} + {{column}});
        {% endif %}
    }
}
