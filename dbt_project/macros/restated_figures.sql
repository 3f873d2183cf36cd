{# The marts whose closed periods are held against the former publication. Of each: the columns that name a
   cell; its figures; its texts and days, told as labels; figures that later events of other periods change
   by their nature, compared only between publications of one day; figures that money makes though they are
   none; figures that hold what earlier periods brought; figures of a customer that all others have a part in;
   its first day, and the day from which on it is closed.
   Left out are the bounds of intervals, which follow from counts, and the cuts of scores. #}
{% macro restated_marts() -%}
{{ return({
    'fct_churn_periods': {
        'keys': [
            'basis', 'churn_model', 'period_grain', 'period_start', 'segment_type', 'segment_value',
        ],
        'figures': [
            'active_start_count', 'new_count', 'reactivated_count', 'lost_count', 'new_and_lost_count',
            'voluntary_lost_count', 'involuntary_lost_count', 'active_end_count', 'churn_ratio',
            'start_mrr_amount', 'new_mrr_amount', 'reactivation_mrr_amount', 'expansion_mrr_amount',
            'contraction_mrr_amount', 'churned_mrr_amount', 'exchange_effect_amount', 'end_mrr_amount',
            'gross_revenue_churn_ratio', 'gross_revenue_retention_ratio', 'net_revenue_retention_ratio',
        ],
        'made_of_money': [
            'gross_revenue_churn_ratio', 'gross_revenue_retention_ratio', 'net_revenue_retention_ratio',
        ],
        'starts_on': 'cells.period_start',
        'closes_on': "case when cells.churn_model = 'contract' then "
            ~ days_after('cells.period_end', parameter('contract_grace_days')) ~ ' else cells.period_end end',
    },
    'fct_cohort_retention': {
        'keys': ['cohort_grain', 'cohort_start', 'segment_type', 'segment_value', 'period_number'],
        'figures': [
            'cohort_size', 'active_count', 'continuous_active_count', 'retention_ratio', 'order_count',
            'gross_amount', 'refund_amount', 'net_amount', 'margin_amount', 'cumulative_net_amount',
            'cumulative_margin_amount', 'net_revenue_retention_ratio', 'margin_retention_ratio',
        ],
        'looking_ahead': ['rolling_active_count'],
        'made_of_money': ['net_revenue_retention_ratio', 'margin_retention_ratio'],
        'accumulated': [
            'cumulative_net_amount', 'cumulative_margin_amount', 'net_revenue_retention_ratio', 'margin_retention_ratio',
        ],
        'starts_on': 'cells.period_start',
        'closes_on': 'cells.period_end',
    },
    'fct_customer_losses': {
        'keys': ['customer_key', 'lost_on'],
        'figures': ['value_at_loss_amount'],
        'labels': ['loss_kind', 'recognised_on'],
        'accumulated': ['value_at_loss_amount'],
        'starts_on': 'cells.lost_on',
        'closes_on': days_after('cells.lost_on', '1 + ' ~ parameter('contract_grace_days')),
    },
    'fct_lifecycle_stages': {
        'keys': ['customer_key', 'entered_on'],
        'figures': ['days_in_stage'],
        'labels': ['stage', 'exited_on', 'entry_reason', 'attitude', 'value_trend'],
        'made_of_money': ['value_trend'],
        'accumulated': ['value_trend'],
        'starts_on': 'cells.entered_on',
        'closes_on': days_after('cells.exited_on', 1),
    },
    'fct_nps_periods': {
        'keys': ['period_grain', 'period_start', 'survey_id', 'segment_type', 'segment_value'],
        'figures': [
            'invited_count', 'response_count', 'promoter_count', 'passive_count', 'detractor_count',
            'nps', 'adjusted_nps',
        ],
        'looking_ahead': ['answered_of_invited_count', 'response_ratio'],
        'starts_on': 'cells.period_start',
        'closes_on': "case when cells.period_grain <> 'all' then cells.period_end end",
    },
    'fct_rfm_scores': {
        'keys': ['customer_key', 'as_of_date'],
        'figures': [
            'recency_days', 'frequency_count', 'monetary_amount', 'recency_score', 'frequency_score',
            'monetary_score',
        ],
        'labels': ['segment', 'previous_segment'],
        'made_of_money': ['monetary_score', 'segment', 'previous_segment'],
        'accumulated': ['monetary_amount', 'monetary_score', 'segment', 'previous_segment'],
        'relative': ['recency_score', 'frequency_score', 'monetary_score', 'segment', 'previous_segment'],
        'starts_on': 'cells.as_of_date',
        'closes_on': 'case when ' ~ is_month_end('cells.as_of_date')
            ~ ' then ' ~ days_after('cells.as_of_date', 1) ~ ' end',
    },
    'fct_stage_conversions': {
        'keys': ['from_stage', 'to_stage', 'period_start', 'segment_type', 'segment_value'],
        'figures': ['entrant_count', 'reached_count', 'conversion_ratio', 'median_days'],
        'starts_on': 'cells.period_start',
        'closes_on': days_after(
            'cells.period_end',
            parameter('stage_conversion_days') ~ ' + ' ~ parameter('contract_grace_days')
        ),
    },
    'fct_stage_populations': {
        'keys': ['scheme', 'scheme_stage', 'period_start'],
        'figures': [
            'opening_count', 'entered_count', 'exited_count', 'closing_count', 'median_days_in_stage',
        ],
        'starts_on': 'cells.period_start',
        'closes_on': 'cells.period_end',
    },
    'fct_stage_transitions': {
        'keys': ['customer_key', 'transitioned_on'],
        'figures': ['days_in_from_stage'],
        'labels': ['from_stage', 'to_stage', 'cause', 'is_reactivation'],
        'starts_on': 'cells.transitioned_on',
        'closes_on': days_after('cells.transitioned_on', '1 + ' ~ parameter('contract_grace_days')),
    },
}) }}
{%- endmacro %}

{% macro is_month_end(day) -%}
extract(day from {{ days_after(day, 1) }}) = 1
{%- endmacro %}

{# A row per figure that differs from the former publication in a closed period, of all marts. #}
{% macro restated_figures() -%}
{%- for name, mart in restated_marts().items() %}
{{ restated_cells(name, mart) }},
{% endfor %}
restated as (
    {%- for name, mart in restated_marts().items() %}
    {{ figures_of_cells(name, mart) }}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
)
{%- endmacro %}

{# Hashes of equal rows cancel each other, so that a large mart is read in a stream and only the few buckets
   in which something differs are joined. Whether a cell was closed is for the former publication to say, or for
   the present one where its day is the earlier one; only of cells that the former has not, the present one says so. #}
{% macro restated_cells(name, mart) -%}
{%- set figures = mart.figures + mart.get('labels', []) + mart.get('looking_ahead', []) -%}
{{ name }}_buckets as (
    select bucket
    from (
        select bucket, fingerprint from ({{ fingerprinted_cells(source('former', name), mart) }}) as former
        where is_closed
        union all
        select bucket, fingerprint from ({{ fingerprinted_cells(ref(name), mart) }}) as present
        where is_closed
    ) as fingerprints
    group by bucket
    having bit_xor(fingerprint) <> 0
),

{{ name }}_cells as (
    select
        {%- for key in mart['keys'] %}
        coalesce(former.{{ key }}, present.{{ key }}) as {{ key }},
        {%- endfor %}
        {%- for figure in figures %}
        former.{{ figure }} as {{ figure }}_before,
        present.{{ figure }} as {{ figure }}_after,
        {%- endfor %}
        former.bucket is not null and present.bucket is not null as is_in_both,
        coalesce(former.starts_on, present.starts_on) as starts_on,
        coalesce(former.closes_on, present.closes_on) as closes_on
    from (
        select * from ({{ fingerprinted_cells(source('former', name), mart) }}) as cells
        where bucket in (select bucket from {{ name }}_buckets)
    ) as former
    full outer join (
        select * from ({{ fingerprinted_cells(ref(name), mart) }}) as cells
        where bucket in (select bucket from {{ name }}_buckets)
    ) as present
    on
        {%- for key in mart['keys'] %}
        former.{{ key }} = present.{{ key }}
        {%- if not loop.last %} and{% endif %}
        {%- endfor %}
    where coalesce(former.is_closed, present.is_closed)
)
{%- endmacro %}

{% macro fingerprinted_cells(relation, mart) -%}
{%- set keys = ['customer_key'] if 'customer_key' in mart['keys'] else mart['keys'] %}
    select
        *,
        {{ row_hash(keys) }} % 65536 as bucket,
        {{ row_hash(mart['keys'] + mart.figures + mart.get('labels', []) + mart.get('looking_ahead', [])) }} as fingerprint
    from (
        select
            {%- for column in mart['keys'] + mart.figures + mart.get('labels', []) %}
            cells.{{ column }},
            {%- endfor %}
            {%- for column in mart.get('looking_ahead', []) %}
            case
                when publication.as_of_date = {{ as_of_date() }} then cells.{{ column }}
            end as {{ column }},
            {%- endfor %}
            {{ mart.starts_on }} as starts_on,
            {{ mart.closes_on }} as closes_on,
            coalesce(
                {{ mart.closes_on }}
                <= {{ days_after('least(publication.as_of_date, ' ~ as_of_date() ~ ')', 1) }},
                false
            ) as is_closed
        from {{ relation }} as cells
        cross join {{ source('former', 'publication') }} as publication
    ) as cells
{%- endmacro %}

{# Nothing is no other figure than nought: a segment that is new has had no customers all along. #}
{% macro figures_of_cells(name, mart) -%}
{%- set labels = mart.get('labels', []) -%}
{%- set numbers = mart.figures + mart.get('looking_ahead', []) %}
    select
        '{{ name }}' as table_name,
        {{ cell_key(mart['keys']) }} as cell_key,
        {% if 'customer_key' in mart['keys'] -%}
        case when not metrics.is_relative then cells.customer_key end
        {%- else -%}
        cast(null as {{ dbt.type_string() }})
        {%- endif %} as customer_key,
        metrics.metric,
        {{ value_of_metric(labels, 'before', dbt.type_string()) }} as label_before,
        {{ value_of_metric(labels, 'after', dbt.type_string()) }} as label_after,
        {{ value_of_metric(numbers, 'before', 'double') }} as value_before,
        {{ value_of_metric(numbers, 'after', 'double') }} as value_after,
        metrics.is_money,
        metrics.is_accumulated,
        cells.starts_on as period_start,
        cells.closes_on as closes_on
    from {{ name }}_cells as cells
    cross join (
        {%- for figure in numbers + labels %}
        select
            '{{ figure }}' as metric,
            {{ 'true' if figure.endswith('_amount') or figure in mart.get('made_of_money', []) else 'false' }}
                as is_money,
            {{ 'true' if figure in mart.get('accumulated', []) else 'false' }} as is_accumulated,
            {{ 'true' if figure in mart.get('relative', []) else 'false' }} as is_relative
        {%- if not loop.last %}
        union all
        {%- endif %}
        {%- endfor %}
    ) as metrics
    where
        case metrics.metric
            {%- for figure in numbers %}
            when '{{ figure }}'
                then case
                    when cells.is_in_both
                        then cells.{{ figure }}_before is distinct from cells.{{ figure }}_after
                    else coalesce(cells.{{ figure }}_before, cells.{{ figure }}_after, 0) <> 0
                end
            {%- endfor %}
            {%- for label in labels %}
            when '{{ label }}' then cells.{{ label }}_before is distinct from cells.{{ label }}_after
            {%- endfor %}
        end
{%- endmacro %}

{% macro value_of_metric(figures, moment, type) -%}
{%- if figures -%}
case metrics.metric
    {%- for figure in figures %}
    when '{{ figure }}' then cast(cells.{{ figure }}_{{ moment }} as {{ type }})
    {%- endfor %}
end
{%- else -%}
cast(null as {{ type }})
{%- endif -%}
{%- endmacro %}

{% macro cell_key(keys) -%}
{%- for key in keys -%}
'{{ '' if loop.first else '|' }}{{ key }}=' || cast(cells.{{ key }} as {{ dbt.type_string() }}) {%- if not loop.last %} || {% endif %}
{%- endfor -%}
{%- endmacro %}
