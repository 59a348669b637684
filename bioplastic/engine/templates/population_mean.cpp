{# USES_VARIABLES { N } #}
{# A shared variable becomes the weighted mean over the cells. #}
{% extends 'kernel.cpp' %}
{% block body %}
    double _sum = 0, _weight = 0;
    for(int _j=0; _j<{{n}}; _j++)
    {
        _sum += (double){{weight}}[_j] * {{of}}[_j];
        _weight += {{weight}}[_j];
    }
    {{into}}[0] = _weight != 0 ? _sum / _weight : {{empty}};
{% endblock %}
