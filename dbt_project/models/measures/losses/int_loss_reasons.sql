{{ config(
    materialized='repaired',
    repair_key=['customer_key'],
    touched="
        {{ customers_of_changes([
            'int_losses', 'fct_subscriptions', 'fct_orders', 'fct_tickets', 'fct_survey_responses',
            'fct_interactions',
        ]) }}
        union all
        select customer_key from {{ ref('fct_subscriptions') }}
        where subscription_key in (select subscription_key from {{ changes('int_subscription_terms') }})
    ",
) }}

with

losses as (
    select * from {{ ref('int_losses') }}
    where {{ only_touched(['customer_key']) }}
),

subscriptions as (
    select * from {{ ref('fct_subscriptions') }}
    where {{ only_touched(['customer_key']) }}
),

terms as (
    select
        *,
        lag(monthly_amount) over (
            partition by subscription_key, plan, billing_period, currency
            order by held_from asc nulls first
        ) as former_monthly_amount
    from {{ ref('int_subscription_terms') }}
),

orders as (
    select * from {{ ref('fct_orders') }}
    where is_valid and due_on is not null and {{ only_touched(['customer_key']) }}
),

tickets as (
    select * from {{ ref('fct_tickets') }}
    where {{ only_touched(['customer_key']) }}
),

interactions as (
    select * from {{ ref('fct_interactions') }}
    where outcome is not null and {{ only_touched(['customer_key']) }}
),

answers as (
    select * from {{ ref('fct_survey_responses') }}
    where score is not null and {{ only_touched(['customer_key']) }}
),

loss_words as (
    select
        *,
        case when language = 'en' then ' ' || word else word end as sought
    from {{ ref('loss_words') }}
),

told as (
    select
        customer_key,
        lost_on,
        1 as strength,
        'stated' as reason_evidence,
        lost_on as told_on,
        stated_reason as told
    from losses
    where stated_reason is not null
    union all
    select
        losses.customer_key,
        losses.lost_on,
        4 as strength,
        'words' as reason_evidence,
        tickets.opened_on as told_on,
        tickets.category as told
    from losses
    inner join tickets
    on
        losses.customer_key = tickets.customer_key
        and {{ is_shortly_before('tickets.opened_on', 'losses.lost_on') }}
    where tickets.category is not null
    union all
    select
        losses.customer_key,
        losses.lost_on,
        4 as strength,
        'words' as reason_evidence,
        interactions.occurred_on as told_on,
        interactions.outcome as told
    from losses
    inner join interactions
    on
        losses.customer_key = interactions.customer_key
        and {{ is_shortly_before('interactions.occurred_on', 'losses.lost_on') }}
),

texts as (
    select distinct
        told,
        ' ' || told as padded,
        ' ' || translate(lower(told), '.,;:!?/()-_''"', '             ') as plain
    from told
),

-- the words of each text are looked for once, however many said it
understood as (
    select
        texts.told,
        loss_words.derived_reason,
        case
            when loss_words.names_competitor
                then nullif(trim(regexp_extract(
                    substr(
                        texts.padded,
                        instr(texts.plain, loss_words.sought) + length(loss_words.sought)
                    ),
                    '^[^,.;:!?()，。；：！？（）]+',
                    0
                )), '')
        end as competitor
    from texts
    inner join loss_words on instr(texts.plain, loss_words.sought) > 0
    qualify row_number() over (
        partition by texts.told
        order by loss_words.rule_number
    ) = 1
),

evidence as (
    select
        told.customer_key,
        told.lost_on,
        told.strength,
        told.reason_evidence,
        told.told_on,
        understood.derived_reason,
        case when told.strength = 1 then understood.competitor end as competitor
    from told
    inner join understood on told.told = understood.told
    union all
    select
        customer_key,
        lost_on,
        2 as strength,
        'failed_payment' as reason_evidence,
        lost_on as told_on,
        'payment' as derived_reason,
        cast(null as {{ dbt.type_string() }}) as competitor
    from losses
    where loss_kind = 'involuntary'
    union all
    select
        losses.customer_key,
        losses.lost_on,
        2 as strength,
        'failed_payment' as reason_evidence,
        subscriptions.payment_failed_on as told_on,
        'payment' as derived_reason,
        cast(null as {{ dbt.type_string() }}) as competitor
    from losses
    inner join subscriptions
    on
        losses.customer_key = subscriptions.customer_key
        and {{ is_shortly_before('subscriptions.payment_failed_on', 'losses.lost_on') }}
    union all
    select
        losses.customer_key,
        losses.lost_on,
        2 as strength,
        'unpaid_order' as reason_evidence,
        orders.due_on as told_on,
        'payment' as derived_reason,
        cast(null as {{ dbt.type_string() }}) as competitor
    from losses
    inner join orders
    on
        losses.customer_key = orders.customer_key
        and {{ is_shortly_before('orders.due_on', 'losses.lost_on') }}
    where {{ is_unpaid_on('orders', 'losses.lost_on') }}
    union all
    select
        losses.customer_key,
        losses.lost_on,
        3 as strength,
        'complaint' as reason_evidence,
        tickets.opened_on as told_on,
        'complaints' as derived_reason,
        cast(null as {{ dbt.type_string() }}) as competitor
    from losses
    inner join tickets
    on
        losses.customer_key = tickets.customer_key
        and {{ is_shortly_before('tickets.opened_on', 'losses.lost_on') }}
    where tickets.is_complaint
    union all
    select
        losses.customer_key,
        losses.lost_on,
        5 as strength,
        'price_rise' as reason_evidence,
        terms.held_from as told_on,
        'price' as derived_reason,
        cast(null as {{ dbt.type_string() }}) as competitor
    from losses
    inner join subscriptions on losses.customer_key = subscriptions.customer_key
    inner join terms
    on
        subscriptions.subscription_key = terms.subscription_key
        and {{ is_shortly_before('terms.held_from', 'losses.lost_on') }}
    where
        losses.loss_kind in ('voluntary', 'involuntary')
        and terms.monthly_amount > terms.former_monthly_amount
    union all
    select
        losses.customer_key,
        losses.lost_on,
        6 as strength,
        'answer' as reason_evidence,
        answers.responded_on as told_on,
        'service' as derived_reason,
        cast(null as {{ dbt.type_string() }}) as competitor
    from losses
    inner join answers
    on
        losses.customer_key = answers.customer_key
        and {{ is_shortly_before('answers.responded_on', 'losses.lost_on') }}
    where {{ is_discontent('answers') }}
    union all
    select
        losses.customer_key,
        losses.lost_on,
        7 as strength,
        'open_ticket' as reason_evidence,
        tickets.opened_on as told_on,
        'service' as derived_reason,
        cast(null as {{ dbt.type_string() }}) as competitor
    from losses
    inner join tickets
    on losses.customer_key = tickets.customer_key and {{ is_open_on('tickets', 'losses.lost_on') }}
)

-- the strongest evidence decides, of equally strong the latest
select
    customer_key,
    lost_on,
    derived_reason,
    reason_evidence,
    competitor
from evidence
qualify row_number() over (
    partition by customer_key, lost_on
    order by strength asc, told_on desc nulls last, reason_evidence asc, derived_reason asc
) = 1
