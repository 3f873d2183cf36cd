"""The numbers that a system gives its records."""

import polars as pl


def numbered(column: str, prefix: str, digits: int) -> pl.Expr:
    """A column that counts the rows from 1, as in `S00000001`."""
    number = pl.int_range(1, pl.len() + 1).cast(pl.String).str.zfill(digits)
    return pl.format(prefix + "{}", number).alias(column)
