{# Each row has a key of its own, and a whole one: only the optional columns of it may lack a value. #}
{% test primary_key(model, columns, optional=[]) %}
select
    {{ columns | join(', ') }},
    count(*) as row_count
from {{ model }}
group by {{ columns | join(', ') }}
having
    count(*) > 1
    {% for column in columns if column not in optional %}
    or {{ column }} is null
    {% endfor %}
{% endtest %}
