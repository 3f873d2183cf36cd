-- Three years of a shop that sells goods and subscriptions, one view per feed table. Every value follows from
-- a row's own number and the seed, so that any part can be made again, in any order, without holding the rest.
-- Variables: customers, seed.

create macro first_moment() as timestamp '2023-07-01';
create macro last_moment() as timestamp '2026-06-30 15:00:00';

create macro dice(thing, salt) as hash(thing, salt, getvariable('seed')) / 18446744073709551616.0;
create macro one_of(choices, chance) as choices[1 + cast(floor(chance * len(choices)) as integer)];
create macro between_moments(early, late, share) as
    early + to_seconds(cast(share * date_diff('second', early, late) as bigint));
create macro days_on(moment, days) as moment + to_seconds(cast(days * 86400 as bigint));
create macro if_past(moment) as case when moment <= last_moment() then moment end;
-- few are far above the many: the lower the chance, the longer the tail
create macro heavy_tail(least_value, chance, tail) as least_value * power(greatest(chance, 0.000001), -tail);
create macro money(amount) as cast(amount as decimal(18, 2));
create macro currency_of(country) as
    case country when 'CN' then 'CNY' when 'US' then 'USD' else 'EUR' end;

-- Who comes, when, for how long, and how often they buy. A tenth never buys; a gap of weeks is usual, and
-- who buys weekly stands beside who bought once.
create temp table people as
with

arrivals as (
    select
        range as number,
        'c' || range as customer_id,
        between_moments(first_moment(), last_moment(), dice(range, 'joined')) as joined_at
    from range(getvariable('customers'))
),

stays as (
    select
        *,
        least(
            last_moment(), days_on(joined_at, 1 - 400 * ln(greatest(dice(number, 'life'), 0.000001)))
        ) as left_at,
        heavy_tail(10, dice(number, 'gap'), 1.2) as gap_days
    from arrivals
)

select
    number,
    customer_id,
    joined_at,
    left_at,
    one_of(['CN', 'CN', 'CN', 'CN', 'CN', 'CN', 'DE', 'DE', 'FR', 'US'], dice(number, 'country')) as country,
    one_of(
        ['organic', 'organic', 'search', 'search', 'social', 'referral', 'partner', 'store'],
        dice(number, 'channel')
    ) as channel,
    case
        when dice(number, 'buys') < 0.1 then 0
        else least(250, 1 + cast(floor(date_diff('second', joined_at, left_at) / 86400 / gap_days) as integer))
    end as order_count
from stays;

-- a tenth has changed its tier since, three in a thousand turned out to be their predecessor
create view customers as
select
    customer_id,
    customer_id || '@example.com' as email,
    case
        when dice(number, 'phone') < 0.6 and country = 'CN' then '+86139' || lpad(number::varchar, 8, '0')
        when dice(number, 'phone') < 0.6 and country = 'DE' then '+49151' || lpad(number::varchar, 8, '0')
    end as phone,
    'Person ' || number as full_name,
    'person' as customer_type,
    country,
    one_of(['north', 'east', 'south', 'west'], dice(number, 'region')) as region,
    'City ' || number % 300 as city,
    one_of(['female', 'male'], dice(number, 'gender')) as gender,
    date '1950-01-01' + cast(20000 * dice(number, 'born') as integer) as birth_date,
    case country when 'CN' then 'zh' when 'DE' then 'de' when 'FR' then 'fr' else 'en' end as language,
    case when dice(number, 'told') < 0.9 then channel end as acquisition_channel,
    case version
        when 2 then 'gold' when 1 then one_of(['basic', 'silver'], dice(number, 'tier'))
    end as loyalty_tier,
    dice(number, 'consent') < 0.7 as marketing_consent,
    dice(number, 'test') < 0.001 as is_test,
    case when version = 2 and dice(number, 'merged') < 0.03 then 'c' || number - 1 end as merged_into_id,
    case when version = 2 and dice(number, 'let go') < 0.01 then left_at end as terminated_at,
    case when version = 2 and dice(number, 'let go') < 0.01 then 'abuse' end as termination_reason,
    joined_at as created_at,
    case version when 2 then left_at else joined_at end as updated_at,
    case when version = 2 and dice(number, 'deleted') between 0.01 and 0.02 then left_at end as deleted_at
from people cross join (values (1), (2)) as versions (version)
where version = 1 or (dice(number, 'changes') < 0.1 and number > 0);

create view orders as
with

numbered as (
    select *, unnest(range(order_count)) as ordinal from people
),

placed as (
    select
        *,
        'o' || number * 256 + ordinal as order_id,
        case
            when ordinal = 0 then least(left_at, days_on(joined_at, dice(number, 'first')))
            else between_moments(
                joined_at, left_at, (ordinal + dice(number * 256 + ordinal, 'when')) / order_count
            )
        end as ordered_at
    from numbered
),

