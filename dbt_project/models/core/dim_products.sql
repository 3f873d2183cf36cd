with

products as (
    select * from {{ ref('stg_products') }}
),

rates as (
    select * from {{ ref('int_exchange_rates') }}
    where rate_on = {{ as_of_date() }}
),

converted as (
    select
        {{ surrogate_key(['products.source_system', 'products.product_id']) }} as product_key,
        products.source_system,
        products.product_id,
        products.name,
        products.category,
        products.subcategory,
        products.currency,
        {{ at_rate(
            'products.list_price', rate_or_one('products.currency', 'rates.exchange_rate')
        ) }}
            as list_price,
        {{ at_rate('products.unit_cost', rate_or_one('products.currency', 'rates.exchange_rate')) }}
            as unit_cost,
        products.list_price as list_price_original,
        products.unit_cost as unit_cost_original,
        coalesce(products.is_active, true) as is_active
    from products
    left join rates on products.currency = rates.currency
)

select * from converted
