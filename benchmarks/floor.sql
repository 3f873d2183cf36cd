-- The same core facts and marts from the same files, as one script by hand: what is to be beaten, or nearly so.
--
-- It knows this feed: one source, rows that need no judging, lines that say their cost, sessions that nobody
-- shares, amounts whose rates are known, no erasures; append-only tables are taken as delivered once. It keeps
-- no quarantine, no history of loads, no column that the feed leaves empty, and compares nothing with yesterday.
-- The rest is done as the contract says: versions, merges, refunds in full, exchange rates, local days, every
-- stage of everybody.
--
-- Variables: seeds (folder of the business decisions). The feed's folder is the file_search_path.

create schema core;
create schema marts;

create temp macro local_day(moment) as cast(moment at time zone 'UTC' at time zone 'Asia/Shanghai' as date);
create temp macro key_of(id) as md5('shop' || chr(31) || id);
create temp macro activity_key(activity, key) as md5(activity || chr(31) || key);
create temp macro month_of(day) as cast(date_trunc('month', day) as date);
create temp macro period_of(grain, day) as cast(date_trunc(grain, day) as date);
create temp macro after_period(grain, start) as cast(
    start + case grain
        when 'week' then interval 7 day when 'month' then interval 1 month
        when 'quarter' then interval 3 month else interval 1 year
    end as date
);
create temp macro as_of() as getvariable('as_of');
create temp macro known_by(value, day) as case when day <= as_of() then value end;
create temp macro unrounded(amount) as cast(amount as decimal(18, 8));
create temp macro cents(amount) as cast(unrounded(amount) as decimal(18, 2));
create temp macro at_rate(amount, rate) as unrounded(cast(amount as double) * rate);
create temp macro maturity_of(period_start, period_end) as
    case when period_start > as_of() then 'future' when period_end <= as_of() + 1 then 'complete' else 'open' end;
create temp macro wilson(successes, n, side) as (
    (successes + 1.959964e0 * 1.959964e0 / 2)
    + side * 1.959964e0 * sqrt(successes * (n - successes) / cast(n as double) + 1.959964e0 * 1.959964e0 / 4)
) / (n + 1.959964e0 * 1.959964e0);

-- The day: nobody lets a month go by without an order.
set variable as_of = (
    select local_day(max(ordered_at))
    from (
        from 'orders/*.parquet'
        where ordered_at >= (select max(ordered_at) - interval 30 day from 'orders/*.parquet')
        qualify row_number() over (partition by order_id order by updated_at desc) = 1
    )
    where status in ('completed', 'returned') and not is_trial and not is_test and gross_amount > 0
);
set variable closed_at = (
    select cast(getvariable('as_of') + 1 as timestamp) at time zone 'Asia/Shanghai' at time zone 'UTC'
);
create temp macro has_happened(moment) as moment < getvariable('closed_at');
-- of versions the last one written by then counts, else the first one after
create temp macro standing(moment) as case when has_happened(moment) then 1 else -1 end * epoch_us(moment);


-- People -----------------------------------------------------------------------------------------------------

create temp table customer_versions as from 'customers/*.parquet';

create temp table customers as
from customer_versions
qualify row_number() over (partition by customer_id order by standing(updated_at) desc) = 1;

-- every id, and whose it is now: merges are followed to their end
create temp table people as
with recursive

walks as (
    select customer_id, merged_into_id as reached_id from customers where merged_into_id is not null
    union all
    select walks.customer_id, customers.merged_into_id
    from walks
    inner join customers on walks.reached_id = customers.customer_id
    where customers.merged_into_id is not null
),

survivors as (
    select walks.customer_id, walks.reached_id
    from walks
    inner join customers on walks.reached_id = customers.customer_id and customers.merged_into_id is null
)

select
    customers.customer_id,
    coalesce(survivors.reached_id, customers.customer_id) as surviving_id,
    key_of(surviving_id) as customer_key,
    speaking.is_test
from customers
left join survivors on customers.customer_id = survivors.customer_id
inner join customers as speaking on speaking.customer_id = coalesce(survivors.reached_id, customers.customer_id);

-- one row per currency and day
create temp table rates as
with spans as (
    select
        from_currency as currency,
        cast(rate as double) as rate,
        rate_date,
        lead(rate_date, 1, as_of() + 1) over (partition by from_currency order by rate_date) as until_date
    from 'exchange_rates/*.parquet'
    where to_currency = 'CNY' and rate_date <= as_of()
)

select currency, cast(unnest(range(rate_date, until_date, interval 1 day)) as date) as rate_on, rate
from spans
union all
select 'CNY', cast(unnest(range(date '2020-01-01', as_of() + 1, interval 1 day)) as date), 1;


-- Money ------------------------------------------------------------------------------------------------------

create temp table placed_orders as
with

current_orders as (
    from 'orders/*.parquet'
    qualify row_number() over (partition by order_id order by standing(updated_at) desc) = 1
),

dated as (
    select *, local_day(ordered_at) as ordered_on from current_orders where has_happened(ordered_at)
)

select
    key_of(order_id) as order_key,
    coalesce(people.customer_key, '-1') as customer_key,
    order_id,
    dated.customer_id,
    status,
    channel,
    store_id,
    coupon_code,
    dated.currency,
    gross_amount,
    discount_amount,
    tax_amount,
    shipping_amount,
    net_amount,
    rates.rate as exchange_rate,
    dated.is_test or coalesce(people.is_test, false) as is_test,
    is_trial,
    status in ('completed', 'returned') and gross_amount > 0 and not is_trial
    and not (dated.is_test or coalesce(people.is_test, false)) as is_valid,
    ordered_on,
    ordered_at,
    paid_at,
    updated_at
from dated
left join people on dated.customer_id = people.customer_id
left join rates on dated.currency = rates.currency and ordered_on = rates.rate_on;

create temp table refunds as
select
    key_of(refund_id) as refund_key,
    placed_orders.order_key,
    coalesce(placed_orders.customer_key, people.customer_key, '-1') as customer_key,
    refund_id,
    refunds.order_id,
    refunds.customer_id,
    reason,
    refunds.currency,
    at_rate(refunds.amount, rates.rate) as amount,
    refunds.amount as amount_original,
    coalesce(placed_orders.is_valid, true) as is_counted,
    local_day(refunded_at) as refunded_on,
    refunded_at
from 'refunds/*.parquet' as refunds
left join placed_orders on refunds.order_id = placed_orders.order_id
left join people on refunds.customer_id = people.customer_id
left join rates
    on refunds.currency = rates.currency
    and coalesce(placed_orders.ordered_on, local_day(refunded_at)) = rates.rate_on
where has_happened(refunded_at);

create table core.fct_refunds as
select
    refund_key, order_key, customer_key, 'shop' as source_system, refund_id, order_id, customer_id, reason,
    currency, cents(amount) as amount, cast(amount_original as decimal(18, 4)) as amount_original,
    refunded_on, refunded_at
from refunds;

create temp table products as
select key_of(product_id) as product_key, * from 'products/*.parquet';

create table core.dim_products as
select
    product_key, 'shop' as source_system, product_id, name, category, currency,
    cents(at_rate(list_price, 1)) as list_price, is_active
from products;

create table core.fct_order_lines as
select
    md5('shop' || chr(31) || lines.order_id || chr(31) || line_number) as order_line_key,
    order_key,
    product_key,
    customer_key,
    'shop' as source_system,
    lines.order_id,
    lines.product_id,
    category,
    placed_orders.currency,
    'line' as cost_basis,
    line_number,
    quantity,
    cents(at_rate(lines.net_amount, exchange_rate)) as net_amount,
    cents(at_rate(lines.cost_amount, exchange_rate)) as cost_amount,
    cast(lines.net_amount as decimal(18, 4)) as net_amount_original,
    cast(lines.cost_amount as decimal(18, 4)) as cost_amount_original,
    ordered_on
from 'order_lines/*.parquet' as lines
inner join placed_orders on lines.order_id = placed_orders.order_id
left join products on lines.product_id = products.product_id;

create temp table orders as
with

costs as (
    select lines.order_id, sum(at_rate(cost_amount, exchange_rate)) as cost_amount
    from 'order_lines/*.parquet' as lines
    inner join placed_orders on lines.order_id = placed_orders.order_id
    group by lines.order_id
),

repaid as (
    select order_key, sum(amount) as refund_amount, sum(amount_original) as refund_amount_original
    from refunds
    where order_key is not null
    group by order_key
)

select
    placed_orders.* exclude (gross_amount, discount_amount, tax_amount, shipping_amount, net_amount),
    at_rate(gross_amount, exchange_rate) as gross_amount,
    at_rate(discount_amount, exchange_rate) as discount_amount,
    at_rate(tax_amount, exchange_rate) as tax_amount,
    at_rate(shipping_amount, exchange_rate) as shipping_amount,
    at_rate(placed_orders.net_amount, exchange_rate) as net_amount,
    gross_amount as gross_amount_original,
    discount_amount as discount_amount_original,
    tax_amount as tax_amount_original,
    shipping_amount as shipping_amount_original,
    placed_orders.net_amount as net_amount_original,
    unrounded(costs.cost_amount) as cost_amount,
    unrounded(coalesce(repaid.refund_amount, 0)) as refund_amount,
    coalesce(refund_amount_original > 0 and refund_amount_original >= placed_orders.net_amount, false)
        as is_refunded_in_full
from placed_orders
left join costs on placed_orders.order_id = costs.order_id
left join repaid on placed_orders.order_key = repaid.order_key;

drop table placed_orders;

create temp table acquisitions as
select
    customer_key,
    min_by(order_key, (ordered_at, order_id)) as order_key,
    min_by(channel, (ordered_at, order_id)) as channel,
    min(ordered_at) as acquired_at,
    min(ordered_on) as acquired_on
from orders
where is_valid and not is_refunded_in_full and customer_id is not null
group by customer_key;

create table core.fct_orders as
select
    orders.order_key,
    orders.customer_key,
    'shop' as source_system,
    order_id,
    customer_id,
    status,
    orders.channel,
    store_id,
    coupon_code,
    currency,
    case when cost_amount is not null then 'line' end as cost_basis,
    cents(gross_amount) as gross_amount,
    cents(discount_amount) as discount_amount,
    cents(tax_amount) as tax_amount,
    cents(shipping_amount) as shipping_amount,
    cents(net_amount) as net_amount,
    cents(cost_amount) as cost_amount,
    cents(refund_amount) as refund_amount,
    cents(net_amount - refund_amount) as net_value_amount,
    cents(net_amount - refund_amount - cost_amount) as margin_amount,
    cast(gross_amount_original as decimal(18, 4)) as gross_amount_original,
    cast(discount_amount_original as decimal(18, 4)) as discount_amount_original,
    cast(tax_amount_original as decimal(18, 4)) as tax_amount_original,
    cast(shipping_amount_original as decimal(18, 4)) as shipping_amount_original,
    cast(net_amount_original as decimal(18, 4)) as net_amount_original,
    exchange_rate,
    is_valid,
    customer_id is null as is_guest,
    acquisitions.order_key is not null as is_acquisition,
    is_refunded_in_full,
    is_trial,
    is_test,
    ordered_on,
    local_day(paid_at) as paid_on,
    local_day(updated_at) as updated_on,
    ordered_at,
    paid_at,
    updated_at
