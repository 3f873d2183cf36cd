"""The documented examples: run once on real data, read back, and laid beside their reference figures."""

import csv
import gzip
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.settings import PROJECT_ROOT

DATA = PROJECT_ROOT.parent / "shared" / "data"
EXAMPLES = PROJECT_ROOT / "docs" / "examples"
LIFECYCLE = Path(sys.executable).with_name("lifecycle")

# The reference rounds means to six digits, the warehouse publishes money with two.
HALF_A_CENT = 0.005 + 1e-6


@dataclass(frozen=True)
class Example:
    """An example that has run: its exit code, what it said, what it published and what is expected."""

    exit_code: int
    said: str
    database: Path
    data: Path

    def rows(self, query: str) -> list[tuple]:
        with duckdb.connect(str(self.database), read_only=True) as connection:
            return connection.execute(query).fetchall()

    @property
    def reference(self) -> Mapping[str, Any]:
        return json.loads((self.data / "reference.json").read_text(encoding="utf-8"))

    def reference_customers(self) -> Iterator[Mapping[str, str]]:
        (file,) = self.data.glob("reference_rfm*.csv.gz")
        with gzip.open(file, "rt", encoding="utf-8", newline="") as lines:
            yield from csv.DictReader(lines)


def run_example(name: str, folder: Path) -> Example:
    """Run a copy of the example, whose home is relative to it, within `folder`; skipped without its data."""
    if not (DATA / name).is_dir():
        pytest.skip(f"the real data is not at {DATA / name}")
    copy = folder / "docs" / "examples" / f"{name}.yml"
    copy.parent.mkdir(parents=True)
    shutil.copy(EXAMPLES / copy.name, copy)
    ran = subprocess.run(
        [LIFECYCLE, "run", "--config", copy],
        cwd=folder,
        env={**os.environ, "DATA": str(DATA)},
        capture_output=True,
        text=True,
        check=False,
    )
    database = folder / "var" / name / "published" / "warehouse.duckdb"
    return Example(ran.returncode, ran.stdout + ran.stderr, database, DATA / name)


def balances(example: Example) -> Mapping[str, tuple]:
    """Rows read, valid, quarantined and duplicate of each table."""
    found = example.rows(
        "select table_name, rows_read, rows_valid, rows_quarantined, rows_duplicate from quality.fct_row_balances"
    )
    return {table: tuple(counts) for table, *counts in found}


def months(example: Example) -> Mapping[str, tuple]:
    """Orders, customers and revenue before refunds of each month, guests aside."""
    found = example.rows(
        "select strftime(period_start, '%Y-%m'), sum(order_count)::int, sum(active_count)::int, "
        "sum(gross_amount)::double from marts.fct_cohort_retention "
        "where cohort_grain = 'month' and segment_type = 'all' group by period_start"
    )
    return {month: tuple(figures) for month, *figures in found}


def reference_months(example: Example) -> Mapping[str, tuple]:
    listed = example.reference["monthly"]
    return {of["month"]: (of["orders"], of["customers"], of["revenue"]) for of in listed}


def cohorts(example: Example) -> Mapping[str, tuple]:
    """Size of each monthly cohort, and how many of it were active in which share, month by month."""
    found = example.rows(
        "select strftime(cohort_start, '%Y-%m'), max(cohort_size), "
        "list(active_count order by period_number), "
        "list(round(retention_ratio, 6) order by period_number) from marts.fct_cohort_retention "
        "where cohort_grain = 'month' and segment_type = 'all' group by cohort_start"
    )
    return {cohort: tuple(figures) for cohort, *figures in found}


def reference_cohorts(example: Example) -> Mapping[str, tuple]:
    listed = example.reference["cohort_retention"]
    return {of["cohort"]: (of["size"], of["active"], of["retention"]) for of in listed}


def churn(example: Example) -> Mapping[str, tuple]:
    """Who became, came back, was lost and was left in each month."""
    found = example.rows(
        "select strftime(period_start, '%Y-%m'), new_count, reactivated_count, "
        "lost_count + new_and_lost_count, active_end_count from marts.fct_churn_periods "
        "where (basis, churn_model, period_grain, segment_type) = ('logo', 'lapse', 'month', 'all')"
    )
    return {month: tuple(figures) for month, *figures in found}


def reference_churn(example: Example) -> Mapping[str, tuple]:
    """The same with a window of 90 days that ends on the day itself, as `lapse_days: 90` has it."""
    listed = example.reference["activity_W90"]
    return {of["month"]: (of["new"], of["reactivated"], of["churned"], of["alive_end"]) for of in listed}


def buyers(example: Example) -> Mapping[str, tuple]:
    """Orders, repeat days, days from first to last order day and to the as-of date of each buyer."""
    found = example.rows(f"select source_customer_id, order_count, frequency, recency_days, age_days {_OF_BUYERS}")
    return {customer: tuple(figures) for customer, *figures in found}


def reference_buyers(example: Example) -> Mapping[str, tuple]:
    names = ("n_orders", "frequency", "recency", "T")
    return {of["customer_id"]: tuple(int(of[name]) for name in names) for of in example.reference_customers()}


def scored_buyers(example: Example) -> Mapping[str, tuple]:
    """Days since the last order and orders in the window of each buyer, as RFM scores them at the end."""
    found = example.rows(
        "select source_customer_id, recency_days, frequency_count from marts.fct_rfm_scores "
        "inner join core.bridge_customer_identities using (customer_key) "
        "where valid_to is null and as_of_date = (select max(as_of_date) from marts.fct_rfm_scores)"
    )
    return {customer: tuple(figures) for customer, *figures in found}


def reference_scored_buyers(example: Example) -> Mapping[str, tuple]:
    """The same with a window over all orders: from the first to the end, less from the first to the last."""
    return {
        of["customer_id"]: (int(of["T"]) - int(of["recency"]), int(of["n_orders"]))
        for of in example.reference_customers()
    }


def wrong_amounts(example: Example) -> Mapping[str, tuple]:
    """The buyers whose revenue or mean of repeat days is not the reference's, with both pairs."""
    found = example.rows(
        f"select source_customer_id, historical_revenue_amount::double, monetary_amount::double {_OF_BUYERS}"
    )
    published = {customer: tuple(amounts) for customer, *amounts in found}
    expected = {
        of["customer_id"]: (
            float(of["revenue"]),
            float(of["monetary_value"]) if int(of["frequency"]) else None,
        )
        for of in example.reference_customers()
    }
    return {
        customer: (published.get(customer), amounts)
        for customer, amounts in expected.items()
        if customer not in published or not all(map(_is_same_amount, published[customer], amounts))
    }


def _is_same_amount(published: float | None, expected: float | None) -> bool:
    if published is None or expected is None:
        return published is expected
    return abs(published - expected) <= HALF_A_CENT


_OF_BUYERS = (
    "from marts.fct_customer_value "
    "inner join core.bridge_customer_identities using (customer_key) "
    "where valid_to is null and order_count > 0"
)
