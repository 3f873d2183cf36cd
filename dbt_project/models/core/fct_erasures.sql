with

erasure_requests as (
    select * from {{ ref('stg_erasure_requests') }}
    where {{ has_happened('requested_at') }}
),

identities as (
    select * from {{ ref('int_identities_resolved') }}
    where identity_type = 'customer'
),

resolved as (
    select
        {{ surrogate_key(['erasure_requests.source_system', 'erasure_requests.request_id']) }}
            as erasure_key,
        identities.customer_key,
        erasure_requests.source_system,
        erasure_requests.request_id,
        erasure_requests.customer_id,
        'requested' as status,
        erasure_requests.requested_on,
        erasure_requests.requested_at
    from erasure_requests
    left join identities
    on
        erasure_requests.source_system = identities.source_system
        and erasure_requests.customer_id = identities.source_customer_id
)

select * from resolved