from orders
left join acquisitions on orders.order_key = acquisitions.order_key;

create table core.fct_subscriptions as
with

current_subscriptions as (
    from 'subscriptions/*.parquet'
    qualify row_number() over (partition by subscription_id order by standing(updated_at) desc) = 1
),

dated as (
    select
        *,
        case billing_period when 'year' then 12 when 'quarter' then 3 else 1 end as billing_period_months,
        local_day(started_at) as started_on,
        local_day(trial_ends_at) as trial_ends_on,
        local_day(cancelled_at) as told_on,
        local_day(updated_at) as updated_on,
        -- an end ahead that was told of later is not known yet
        case when not coalesce(local_day(ends_at) > as_of() and told_on > as_of(), false) then ends_at end
            as known_ends_at,
        local_day(known_ends_at) as ends_on,
        greatest(started_on, coalesce(trial_ends_on, started_on)) as payable_on
    from current_subscriptions
    where least(local_day(started_at), local_day(updated_at)) <= as_of()
)

select
    key_of(subscription_id) as subscription_key,
    customer_key,
    'shop' as source_system,
    subscription_id,
    dated.customer_id,
    plan,
    billing_period,
    dated.currency,
    known_by(cancel_reason, coalesce(told_on, ends_on)) as cancel_reason,
    billing_period_months,
    cents(at_rate(recurring_amount, rate)) as recurring_amount,
    cents(at_rate(recurring_amount / billing_period_months, rate)) as monthly_amount,
    cast(recurring_amount as decimal(18, 4)) as recurring_amount_original,
    is_involuntary,
    started_on,
    trial_ends_on,
    case when recurring_amount > 0 and (ends_on is null or ends_on > payable_on) then payable_on end as paid_from_on,
    known_by(told_on, told_on) as cancelled_on,
    ends_on,
    updated_on,
    started_at,
    trial_ends_at,
    known_by(cancelled_at, told_on) as cancelled_at,
    known_ends_at as ends_at,
    updated_at
from dated
inner join people on dated.customer_id = people.customer_id
left join rates on dated.currency = rates.currency and least(started_on, as_of()) = rates.rate_on;


-- Contacts ---------------------------------------------------------------------------------------------------

create table core.fct_leads as
with current_leads as (
    from 'leads/*.parquet'
    qualify row_number() over (partition by lead_id order by standing(updated_at) desc) = 1
)

select
    key_of(lead_id) as lead_key,
    coalesce(people.customer_key, md5('shop' || chr(31) || 'lead' || chr(31) || lead_id)) as customer_key,
    'shop' as source_system,
    lead_id,
    leads.customer_id,
    channel,
    status,
    local_day(created_at) as created_on,
    known_by(local_day(first_contacted_at), local_day(first_contacted_at)) as first_contacted_on,
    known_by(local_day(qualified_at), local_day(qualified_at)) as qualified_on,
    known_by(local_day(converted_at), local_day(converted_at)) as converted_on,
    local_day(updated_at) as updated_on,
    created_at,
    case when has_happened(first_contacted_at) then first_contacted_at end as first_contacted_at,
    case when has_happened(qualified_at) then qualified_at end as qualified_at,
    case when has_happened(converted_at) then converted_at end as converted_at,
    updated_at
from current_leads as leads
left join people on leads.customer_id = people.customer_id
where has_happened(created_at);

create table core.fct_opportunities as
with current_opportunities as (
    from 'opportunities/*.parquet'
    qualify row_number() over (partition by opportunity_id order by standing(updated_at) desc) = 1
)

select
    key_of(opportunity_id) as opportunity_key,
    customer_key,
    'shop' as source_system,
    opportunity_id,
    opportunities.customer_id,
    stage,
    opportunities.currency,
    cents(at_rate(amount, rate)) as amount,
    cast(amount as decimal(18, 4)) as amount_original,
    coalesce(is_won and coalesce(local_day(closed_at), local_day(created_at)) <= as_of(), false) as is_won,
    local_day(created_at) as created_on,
    known_by(local_day(quoted_at), local_day(quoted_at)) as quoted_on,
    known_by(local_day(closed_at), local_day(closed_at)) as closed_on,
    local_day(updated_at) as updated_on,
    created_at,
    case when has_happened(quoted_at) then quoted_at end as quoted_at,
    case when has_happened(closed_at) then closed_at end as closed_at,
    updated_at
from current_opportunities as opportunities
inner join people on opportunities.customer_id = people.customer_id
left join rates
    on opportunities.currency = rates.currency and local_day(created_at) = rates.rate_on
where has_happened(created_at);

create table core.fct_interactions as
select
    key_of(interaction_id) as interaction_key, customer_key, 'shop' as source_system, interaction_id,
    interactions.customer_id, owner_id, channel, direction, purpose, duration_seconds,
    local_day(occurred_at) as occurred_on, occurred_at
from 'interactions/*.parquet' as interactions
inner join people on interactions.customer_id = people.customer_id
where has_happened(occurred_at);

create table core.fct_tickets as
with current_tickets as (
    from 'tickets/*.parquet'
    qualify row_number() over (partition by ticket_id order by standing(updated_at) desc) = 1
)

select
    key_of(ticket_id) as ticket_key, customer_key, 'shop' as source_system, ticket_id, tickets.customer_id,
    owner_id, category, priority, status, reopened_count, is_complaint, local_day(opened_at) as opened_on,
    known_by(local_day(first_response_at), local_day(first_response_at)) as first_response_on,
    known_by(local_day(resolved_at), local_day(resolved_at)) as resolved_on,
    local_day(updated_at) as updated_on, opened_at,
    case when has_happened(first_response_at) then first_response_at end as first_response_at,
    case when has_happened(resolved_at) then resolved_at end as resolved_at,
    updated_at
from current_tickets as tickets
inner join people on tickets.customer_id = people.customer_id
where has_happened(opened_at);

create table core.fct_survey_responses as
select
    key_of(response_id) as survey_response_key, customer_key, 'shop' as source_system, response_id, survey_id,
    responses.customer_id, question_type, touchpoint,
    case when not coalesce(not has_happened(responded_at), false) then score end as score,
    scale_min, scale_max,
    case when has_happened(sent_at) then local_day(sent_at) end as sent_on,
    case when has_happened(responded_at) then local_day(responded_at) end as responded_on,
    case when has_happened(sent_at) then sent_at end as sent_at,
    case when has_happened(responded_at) then responded_at end as responded_at
from 'survey_responses/*.parquet' as responses
left join people on responses.customer_id = people.customer_id
where has_happened(least(sent_at, responded_at));

create table core.fct_campaign_touches as
select
    key_of(touch_id) as campaign_touch_key, customer_key, key_of(campaign_id) as campaign_key,
    'shop' as source_system, touch_id, campaign_id, touches.customer_id, action, channel,
    local_day(touched_at) as touched_on, touched_at
from 'campaign_touches/*.parquet' as touches
inner join people on touches.customer_id = people.customer_id
where has_happened(touched_at);

create table core.fct_loyalty_movements as
select
    key_of(movement_id) as loyalty_movement_key, customer_key, 'shop' as source_system, movement_id,
    movements.customer_id, order_id, kind, points, local_day(occurred_at) as occurred_on, expires_on, occurred_at
from 'loyalty_movements/*.parquet' as movements
inner join people on movements.customer_id = people.customer_id
where has_happened(occurred_at);

create table core.fct_marketing_spend as
select
    md5(concat_ws(
        chr(31), 'shop', spend_date, channel, coalesce(campaign_id, chr(30)), cost_type, spend.currency
    )) as marketing_spend_key,
    case when campaign_id is not null then key_of(campaign_id) end as campaign_key, 'shop' as source_system, channel,
    campaign_id, cost_type, spend.currency, cents(at_rate(amount, rate)) as amount,
    cast(amount as decimal(18, 4)) as amount_original, impressions, clicks, spend_date
from 'marketing_spend/*.parquet' as spend
left join rates on spend.currency = rates.currency and spend_date = rates.rate_on
where spend_date <= as_of();

-- a session is theirs who signed in last, and has the marks of its first marked event
create table core.fct_web_sessions as
with sessions as (
    select
        session_id,
        max(anonymous_id) as anonymous_id,
        arg_max(customer_id, occurred_at) filter (where customer_id is not null) as customer_id,
        arg_min(utm_source, occurred_at) filter (where utm_source is not null) as utm_source,
        arg_min(utm_medium, occurred_at) filter (where utm_source is not null) as utm_medium,
        arg_min(page, occurred_at) as landing_page,
        max(device) as device,
        max(country) as country,
        count(*) as event_count,
        min(occurred_at) as started_at,
        max(occurred_at) as ended_at
    from 'web_events/*.parquet'
    where has_happened(occurred_at)
    group by session_id
)

select
    md5(
        'shop' || chr(31) || session_id || chr(31) || coalesce(sessions.customer_id, anonymous_id)
        || chr(31) || chr(30)
    ) as session_key,
    people.customer_key,
    'shop' as source_system,
    sessions.*,
    local_day(started_at) as started_on,
    local_day(ended_at) as ended_on
from sessions
left join people on sessions.customer_id = people.customer_id;


-- Customers --------------------------------------------------------------------------------------------------

create temp table known as
with first_days as (
    select customer_key, min(local_day(created_at)) as first_on
    from customers inner join people on customers.customer_id = people.customer_id
    where has_happened(created_at)
    group by customer_key
    union all
    select customer_key, min(created_on) from core.fct_leads group by customer_key
    union all
    select customer_key, min(created_on) from core.fct_opportunities group by customer_key
    union all
    select customer_key, min(ordered_on) from orders where customer_id is not null group by customer_key
    union all
    select customer_key, min(refunded_on) from refunds where customer_id is not null group by customer_key
    union all
    select customer_key, min(started_on) from core.fct_subscriptions where started_on <= as_of() group by customer_key
    union all
    select customer_key, min(started_on) from core.fct_web_sessions where customer_key is not null group by customer_key
    union all
    select customer_key, min(occurred_on) from core.fct_interactions group by customer_key
    union all
    select customer_key, min(opened_on) from core.fct_tickets group by customer_key
    union all
    select customer_key, min(responded_on) from core.fct_survey_responses
    where customer_key is not null and responded_on is not null
    group by customer_key
    union all
    select customer_key, min(touched_on) from core.fct_campaign_touches
    where action in ('clicked', 'converted')
    group by customer_key
    union all
    select customer_key, min(occurred_on) from core.fct_loyalty_movements group by customer_key
    union all
    select customer_key, min(local_day(recorded_at))
    from 'consents/*.parquet' as consents inner join people on consents.customer_id = people.customer_id
    where has_happened(recorded_at)
    group by customer_key
)