priced as (
    select
        *,
        dice(order_id, 'status') as fate,
        money(heavy_tail(18, dice(order_id, 'price'), 0.4)) as gross_amount,
        case when dice(order_id, 'coupon') < 0.2 then 'SAVE10' end as coupon_code
    from placed
)

select
    order_id,
    case when dice(order_id, 'guest') >= 0.03 then customer_id end as customer_id,
    ordered_at,
    case
        when fate < 0.93 then 'completed' when fate < 0.96 then 'returned'
        when fate < 0.98 then 'cancelled' else 'pending'
    end as status,
    gross_amount,
    case when coupon_code is null then 0 else money(gross_amount * 0.1) end as discount_amount,
    money(gross_amount * 0.13) as tax_amount,
    money(case when gross_amount < 50 then 8 else 0 end) as shipping_amount,
    gross_amount - discount_amount as net_amount,
    currency_of(country) as currency,
    one_of(['web', 'web', 'app', 'store'], dice(order_id, 'channel')) as channel,
    case when dice(order_id, 'channel') >= 0.75 then 's' || number % 60 end as store_id,
    coupon_code,
    dice(order_id, 'trial') < 0.005 as is_trial,
    dice(order_id, 'test') < 0.001 as is_test,
    ordered_at as paid_at,
    ordered_at as updated_at
from priced;

-- one to three lines share the order's amount; the first takes the rest of the division
create view order_lines as
with

numbered as (
    select
        *,
        1 + cast(floor(3 * dice(order_id, 'lines')) as integer) as line_count,
        unnest(range(1, line_count + 1)) as line_number
    from orders
),

priced as (
    select
        *,
        money(floor(net_amount * 100 / line_count) / 100) as share_amount,
        case
            when line_number = 1 then net_amount - share_amount * (line_count - 1) else share_amount
        end as line_amount
    from numbered
)

select
    order_id,
    line_number,
    'p' || cast(floor(600 * power(dice(order_id, line_number), 2)) as integer) as product_id,
    1 + cast(floor(3 * dice(order_id, line_number + 10)) as integer) as quantity,
    line_amount as net_amount,
    money(line_amount * 0.6) as cost_amount
from priced;

-- most within weeks, some after more than a year; one in fifty names its customer alone
create view refunds as
select
    'r' || substr(order_id, 2) as refund_id,
    case when dice(order_id, 'no order') >= 0.02 then order_id end as order_id,
    customer_id,
    days_on(ordered_at, 1 + 600 * power(dice(order_id, 'refunded'), 4)) as refunded_at,
    case when dice(order_id, 'whole') < 0.5 then net_amount else money(net_amount * 0.4) end as amount,
    currency,
    one_of(['damaged', 'wrong size', 'late'], dice(order_id, 'reason')) as reason
from orders
where status in ('completed', 'returned') and dice(order_id, 'refund') < 0.05
    and refunded_at <= last_moment();

create view products as
select
    'p' || range as product_id,
    'Product ' || range as name,
    one_of(['garden', 'kitchen', 'office', 'sport', 'toys', 'travel'], dice(range, 'category')) as category,
    money(heavy_tail(10, dice(range, 'list'), 0.5)) as list_price,
    'CNY' as currency,
    true as is_active
from range(600);

-- an eighth subscribes, a third of those that end come back
create view subscriptions as
with

started as (
    select
        people.*,
        spells.spell,
        's' || number * 2 + spells.spell as subscription_id,
        days_on(joined_at, 1 + 60 * dice(number, 'begins') + 250 * spells.spell) as started_at,
        one_of(['month', 'month', 'month', 'quarter', 'year'], dice(number, 'billing')) as billing_period,
        days_on(started_at, 20 + 500 * dice(number, 'told' || spells.spell)) as told_at
    from people cross join (values (0), (1)) as spells (spell)
    where dice(number, 'subscribes') < 0.125
)

select
    subscription_id,
    customer_id,
    one_of(['basic', 'plus', 'pro'], dice(subscription_id, 'plan')) as plan,
    billing_period,
    money(
        (9 + 20 * floor(3 * dice(subscription_id, 'plan')))
        * case billing_period when 'month' then 1 when 'quarter' then 3 else 12 end
    ) as recurring_amount,
    currency_of(country) as currency,
    started_at,
    case when dice(subscription_id, 'trial') < 0.3 then days_on(started_at, 14) end as trial_ends_at,
    if_past(told_at) as cancelled_at,
    days_on(if_past(told_at), 30 * dice(subscription_id, 'ends')) as ends_at,
    case
        when if_past(told_at) is not null
            then one_of(['price', 'quality', 'moved'], dice(subscription_id, 'why'))
    end as cancel_reason,
    if_past(told_at) is not null and dice(subscription_id, 'failed') < 0.2 as is_involuntary,
    coalesce(if_past(told_at), started_at) as updated_at
