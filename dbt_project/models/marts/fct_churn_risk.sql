with

states as (
    select * from {{ ref('int_stage_states') }}
    where exited_on is null
),

customers as (
    select * from {{ ref('dim_customers') }}
    where not is_deleted
),

customer_values as (
    select * from {{ ref('fct_customer_value') }}
),

services as (
    select * from {{ ref('int_paid_services') }}
),

spells as (
    select * from {{ ref('int_contract_spells') }}
),

stops as (
    select * from {{ ref('int_stop_cells') }}
),

subscriptions as (
    select * from {{ ref('fct_subscriptions') }}
),

renewals as (
    select * from {{ source('value', 'renewals') }}
),

models as (
    select * from {{ source('value', 'models') }}
),

risk_model as (
    select * from {{ source('value', 'risk') }}
),

order_days as (
    select * from {{ ref('int_order_days') }}
),

loseable as (
    select states.customer_key
    from states
    inner join customers on states.customer_key = customers.customer_key
    where states.stage in ('new', 'developing', 'loyal', 'declining', 'reactivated')
),

-- A contract that follows another without a loss between them renews it.
running_services as (
    select
        services.customer_key,
        services.noticed_on is not null as is_noticed,
        services.agreed_until,
        cast(
            floor(
                {{ whole_months('spells.served_from', as_of_date()) }}
                / services.billing_period_months
            ) as integer
        ) as renewal_count,
        cast(
            floor(
                {{ whole_months(
                    'spells.served_from',
                    days_after(as_of_date(), parameter('risk_horizon_days'))
                ) }}
                / services.billing_period_months
            ) as integer
        ) as renewal_count_ahead
    from services
    inner join spells
    on
        services.customer_key = spells.customer_key
        and services.paid_from_on >= spells.served_from
        and services.paid_from_on < spells.served_until
    where services.service_until > {{ as_of_date() }}
),

-- Whose service has stopped is lost unless it goes on within the grace.
stopped_services as (
    select
        spells.customer_key,
        services.noticed_on is not null as is_noticed,
        spells.served_until as agreed_until,
        {{ dbt.datediff('spells.served_until', as_of_date(), 'day') }}
            as stopped_days
    from spells
    inner join services on spells.last_subscription_key = services.subscription_key
    where spells.served_until <= {{ as_of_date() }} and spells.lost_on is null
),

lengths as (
    select distinct stopped_days from stopped_services
),

-- How many of those who had stayed away as long did not come back: Laplace's rule of succession, by
-- which nobody is certain of anything for having seen little.
stop_chances as (
    select
        lengths.stopped_days,
        (coalesce(sum(stops.stop_count) filter (where stops.resumed_after_days is null), 0) + 1e0)
        / (coalesce(sum(stops.stop_count), 0) + 2) as loss_probability
    from lengths
    left join stops
    on
        stops.resumed_after_days is null
        or lengths.stopped_days < stops.resumed_after_days
    group by lengths.stopped_days
),

contracts as (
    select
        customer_key,
        is_noticed,
        agreed_until,
        renewal_count,
        renewal_count_ahead,
        cast(null as double) as stopped_probability
    from running_services
    union all
    select
        stopped_services.customer_key,
        stopped_services.is_noticed,
        stopped_services.agreed_until,
        cast(null as integer) as renewal_count,
        cast(null as integer) as renewal_count_ahead,
        stop_chances.loss_probability as stopped_probability
    from stopped_services
    inner join stop_chances on stopped_services.stopped_days = stop_chances.stopped_days
),

-- What is to begin before the grace is over has been agreed on already.
renewed_contracts as (
    select distinct
        contracts.customer_key,
        contracts.agreed_until
    from contracts
    inner join subscriptions
    on
        contracts.customer_key = subscriptions.customer_key
        and {{ days_after('contracts.agreed_until', parameter('contract_grace_days')) }}
        >= subscriptions.paid_from_on
    where subscriptions.paid_from_on > {{ as_of_date() }}
),