select customer_key, min(first_on) as known_on from first_days group by customer_key;

create table core.dim_customer_versions as
with days as (
    select people.customer_key, versions.*, local_day(updated_at) as valid_from
    from customer_versions as versions
    inner join people on versions.customer_id = people.surviving_id and people.customer_id = people.surviving_id
    inner join known on people.customer_key = known.customer_key
    qualify
        row_number() over (partition by people.customer_key, local_day(updated_at) order by updated_at desc) = 1
        and (
            local_day(updated_at) <= as_of()
            or row_number() over (partition by people.customer_key order by updated_at) = 1
        )
)

select
    md5(customer_key || chr(31) || valid_from) as customer_version_key,
    customer_key,
    'shop' as source_system,
    customer_id, customer_type, country, region, city, gender, language, acquisition_channel, loyalty_tier,
    lead(valid_from) over newer is null as is_current,
    valid_from,
    lead(valid_from) over newer as valid_to
from days
window newer as (partition by customer_key order by valid_from);

create table core.dim_customers as
with

records as (
    select people.customer_key, customers.*
    from customers
    inner join people on customers.customer_id = people.customer_id
    where people.customer_id = people.surviving_id
),

consents as (
    select customer_key, arg_max(is_granted, (recorded_at, not is_granted)) as is_granted
    from 'consents/*.parquet' as consents inner join people on consents.customer_id = people.customer_id
    where has_happened(recorded_at)
    group by customer_key
),

category_amounts as (
    select acquisitions.customer_key, category, sum(net_amount_original) as net_amount
    from core.fct_order_lines
    inner join acquisitions on fct_order_lines.order_key = acquisitions.order_key
    group by acquisitions.customer_key, category
),

first_categories as (
    select customer_key, arg_min(category, (-net_amount, category)) as category
    from category_amounts
    group by customer_key
),

-- as the customer was on that day, else as first known after it
at_acquisition as (
    select
        acquisitions.customer_key,
        coalesce(
            max_by(versions.acquisition_channel, valid_from) filter (where valid_from <= acquired_on),
            min_by(versions.acquisition_channel, valid_from) filter (where valid_from > acquired_on)
        ) as acquisition_channel,
        coalesce(
            max_by(versions.country, valid_from) filter (where valid_from <= acquired_on),
            min_by(versions.country, valid_from) filter (where valid_from > acquired_on)
        ) as country
    from acquisitions
    inner join core.dim_customer_versions as versions on acquisitions.customer_key = versions.customer_key
    group by acquisitions.customer_key
),

contracts as (
    select customer_key, min(paid_from_on) as contract_acquired_on
    from core.fct_subscriptions
    where paid_from_on <= as_of()
    group by customer_key
)

select
    known.customer_key,
    acquisitions.order_key as acquisition_order_key,
    records.customer_id as source_customer_id,
    records.customer_type,
    records.country,
    records.region,
    records.city,
    records.gender,
    records.language,
    coalesce(
        case
            when at_acquisition.customer_key is not null then at_acquisition.acquisition_channel
            else coalesce(records.acquisition_channel, leads.channel)
        end,
        acquisitions.channel,
        'unknown'
    ) as acquisition_channel,
    coalesce(at_acquisition.country, records.country, 'unknown') as acquisition_country,
    coalesce(first_categories.category, 'unknown') as first_category,
    records.loyalty_tier,
    known_by(records.termination_reason, local_day(records.terminated_at)) as termination_reason,
    cast(extract(year from records.birth_date) as integer) as birth_year,
    coalesce(records.is_test, false) as is_test,
    false as is_guest,
    coalesce(has_happened(records.deleted_at), false) as is_deleted,
    coalesce(consents.is_granted, records.marketing_consent, false) as is_marketing_consented,
    known_on,
    acquisitions.acquired_on,
    contracts.contract_acquired_on,
    known_by(local_day(records.terminated_at), local_day(records.terminated_at)) as terminated_on,
    known_by(local_day(records.deleted_at), local_day(records.deleted_at)) as deleted_on,
    coalesce(records.created_at, leads.created_at) as created_at
from known
left join records on known.customer_key = records.customer_key
left join core.fct_leads as leads on known.customer_key = leads.customer_key and leads.customer_id is null
left join consents on known.customer_key = consents.customer_key
left join acquisitions on known.customer_key = acquisitions.customer_key
left join first_categories on known.customer_key = first_categories.customer_key
left join at_acquisition on known.customer_key = at_acquisition.customer_key
left join contracts on known.customer_key = contracts.customer_key
union all by name
select unnest(['-1', '-2']) as customer_key, 'unknown' as acquisition_channel, 'unknown' as acquisition_country,
    'unknown' as first_category, false as is_test, unnest([true, false]) as is_guest, false as is_deleted,
    false as is_marketing_consented;

create temp table counted as
select customer_key, known_on, terminated_on, acquisition_channel, acquisition_country, first_category
from core.dim_customers
where not is_test and customer_key not in ('-1', '-2');


-- Activities -------------------------------------------------------------------------------------------------

create table core.fct_activities as
with

purchases as (
    select customer_key, 'order' as activity, order_key as key, order_id as source_id, net_amount as revenue_amount,
        ordered_on as occurred_on, ordered_at as occurred_at
    from orders where is_valid
    union all
    select customer_key, 'trial_order', order_key, order_id, null, ordered_on, ordered_at
    from orders where is_trial and not is_test and status <> 'cancelled'
    union all
    select customer_key, 'refund', refund_key, refund_id, -amount, refunded_on, refunded_at
    from refunds where is_counted
    union all
    select customer_key, 'trial_started', subscription_key, subscription_id, null, started_on, started_at
    from core.fct_subscriptions where trial_ends_on > started_on
    union all
    select customer_key, 'subscription_started', subscription_key, subscription_id, null, paid_from_on,
        case when paid_from_on = started_on then started_at else trial_ends_at end
    from core.fct_subscriptions where ends_on is null or ends_on > paid_from_on
    union all
    select customer_key, 'subscription_cancelled', subscription_key, subscription_id, null, cancelled_on, cancelled_at
    from core.fct_subscriptions where cancelled_on is not null
    union all
    select customer_key, 'subscription_ended', subscription_key, subscription_id, null, ends_on, ends_at
    from core.fct_subscriptions where ends_on is not null
),

pipeline as (
    select customer_key, 'lead_created' as activity, lead_key as key, lead_id as source_id,
        null::decimal(18, 8) as revenue_amount, created_on as occurred_on, created_at as occurred_at
    from core.fct_leads
    union all
    select customer_key, 'lead_contacted', lead_key, lead_id, null, first_contacted_on, first_contacted_at
    from core.fct_leads where first_contacted_on is not null
    union all
    -- the status tells of a contact whose time is not told
    select customer_key, 'lead_contacted', lead_key, lead_id, null, coalesce(qualified_on, converted_on, updated_on),
        coalesce(qualified_at, converted_at, updated_at)
    from core.fct_leads
    where first_contacted_on is null
        and (coalesce(qualified_on, converted_on) is not null or status in ('contacted', 'qualified', 'converted'))
    union all
    select customer_key, 'lead_qualified', lead_key, lead_id, null, qualified_on, qualified_at
    from core.fct_leads where qualified_on is not null
    union all
    select customer_key, 'lead_converted', lead_key, lead_id, null, converted_on, converted_at
    from core.fct_leads where converted_on is not null
    union all
    select customer_key, 'opportunity_opened', opportunity_key, opportunity_id, null, created_on, created_at
    from core.fct_opportunities
    union all
    select customer_key, 'opportunity_quoted', opportunity_key, opportunity_id, null, quoted_on, quoted_at
    from core.fct_opportunities where quoted_on is not null
    union all
    select customer_key, case when is_won then 'opportunity_won' else 'opportunity_lost' end, opportunity_key,
        opportunity_id, null, closed_on, closed_at
    from core.fct_opportunities where closed_on is not null
),

contacts as (
    select customer_key, case direction when 'inbound' then 'interaction_received' else 'interaction_made' end
        as activity, interaction_key as key, interaction_id as source_id,
        null::decimal(18, 8) as revenue_amount, occurred_on, occurred_at
    from core.fct_interactions
    union all
    select customer_key, 'ticket_opened', ticket_key, ticket_id, null, opened_on, opened_at from core.fct_tickets
    union all
    select customer_key, 'survey_answered', survey_response_key, response_id, null, responded_on, responded_at
    from core.fct_survey_responses where responded_on is not null and score is not null
    union all
    select customer_key, 'campaign_' || action, campaign_touch_key, touch_id, null, touched_on, touched_at
    from core.fct_campaign_touches where action in ('opened', 'clicked', 'converted', 'unsubscribed')
    union all
    select customer_key, 'web_session', session_key, session_id, null, started_on, started_at
    from core.fct_web_sessions
)

select
    activity_key(activity, key) as activity_key,
    activities.customer_key,
    activity,
    'shop' as source_system,
    source_id,
    cents(revenue_amount) as revenue_amount,
    occurred_on,
    occurred_at
from (from purchases union all from pipeline union all from contacts) as activities
inner join core.dim_customers on activities.customer_key = dim_customers.customer_key
where occurred_on <= as_of() and not is_test and (not is_guest or activity in ('order', 'refund'));


-- Stages -----------------------------------------------------------------------------------------------------

create temp table order_days as
select orders.customer_key, ordered_on, count(*) as order_count
from orders
inner join acquisitions on orders.customer_key = acquisitions.customer_key
where is_valid and ordered_at >= acquired_at
group by orders.customer_key, ordered_on;

-- days in paid service, up to the as-of day
create temp table services as
select
    subscription_key,
    customer_key,
    billing_period_months,
    paid_from_on as served_from,
    least(coalesce(ends_on, as_of() + 1), as_of() + 1) as served_until,
    case when cancelled_on < served_until then greatest(cancelled_on, paid_from_on) end as noticed_on
from core.fct_subscriptions
inner join counted using (customer_key)
where paid_from_on < served_until;

-- services with no more than the grace between them are one contract
create temp table contracts as
with

chained as (
    select
        *,
        coalesce(
            served_from > max(served_until) over (earlier rows between unbounded preceding and 1 preceding) + 30, false
        ) as begins
    from services
    window earlier as (partition by customer_key order by served_from, subscription_key)
),

numbered as (
    select
        *,
        count_if(begins) over (partition by customer_key order by served_from, subscription_key) as number
    from chained
)

