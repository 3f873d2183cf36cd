{{ config(
    materialized='repaired',
    repair_key=['source_system', 'coalesce(session_id, visitor_id)'],
    day='started_on',
    touched="
        select source_system, coalesce(session_id, anonymous_id, customer_id, event_id)
        from {{ changes('stg_web_events') }}
        union all
        select source_system, coalesce(session_id, anonymous_id, customer_id, event_id)
        from {{ ref('stg_web_events') }}
        where {{ ripened('occurred_on') }}
        union all
        {{ of_changed_identities('stg_web_events', 'coalesce(session_id, anonymous_id, customer_id, event_id)') }}
    ",
) }}

with

-- events of one instant follow each other by their ids
web_events as (
    select
        *,
        cast(occurred_at as {{ dbt.type_string() }}) || ' ' || event_id as turn
    from {{ ref('stg_web_events') }}
    where
        {{ has_happened('occurred_at') }}
        and {{ only_touched([
            'source_system', 'coalesce(session_id, anonymous_id, customer_id, event_id)'
        ]) }}
),

identities as (
    select * from {{ ref('int_identities_resolved') }}
    where identity_type = 'customer'
),

-- without a session id a visitor is the browser, else the customer, else this one event
visitor_events as (
    select
        *,
        coalesce(anonymous_id, customer_id, event_id) as visitor_id
    from web_events
    where session_id is null
),

visits as (
    select
        *,
        case
            when
                occurred_at <= lag(occurred_at) over (
                    partition by source_system, visitor_id
                    order by occurred_at asc, event_id asc
                ) + interval '{{ var("session_gap_minutes") }}' minute
                then 0
            else 1
        end as begins_visit
    from visitor_events
),

visit_events as (
    select
        *,
        sum(begins_visit) over (
            partition by source_system, visitor_id
            order by occurred_at asc, event_id asc
            rows between unbounded preceding and current row
        ) as visit_number
    from visits
),

-- a session id may be shared: who signed in is never taken for another, and what a browser did
-- before or after signing in belongs to who signed in there last
signed_in as (
    select
        source_system,
        session_id,
        anonymous_id,
        max_by(customer_id, turn) as customer_id
    from web_events
    where session_id is not null and customer_id is not null
    group by source_system, session_id, anonymous_id
),

session_events as (
    select
        web_events.*,
        coalesce(
            web_events.customer_id,
            signed_in.customer_id,
            web_events.anonymous_id,
            web_events.session_id
        ) as visitor_id
    from web_events
    left join signed_in
    on
        web_events.source_system = signed_in.source_system
        and web_events.session_id = signed_in.session_id
        and web_events.anonymous_id is not distinct from signed_in.anonymous_id
    where web_events.session_id is not null
),

placed as (
    select
        source_system,
        session_id,
        visitor_id,
        cast(null as bigint) as visit_number,
        event_id,
        anonymous_id,
        customer_id,
        utm_source,
        utm_medium,
        utm_campaign,
        page,
        device,
        country,
        occurred_on,
        occurred_at,
        turn
    from session_events
    union all
    select
        source_system,
        session_id,
        visitor_id,
        cast(visit_number as bigint) as visit_number,
        event_id,
        anonymous_id,
        customer_id,
        utm_source,
        utm_medium,
        utm_campaign,
        page,
        device,
        country,
        occurred_on,
        occurred_at,
        turn
    from visit_events
),

-- a session has the marks of its first marked event, and is theirs who signed in last
sessions as (
    select
        source_system,
        session_id,
        visitor_id,
        visit_number,
        max(anonymous_id) as anonymous_id,
        max_by(customer_id, turn) filter (where customer_id is not null)
            as customer_id,
        min_by(coalesce(utm_source, ''), turn) filter (
            where coalesce(utm_source, utm_medium, utm_campaign) is not null
        ) as utm_source,
        min_by(coalesce(utm_medium, ''), turn) filter (
            where coalesce(utm_source, utm_medium, utm_campaign) is not null
        ) as utm_medium,
        min_by(coalesce(utm_campaign, ''), turn) filter (
            where coalesce(utm_source, utm_medium, utm_campaign) is not null
        ) as utm_campaign,
        min_by(page, turn) filter (where page is not null) as landing_page,
        max(device) as device,
        max(country) as country,
        count(*) as event_count,
        min(occurred_on) as started_on,
        min(occurred_at) as started_at,
        max(occurred_at) as ended_at
    from placed
    group by source_system, session_id, visitor_id, visit_number
),

resolved as (
    select
        {{ surrogate_key([
            'sessions.source_system', 'sessions.session_id', 'sessions.visitor_id', 'sessions.visit_number'
        ]) }}
            as session_key,
        identities.customer_key,
        sessions.source_system,
        sessions.session_id,
        sessions.visitor_id,
        sessions.anonymous_id,
        sessions.customer_id,
        nullif(sessions.utm_source, '') as utm_source,
        nullif(sessions.utm_medium, '') as utm_medium,
        nullif(sessions.utm_campaign, '') as utm_campaign,
        sessions.landing_page,
        sessions.device,
        sessions.country,
        sessions.event_count,
        sessions.started_on,
        {{ local_date('sessions.ended_at') }} as ended_on,
        sessions.started_at,
        sessions.ended_at
    from sessions
    left join identities
    on
        sessions.source_system = identities.source_system
        and sessions.customer_id = identities.source_customer_id
)

select * from resolved