contract_chances as (
    select
        contracts.customer_key,
        contracts.is_noticed,
        contracts.stopped_probability is not null as has_stopped,
        survived.model_key,
        case
            when renewed_contracts.customer_key is not null then 0e0
            when not contracts.is_noticed and contracts.stopped_probability is not null
                then contracts.stopped_probability
            when not contracts.is_noticed
                then 1e0 - ahead.survival_ratio / survived.survival_ratio
            when
                contracts.agreed_until
                > {{ days_after(as_of_date(), parameter('risk_horizon_days')) }}
                then 0e0
            else 1e0
        end as loss_probability
    from contracts
    left join renewals as survived
    on contracts.renewal_count = survived.renewal_count
    left join renewals as ahead
    on contracts.renewal_count_ahead = ahead.renewal_count
    left join renewed_contracts
    on
        contracts.customer_key = renewed_contracts.customer_key
        and contracts.agreed_until = renewed_contracts.agreed_until
),

-- Who has several contracts is lost when the last of them is.
contract_risks as (
    select
        customer_key,
        case
            when count(*) = count(loss_probability) then min(loss_probability)
        end as loss_probability,
        max(model_key) as model_key,
        min(case when is_noticed then 1 else 0 end) = 1 as is_noticed,
        bool_or(has_stopped) as has_stopped
    from contract_chances
    group by customer_key
),

-- Had the customer ordered today, nothing would speak for having left but the order itself.
order_chances as (
    select
        customer_values.*,
        customer_values.order_probability
        / nullif(customer_values.probability_alive, 0) as order_probability_if_alive,
        (models.b + customer_values.frequency)
        / (models.a + models.b + customer_values.frequency) as probability_alive_if_today
    from customer_values
    left join models on customer_values.model_key = models.model_key
),

recent_orders as (
    select
        customer_key,
        count(*) as recent_count
    from order_days
    where ordered_on > {{ days_after(as_of_date(), '-' ~ parameter('risk_horizon_days')) }}
    group by customer_key
),

-- No row where the model of buyers tells risk. Three gaps of everybody's stand beside the own.
weighed as (
    select
        customer_values.customer_key,
        risk_model.model_key,
        risk_model.mean_log_odds,
        risk_model.log_age_days
        * (ln(customer_values.age_days + 1e0) - risk_model.mean_log_age_days)
        + risk_model.recent_count
        * (coalesce(recent_orders.recent_count, 0) - risk_model.mean_recent_count) as rare_weight,
        risk_model.log_frequency
        * (ln(customer_values.frequency + 1e0) - risk_model.mean_log_frequency) as few_weight,
        risk_model.log_silence_days
        * (ln(customer_values.days_since_last_order + 1e0) - risk_model.mean_log_silence_days)
            as silence_weight,
        risk_model.overdue_ratio
        * (
            customer_values.days_since_last_order * (customer_values.frequency + 3)
            / (customer_values.recency_days + 3 * risk_model.mean_gap_days)
            - risk_model.mean_overdue_ratio
        ) as overdue_weight
    from customer_values
    cross join risk_model
    left join recent_orders on customer_values.customer_key = recent_orders.customer_key
    where customer_values.frequency is not null
),

summed as (
    select
        *,
        mean_log_odds + rare_weight + few_weight + silence_weight + overdue_weight as log_odds
    from weighed
),

-- A factor adds what the probability would lose, had its figures the mean of all.
learnt_risks as (
    select
        customer_key,
        model_key,
        {{ chance_of('log_odds') }} as loss_probability,
        {{ chance_of('log_odds') }} - {{ chance_of('log_odds - rare_weight') }}
            as rare_contribution,
        {{ chance_of('log_odds') }} - {{ chance_of('log_odds - few_weight') }} as few_contribution,
        {{ chance_of('log_odds') }} - {{ chance_of('log_odds - silence_weight') }}
            as silence_contribution,
        {{ chance_of('log_odds') }} - {{ chance_of('log_odds - overdue_weight') }}
            as overdue_contribution
    from summed
),

