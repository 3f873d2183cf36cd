with

campaigns as (
    select * from {{ ref('stg_campaigns') }}
),

rates as (
    select * from {{ ref('int_exchange_rates') }}
),

converted as (
    select
        {{ surrogate_key(['campaigns.source_system', 'campaigns.campaign_id']) }} as campaign_key,
        campaigns.source_system,
        campaigns.campaign_id,
        campaigns.name,
        campaigns.channel,
        campaigns.objective,
        campaigns.currency,
        {{ at_rate(
            'campaigns.budget_amount', rate_or_one('campaigns.currency', 'rates.exchange_rate')
        ) }}
            as budget_amount,
        campaigns.budget_amount as budget_amount_original,
        campaigns.started_on,
        campaigns.ended_on,
        campaigns.started_at,
        campaigns.ended_at
    from campaigns
    left join rates
    on
        campaigns.currency = rates.currency
        and least(campaigns.started_on, {{ as_of_date() }}) = rates.rate_on
)

select * from converted
