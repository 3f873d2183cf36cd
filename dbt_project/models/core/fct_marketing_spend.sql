with

marketing_spend as (
    select * from {{ ref('stg_marketing_spend') }}
    where spend_date <= {{ as_of_date() }}
),

rates as (
    select * from {{ ref('int_exchange_rates') }}
),

converted as (
    select
        {{ surrogate_key([
            'marketing_spend.source_system', 'marketing_spend.spend_date', 'marketing_spend.channel',
            'marketing_spend.campaign_id', 'marketing_spend.cost_type', 'marketing_spend.currency'
        ]) }} as marketing_spend_key,
        case
            when marketing_spend.campaign_id is not null
                then {{ surrogate_key([
                    'marketing_spend.source_system', 'marketing_spend.campaign_id'
                ]) }}
        end as campaign_key,
        marketing_spend.source_system,
        marketing_spend.channel,
        marketing_spend.campaign_id,
        marketing_spend.cost_type,
        marketing_spend.currency,
        {{ at_rate(
            'marketing_spend.amount', rate_or_one('marketing_spend.currency', 'rates.exchange_rate')
        ) }} as amount,
        marketing_spend.amount as amount_original,
        marketing_spend.impressions,
        marketing_spend.clicks,
        marketing_spend.spend_date
    from marketing_spend
    left join rates
    on
        marketing_spend.currency = rates.currency
        and marketing_spend.spend_date = rates.rate_on
)

select * from converted