select
    customer_key,
    number,
    max_by(subscription_key, (served_until, subscription_key)) as last_subscription_key,
    min(served_from) as served_from,
    max(served_until) + 30 as grace_until,
    case when max(served_until) + 30 <= as_of() then max(served_until) end as lost_on
from numbered
group by customer_key, number;

-- what makes a buyer: orders, and contracts, under which orders are silent
create temp table purchases as
with

all_purchases as (
    select
        order_days.customer_key,
        ordered_on as purchased_on,
        ordered_on + 180 as holds_until,
        order_count,
        false as is_contract,
        contracts.customer_key is not null as is_silent
    from order_days
    left join contracts
        on order_days.customer_key = contracts.customer_key
        and ordered_on >= served_from
        and ordered_on < coalesce(lost_on, as_of() + 1)
    union all
    select customer_key, served_from, lost_on, 0, true, false from contracts
),

numbered as (
    select
        * exclude (order_count),
        sum(order_count) over (
            partition by customer_key order by purchased_on, is_contract desc rows unbounded preceding
        ) as order_count,
        min(purchased_on) over (partition by customer_key) as first_purchased_on
    from all_purchases
),

spoken as (
    select
        *,
        lead(purchased_on) over (partition by customer_key order by purchased_on) as next_purchased_on,
        case
            when holds_until <= as_of() and holds_until < coalesce(next_purchased_on, date '9999-12-31')
                then holds_until
        end as churned_on
    from numbered
    where not is_silent
),

returned as (
    select
        *,
        case when lag(churned_on) over (partition by customer_key order by purchased_on) is not null
            then purchased_on end as returned_on
    from spoken
)

select
    *,
    max(returned_on) over (partition by customer_key order by purchased_on rows unbounded preceding)
        as reactivated_on
from returned;

-- The days on which anything changes, with what happened as bits:
-- 1 terminated, 2 contact, 4 order, 8 paid period, 16 its start, 32 its end, 64 notice, 128 opportunity, 256 it is lost.
create temp table stage_days as
with

engaging as (
    select customer_key, min(occurred_on) as happened_on
    from core.fct_activities
    where activity in (
        'lead_contacted', 'interaction_received', 'ticket_opened', 'survey_answered', 'campaign_clicked',
        'campaign_converted', 'web_session', 'opportunity_opened', 'trial_started', 'trial_order'
    )
    group by customer_key
),

waits as (
    select customer_key, next_purchased_on, unnest([
        churned_on,
        case when first_purchased_on + 90 >= purchased_on then first_purchased_on + 90 end,
        case when reactivated_on + 90 >= purchased_on then reactivated_on + 90 end,
        case when not is_contract then purchased_on + 90 end,
        case when not is_contract then purchased_on + 91 end
    ]) as happened_on
    from purchases
),

happenings as (
    select customer_key, known_on as happened_on, 0 as marks, 0 as prospects, 0 as served, 0 as noticed from counted
    union all
    select customer_key, terminated_on, 1, 0, 0, 0 from counted
    union all
    select customer_key, happened_on, 2, 0, 0, 0 from engaging
    union all
    select customer_key, purchased_on, case when is_contract then 0 else 4 end, 0, 0, 0 from purchases
    union all
    select customer_key, happened_on, 0, 0, 0, 0 from waits
    where happened_on < coalesce(next_purchased_on, date '9999-12-31')
    union all
    select customer_key, served_from, 24, 0, 1, 0 from services
    union all
    select customer_key, served_until, 32, 0, -1, case when noticed_on is null then 0 else -1 end from services
    union all
    select customer_key, noticed_on, 64, 0, 0, 1 from services
    union all
    select customer_key, renewed_on, 8, 0, 0, 0
    from (
        select customer_key, served_until, unnest([
            cast(served_from + to_months(billing_period_months) as date),
            cast(served_from + to_months(2 * billing_period_months) as date)
        ]) as renewed_on
        from services
    )
    where renewed_on < served_until
    union all
    select customer_key, created_on, 128, 1, 0, 0 from core.fct_opportunities
    union all
    select customer_key, closed_on, 256, -1, 0, 0 from core.fct_opportunities where not is_won
    union all
    select customer_key, started_on, 0, 1, 0, 0 from core.fct_subscriptions where trial_ends_on > started_on
    union all
    select customer_key, least(trial_ends_on, coalesce(ends_on, trial_ends_on)), 0, -1, 0, 0
    from core.fct_subscriptions where trial_ends_on > started_on
    union all
    select customer_key, ordered_on, 0, 1, 0, 0
    from orders where is_trial and not is_test and status <> 'cancelled' and customer_id is not null
)

select
    customer_key,
    happened_on as changed_on,
    bit_or(marks) as marks,
    sum(prospects) as prospects,
    sum(served) as served,
    sum(noticed) as noticed
from happenings
inner join counted using (customer_key)
where happened_on <= as_of()
group by customer_key, happened_on;

create temp table stages as
with

so_far as (
    select
        stage_days.customer_key,
        changed_on,
        marks,
        bit_or(marks) over past & 1 > 0 as is_terminated,
        bit_or(marks) over past & 2 > 0 as is_engaged,
        sum(prospects) over past > 0 as has_prospect,
        sum(served) over past as service_count,
        sum(noticed) over past as notice_count,
        count_if(marks & 8 > 0) over past as period_count,
        max(purchases.purchased_on) over past as purchased_on
    from stage_days
    left join purchases
        on stage_days.customer_key = purchases.customer_key and stage_days.changed_on = purchases.purchased_on
    window past as (partition by stage_days.customer_key order by changed_on rows unbounded preceding)
),

staged as (
    select
        so_far.*,
        is_contract,
        case
            when is_terminated then 'terminated'
            when so_far.purchased_on is null and has_prospect then 'opportunity'
            when so_far.purchased_on is null and is_engaged then 'engaged'
            when so_far.purchased_on is null then 'prospect'
            when changed_on >= churned_on then 'churned'
            when is_contract and notice_count >= service_count then 'declining'
            when not is_contract and changed_on >= so_far.purchased_on + 90 then 'declining'
            when changed_on < reactivated_on + 90 then 'reactivated'
            when greatest(order_count, period_count) = 1 and reactivated_on is null then 'new'
            when greatest(order_count, period_count) >= 3 and changed_on >= first_purchased_on + 90
                and (is_contract or changed_on <= so_far.purchased_on + 90) then 'loyal'
            else 'developing'
        end as stage
    from so_far
    left join purchases
        on so_far.customer_key = purchases.customer_key and so_far.purchased_on = purchases.purchased_on
),

changes as (
    select *, lag(stage) over (partition by customer_key order by changed_on) as former_stage
    from staged
    qualify former_stage is distinct from stage
)

select
    customer_key,
    stage,
    row_number() over turn as stage_number,
    changed_on as entered_on,
    lead(changed_on) over turn as exited_on,
    case
        when stage = 'terminated' then 'terminated'
        when stage = 'prospect' then 'first_known'
        when stage = 'engaged' and coalesce(former_stage, 'prospect') = 'prospect' then 'first_contact'
        when stage = 'engaged' then if(marks & 256 > 0, 'opportunity_lost', 'trial_ended')
        when stage = 'opportunity' then if(marks & 128 > 0, 'opportunity_opened', 'trial_started')
        when is_contract and stage in ('churned', 'declining') and marks & 32 > 0 then 'service_ended'
        when is_contract and stage = 'declining' and marks & 64 > 0 then 'notice_given'
        when stage in ('churned', 'declining') then 'time_lapse'
        when marks & 4 > 0 then 'ordered'
        when marks & 16 > 0 then 'service_started'
        when marks & 8 > 0 then 'renewed'
        else 'time_lapse'
    end as entry_reason
from changes
window turn as (partition by customer_key order by changed_on);

create table marts.fct_lifecycle_stages as
with

reasons as (
    select customer_key, activity_key, occurred_on, occurred_at, case
        when activity = 'order' then 'ordered'
        when activity = 'subscription_started' then 'service_started'
        when activity = 'subscription_cancelled' then 'notice_given'
        when activity = 'subscription_ended' then 'service_ended'
        when activity in ('trial_started', 'trial_order') then 'trial_started'
        when activity in ('opportunity_opened', 'opportunity_lost') then activity
        when activity in (
            'lead_contacted', 'interaction_received', 'ticket_opened', 'survey_answered', 'campaign_clicked',
            'campaign_converted', 'web_session'
        ) then 'first_contact'
    end as entry_reason
    from core.fct_activities
),

entries as (
    select stages.customer_key, stage_number, min_by(activity_key, (occurred_at, activity_key)) as activity_key
    from stages
    inner join reasons
        on stages.customer_key = reasons.customer_key
        and stages.entered_on = reasons.occurred_on
        and stages.entry_reason = reasons.entry_reason
    group by stages.customer_key, stage_number
),

answers as (
    select customer_key, responded_on, score, responded_at, survey_response_key
    from core.fct_survey_responses
    where question_type = 'nps' and score is not null and customer_key is not null
),

opinions as (
    select
        stages.customer_key,
        stage_number,
        min_by(score, (-epoch_us(responded_at), survey_response_key)) as score
    from stages
    inner join answers
        on stages.customer_key = answers.customer_key
        and responded_on < coalesce(exited_on, as_of() + 1)
    group by stages.customer_key, stage_number
)

select
    stages.customer_key,
    stage,
    stages.stage_number,
    entered_on,
    exited_on,
    coalesce(exited_on, as_of()) - entered_on as days_in_stage,
    entry_reason,
    activity_key as entry_activity_key,
    case when score >= 9 then 'promoter' when score >= 7 then 'passive' when score is not null then 'detractor'
        else 'unknown' end as attitude,
    exited_on is null as is_current,
    as_of() as as_of_date
from stages
left join entries on stages.customer_key = entries.customer_key and stages.stage_number = entries.stage_number
left join opinions on stages.customer_key = opinions.customer_key and stages.stage_number = opinions.stage_number;

create temp table stage_order as
select stage, sort_number from read_csv(getvariable('seeds') || '/lifecycle_stages.csv');
create temp table schemes as
select scheme, stage, scheme_stage from read_csv(getvariable('seeds') || '/lifecycle_schemes.csv')
union all
select 'canonical', stage, stage from stage_order;

create table marts.fct_stage_transitions as
with steps as (
    select
        *,
        lag(stage) over turn as from_stage,
        lag(days_in_stage) over turn as days_in_from_stage
    from marts.fct_lifecycle_stages
    window turn as (partition by customer_key order by stage_number)
)

select
    customer_key,
    from_stage,
    steps.stage as to_stage,
    case
        when entry_reason = 'terminated' then 'decision'
        when entry_reason in ('time_lapse', 'trial_ended') then 'time_lapse'
        else 'event'
    end as cause,
    entry_activity_key,
    stage_number,
    days_in_from_stage,
    after_it.sort_number < before_it.sort_number and from_stage not in ('declining', 'churned', 'reactivated')
        as is_regression,
    from_stage = 'churned' and steps.stage <> 'terminated' as is_reactivation,
    entered_on as transitioned_on,
    as_of_date
