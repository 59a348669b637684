{# Every kernel is a member function of the generated network struct; `pointers_lines` makes local
   restrict copies of the arrays it touches, so that the compiler may keep values in registers. #}
void {{codeobj_name}}()
{
    {{hashdefine_lines|autoindent}}
    {{pointers_lines|autoindent}}
    {% block body %}
    {% endblock %}
}
//@support
{{support_code_lines}}
