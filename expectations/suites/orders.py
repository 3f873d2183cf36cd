"""What we demand of every order, whatever its source."""

from expectations.demands import in_order, not_in_future, not_negative, suite

orders = suite(
    "orders",
    not_negative("gross_amount", "discount_amount", "tax_amount", "shipping_amount", "net_amount", "cost_amount"),
    not_in_future("ordered_at", "paid_at", "updated_at"),
    in_order("ordered_at", "updated_at", severity="warning"),
)