from steps
inner join stage_order as before_it on from_stage = before_it.stage
inner join stage_order as after_it on steps.stage = after_it.stage;

-- stays in the stages of each scheme, alike ones counted together
create temp table scheme_stays as
with

mapped as (
    select
        scheme,
        customer_key,
        scheme_stage,
        entered_on,
        lag(scheme_stage) over (partition by scheme, customer_key order by entered_on) as former
    from stages inner join schemes on stages.stage = schemes.stage
    qualify former is distinct from scheme_stage
),

stays as (
    select *, lead(entered_on) over (partition by scheme, customer_key order by entered_on) as exited_on from mapped
)

select scheme, scheme_stage, entered_on, exited_on, count(*) as stay_count from stays group by all;

create temp table months as
select
    cast(month as date) as period_start,
    least(last_day(month), as_of()) as observed_on
from (select unnest(generate_series(
    month_of((select min(entered_on) from scheme_stays))::timestamp, as_of()::timestamp, interval 1 month
)) as month);

create table marts.fct_stage_populations as
with

moves as (
    select scheme, scheme_stage, month_of(entered_on) as period_start, stay_count as entered, 0 as exited
    from scheme_stays
    union all
    select scheme, scheme_stage, month_of(exited_on), 0, stay_count from scheme_stays where exited_on is not null
),

counts as (
    select
        grid.scheme,
        grid.scheme_stage,
        grid.period_start,
        coalesce(sum(entered), 0) as entered_count,
        coalesce(sum(exited), 0) as exited_count
    from (select distinct scheme, scheme_stage, period_start from schemes cross join months) as grid
    left join moves
        on grid.scheme = moves.scheme and grid.scheme_stage = moves.scheme_stage
        and grid.period_start = moves.period_start
    group by all
),

-- of every stay begun by the end of the month: how long, and whether the end was seen
seen as (
    select
        scheme,
        scheme_stage,
        period_start,
        case when exited_on <= observed_on then exited_on else observed_on end - entered_on as days,
        sum(stay_count) as stay_count,
        coalesce(sum(stay_count) filter (where exited_on <= observed_on), 0) as exit_count
    from scheme_stays
    inner join months on entered_on <= observed_on
    group by all
),

risks as (
    select
        *,
        sum(stay_count) over (partition by scheme, scheme_stage, period_start order by days desc) as at_risk
    from seen
),

curves as (
    select
        *,
        sum(ln(nullif(at_risk - exit_count, 0)::double / at_risk)) over (
            partition by scheme, scheme_stage, period_start order by days
        ) as log_survival
    from risks
),

medians as (
    select scheme, scheme_stage, period_start, min(days) as median_days
    from curves
    where at_risk = exit_count or log_survival <= ln(0.5) + 1e-9
    group by all
)

select
    counts.scheme,
    counts.scheme_stage,
    maturity_of(counts.period_start, after_period('month', counts.period_start)) as maturity,
    sum(entered_count - exited_count) over run - entered_count + exited_count as opening_count,
    entered_count,
    exited_count,
    sum(entered_count - exited_count) over run as closing_count,
    median_days as median_days_in_stage,
    counts.period_start,
    after_period('month', counts.period_start) as period_end
from counts
left join medians using (scheme, scheme_stage, period_start)
window run as (partition by counts.scheme, counts.scheme_stage order by counts.period_start);


-- Churn ------------------------------------------------------------------------------------------------------

create temp table active_spells as
with

clocks as (
    select
        order_days.customer_key,
        ordered_on,
        lead(ordered_on) over (partition by order_days.customer_key order by ordered_on) as next_on,
        -- under contract or its grace nobody lapses
        coalesce(contracts.grace_until, ordered_on + 180) as lapses_on
    from order_days
    left join contracts
        on order_days.customer_key = contracts.customer_key
        and ordered_on + 180 >= served_from
        and ordered_on + 180 < grace_until
),

ended as (
    select
        *,
        case when lapses_on <= as_of() and lapses_on < coalesce(next_on, date '9999-12-31') then lapses_on end
            as lost_on
    from clocks
),

numbered as (
    select
        *,
        count(lost_on) over (partition by customer_key order by ordered_on rows unbounded preceding)
        - if(lost_on is null, 0, 1) as number
    from ended
)

select customer_key, number, min(ordered_on) as active_from, max(lost_on) as lost_on
from numbered
group by customer_key, number;

create temp table lapse_churn as
with

segmented as (
    select
        number,
        active_from,
        lost_on,
        unnest([
            {'segment_type': 'all', 'segment_value': 'all'},
            {'segment_type': 'channel', 'segment_value': acquisition_channel},
            {'segment_type': 'country', 'segment_value': acquisition_country}
        ], recursive := true)
    from active_spells
    inner join counted on active_spells.customer_key = counted.customer_key
),

days as (
    select segment_type, segment_value, active_from, lost_on, number > 0 as is_return, count(*) as spell_count
    from segmented
    group by all
),

moves as (
    select
        period_grain, segment_type, segment_value, period_of(period_grain, active_from) as period_start,
        coalesce(sum(spell_count) filter (where not is_return), 0) as new_count,
        coalesce(sum(spell_count) filter (where is_return), 0) as reactivated_count, 0 as lost_count, 0 as both_count
    from days cross join (values ('month'), ('quarter')) as grains (period_grain)
    group by all
    union all
    select
        period_grain, segment_type, segment_value, period_of(period_grain, lost_on), 0, 0,
        coalesce(sum(spell_count) filter (where active_from < period_of(period_grain, lost_on)), 0),
        coalesce(sum(spell_count) filter (where active_from >= period_of(period_grain, lost_on)), 0)
    from days cross join (values ('month'), ('quarter')) as grains (period_grain)
    where lost_on is not null
    group by all
),

periods as (
    select distinct period_grain, period_of(period_grain, day) as period_start
    from (select unnest(generate_series(
        (select min(active_from) from active_spells)::timestamp, as_of()::timestamp, interval 1 day
    )) as day)
    cross join (values ('month'), ('quarter')) as grains (period_grain)
),

filled as (
    select
        period_grain,
        period_start,
        segment_type,
        segment_value,
        coalesce(sum(new_count), 0) as new_count,
        coalesce(sum(reactivated_count), 0) as reactivated_count,
        coalesce(sum(lost_count), 0) as lost_count,
        coalesce(sum(both_count), 0) as new_and_lost_count
    from periods
    cross join (select distinct segment_type, segment_value from days)
    left join moves using (period_grain, period_start, segment_type, segment_value)
    group by all
),

bridged as (
    select
        *,
        sum(new_count + reactivated_count - lost_count - new_and_lost_count) over (
            partition by period_grain, segment_type, segment_value order by period_start
        ) as active_end_count,
        active_end_count - new_count - reactivated_count + lost_count + new_and_lost_count as active_start_count
    from filled
)

select
    'logo' as basis,
    'lapse' as churn_model,
    period_grain,
    period_start,
    after_period(period_grain, period_start) as period_end,
    maturity_of(period_start, after_period(period_grain, period_start)) as maturity,
    segment_type,
    segment_value,
    active_start_count,
    new_count,
    reactivated_count,
    lost_count,
    new_and_lost_count,
    active_end_count,
    lost_count / nullif(active_start_count, 0)::double as churn_ratio,
    case when active_start_count > 0 then greatest(0, wilson(lost_count, active_start_count, -1)) end as churn_ci_low,
    case when active_start_count > 0 then least(1, wilson(lost_count, active_start_count, 1)) end as churn_ci_high
from bridged;


-- recurring revenue at both ends of each period; in a gap that is no loss the amount before it goes on standing
create temp table recurring as
with

chained as (
    select
        services.*,
        plan,
        billing_period,
        currency,
        cast(recurring_amount_original / services.billing_period_months as decimal(28, 8)) as amount,
        coalesce(
            served_from > max(served_until) over (earlier rows between unbounded preceding and 1 preceding), true
        ) as begins
    from services
    inner join core.fct_subscriptions using (subscription_key)
    window earlier as (partition by services.customer_key order by served_from, subscription_key)
),

numbered as (
    select
        *,
        count_if(begins) over (partition by customer_key order by served_from, subscription_key) as cover_number
    from chained
),

covers as (
    select
        customer_key,
        cover_number,
        max(served_until) as covered_until,
        lead(min(served_from), 1, as_of() + 1) over (partition by customer_key order by cover_number) as resumed_on
    from numbered
    group by customer_key, cover_number
),

carried as (
    select
        numbered.*,
        if(served_until = covered_until and resumed_on <= covered_until + 30, resumed_on, served_until) as held_until
    from numbered
    inner join covers using (customer_key, cover_number)
),

periods as (
    select
        period_grain,
        period_of(period_grain, day) as period_start,
        period_of(period_grain, day) - 1 as opens_on,
        least(after_period(period_grain, period_of(period_grain, day)) - 1, as_of()) as closes_on
    from (select unnest(generate_series(
        (select min(served_from) from services)::timestamp, as_of()::timestamp, interval 1 day
    )) as day)
    cross join (values ('month'), ('quarter')) as grains (period_grain)
    group by all
),

joined as (
    select
        customer_key, period_grain, period_of(period_grain, served_from) as period_start,
        min(served_from) as joined_on
    from contracts cross join (values ('month'), ('quarter')) as grains (period_grain)
    group by all
),

stood as (
    select
        carried.customer_key, periods.period_grain, periods.period_start, opens_on, closes_on, plan, billing_period,
        currency,
        sum(amount) filter (where served_from <= opens_on) as start_own,
        sum(amount) filter (where served_from <= joined_on and held_until > joined_on) as joining_own,
        sum(amount) filter (where held_until > closes_on) as end_own
    from carried
    inner join periods on served_from <= closes_on and held_until > opens_on
    left join joined
        on carried.customer_key = joined.customer_key
        and periods.period_grain = joined.period_grain
        and periods.period_start = joined.period_start
    group by all
)

select stood.*, opening.rate as start_rate, closing.rate as end_rate
from stood
left join rates as opening on stood.currency = opening.currency and opens_on = opening.rate_on
left join rates as closing on stood.currency = closing.currency and closes_on = closing.rate_on;

-- what each customer did in each period, with the greatest contract, which says where it counts
create temp table contract_moves as
with

mains as (
    select customer_key, period_grain, period_start, plan, billing_period, currency
    from recurring
    where coalesce(start_own, joining_own) is not null
    qualify row_number() over (
        partition by customer_key, period_grain, period_start
        order by start_own is null, coalesce(start_own, joining_own) * coalesce(start_rate, end_rate) desc nulls last,
            plan, billing_period, currency
    ) = 1
),

