{# USES_VARIABLES { N } #}
{# The cell of every group with the smallest first, then the largest then, then the lowest index. #}
{% extends 'kernel.cpp' %}
{% block body %}
    for(int _start=0; _start<{{n}}; _start+={{size}})
    {
        int _best = -1;
        for(int _j=_start; _j<_start+{{size}}; _j++)
        {
            {{into}}[_j] = 0;
            {% if among %}
            if(!({{among}}[_j] > 0))
                continue;
            {% endif %}
            if(_best < 0 || {{first}}[_j] < {{first}}[_best]
               || ({{first}}[_j] == {{first}}[_best] && {{then}}[_j] > {{then}}[_best]))
                _best = _j;
        }
        if(_best >= 0)
            {{into}}[_best] = 1;
    }
{% endblock %}
