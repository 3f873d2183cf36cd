-- One more day: a hundredth of every event happens again to the same customers, under new keys, on the day after.
-- One in twenty of it is late, by up to 150 days; some orders are corrected, some old ones refunded, some
-- subscriptions cancelled; a tenth of the new orders are by new customers. One view `day_<table>` per table
-- that brings anything, over the views of history.sql. Variable: day.

create macro is_drawn(thing, share) as dice(thing, 'day ' || getvariable('day')) < share;
create macro new_id(id) as id || '-' || getvariable('day');
create macro is_new_buyer(order_id) as dice(order_id, 'new buyer') < 0.1;
create macro on_the_day(moment) as
    cast(last_moment() as date) + to_days(getvariable('day')) + (moment - date_trunc('day', moment)) * 0.6;
create macro on_the_day_or_late(thing, moment) as
    on_the_day(moment)
    - case
        when dice(thing, 'late') < 0.05 then to_days(cast(1 + 149 * dice(thing, 'how late') as integer))
        else to_days(0)
    end;

create view day_orders as
select * replace (
    new_id(order_id) as order_id,
    case
        when customer_id is null then null
        when is_new_buyer(order_id) then 'n' || new_id(order_id)
        else customer_id
    end as customer_id,
    on_the_day_or_late(order_id, ordered_at) as ordered_at,
    on_the_day_or_late(order_id, ordered_at) as paid_at,
    on_the_day(ordered_at) as updated_at
)
from orders
where is_drawn(order_id, 0.01)
union all
select * replace (
    case when dice(order_id, 'taken back') < 0.5 then 'cancelled' else status end as status,
    gross_amount + 1 as gross_amount,
    net_amount + 1 as net_amount,
    on_the_day(ordered_at) as updated_at
)
from orders
where is_drawn(order_id || 'corrected', 0.0003);

create view day_order_lines as
select * replace (new_id(order_id) as order_id)
from order_lines
where is_drawn(order_id, 0.01);

create view day_customers as
select customers.* replace (
    'n' || new_id(orders.order_id) as customer_id,
    'n' || new_id(orders.order_id) || '@example.com' as email,
    null as phone,
    null as merged_into_id,
    on_the_day(orders.ordered_at) as created_at,
    on_the_day(orders.ordered_at) as updated_at
)
from customers
inner join orders on customers.customer_id = orders.customer_id
where is_drawn(orders.order_id, 0.01) and is_new_buyer(orders.order_id)
    and customers.updated_at = customers.created_at
union all
select * replace ('platinum' as loyalty_tier, on_the_day(created_at) as updated_at)
from customers
where is_drawn(customer_id, 0.002) and updated_at = created_at;

create view day_refunds as
select
    'r' || new_id(order_id) as refund_id,
    order_id,
    customer_id,
    on_the_day(ordered_at) as refunded_at,
    money(net_amount * 0.5) as amount,
    currency,
    'late' as reason
from orders
where status in ('completed', 'returned') and net_amount > 1 and is_drawn(order_id || 'refunded', 0.0005);

create view day_subscriptions as
select * replace (
    new_id(subscription_id) as subscription_id,
    on_the_day_or_late(subscription_id, started_at) as started_at,
    null as trial_ends_at,
    null as cancelled_at,
    null as ends_at,
    null as cancel_reason,
    false as is_involuntary,
    on_the_day(started_at) as updated_at
)
from subscriptions
where is_drawn(subscription_id, 0.01)
union all
select * replace (
    on_the_day(started_at) as cancelled_at,
    on_the_day(started_at) + to_days(10) as ends_at,
    'price' as cancel_reason,
    on_the_day(started_at) as updated_at
)
from subscriptions
where cancelled_at is null and is_drawn(subscription_id || 'cancelled', 0.005);

create view day_leads as
select * replace (
    new_id(lead_id) as lead_id,
    null as customer_id,
    new_id(lead_id) || '@example.com' as email,
    'new' as status,
    on_the_day_or_late(lead_id, created_at) as created_at,
    null as first_contacted_at,
    null as qualified_at,
    null as converted_at,
    on_the_day(created_at) as updated_at
)
from leads
where is_drawn(lead_id, 0.01);

create view day_opportunities as
select * replace (
    new_id(opportunity_id) as opportunity_id,
    on_the_day_or_late(opportunity_id, created_at) as created_at,
    null as quoted_at,
    null as closed_at,
    null as is_won,
    on_the_day(created_at) as updated_at
)
from opportunities
where is_drawn(opportunity_id, 0.01);

create view day_web_events as
select * replace (
    new_id(event_id) as event_id,
    new_id(session_id) as session_id,
    on_the_day_or_late(session_id, occurred_at) as occurred_at
)
from web_events
where is_drawn(session_id, 0.01);

create view day_interactions as
select * replace (
    new_id(interaction_id) as interaction_id,
    on_the_day_or_late(interaction_id, occurred_at) as occurred_at
)
from interactions
where is_drawn(interaction_id, 0.01);

create view day_tickets as
select * replace (
    new_id(ticket_id) as ticket_id,
    on_the_day_or_late(ticket_id, opened_at) as opened_at,
    null as first_response_at,
    null as resolved_at,
    'open' as status,
    on_the_day(opened_at) as updated_at
)
from tickets
where is_drawn(ticket_id, 0.01);

create view day_survey_responses as
select * replace (
    new_id(response_id) as response_id,
    on_the_day_or_late(response_id, sent_at) as sent_at,
    case when responded_at is not null then on_the_day(sent_at) + to_hours(1) end as responded_at
)
from survey_responses
where is_drawn(response_id, 0.01);

create view day_campaign_touches as
select * replace (
    new_id(touch_id) as touch_id,
    'k43' as campaign_id,
    on_the_day_or_late(touch_id, touched_at) as touched_at
)
from campaign_touches
where is_drawn(touch_id, 0.01);

create view day_marketing_spend as
select * replace (
    spend_date + getvariable('day')::integer as spend_date,
    null as campaign_id
)
from marketing_spend
where spend_date = cast(last_moment() as date);

create view day_loyalty_movements as
select * replace (
    new_id(movement_id) as movement_id,
    on_the_day_or_late(movement_id, occurred_at) as occurred_at,
    null as order_id
)
from loyalty_movements
where is_drawn(movement_id, 0.01);

create view day_consents as
select * replace (
    new_id(consent_id) as consent_id,
    on_the_day_or_late(consent_id, recorded_at) as recorded_at
)
from consents
where is_drawn(consent_id, 0.01);
