"""Fitting and scoring simulated buyers: processor seconds and memory, beside the package lifetimes where it is at hand.

`python -m venv DIR && DIR/bin/pip install lifetimes "setuptools<81"` makes the place that --lifetimes names.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from orchestration import valuing
from orchestration.engine import dbt
from orchestration.engine.duckdb import connected, working_file
from orchestration.engine.value_tables import CELLS, register_value
from orchestration.settings import default_parameters

AS_OF, SPAN = date(2026, 6, 30), 730
TRUTH = {"r": 0.55, "alpha": 60.0, "a": 0.8, "b": 2.5}
SCORES = ("int_value_class_lines", "int_customer_expectations", "fct_customer_value")

# What the models of value read, as the models before them would have left it.
READ = f"""
    create schema core; create schema measures; create schema marts;
    create table measures.int_ledger_days as
        select customer::varchar as customer_key, date '{AS_OF}' - ({SPAN} - day)::integer as entered_on,
            1 as purchase_count, value::decimal(28, 8) as purchase_value_amount
        from ordered;
    create table measures.int_order_days as
        select customer_key, entered_on as ordered_on, purchase_count as order_count from measures.int_ledger_days;
    create table core.dim_customers as
        select distinct customer_key, false as is_test, false as is_guest, false as is_erased,
            'channel ' || customer_key::bigint % {{channels}} as acquisition_channel, 'unknown' as acquisition_country
        from measures.int_ledger_days;
    create table measures.int_customer_values as
        select customer_key, false as is_guest, false as is_erased, false as is_deleted,
            'channel ' || customer_key::bigint % {{channels}} as acquisition_channel, 'unknown' as acquisition_country,
            min(entered_on) as first_ordered_on, max(entered_on) as last_ordered_on, count(*) - 1 as frequency,
            (sum(purchase_value_amount) - min_by(purchase_value_amount, entered_on))::double
                / nullif(count(*) - 1, 0) as mean_repeat_value,
            'revenue' as value_basis, sum(purchase_value_amount) as revenue_amount, 0::decimal(28, 8) as refund_amount,
            sum(purchase_value_amount) as net_amount, null::decimal(28, 8) as margin_amount, count(*) as order_count
        from measures.int_ledger_days group by customer_key;
    create table measures.int_paid_services
        (subscription_key varchar, customer_key varchar, billing_period_months integer, paid_from_on date,
        service_until date);
    create table measures.int_contract_spells
        (customer_key varchar, spell_number bigint, served_from date, served_until date, lost_on date);
