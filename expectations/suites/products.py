"""What we demand of every product, whatever its source."""

from expectations.demands import not_negative, suite

products = suite(
    "products",
    not_negative("list_price", "unit_cost"),
)
