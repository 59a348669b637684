{# An array that lives for one call of a kernel: on the stack while it is small. #}
{% macro scratch(type, name, size) %}
{% if size > 16384 %}
std::unique_ptr<{{type}}[]> {{name}}_memory(new {{type}}[{{size}}]);
{{type}}* __restrict const {{name}} = {{name}}_memory.get();
{%- else %}
alignas(64) {{type}} {{name}}[{{size}}];
{%- endif %}
{% endmacro %}
