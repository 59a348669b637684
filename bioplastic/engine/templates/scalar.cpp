{# USES_VARIABLES { N } #}
{# ALLOWS_SCALAR_WRITE #}
{# Statements over shared variables only. What comes from a population of one cell is no scalar for
   Brian2: it is element 0 of an array, and its statements are vector code that runs once. #}
{% extends 'kernel.cpp' %}
{% block body %}
    const size_t _vectorisation_idx = -1;
    {{scalar_code|autoindent}}
    {
        const size_t _vectorisation_idx = 0;
        {{vector_code|autoindent}}
    }
{% endblock %}
