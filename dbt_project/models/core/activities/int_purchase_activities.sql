with

orders as (
    select * from {{ ref('fct_orders') }}
),

refunds as (
    select * from {{ ref('fct_refunds') }}
),

subscriptions as (
    select * from {{ ref('fct_subscriptions') }}
),

-- the refund of an order that never counted takes nothing from what counted
counted_refunds as (
    select refunds.*
    from refunds
    left join orders
    on refunds.order_key = orders.order_key
    where refunds.order_key is null or orders.is_valid
),

order_activities as (
    select
        customer_key,
        'order' as activity,
        order_key as fact_key,
        source_system,
        order_id as source_id,
        net_amount as revenue_amount,
        ordered_on as occurred_on,
        ordered_at as occurred_at
    from orders
    where is_valid
    union all
    select
        customer_key,
        'trial_order' as activity,
        order_key as fact_key,
        source_system,
        order_id as source_id,
        cast(null as decimal(28, 8)) as revenue_amount,
        ordered_on as occurred_on,
        ordered_at as occurred_at
    from orders
    where is_trial and not is_test and status in ('completed', 'pending', 'returned')
    union all
    select
        customer_key,
        'refund' as activity,
        refund_key as fact_key,
        source_system,
        refund_id as source_id,
        -amount as revenue_amount,
        refunded_on as occurred_on,
        refunded_at as occurred_at
    from counted_refunds
),

subscription_activities as (
    select
        customer_key,
        'trial_started' as activity,
        subscription_key as fact_key,
        source_system,
        subscription_id as source_id,
        cast(null as decimal(28, 8)) as revenue_amount,
        started_on as occurred_on,
        started_at as occurred_at
    from subscriptions
    where trial_ends_on > started_on
    union all
    select
        customer_key,
        'subscription_started' as activity,
        subscription_key as fact_key,
        source_system,
        subscription_id as source_id,
        cast(null as decimal(28, 8)) as revenue_amount,
        paid_from_on as occurred_on,
        case
            when paid_from_on = started_on then started_at
            when paid_from_on = trial_ends_on then trial_ends_at
            else {{ start_of_local_day('paid_from_on') }}
        end as occurred_at
    from subscriptions
    where ends_on is null or ends_on > paid_from_on
    union all
    select
        customer_key,
        'subscription_cancelled' as activity,
        subscription_key as fact_key,
        source_system,
        subscription_id as source_id,
        cast(null as decimal(28, 8)) as revenue_amount,
        cancelled_on as occurred_on,
        cancelled_at as occurred_at
    from subscriptions
    where cancelled_on is not null
    union all
    select
        customer_key,
        'subscription_ended' as activity,
        subscription_key as fact_key,
        source_system,
        subscription_id as source_id,
        cast(null as decimal(28, 8)) as revenue_amount,
        ends_on as occurred_on,
        ends_at as occurred_at
    from subscriptions
    where ends_on is not null
)

select * from order_activities
union all
select * from subscription_activities
