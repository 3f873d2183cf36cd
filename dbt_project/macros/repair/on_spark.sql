{# Spark's Parquet tables know neither update nor delete of rows, so every build there is a full one. #}
{% materialization repaired, adapter='spark' %}
    {{ return(materialization_table_spark()) }}
{% endmaterialization %}
