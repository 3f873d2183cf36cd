"""What the shop sells, at which prices, and what its currencies are worth."""

import numpy as np
import polars as pl

from orchestration.demo.draws import Floats, stream
from orchestration.demo.money import cents, decimals
from orchestration.demo.numbering import numbered
from orchestration.demo.period import Period
from orchestration.demo.vocabulary import MONEY_PER_UNIT, WORDS

# Yuan per unit of the currency and dollars per euro, on the first day.
OPENING_RATES = {("EUR", "CNY"): 7.85, ("USD", "CNY"): 7.2, ("EUR", "USD"): 1.09}


def products(seed: int) -> pl.DataFrame:
    """One row per product of the catalogue, cheapest first."""
    rng = stream(seed, "catalogue")
    rows = [
        (category, kind, f"{origin} {kind}", about["label"], about["unit_price"])
        for category, about in WORDS["catalogue"].items()
        for kind in about["kinds"]
        for origin in WORDS["origins"]
    ]
    frame = pl.DataFrame(rows, schema=["category", "subcategory", "name", "label", "price"], orient="row").with_columns(
        pl.col("price") * pl.Series(np.exp(rng.normal(0, 0.45, len(rows))))
    )
    price = frame.get_column("price").to_numpy() * MONEY_PER_UNIT["CNY"]
    return (
        frame.with_columns(
            decimals("list_price", cents(price)),
            decimals("unit_cost", cents(price * rng.uniform(0.35, 0.7, len(rows)))),
            name=pl.format("{} {}", "label", "name"),
            currency=pl.lit("CNY"),
            is_active=pl.Series(rng.random(len(rows)) < 0.93),
        )
        .sort("price", "name")
        .with_columns(numbered("product_id", "SKU-", 4))
    )


def unit_prices(catalogue: pl.DataFrame) -> Floats:
    """List prices in units of value, ascending."""
    yuan: Floats = catalogue.get_column("list_price").cast(pl.Float64).to_numpy()
    return yuan / MONEY_PER_UNIT["CNY"]


def exchange_rates(seed: int, period: Period) -> pl.DataFrame:
    """One row per day and pair of currencies: rates that wander by a few parts in a thousand a day."""
    rng = stream(seed, "exchange rates")
    days = period.days()
    frames = [
        pl.DataFrame({"rate_date": days}).with_columns(
            pl.lit(source).alias("from_currency"),
            pl.lit(target).alias("to_currency"),
            decimals(
                "rate",
                np.rint(opening * np.exp(np.cumsum(rng.normal(0, 0.0025, len(days)))) * 1e6),
                places=6,
            ),
        )
        for (source, target), opening in OPENING_RATES.items()
    ]
    return pl.concat(frames).sort("rate_date", "from_currency", "to_currency")
