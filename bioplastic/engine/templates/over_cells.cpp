{# A loop over the cells; uniform numbers are drawn beforehand, a piece of the loop at a time. #}
{% from 'scratch.cpp' import scratch %}
{% macro over_cells(size, vector_code, vectorise, wanted, last='') %}
{% set code, n_draws = vector_code|take_draws(wanted['draws']) %}
{% if n_draws %}
{{scratch('double', '_draws', n_draws * (size if size < 1024 else 1024))}}
for(int _start=0; _start<{{size}}; _start+=1024)
{
    const int _end = {{'std::min(_start + 1024, ' ~ size ~ ')' if size > 1024 else size}};
    _rng.uniform(_draws, (_end - _start) * {{n_draws}});
    #pragma GCC ivdep
    for(int _idx=_start; _idx<_end; _idx++)
    {
        const size_t _vectorisation_idx = _idx;
        {{code|autoindent}}
        {{last}}
    }
}
{%- else %}
{% if vectorise %}
#pragma GCC ivdep
{% endif %}
for(int _idx=0; _idx<{{size}}; _idx++)
{
    const size_t _vectorisation_idx = _idx;
    {{vector_code|autoindent}}
    {{last}}
}
{%- endif %}
{% endmacro %}
{# The same for one block of cells, whole or cut short at the end. #}
{% macro over_block(size, code, last='') %}
{% for whole in ([true] if size % 16 == 0 else [true, false]) %}
{{'if(bp_end - bp_first == 16)' if whole else 'else'}}
{
    #pragma GCC ivdep
    for(int bp_lane=0; bp_lane<{{'16' if whole else '(bp_end - bp_first)'}}; bp_lane++)
    {
        const int _idx = bp_first + bp_lane;
        const size_t _vectorisation_idx = _idx;
        {{code|autoindent}}
        {{last}}
    }
}
{% endfor %}
{% endmacro %}