from started
where started_at <= last_moment()
    and (spell = 0 or (dice(number, 'back') < 0.33 and dice(number, 'told0') < 0.3));

create view leads as
with

found as (
    select
        *,
        'l' || number as lead_id,
        days_on(joined_at, -20 * dice(number, 'before')) as met_at,
        dice(number, 'lead') < 0.06 as is_nobody
    from people
    where dice(number, 'lead') < 0.3
)

select
    lead_id,
    case when not is_nobody then customer_id end as customer_id,
    case when is_nobody then lead_id else customer_id end || '@example.com' as email,
    channel,
    case when is_nobody then 'contacted' else 'converted' end as status,
    met_at as created_at,
    days_on(met_at, 2 * dice(lead_id, 'contacted')) as first_contacted_at,
    case when not is_nobody then days_on(met_at, 2 + 3 * dice(lead_id, 'qualified')) end as qualified_at,
    case when not is_nobody then days_on(met_at, 20) end as converted_at,
    case when is_nobody then first_contacted_at else converted_at end as updated_at
from found
where days_on(met_at, 20) <= last_moment();

create view opportunities as
select
    'q' || number as opportunity_id,
    customer_id,
    'negotiation' as stage,
    money(heavy_tail(200, dice(number, 'deal'), 0.5)) as amount,
    currency_of(country) as currency,
    joined_at as created_at,
    if_past(days_on(joined_at, 5)) as quoted_at,
    if_past(days_on(joined_at, 10 + 60 * dice(number, 'closes'))) as closed_at,
    case when closed_at is not null then dice(number, 'won') < 0.4 end as is_won,
    coalesce(closed_at, joined_at) as updated_at
from people
where dice(number, 'opportunity') < 0.05;

-- eight or nine visits a customer of four or five events each, half of them signed in
create view web_events as
with

visits as (
    select *, unnest(range(cast(floor(17 * dice(number, 'visits')) as integer))) as visit from people
),

sessions as (
    select
        'w' || number * 32 + visit as session_id,
        'b' || number as anonymous_id,
        case when dice(number * 32 + visit, 'signed in') < 0.5 then customer_id end as customer_id,
        between_moments(days_on(joined_at, -5), left_at, dice(number * 32 + visit, 'when')) as begun_at,
        case when dice(number * 32 + visit, 'utm') < 0.4 then channel end as utm_source,
        one_of(['desktop', 'phone', 'phone', 'tablet'], dice(number * 32 + visit, 'device')) as device,
        country,
        cast(floor(8 * dice(number * 32 + visit, 'length')) as integer) as last_step
    from visits
),

events as (
    select
        *,
        unnest(range(1 + last_step)) as step,
        dice(session_id, step) as chance
    from sessions
)

select
    session_id || '-' || step as event_id,
    customer_id,
    anonymous_id,
    session_id,
    one_of(
        ['page_view', 'page_view', 'page_view', 'product_view', 'search', 'add_to_cart'], chance
    ) as event_name,
    begun_at + to_seconds(step * 90) as occurred_at,
    '/page/' || cast(floor(chance * 200000) as integer) % 200 as page,
    'p' || cast(floor(chance * 600000) as integer) % 600 as product_id,
    utm_source,
    case when utm_source is not null then 'cpc' end as utm_medium,
    device,
    country
from events
where begun_at + to_seconds(step * 90) <= last_moment();

-- what happens some times in a customer's life, at any moment of it
create macro happenings(letter, most) as table
with

numbered as (
    select *, unnest(range(cast(floor((most + 1) * dice(number, letter)) as integer))) as ordinal from people
)

select
    *,
    letter || number * 64 + ordinal as id,
    between_moments(joined_at, left_at, dice(number * 64 + ordinal, letter)) as happened_at
from numbered;

create view interactions as
select
    id as interaction_id,
    customer_id,
    one_of(['phone', 'email', 'chat', 'wechat', 'visit'], dice(id, 'channel')) as channel,
    one_of(['inbound', 'outbound'], dice(id, 'direction')) as direction,
    one_of(['sales', 'service', 'care', 'other'], dice(id, 'purpose')) as purpose,
    happened_at as occurred_at,
    'e' || number % 50 as owner_id,
    30 + cast(900 * dice(id, 'long') as integer) as duration_seconds
from happenings('i', 5);

