{# Presynaptic spikes where few columns learn; otherwise, and in steps with many, the whole rows. #}
void run_{{name}}_columns()
{
    if({{events}}[{{n_pre}}] == 0)
        return;
    if(!_columns_{{projection}}.choose({{trace}}, {{least}}))
    {
        run_{{name}}();
        _columns_{{projection}}.move_all();
        return;
    }
    {% if clip %}
    _columns_{{projection}}.scan({{weight}}, {{low}}, {{high}});
    {% endif %}
    {% if transmit %}
    run_{{name}}_read();
    {% endif %}
    if(_columns_{{projection}}.n_learning > 0)
    {
        run_{{name}}_learn();
        _columns_{{projection}}.move(_columns_{{projection}}.learning, _columns_{{projection}}.n_learning);
    }
    {% if clip %}
    if(_columns_{{projection}}.n_outside > 0)
    {
        run_{{name}}_clip();
        _columns_{{projection}}.move(_columns_{{projection}}.outside, _columns_{{projection}}.n_outside);
    }
    {% endif %}
}
