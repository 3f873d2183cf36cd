{# No row lacks a value in any of the columns. #}
{% test present(model, columns) %}
select {{ columns | join(', ') }}
from {{ model }}
where
    {% for column in columns %}
    {{ column }} is null{{ ' or' if not loop.last }}
    {% endfor %}
{% endtest %}