create view tickets as
select
    id as ticket_id,
    customer_id,
    happened_at as opened_at,
    if_past(days_on(happened_at, dice(id, 'answer'))) as first_response_at,
    if_past(days_on(happened_at, 1 + 10 * dice(id, 'done'))) as resolved_at,
    0 as reopened_count,
    one_of(['delivery', 'billing', 'quality'], dice(id, 'category')) as category,
    one_of(['low', 'normal', 'high'], dice(id, 'priority')) as priority,
    dice(id, 'complaint') < 0.25 as is_complaint,
    'e' || number % 50 as owner_id,
    case when resolved_at is null then 'open' else 'closed' end as status,
    coalesce(resolved_at, first_response_at, happened_at) as updated_at
from happenings('t', 1);

-- one in twenty is anonymous, four in ten answer, and one answer in thirty is blank
create view survey_responses as
select
    id as response_id,
    case when dice(id, 'question') < 0.7 then 'relationship' else 'support' end as survey_id,
    case when dice(id, 'question') < 0.7 then 'nps' else 'csat' end as question_type,
    case when dice(id, 'anonymous') >= 0.05 then customer_id end as customer_id,
    happened_at as sent_at,
    case when dice(id, 'answers') < 0.4 then if_past(days_on(happened_at, 4 * dice(id, 'waits'))) end as responded_at,
    case
        when responded_at is null or dice(id, 'blank') < 0.03 then null
        when question_type = 'nps' then cast(floor(11 * sqrt(dice(id, 'score'))) as integer)
        else 1 + cast(floor(5 * sqrt(dice(id, 'score'))) as integer)
    end as score,
    case question_type when 'nps' then 0 else 1 end as scale_min,
    case question_type when 'nps' then 10 else 5 end as scale_max,
    one_of(['delivery', 'checkout', 'service'], dice(id, 'touchpoint')) as touchpoint
from happenings('a', 3);

create view campaigns as
select
    'k' || range as campaign_id,
    'Campaign ' || range as name,
    one_of(['search', 'social', 'partner'], dice(range, 'channel')) as channel,
    one_of(['acquire', 'convert', 'retain', 'winback'], dice(range, 'objective')) as objective,
    days_on(first_moment(), range * 24) as started_at,
    days_on(first_moment(), range * 24 + 30) as ended_at,
    money(10000) as budget_amount,
    'CNY' as currency
from range(44);

create view campaign_touches as
select
    id as touch_id,
    'k' || date_diff('day', first_moment(), happened_at) // 25 as campaign_id,
    customer_id,
    one_of(['assigned', 'sent', 'sent', 'delivered', 'opened', 'clicked'], dice(id, 'action')) as action,
    happened_at as touched_at,
    'email' as channel
from happenings('m', 12);

create view marketing_spend as
select
    cast(days_on(first_moment(), day) as date) as spend_date,
    channel,
    'k' || day // 25 as campaign_id,
    cost_type,
    'CNY' as currency,
    money(getvariable('customers') * (0.01 + 0.02 * dice(day, channel || cost_type))) as amount,
    cast(20000 * dice(day, channel) as integer) as impressions,
    cast(400 * dice(day, channel) as integer) as clicks
from range(1096) as days (day)
    cross join (values ('search'), ('social'), ('partner')) as channels (channel)
    cross join (values ('media'), ('agency')) as costs (cost_type);

-- a third are members: every order earns, some of the points are spent
create view loyalty_movements as
select
    kinds.kind || substr(order_id, 2) as movement_id,
    customer_id,
    case kinds.kind when 'e' then 'earn' else 'redeem' end as kind,
    case kinds.kind when 'e' then 1 else -1 end * cast(1 + floor(net_amount) as integer) as points,
    days_on(ordered_at, 0.01) as occurred_at,
    case kinds.kind when 'e' then cast(ordered_at as date) + 365 end as expires_on,
    order_id
from orders cross join (values ('e'), ('u')) as kinds (kind)
where dice(customer_id, 'member') < 0.33 and (kinds.kind = 'e' or dice(order_id, 'spends') < 0.3)
    and ordered_at < last_moment() - interval 1 hour;

create view employees as
select
    'e' || range as employee_id,
    'Employee ' || range as full_name,
    one_of(['sales', 'service'], dice(range, 'team')) as team,
    true as is_active
from range(50);

create view exchange_rates as
select
    cast(days_on(first_moment(), day - 2) as date) as rate_date,
    from_currency,
    'CNY' as to_currency,
    round(middle * (0.97 + 0.06 * dice(day, from_currency)), 6) as rate
from range(1160) as days (day)
    cross join (values ('EUR', 7.8), ('USD', 7.2)) as pairs (from_currency, middle)
where day % 7 < 5;

create view consents as
select
    id as consent_id,
    customer_id,
    'marketing' as purpose,
    'email' as channel,
    dice(id, 'granted') < 0.6 as is_granted,
    happened_at as recorded_at
from happenings('g', 1);
