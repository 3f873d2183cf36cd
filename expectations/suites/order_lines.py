"""What we demand of every order line, whatever its source."""

from expectations.demands import non_zero, not_negative, positive, suite

order_lines = suite(
    "order_lines",
    positive("line_number"),
    not_negative("quantity", "unit_price", "net_amount", "cost_amount"),
    # goods given away with a coupon come as a line of nothing
    non_zero("quantity", severity="warning"),
)