moves as (
    select
        mains.*,
        acquisition_channel as channel,
        acquisition_country as country,
        number,
        served_from < period_start as was_there,
        coalesce(lost_on < after_period(period_grain, period_start), false) as is_lost,
        is_involuntary,
        coalesce(terminated_on <= lost_on, false) as is_terminated
    from mains
    inner join counted on mains.customer_key = counted.customer_key
    inner join contracts
        on mains.customer_key = contracts.customer_key
        and served_from < after_period(period_grain, period_start)
        and coalesce(lost_on, period_start) >= period_start
    inner join core.fct_subscriptions on last_subscription_key = subscription_key
)

select
    customer_key, period_grain, period_start, channel, country, plan, billing_period, currency,
    count_if(was_there) as active_start_count,
    count_if(not was_there and number = 0) as new_count,
    count_if(not was_there and number > 0) as reactivated_count,
    count_if(was_there and is_lost) as lost_count,
    count_if(not was_there and is_lost) as new_and_lost_count,
    count_if(was_there and is_lost and not is_involuntary and not is_terminated) as voluntary_lost_count,
    count_if(was_there and is_lost and is_involuntary and not is_terminated) as involuntary_lost_count,
    count_if(not is_lost) as active_end_count
from moves
group by all;

create temp table contract_churn as
with

priced as (
    select
        customer_key, period_grain, period_start, currency,
        coalesce(unrounded(sum(start_own)), 0) as start_own,
        coalesce(unrounded(sum(end_own)), 0) as end_own,
        coalesce(at_rate(sum(start_own), any_value(start_rate)), 0) as start_amount,
        coalesce(at_rate(sum(end_own), any_value(start_rate)), 0) as end_at_start_rate,
        coalesce(at_rate(sum(end_own), any_value(end_rate)), 0) as end_amount
    from recurring
    where start_own is not null or end_own is not null
    group by all
),

stood as (
    select
        customer_key, period_grain, period_start, null as own_currency, sum(start_amount) as start_amount,
        sum(end_at_start_rate) as end_at_start_rate, sum(end_amount) as end_amount
    from priced
    group by all
    union all
    select customer_key, period_grain, period_start, currency, start_own, end_own, end_own from priced
),

moved as (
    select
        period_grain, period_start, channel, country, plan, billing_period, own_currency, start_amount, end_amount,
        active_start_count > 0 and active_end_count > 0 as has_stayed,
        if(active_start_count = 0 and new_count > 0, end_at_start_rate, 0) as new_amount,
        if(active_start_count = 0 and new_count = 0, end_at_start_rate, 0) as reactivation_amount,
        if(has_stayed, greatest(end_at_start_rate - start_amount, 0), 0) as expansion_amount,
        if(has_stayed, greatest(start_amount - end_at_start_rate, 0), 0) as contraction_amount,
        if(active_start_count > 0 and active_end_count = 0, start_amount, 0) as churned_amount
    from stood
    inner join contract_moves using (customer_key, period_grain, period_start)
),

counts as (
    select
        period_grain, period_start,
        case
            when grouping(channel) = 0 then 'channel' when grouping(country) = 0 then 'country'
            when grouping(plan) = 0 then 'plan' when grouping(billing_period) = 0 then 'billing_period'
            when grouping(currency) = 0 then 'currency' else 'all'
        end as segment_type,
        coalesce(channel, country, plan, billing_period, currency, 'all') as segment_value,
        sum(columns(c -> c like '%_count'))
    from contract_moves
    group by grouping sets (
        (period_grain, period_start), (period_grain, period_start, channel), (period_grain, period_start, country),
        (period_grain, period_start, plan), (period_grain, period_start, billing_period),
        (period_grain, period_start, currency)
    )
),

amounts as (
    select
        period_grain, period_start,
        case
            when grouping(channel) = 0 then 'channel' when grouping(country) = 0 then 'country'
            when grouping(plan) = 0 then 'plan' when grouping(billing_period) = 0 then 'billing_period' else 'all'
        end as segment_type,
        coalesce(channel, country, plan, billing_period, 'all') as segment_value,
        sum(columns(c -> c like '%_amount'))
    from moved
    where own_currency is null
    group by grouping sets (
        (period_grain, period_start), (period_grain, period_start, channel), (period_grain, period_start, country),
        (period_grain, period_start, plan), (period_grain, period_start, billing_period)
    )
    union all by name
    select
        period_grain, period_start, 'currency' as segment_type, own_currency as segment_value,
        sum(columns(c -> c like '%_amount'))
    from moved
    where own_currency is not null
    group by period_grain, period_start, own_currency
)

select
    period_grain,
    period_start,
    segment_type,
    segment_value,
    coalesce(active_start_count, 0) as active_start_count,
    coalesce(new_count, 0) as new_count,
    coalesce(reactivated_count, 0) as reactivated_count,
    coalesce(lost_count, 0) as lost_count,
    coalesce(new_and_lost_count, 0) as new_and_lost_count,
    coalesce(voluntary_lost_count, 0) as voluntary_lost_count,
    coalesce(involuntary_lost_count, 0) as involuntary_lost_count,
    coalesce(active_end_count, 0) as active_end_count,
    coalesce(start_amount, 0) as start_amount,
    coalesce(new_amount, 0) as new_amount,
    coalesce(reactivation_amount, 0) as reactivation_amount,
    coalesce(expansion_amount, 0) as expansion_amount,
    coalesce(contraction_amount, 0) as contraction_amount,
    coalesce(churned_amount, 0) as churned_amount,
    coalesce(end_amount, 0) as end_amount
from (select distinct period_grain, period_start from recurring)
cross join (select segment_type, segment_value from counts union select segment_type, segment_value from amounts)
left join counts using (period_grain, period_start, segment_type, segment_value)
left join amounts using (period_grain, period_start, segment_type, segment_value);

-- what rounded movements miss goes to the greatest of them
create temp table contract_money as
with

rounded as (
    select
        *,
        cents(start_amount) as start_cents,
        cents(new_amount) as new_cents,
        cents(reactivation_amount) as back_cents,
        cents(expansion_amount) as more_cents,
        cents(contraction_amount) as less_cents,
        cents(churned_amount) as gone_cents,
        cents(end_amount) as end_cents,
        cents(end_amount - start_amount - new_amount - reactivation_amount - expansion_amount
            + contraction_amount + churned_amount) as rate_cents
    from contract_churn
),

missed as (
    select
        *,
        end_cents - start_cents - new_cents - back_cents - more_cents + less_cents + gone_cents - rate_cents as residue,
        greatest(new_cents, back_cents, more_cents, less_cents, gone_cents, abs(rate_cents)) as most
    from rounded
)

select
    *,
    case most
        when new_cents then 'new' when gone_cents then 'gone' when more_cents then 'more'
        when less_cents then 'less' when back_cents then 'back' else 'rate'
    end as receiver
from missed;

create table marts.fct_churn_periods as
from lapse_churn
union all by name
select
    'logo' as basis,
    'contract' as churn_model,
    period_grain,
    period_start,
    after_period(period_grain, period_start) as period_end,
    maturity_of(period_start, after_period(period_grain, period_start) + 30) as maturity,
    segment_type,
    segment_value,
    active_start_count,
    new_count,
    reactivated_count,
    lost_count,
    new_and_lost_count,
    voluntary_lost_count,
    involuntary_lost_count,
    active_end_count,
    lost_count / nullif(active_start_count, 0)::double as churn_ratio,
    case when active_start_count > 0 then greatest(0, wilson(lost_count, active_start_count, -1)) end as churn_ci_low,
    case when active_start_count > 0 then least(1, wilson(lost_count, active_start_count, 1)) end as churn_ci_high
from contract_churn
union all by name
select
    'revenue' as basis,
    'contract' as churn_model,
    period_grain,
    period_start,
    after_period(period_grain, period_start) as period_end,
    maturity_of(period_start, after_period(period_grain, period_start) + 30) as maturity,
    segment_type,
    segment_value,
    (contraction_amount + churned_amount)::double / nullif(start_amount, 0)::double as churn_ratio,
    start_cents as start_mrr_amount,
    new_cents + if(receiver = 'new', residue, 0) as new_mrr_amount,
    back_cents + if(receiver = 'back', residue, 0) as reactivation_mrr_amount,
    more_cents + if(receiver = 'more', residue, 0) as expansion_mrr_amount,
    less_cents - if(receiver = 'less', residue, 0) as contraction_mrr_amount,
    gone_cents - if(receiver = 'gone', residue, 0) as churned_mrr_amount,
    rate_cents + if(receiver = 'rate', residue, 0) as exchange_effect_amount,
    end_cents as end_mrr_amount,
    churn_ratio as gross_revenue_churn_ratio,
    (start_amount - contraction_amount - churned_amount)::double / nullif(start_amount, 0)::double
        as gross_revenue_retention_ratio,
    (start_amount - contraction_amount - churned_amount + expansion_amount)::double / nullif(start_amount, 0)::double
        as net_revenue_retention_ratio
from contract_money;


-- Money by customer ------------------------------------------------------------------------------------------

create temp table ledger as
select
    orders.customer_key,
    true as is_order,
    orders.customer_key = '-1' or coalesce(ordered_at >= acquired_at, false) as is_purchase,
    gross_amount,
    unrounded(0) as refund_amount,
    net_amount,
    unrounded(net_amount - cost_amount) as margin_amount,
    unrounded(net_amount - refund_amount) as net_value_amount,
    ordered_on as booked_on
from orders
left join acquisitions on orders.customer_key = acquisitions.customer_key
where is_valid
union all
select refunds.customer_key, false, false, 0, amount, -amount, -amount, null, refunded_on
from refunds
inner join core.dim_customers on refunds.customer_key = dim_customers.customer_key
where is_counted and not is_test;

-- what a customer did on a day: retention, scores and values are made of it
create temp table customer_days as
select
    customer_key,
    booked_on,
    count_if(is_order) as valid_order_count,
    count_if(is_purchase) as order_count,
    count_if(is_order and margin_amount is null) as unknown_margin_count,
    sum(gross_amount) as gross_amount,
    sum(refund_amount) as refund_amount,
    sum(net_amount) as net_amount,
    sum(margin_amount) as margin_amount,
    sum(net_amount) filter (where is_order) as revenue_amount,
    sum(net_value_amount) filter (where is_purchase) as net_value_amount
from ledger
group by customer_key, booked_on;

create table marts.fct_cohort_retention as
with

bookings as (
    select
        cohort_grain,
        counted.customer_key,
        period_of(cohort_grain, acquired_on) as cohort_start,
        greatest(
            case cohort_grain
                when 'week' then (period_of('week', booked_on) - cohort_start) // 7
                when 'month' then datediff('month', cohort_start, booked_on)
                else datediff('quarter', cohort_start, booked_on)
            end, 0
        ) as period_number,
        customer_days.* exclude (customer_key)
    from acquisitions
    inner join counted on acquisitions.customer_key = counted.customer_key
    inner join customer_days on acquisitions.customer_key = customer_days.customer_key
    cross join (values ('week'), ('month'), ('quarter')) as grains (cohort_grain)
),

