with

-- empty where nothing can be compared, which empties all that follows
publication as (
    select * from {{ source('former', 'publication') }}
),

identities as (
    select * from {{ ref('bridge_customer_identities') }}
),

former_identities as (
    select identities.*
    from {{ source('former', 'bridge_customer_identities') }} as identities
    cross join publication
),

erasures as (
    select * from {{ ref('fct_erasures') }}
),

refunds as (
    select refunds.*
    from {{ ref('fct_refunds') }} as refunds
    cross join publication
),

former_refunds as (
    select * from {{ source('former', 'fct_refunds') }}
),

orders as (
    select orders.*
    from {{ ref('fct_orders') }} as orders
    cross join publication
),

former_orders as (
    select * from {{ source('former', 'fct_orders') }}
),

subscriptions as (
    select * from {{ ref('fct_subscriptions') }}
),

former_subscriptions as (
    select * from {{ source('former', 'fct_subscriptions') }}
),

moved_identities as (
    select
        former_identities.customer_key as former_customer_key,
        identities.customer_key,
        case
            when
                identities.customer_key = '-2'
                or (identities.customer_key is null and erasures.erasure_key is not null)
                then 'erasure'
            when identities.match_rule in ('own_id', 'own_lead') then 'unmerge'
            when identities.customer_key is not null then 'merge'
        end as cause,
        least(former_identities.valid_from, identities.valid_from) as touched_from
    from former_identities
    left join identities
    on former_identities.customer_identity_key = identities.customer_identity_key
    left join erasures
    on
        former_identities.source_system = erasures.source_system
        and former_identities.source_customer_id = erasures.customer_id
    where former_identities.customer_key is distinct from identities.customer_key
),

changed_refunds as (
    select
        coalesce(refunds.customer_key, former_refunds.customer_key) as customer_key,
        coalesce(refunds.order_key, former_refunds.order_key) as order_key,
        coalesce(refunds.refunded_on, former_refunds.refunded_on) as refunded_on,
        former_refunds.refund_key is null as is_new
    from refunds
    full outer join former_refunds
    on refunds.refund_key = former_refunds.refund_key
    where
        refunds.amount_original is distinct from former_refunds.amount_original
        or refunds.currency is distinct from former_refunds.currency
        or refunds.order_key is distinct from former_refunds.order_key
        or refunds.refunded_on is distinct from former_refunds.refunded_on
),

-- an order that is refunded in full, or was until now, may have stopped or begun to count
booked_refunds as (
    select
        changed_refunds.customer_key,
        coalesce(orders.ordered_on, changed_refunds.refunded_on) as ordered_on,
        case
            when {{ parameter('refund_basis') }} = 'order_month'
                then coalesce(orders.ordered_on, changed_refunds.refunded_on)
            else changed_refunds.refunded_on
        end as booked_on,
        coalesce(orders.is_refunded_in_full or not changed_refunds.is_new, false)
            as is_whole_order
    from changed_refunds
    left join orders on changed_refunds.order_key = orders.order_key
),

-- a day's orders in a currency share one rate
rates as (
    select
        currency,
        ordered_on,
        max(exchange_rate) as exchange_rate
    from orders
    group by currency, ordered_on
),

former_rates as (
    select
        currency,
        ordered_on,
        max(exchange_rate) as exchange_rate
    from former_orders
    group by currency, ordered_on
),

evidence as (
    select
        'definition' as cause,
        cast(null as {{ dbt.type_string() }}) as customer_key,
        false as is_of_money,
        cast(null as date) as touched_from,
        cast(null as date) as touched_until
    from publication
    where is_definition_changed
    union all
    select
        cause,
        former_customer_key as customer_key,
        false as is_of_money,
        touched_from,
        cast(null as date) as touched_until
    from moved_identities
    where cause is not null
    union all
    select
        cause,
        customer_key,
        false as is_of_money,
        touched_from,
        cast(null as date) as touched_until
    from moved_identities
    where cause is not null and customer_key is not null
    union all
    select
        'refund' as cause,
        customer_key,
        true as is_of_money,
        booked_on as touched_from,
        {{ days_after('booked_on', 1) }} as touched_until
    from booked_refunds
    union all
    select
        'refund' as cause,
        customer_key,
        false as is_of_money,
        ordered_on as touched_from,
        cast(null as date) as touched_until
    from booked_refunds
    where is_whole_order
    union all
    select
        'exchange_rate' as cause,
        cast(null as {{ dbt.type_string() }}) as customer_key,
        true as is_of_money,
        rates.ordered_on as touched_from,
        {{ days_after('rates.ordered_on', 1) }} as touched_until
    from rates
    inner join former_rates
    on rates.currency = former_rates.currency and rates.ordered_on = former_rates.ordered_on
    where rates.exchange_rate is distinct from former_rates.exchange_rate
    union all
    select
        'exchange_rate' as cause,
        subscriptions.customer_key,
        true as is_of_money,
        subscriptions.paid_from_on as touched_from,
        cast(null as date) as touched_until
    from subscriptions
    cross join publication
    inner join former_subscriptions
    on
        subscriptions.subscription_key = former_subscriptions.subscription_key
        and subscriptions.currency = former_subscriptions.currency
        and subscriptions.monthly_amount_original = former_subscriptions.monthly_amount_original
    where
        {{ rounded_money('subscriptions.monthly_amount') }}
        is distinct from {{ rounded_money('former_subscriptions.monthly_amount') }}
)

select distinct
    cause,
    customer_key,
    case cause
        when 'definition' then 1
        when 'erasure' then 2
        when 'unmerge' then 3
        when 'merge' then 4
        when 'refund' then 5
        else 6
    end as precedence_number,
    is_of_money,
    touched_from,
    touched_until
from evidence
