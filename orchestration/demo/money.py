"""Amounts: counted in cents, written as decimals."""

import numpy as np
import polars as pl

from orchestration.demo.draws import Floats, Integers


def cents(amount: Floats) -> Integers:
    """The nearest whole cents of amounts in major units."""
    return np.rint(amount * 100).astype(np.int64)


def decimals(name: str, counted: Integers | Floats, *, places: int = 2) -> pl.Series:
    """Whole cents (or smaller parts, by their places) as decimals; nothing where there is none."""
    whole = pl.Series(name, counted, nan_to_null=True).cast(pl.Int64)
    exact = pl.DataFrame({name: whole}).select(
        (pl.col(name).cast(pl.Decimal(38, places)) / 10**places).cast(pl.Decimal(18, places)),
    )
    return exact.get_column(name)
