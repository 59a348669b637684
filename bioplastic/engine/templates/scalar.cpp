{# USES_VARIABLES { N } #}
{# ALLOWS_SCALAR_WRITE #}
{# Statements over shared variables only (trial bookkeeping). #}
{% extends 'kernel.cpp' %}
{% block body %}
    const size_t _vectorisation_idx = -1;
    {{scalar_code|autoindent}}
{% endblock %}
