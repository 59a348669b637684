{# USES_VARIABLES { N } #}
{# ALLOWS_SCALAR_WRITE #}
{% extends 'kernel.cpp' %}
{% from 'over_cells.cpp' import over_cells %}
{% block body %}
    const size_t _vectorisation_idx = -1;
    {{scalar_code|autoindent}}
    {{over_cells(size, vector_code, vectorise, wanted)}}
{% endblock %}
