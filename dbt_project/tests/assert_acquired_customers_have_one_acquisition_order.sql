-- one order acquires a customer, and none a guest
select customer_key
from {{ ref('fct_orders') }}
where is_acquisition
group by customer_key
having count(*) > 1 or max(case when is_guest then 1 else 0 end) = 1
