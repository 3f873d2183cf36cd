"""What we demand of every exchange rate, whatever its source."""

from expectations.demands import different, positive, suite

exchange_rates = suite(
    "exchange_rates",
    positive("rate"),
    different("from_currency", "to_currency"),
)