described as (
    select
        loseable.customer_key,
        contract_risks.customer_key is not null as is_under_contract,
        coalesce(contract_risks.is_noticed, false) as is_noticed,
        coalesce(contract_risks.has_stopped, false) as has_stopped,
        case
            when contract_risks.customer_key is not null then contract_risks.model_key
            else coalesce(learnt_risks.model_key, order_chances.model_key)
        end as model_key,
        case
            when contract_risks.customer_key is not null then contract_risks.loss_probability
            else coalesce(learnt_risks.loss_probability, 1e0 - order_chances.order_probability)
        end as loss_probability,
        coalesce(
            learnt_risks.rare_contribution, 1e0 - order_chances.order_probability_if_alive
        ) as rare_contribution,
        coalesce(
            learnt_risks.few_contribution,
            (1e0 - order_chances.probability_alive_if_today)
            * order_chances.order_probability_if_alive
        ) as few_contribution,
        coalesce(
            learnt_risks.silence_contribution,
            (order_chances.probability_alive_if_today - order_chances.probability_alive)
            * order_chances.order_probability_if_alive
        ) as silence_contribution,
        learnt_risks.overdue_contribution,
        order_chances.expected_value_amount,
        order_chances.value_class
    from loseable
    inner join order_chances on loseable.customer_key = order_chances.customer_key
    left join learnt_risks on loseable.customer_key = learnt_risks.customer_key
    left join contract_risks on loseable.customer_key = contract_risks.customer_key
),

-- Of people without contract the first three add up to what the model of buyers tells.
factors as (
    select
        customer_key,
        'orders_rarely' as factor,
        rare_contribution as contribution
    from described
    where not is_under_contract and rare_contribution > 0
    union all
    select
        customer_key,
        'few_orders_yet' as factor,
        few_contribution as contribution
    from described
    where not is_under_contract and few_contribution > 0
    union all
    select
        customer_key,
        'long_silence' as factor,
        silence_contribution as contribution
    from described
    where not is_under_contract and silence_contribution > 0
    union all
    select
        customer_key,
        'overdue' as factor,
        overdue_contribution as contribution
    from described
    where not is_under_contract and overdue_contribution > 0
    union all
    select
        customer_key,
        case
            when is_noticed then 'notice_given'
            when has_stopped then 'service_ended'
            else 'renewal_ahead'
        end as factor,
        loss_probability as contribution
    from described
    where is_under_contract and loss_probability > 0
),

ranked as (
    select
        *,
        row_number() over (
            partition by customer_key
            order by contribution desc, factor asc
        ) as place
    from factors
),

top_factors as (
    select
        customer_key,
        max(factor) filter (where place = 1) as top_factor_1,
        max(factor) filter (where place = 2) as top_factor_2,
        max(factor) filter (where place = 3) as top_factor_3,
        max(contribution) filter (where place = 1) as top_factor_1_probability,
        max(contribution) filter (where place = 2) as top_factor_2_probability,
        max(contribution) filter (where place = 3) as top_factor_3_probability
    from ranked
    group by customer_key
),

banded as (
    select
        *,
        case
            when loss_probability is null then null
            when loss_probability >= {{ parameter('risk_high_from') }} then 'high'
            when loss_probability >= {{ parameter('risk_medium_from') }} then 'medium'
            else 'low'
        end as risk_band
    from described
)

select
    cast(banded.customer_key as string) as customer_key,
    cast(banded.model_key as string) as model_key,
    cast(banded.risk_band as string) as risk_band,
    cast(top_factors.top_factor_1 as string) as top_factor_1,
    cast(top_factors.top_factor_2 as string) as top_factor_2,
    cast(top_factors.top_factor_3 as string) as top_factor_3,
    cast(
        case
            when banded.risk_band = 'high' and banded.value_class = 'A' then 'save_in_person'
            when banded.risk_band = 'high' and banded.value_class = 'B' then 'save_by_offer'
            when banded.risk_band = 'high' then 'remind_by_mail'
            when banded.risk_band = 'medium' and banded.value_class in ('A', 'B')
                then 'ask_how_it_goes'
            when banded.risk_band = 'medium' then 'watch'
            when banded.risk_band = 'low' and banded.value_class in ('A', 'B') then 'develop'
            when banded.risk_band = 'low' then 'leave_alone'
        end as string
    ) as recommended_action,
    {{ rounded_money('banded.loss_probability * banded.expected_value_amount') }}
        as value_at_risk_amount,
    cast({{ parameter('risk_horizon_days') }} as integer) as horizon_days,
    cast(banded.loss_probability as double) as loss_probability,
    cast(top_factors.top_factor_1_probability as double) as top_factor_1_probability,
    cast(top_factors.top_factor_2_probability as double) as top_factor_2_probability,
    cast(top_factors.top_factor_3_probability as double) as top_factor_3_probability,
    banded.is_under_contract,
    {{ as_of_date() }} as as_of_date
from banded
left join top_factors on banded.customer_key = top_factors.customer_key