customer_periods as (
    select
        cohort_grain, customer_key, cohort_start, period_number,
        sum(order_count) as order_count,
        sum(unknown_margin_count) as unknown_margin_count,
        sum(gross_amount) as gross_amount,
        sum(refund_amount) as refund_amount,
        sum(net_amount) as net_amount,
        sum(margin_amount) as margin_amount
    from bookings
    group by all
),

marked as (
    select
        *,
        order_count > 0 as is_active,
        max(period_number) filter (where order_count > 0) over (partition by cohort_grain, customer_key)
            = period_number as is_last,
        count_if(order_count > 0 and period_number > 0) over (
            partition by cohort_grain, customer_key order by period_number
        ) = period_number and (order_count > 0 or period_number = 0) as is_unbroken
    from customer_periods
),

cells as (
    select
        cohort_grain,
        cohort_start,
        case
            when grouping(acquisition_channel) = 0 then 'channel'
            when grouping(acquisition_country) = 0 then 'country'
            when grouping(first_category) = 0 then 'first_category'
            else 'all'
        end as segment_type,
        coalesce(acquisition_channel, acquisition_country, first_category, 'all') as segment_value,
        period_number,
        count(*) as customer_count,
        count_if(is_active) as active_count,
        count_if(coalesce(is_last and is_active, false)) as last_count,
        count_if(is_unbroken) as unbroken_count,
        sum(order_count) as order_count,
        sum(unknown_margin_count) as unknown_margin_count,
        sum(gross_amount) as gross_amount,
        sum(refund_amount) as refund_amount,
        sum(net_amount) as net_amount,
        sum(margin_amount) as margin_amount
    from marked
    inner join counted on marked.customer_key = counted.customer_key
    group by
        cohort_grain, cohort_start, period_number,
        grouping sets ((), (acquisition_channel), (acquisition_country), (first_category))
),

cohorts as (
    select cohort_grain, cohort_start, segment_type, segment_value, customer_count as cohort_size
    from cells
    where period_number = 0
),

grid as (
    select
        cohorts.*,
        unnest(range(0, case cohort_grain
            when 'week' then (period_of('week', as_of()) - cohort_start) // 7
            when 'month' then datediff('month', cohort_start, as_of())
            else datediff('quarter', cohort_start, as_of())
        end + 1)) as period_number,
        cast(cohort_start + case cohort_grain
            when 'week' then to_days(cast(7 * period_number as integer))
            when 'month' then to_months(cast(period_number as integer))
            else to_months(cast(3 * period_number as integer))
        end as date) as period_start
    from cohorts
),

filled as (
    select
        grid.*,
        after_period(grid.cohort_grain, period_start) as period_end,
        coalesce(active_count, 0) as active_count,
        coalesce(last_count, 0) as last_count,
        case when grid.period_number = 0 then cohort_size else coalesce(unbroken_count, 0) end as unbroken_count,
        coalesce(order_count, 0) as order_count,
        coalesce(unknown_margin_count, 0) as unknown_margin_count,
        coalesce(gross_amount, 0) as gross_amount,
        coalesce(refund_amount, 0) as refund_amount,
        coalesce(net_amount, 0) as net_amount,
        coalesce(margin_amount, 0) as margin_amount
    from grid
    left join cells using (cohort_grain, cohort_start, segment_type, segment_value, period_number)
)

select
    cohort_grain,
    segment_type,
    segment_value,
    period_number,
    maturity_of(period_start, period_end) as maturity,
    cohort_size,
    active_count,
    sum(last_count) over (cohort order by period_number desc) as rolling_active_count,
    unbroken_count as continuous_active_count,
    active_count / cohort_size::double as retention_ratio,
    greatest(0, wilson(active_count, cohort_size, -1)) as retention_ci_low,
    least(1, wilson(active_count, cohort_size, 1)) as retention_ci_high,
    order_count,
    cents(gross_amount) as gross_amount,
    cents(refund_amount) as refund_amount,
    cents(net_amount) as net_amount,
    case when unknown_margin_count = 0 then cents(margin_amount) end as margin_amount,
    cents(sum(net_amount) over (cohort order by period_number)) as cumulative_net_amount,
    case when sum(unknown_margin_count) over (cohort order by period_number) = 0
        then cents(sum(margin_amount) over (cohort order by period_number)) end as cumulative_margin_amount,
    cohort_size >= 30 as is_reportable,
    cohort_start,
    period_start,
    period_end
from filled
window cohort as (partition by cohort_grain, cohort_start, segment_type, segment_value);

create table marts.fct_rfm_scores as
with

snapshots as (
    select as_of() as snapshot_on
    union
    select cast(month - interval 1 day as date)
    from (select unnest(generate_series(
        date_trunc('month', (select min(booked_on) from customer_days)) + interval 1 month,
        (as_of() + 1)::timestamp, interval 1 month
    )) as month)
),

last_orders as (
    select
        customer_key,
        booked_on,
        lead(booked_on, 1, as_of() + 1) over (partition by customer_key order by booked_on) as next_on
    from customer_days
    where valid_order_count > 0 and customer_key <> '-1'
),

buyers as (
    select customer_key, snapshot_on, snapshot_on - booked_on as recency_days
    from last_orders
    inner join snapshots on booked_on <= snapshot_on and next_on > snapshot_on
    inner join core.dim_customers using (customer_key)
    where coalesce(snapshot_on < deleted_on, true)
),

-- a window is the running total at its end less that before its beginning
running as (
    select
        customer_key,
        booked_on,
        sum(order_count) over past as order_count,
        sum(net_amount) over past as net_amount
    from customer_days
    window past as (partition by customer_key order by booked_on)
),

measured as (
    select
        buyers.*,
        coalesce(at_end.order_count, 0) - coalesce(before_it.order_count, 0) as frequency_count,
        coalesce(at_end.net_amount, 0) - coalesce(before_it.net_amount, 0) as monetary_amount
    from buyers
    asof left join running as at_end
        on buyers.customer_key = at_end.customer_key and buyers.snapshot_on >= at_end.booked_on
    asof left join running as before_it
        on buyers.customer_key = before_it.customer_key and buyers.snapshot_on - 365 >= before_it.booked_on
),

cuts as (
    select
        snapshot_on,
        quantile_cont(recency_days::double, [0.2, 0.4, 0.6, 0.8]) as recency_cuts,
        quantile_cont(frequency_count::double, [0.2, 0.4, 0.6, 0.8]) as frequency_cuts,
        quantile_cont(monetary_amount::double, [0.2, 0.4, 0.6, 0.8]) as monetary_cuts
    from measured
    where frequency_count > 0
    group by snapshot_on
),

scored as (
    select
        measured.*,
        recency_cuts,
        frequency_cuts,
        monetary_cuts,
        if(frequency_count = 0, 1, 5 - len(list_filter(recency_cuts, lambda cut: recency_days > round(cut, 6))))
            as recency_score,
        if(frequency_count = 0, 1, 1 + len(list_filter(frequency_cuts, lambda cut: frequency_count > round(cut, 6))))
            as frequency_score,
        if(
            frequency_count = 0, 1,
            1 + len(list_filter(monetary_cuts, lambda cut: round(monetary_amount, 6)::double > round(cut, 6)))
        ) as monetary_score
    from measured
    left join cuts on measured.snapshot_on = cuts.snapshot_on
),

names as (
    select segment, r.score as recency_score, f.score as frequency_score, m.score as monetary_score
    from read_csv(getvariable('seeds') || '/rfm_segments.csv') as ranges
    inner join range(1, 6) as r (score) on r.score between recency_score_from and recency_score_to
    inner join range(1, 6) as f (score) on f.score between frequency_score_from and frequency_score_to
    inner join range(1, 6) as m (score) on m.score between monetary_score_from and monetary_score_to
),

named as (
    select scored.*, if(frequency_count = 0, 'lapsed', names.segment) as segment
    from scored
    left join names using (recency_score, frequency_score, monetary_score)
)

select
    customer_key,
    segment,
    lag(segment) over (partition by customer_key order by snapshot_on) as previous_segment,
    recency_days,
    frequency_count,
    cents(monetary_amount) as monetary_amount,
    recency_score,
    frequency_score,
    monetary_score,
    round(recency_cuts[1], 6) as recency_cut_1,
    round(recency_cuts[2], 6) as recency_cut_2,
    round(recency_cuts[3], 6) as recency_cut_3,
    round(recency_cuts[4], 6) as recency_cut_4,
    round(frequency_cuts[1], 6) as frequency_cut_1,
    round(frequency_cuts[2], 6) as frequency_cut_2,
    round(frequency_cuts[3], 6) as frequency_cut_3,
    round(frequency_cuts[4], 6) as frequency_cut_4,
    round(monetary_cuts[1], 6) as monetary_cut_1,
    round(monetary_cuts[2], 6) as monetary_cut_2,
    round(monetary_cuts[3], 6) as monetary_cut_3,
    round(monetary_cuts[4], 6) as monetary_cut_4,
    snapshot_on as as_of_date
from named;

create table marts.fct_customer_value as
with

sums as (
    select
        customer_key,
        sum(valid_order_count) as valid_order_count,
        sum(order_count) as order_count,
        sum(unknown_margin_count) as unknown_margin_count,
        sum(revenue_amount) as revenue_amount,
        sum(refund_amount) as refund_amount,
        sum(net_amount) as net_amount,
        sum(margin_amount) as margin_amount,
        min(booked_on) filter (where order_count > 0) as first_on,
        max(booked_on) filter (where order_count > 0) as last_on,
        count_if(order_count > 0) - 1 as frequency,
        sum(net_value_amount) - min_by(net_value_amount, booked_on) filter (where order_count > 0)
            as repeat_amount
    from customer_days
    group by customer_key
),

measured as (
    select
        dim_customers.customer_key,
        coalesce(order_count, 0) as order_count,
        if(dim_customers.customer_key = '-1' or order_count = 0, null, frequency) as frequency,
        if(dim_customers.customer_key = '-1', null, first_on) as first_on,
        if(dim_customers.customer_key = '-1', null, last_on) as last_on,
        repeat_amount::double / nullif(if(dim_customers.customer_key = '-1', null, frequency), 0) as monetary,
        if(valid_order_count > 0 and unknown_margin_count = 0, 'margin', 'revenue') as value_basis,
        coalesce(revenue_amount, 0) as revenue_amount,
        coalesce(refund_amount, 0) as refund_amount,
        coalesce(net_amount, 0) as net_amount,
        if(coalesce(unknown_margin_count, 0) = 0, coalesce(margin_amount, 0), null) as margin_amount,
        if(value_basis = 'margin', coalesce(margin_amount, 0), coalesce(net_amount, 0)) as value_amount
    from core.dim_customers
    left join sums on dim_customers.customer_key = sums.customer_key
    where not is_test
),