"""
LIFETIMES = """
import json, sys, time
import numpy as np
from lifetimes import ModifiedBetaGeoFitter
x, recency, age = np.load(sys.argv[1])
started = time.process_time()
fitter = ModifiedBetaGeoFitter().fit(x, recency, age)
print(json.dumps({"fit": time.process_time() - started, **fitter.params_.to_dict()}))
"""


def main() -> None:
    """Simulate, measure in a process of its own, and say what came of it."""
    options = _options()
    if options.lay:
        lay(options.customers, Path(options.lay), channels=options.channels)
        return
    if options.measure:
        print(json.dumps(measured(Path(options.measure))))
        return
    with tempfile.TemporaryDirectory() as folder:
        # The first of all pays for what Python and dbt compile once.
        for name in ("first", "tiny"):
            tiny = _in_processes(1_000, Path(folder) / name, channels=options.channels)
        found = _in_processes(options.customers, Path(folder) / "whole", channels=options.channels)
        told = {f"{name} (CPU s)": round(found[name] - tiny[name], 2) for name in ("cells", "fit", "score")}
        told["together (CPU s)"] = round(sum(told.values()), 2)
        told["peak (MB)"] = found["peak_mb"]
        told["parameters"] = found["parameters"]
        if options.lifetimes:
            peer = _lifetimes(options.lifetimes, Path(folder) / "whole" / "histories.npy")
            told |= {
                "lifetimes fit (CPU s)": round(peer["fit"], 2),
                "own fit alone (CPU s)": round(found["one_fit"], 2),
            }
            told["lifetimes per own"] = round(peer["fit"] / found["one_fit"], 1)
            told["lifetimes parameters"] = {name: peer.get(name) for name in TRUTH}
    for name, value in told.items():
        print(f"{name:28} {value}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--channels", type=int, default=1, help="acquisition channels, whose buyers are alike")
    parser.add_argument("--lifetimes", help="a Python that has the package lifetimes")
    parser.add_argument("--lay", help=argparse.SUPPRESS)
    parser.add_argument("--measure", help=argparse.SUPPRESS)
    return parser.parse_args()


def _in_processes(customers: int, folder: Path, *, channels: int) -> Mapping[str, Any]:
    """Simulate in one process and measure in the next, whose memory is that of fitting and scoring alone."""
    folder.mkdir()
    laid = [sys.executable, "-m", "benchmarks.value", "--customers", str(customers), "--channels", str(channels)]
    subprocess.run([*laid, "--lay", str(folder)], check=True)
    command = [sys.executable, "-m", "benchmarks.value", "--measure", str(folder)]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    result: Mapping[str, Any] = json.loads(said.splitlines()[-1])
    return result


def _lifetimes(python: str, histories: Path) -> Mapping[str, Any]:
    said = subprocess.run(
        [python, "-W", "ignore", "-c", LIFETIMES, histories], check=True, capture_output=True, text=True
    )
    result: Mapping[str, Any] = json.loads(said.stdout.splitlines()[-1])
    return result


def simulated(number: int, seed: int = 1) -> pa.Table:
    """Order days of buyers who order and drop out as the truth says, with values."""
    draw = np.random.default_rng(seed)
    rate, leave = draw.gamma(TRUTH["r"], 1 / TRUTH["alpha"], number), draw.beta(TRUTH["a"], TRUTH["b"], number)
    day, last = draw.integers(0, SPAN + 1, number).astype(np.float64), np.full(number, -1.0)
    active, customers, days = np.arange(number), [], []
    while len(active):
        new = active[np.floor(day[active]) > last[active]]
        last[new] = np.floor(day[new])
        customers.append(new)
        days.append(last[new].astype(np.int32))
        active = active[draw.random(len(active)) >= leave[active]]
        day[active] += draw.exponential(1 / rate[active])
        active = active[day[active] <= SPAN]
    ordered = np.concatenate(customers)
    scale = draw.gamma(4, 5, number)
    values = np.round(1 + draw.gamma(6, scale[ordered] / 6), 2)
    return pa.table({"customer": ordered, "day": np.concatenate(days), "value": values})


def measured(home: Path) -> Mapping[str, Any]:
    """Processor seconds of counting, fitting and scoring the buyers that were laid, and the most memory, in MB."""
    cost: dict[str, Any] = {"cells": _processor_seconds(lambda: _build(home, CELLS))}
    known: list[valuing.Counted] = []
    found: list[valuing.Valued] = []

    def fit() -> None:
        with connected(working_file(home)) as connection:
            known.append(valuing.counted(connection))
            found.append(valuing.valued(known[0], None))
            register_value(connection, valuing.tables_of(found[0], known[0]))

    cost["fit"] = _processor_seconds(fit)
    cost["score"] = _processor_seconds(lambda: _build(home, SCORES))
    cost["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    present = known[0].present
    if present is not None and found[0].used:
        cells = present.cells
        cost["one_fit"] = _processor_seconds(lambda: valuing.buying.fit(cells))
        cost["parameters"] = {name: round(value, 4) for name, value in found[0].used[0].parameters.items()}
    return cost


def _processor_seconds(work: Callable[[], None]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started


def lay(customers: int, home: Path, *, channels: int) -> None:
    """What the models of value read of so many simulated buyers, in a file of its own."""
    ordered = simulated(customers)
    with connected(working_file(home)) as connection:
        connection.register("ordered", ordered)
        connection.execute(READ.format(channels=channels))
        connection.unregister("ordered")
        rows = [(name, str(value)) for name, value in default_parameters().items()]
        connection.execute("create table core.dim_parameters (name varchar, value varchar)")
        connection.executemany("insert into core.dim_parameters values (?, ?)", rows)
        register_value(connection, {})
        np.save(home / "histories.npy", _histories(connection))


def _histories(connection: duckdb.DuckDBPyConnection) -> np.ndarray:
    query = (
        "select frequency::double as x, (last_ordered_on - first_ordered_on)::double as recency, "
        f"(date '{AS_OF}' - first_ordered_on)::double as age from measures.int_customer_values"
    )
    return np.stack(list(connection.execute(query).fetchnumpy().values()))


def _build(home: Path, models: tuple[str, ...]) -> None:
    variables = {
        **default_parameters(),
        "warehouse_path": str(working_file(home)),
        "as_of_date": AS_OF.isoformat(),
        "memory_limit": "3GB",
        "former_as_of_date": AS_OF.isoformat(),
    }
    built = dbt.build(home, variables, on_end=lambda _: None, select=models, without=("unit_test", "test"))
    if not built.succeeded:
        raise SystemExit(str(built.ended))


if __name__ == "__main__":
    main()