ranked as (
    select
        customer_key,
        (sum(value_amount) over (order by value_amount desc, customer_key) - value_amount)::double
        / (sum(value_amount) over ())::double as share_before
    from measured
    where value_amount > 0 and customer_key <> '-1'
)

select
    measured.customer_key,
    value_basis,
    case
        when measured.customer_key in ('-1', '-2') then null
        when share_before < 0.8 then 'A' when share_before < 0.95 then 'B' else 'C'
    end as value_class,
    order_count,
    frequency,
    last_on - first_on as recency_days,
    as_of() - first_on as age_days,
    as_of() - last_on as days_since_last_order,
    cents(monetary) as monetary_amount,
    cents(revenue_amount) as historical_revenue_amount,
    cents(refund_amount) as historical_refund_amount,
    cents(margin_amount) as historical_margin_amount,
    first_on as first_ordered_on,
    last_on as last_ordered_on,
    as_of() as as_of_date
from measured
left join ranked on measured.customer_key = ranked.customer_key;


-- Losses -----------------------------------------------------------------------------------------------------

create temp table losses as
with

neighbours as (
    select
        *,
        lag(stage) over turn as former_stage,
        lead(stage) over turn as next_stage
    from stages
    window turn as (partition by customer_key order by stage_number)
)

select
    neighbours.customer_key,
    case
        when stage = 'terminated' then 'terminated'
        when entry_reason <> 'service_ended' then 'lapse'
        when is_involuntary then 'involuntary'
        else 'voluntary'
    end as loss_kind,
    case when stage = 'terminated' then termination_reason when entry_reason = 'service_ended' then cancel_reason end
        as stated_reason,
    entered_on as lost_on,
    if(entry_reason = 'service_ended', entered_on + 30, entered_on) as recognised_on,
    if(next_stage <> 'terminated', exited_on, null) as recovered_on
from neighbours
inner join core.dim_customers using (customer_key)
left join contracts on neighbours.customer_key = contracts.customer_key and entered_on = lost_on
left join core.fct_subscriptions on last_subscription_key = subscription_key
where
    stage in ('churned', 'terminated')
    and former_stage in ('new', 'developing', 'loyal', 'declining', 'reactivated');

create temp table loss_reasons as
with

words as (
    select rule_number, derived_reason, if(language = 'en', ' ' || word, word) as sought
    from read_csv(getvariable('seeds') || '/loss_words.csv')
),

told as (
    select customer_key, lost_on, 1 as strength, 'stated' as reason_evidence, lost_on as told_on, stated_reason as told
    from losses where stated_reason is not null
    union all
    select losses.customer_key, lost_on, 4, 'words', opened_on, category
    from losses inner join core.fct_tickets on losses.customer_key = fct_tickets.customer_key
    where opened_on <= lost_on and opened_on + 180 > lost_on and category is not null
),

understood as (
    select told, min_by(derived_reason, rule_number) as derived_reason
    from (select distinct told from told)
    inner join words on contains(' ' || lower(told), sought)
    group by told
),

evidence as (
    select customer_key, lost_on, strength, reason_evidence, told_on, derived_reason
    from told inner join understood using (told)
    union all
    select customer_key, lost_on, 2, 'failed_payment', lost_on, 'payment' from losses where loss_kind = 'involuntary'
    union all
    select losses.customer_key, lost_on, 3, 'complaint', opened_on, 'complaints'
    from losses inner join core.fct_tickets on losses.customer_key = fct_tickets.customer_key
    where opened_on <= lost_on and opened_on + 180 > lost_on and is_complaint
    union all
    select losses.customer_key, lost_on, 6, 'answer', responded_on, 'service'
    from losses inner join core.fct_survey_responses as answers on losses.customer_key = answers.customer_key
    where responded_on <= lost_on and responded_on + 180 > lost_on
        and if(question_type = 'nps', score <= 6, 3 * (score - scale_min) <= scale_max - scale_min)
    union all
    select losses.customer_key, lost_on, 7, 'open_ticket', opened_on, 'service'
    from losses inner join core.fct_tickets on losses.customer_key = fct_tickets.customer_key
    where opened_on <= lost_on and coalesce(resolved_on > lost_on, true)
)

select
    customer_key,
    lost_on,
    min_by(
        {'derived_reason': derived_reason, 'reason_evidence': reason_evidence},
        (strength, -epoch(told_on), reason_evidence, derived_reason)
    ) as why
from evidence
group by customer_key, lost_on;

create table marts.fct_customer_losses as
with

brought as (
    select losses.customer_key, lost_on, sum(net_amount) as net_amount
    from losses
    inner join ledger on losses.customer_key = ledger.customer_key and booked_on <= lost_on
    group by all
),

ticketed as (
    select
        losses.customer_key, lost_on, count_if(coalesce(resolved_on > lost_on, true)) as open_count,
        max(opened_on) filter (where is_complaint) as complained_on
    from losses
    inner join core.fct_tickets on losses.customer_key = fct_tickets.customer_key and opened_on <= lost_on
    group by all
),

offered as (
    select losses.customer_key, lost_on, count(*) as open_count
    from losses
    inner join core.fct_opportunities on losses.customer_key = fct_opportunities.customer_key and created_on <= lost_on
    where coalesce(coalesce(closed_on, if(is_won, created_on, null)) > lost_on, true)
    group by all
)

select
    losses.customer_key,
    loss_kind,
    stated_reason,
    coalesce(why.derived_reason, 'unknown') as derived_reason,
    coalesce(why.reason_evidence, 'none') as reason_evidence,
    coalesce(ticketed.open_count, 0) as open_ticket_count,
    coalesce(offered.open_count, 0) as open_opportunity_count,
    losses.lost_on - complained_on as days_since_complaint,
    cents(coalesce(net_amount, 0)) as value_at_loss_amount,
    recovered_on is not null as is_recovered,
    losses.lost_on,
    recognised_on,
    recovered_on
from losses
left join loss_reasons using (customer_key, lost_on)
left join brought using (customer_key, lost_on)
left join ticketed using (customer_key, lost_on)
left join offered using (customer_key, lost_on);


-- Net promoter score -----------------------------------------------------------------------------------------

create table marts.fct_nps_periods as
with

responses as (
    select
        survey_response_key,
        survey_id,
        sent_on,
        responded_on,
        responded_at,
        coalesce(touchpoint, 'unknown') as touchpoint,
        coalesce(dim_customers.customer_key, survey_response_key) as respondent,
        acquisition_channel,
        acquisition_country,
        case when score >= 9 then 'promoter' when score >= 7 then 'passive' when score is not null then 'detractor'
            end as category,
        at_sending.stage as stage_when_sent,
        at_answer.stage as stage_when_answered
    from core.fct_survey_responses as answers
    left join core.dim_customers on answers.customer_key = dim_customers.customer_key
    left join stages as at_sending
        on answers.customer_key = at_sending.customer_key
        and sent_on >= at_sending.entered_on and sent_on < coalesce(at_sending.exited_on, as_of() + 1)
    left join stages as at_answer
        on answers.customer_key = at_answer.customer_key
        and responded_on >= at_answer.entered_on and responded_on < coalesce(at_answer.exited_on, as_of() + 1)
    where question_type = 'nps' and not coalesce(is_test, false)
),

first_day as (
    select least(min(sent_on), min(responded_on)) as first_on from responses
),

periods as (
    select
        period_grain,
        period_of(period_grain, day) as period_start,
        after_period(period_grain, period_start) as period_end,
        least(period_end, as_of() + 1) - 90 as opens_on
    from (select unnest(generate_series(first_on::timestamp, as_of()::timestamp, interval 1 day)) as day from first_day)
    cross join (values ('month'), ('quarter'), ('year')) as grains (period_grain)
    group by all
    union all
    select 'all', first_on, as_of() + 1, first_on from first_day
),

counted_responses as (
    select period_grain, period_start, period_end, responses.*, false as is_invitation
    from responses
    inner join periods on responded_on >= period_start and responded_on < period_end
    where category is not null
    union all
    select period_grain, period_start, period_end, responses.* replace ('all' as survey_id), false
    from responses
    inner join periods on responded_on >= opens_on and responded_on < period_end
    where category is not null
    qualify row_number() over (
        partition by period_grain, period_start, respondent
        order by responded_on desc, responded_at desc, survey_response_key desc
    ) = 1
    union all
    select period_grain, period_start, period_end, responses.* replace (unnest([survey_id, 'all']) as survey_id), true
    from responses
    inner join periods on sent_on >= period_start and sent_on < period_end
),

summed as (
    select
        period_grain,
        period_start,
        period_end,
        survey_id,
        segment.segment_type,
        segment.segment_value,
        count_if(is_invitation) as invited_count,
        count_if(is_invitation and category is not null) as answered_of_invited_count,
        count_if(not is_invitation) as n,
        count_if(not is_invitation and coalesce(category = 'promoter', false)) as p,
        count_if(not is_invitation and coalesce(category = 'passive', false)) as passive_count,
        count_if(not is_invitation and coalesce(category = 'detractor', false)) as d
    from (
        select *, unnest([
            {'segment_type': 'all', 'segment_value': 'all'},
            {'segment_type': 'channel', 'segment_value': acquisition_channel},
            {'segment_type': 'country', 'segment_value': acquisition_country},
            {'segment_type': 'stage', 'segment_value': if(is_invitation, stage_when_sent, stage_when_answered)},
            {'segment_type': 'touchpoint', 'segment_value': touchpoint}
        ]) as segment
        from counted_responses
    )
    where segment.segment_value is not null
    group by all
),

scored as (
    select
        *,
        100e0 * (p - d) / nullif(n, 0) as nps,
        if(n > 0, 100e0 * (p - d) / (n + 3), null) as adjusted_nps,
        100e0 * 1.959964e0 * sqrt(((p + d + 1.5e0) / (n + 3) - power((p - d) / (n + 3)::double, 2)) / (n + 3)) as margin
    from summed
)

select
    period_grain,
    survey_id,
    segment_type,
    segment_value,
    maturity_of(period_start, period_end) as maturity,
    invited_count,
    answered_of_invited_count,
    n as response_count,
    p as promoter_count,
    passive_count,
    d as detractor_count,
    nps,
    adjusted_nps,
    if(adjusted_nps is not null, greatest(adjusted_nps - margin, -100), null) as nps_ci_low,
    if(adjusted_nps is not null, least(adjusted_nps + margin, 100), null) as nps_ci_high,
    answered_of_invited_count / nullif(invited_count, 0)::double as response_ratio,
    n >= 30 as is_reportable,
    period_start,
    period_end
from scored;
