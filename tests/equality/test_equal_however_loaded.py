"""However the rows come, the warehouse is the same: repaired load by load, or built at one go.

Worlds of customers with drawn histories are cut into loads that come in time or late, once or again. After each
load the models are repaired, with another as-of day; in the end every table, of every layer, must be what a build
from nothing makes of the same loads; and what is published must be what it makes of all rows in one load.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import pytest
from deliveries import Cut, delivered
from differences import OF_LOADS, PUBLISHED, STAMPS, Difference, difference, tables_of
from histories import LAST_DAY, LIKELY, Row, tell
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from statements import SCHEMAS, Statements, learnt

from orchestration.engine.duckdb import register, register_arrived
from orchestration.lake import JudgedLoad, Lake

pytestmark = pytest.mark.slow

# Short spans, so that histories cross every threshold often.
PARAMETERS = {
    "lapse_days": 60,
    "at_risk_days": 30,
    "loyal_order_count": 2,
    "loyal_tenure_days": 30,
    "loyal_gap_days": 30,
    "reactivated_days": 30,
    "stage_conversion_days": 40,
    "value_trend_days": 45,
    "silent_days": 50,
    "contract_grace_days": 10,
    "rfm_window_days": 150,
    "nps_window_days": 60,
    "minimum_reportable_count": 2,
    "value_horizon_days": 60,
    "signal_recent_days": 15,
    "signal_baseline_days": 30,
    "signal_baseline_count": 2,
    "signal_complaint_open_days": 5,
    "signal_contract_ending_days": 40,
    "signal_outcome_days": 45,
}
CUSTOMER_COUNT = 80
EXAMPLES = int(os.environ.get("LIFECYCLE_WORLDS", "6"))
IS_THOROUGH = "LIFECYCLE_WORLDS" in os.environ

# A table, and a row of it.
Named = tuple[str, Mapping[str, object]]
chapters = st.tuples(st.sampled_from(LIKELY), st.integers(0, 2**16))
worlds = st.builds(
    lambda **drawn: World(**drawn),
    histories=st.lists(st.lists(chapters, max_size=6), min_size=CUSTOMER_COUNT, max_size=CUSTOMER_COUNT),
    shared=st.integers(0, 2**16),
    chance=st.integers(0, 2**16),
    steps=st.lists(st.sampled_from([0, 1, 10, 30, 31, 60, 120]), min_size=1, max_size=4),
    late_share=st.sampled_from([0.0, 0.2, 1.0]),
    repeated_share=st.sampled_from([0.0, 0.1, 1.0]),
    rewrites_undated=st.booleans(),
)


@dataclass(frozen=True)
class World:
    """Histories, and how their rows are cut into loads."""

    histories: Sequence[Sequence[tuple[str, int]]]
    shared: int
    chance: int
    steps: Sequence[int]
    late_share: float
    repeated_share: float
    rewrites_undated: bool

    @property
    def days(self) -> Sequence[date]:
        """The as-of day of each run; the last one comes well before the end of what is told."""
        ends = LAST_DAY - timedelta(days=20)
        return [ends - timedelta(days=sum(self.steps[number:])) for number in range(len(self.steps) + 1)]

    @property
    def loaded_on(self) -> Sequence[date]:
        """When the loads come: on one day if other loads are to be equal, since who is never dated is known from it."""
        return self.days if self.rewrites_undated else [self.days[-1]] * len(self.days)


@pytest.fixture(scope="module")
def statements(tmp_path_factory: pytest.TempPathFactory) -> Statements:
    return learnt(tmp_path_factory.mktemp("statements"), PARAMETERS)


@settings(
    max_examples=EXAMPLES,
    derandomize=not IS_THOROUGH,
    database=None,
    deadline=None,
    phases=[Phase.explicit, Phase.generate, *([Phase.shrink] if IS_THOROUGH else [])],
    suppress_health_check=list(HealthCheck),
    print_blob=True,
)
@given(world=worlds)
def test_repaired_load_by_load_or_built_at_one_go_the_warehouse_is_the_same(
    statements: Statements, world: World
) -> None:
    with TemporaryDirectory() as folder:
        found = differences(statements, world, Path(folder))
    assert not found, "\n".join(map(str, found))


ORDER = {"status": "completed", "net_amount": 10, "currency": "CNY"}
FIRST_OF_A = {**ORDER, "order_id": "O1", "customer_id": "A", "ordered_at": "2025-02-01"}
SECOND_OF_A = {**ORDER, "order_id": "O2", "customer_id": "A", "ordered_at": "2025-03-01"}
DEAL = {"opportunity_id": "D1", "created_at": "2025-02-01", "stage": "open"}
CONSENT = {"consent_id": "N1", "customer_id": "A", "is_granted": "true", "recorded_at": "2025-02-01"}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(
            [("orders", {**FIRST_OF_A, "updated_at": "2025-02-01"}), ("orders", SECOND_OF_A)],
            [("orders", {**FIRST_OF_A, "customer_id": "B", "updated_at": "2025-04-01"})],
            id="a first order is found to be another's",
        ),
        pytest.param(
            [("orders", FIRST_OF_A), ("orders", SECOND_OF_A)],
            [("refunds", {"refund_id": "R1", "order_id": "O1", "refunded_at": "2025-04-01", "amount": 10})],
            id="a first order is paid back in full",
        ),
        pytest.param(
            [("opportunities", DEAL)],
            [("opportunities", {**DEAL, "deleted_at": "2025-04-01", "updated_at": "2025-04-01"})],
            id="an opportunity of nobody is deleted",
        ),
        pytest.param(
            [
                ("customers", {"customer_id": "A", "created_at": "2025-01-01"}),
                ("opportunities", {**DEAL, "customer_id": "A", "is_won": "false", "closed_at": "2025-02-10"}),
            ],
            [("opportunities", {**DEAL, "opportunity_id": "D2", "customer_id": "A"})],
            id="of two opportunities of one day the one still open comes later",
        ),
        pytest.param(
            [("consents", CONSENT)],
            [("consents", {**CONSENT, "is_granted": "false"})],
            id="a consent without a purpose is withdrawn",
        ),
    ],
)
def test_what_once_was_repaired_wrongly_is_the_same(
    statements: Statements, tmp_path: Path, before: Sequence[Named], after: Sequence[Named]
) -> None:
    days = [date(2025, 3, 31), date(2025, 4, 30)]
    cut = [
        [Row(table, "shop", values, day) for table, values in rows]
        for rows, day in zip((before, after), days, strict=True)
    ]
    with engine() as connection:
        builds = Builds(statements, connection, Lake(tmp_path))
        found = builds.repaired_and_rebuilt(delivered(tmp_path, cut, days), days)
    assert not found, "\n".join(map(str, found))


@contextmanager
def engine() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(config={"threads": 1}) as connection:
        connection.execute("set TimeZone = 'UTC'; set preserve_insertion_order = false")
        yield connection


def differences(statements: Statements, world: World, folder: Path) -> Sequence[Difference]:
    """Tables in which a build of the world differs from another, those of which others are made first."""
    rows = tell(world.histories, world.shared, rewrites_undated=world.rewrites_undated)
    cut = Cut(world.days, world.chance, world.late_share, world.repeated_share)
    loads = delivered(folder, cut.of(rows), world.loaded_on)
    with engine() as connection:
        builds = Builds(statements, connection, Lake(folder))
        found = builds.repaired_and_rebuilt(loads, world.days)
        if not found and not world.rewrites_undated:
            (folder / "whole").mkdir()
            (whole,) = delivered(folder / "whole", [rows], world.days[-1:])
            builds.built("whole", whole, world.days[-1])
            found = builds.compared("repaired", "whole", PUBLISHED, without=STAMPS)
    return found


@dataclass(frozen=True)
class Builds:
    """Builds of the same rows in one engine, a database each."""

    statements: Statements
    connection: duckdb.DuckDBPyConnection
    lake: Lake

    def repaired(self, name: str, loads: Sequence[Sequence[JudgedLoad]], days: Sequence[date]) -> None:
        """Build what the first day brought, and repair it with what each other day brings."""
        known: list[JudgedLoad] = []
        self.statements.prepare(self.connection, name)
        for number, (arrived, day) in enumerate(zip(loads, days, strict=True)):
            known += arrived
            register(self.connection, known, run_id="run", git="none")
            register_arrived(self.connection, arrived)
            former = days[number - 1] if number else None
            self.statements.build(self.connection, name, as_of=day, former_as_of=former)

    def repaired_and_rebuilt(self, loads: Sequence[Sequence[JudgedLoad]], days: Sequence[date]) -> Sequence[Difference]:
        """How every table differs that was repaired load by load from what the same loads make at once."""
        self.repaired("repaired", loads, days)
        self.built("rebuilt", [load for of_day in loads for load in of_day], days[-1])
        return self.compared("repaired", "rebuilt", SCHEMAS)

    def built(self, name: str, loads: Sequence[JudgedLoad], day: date) -> None:
        """Build from nothing."""
        self.repaired(name, [loads], [day])

    def compared(
        self, left: str, right: str, schemas: Sequence[str], *, without: frozenset[str] = frozenset()
    ) -> Sequence[Difference]:
        """The tables that differ, in order of building."""
        order = {model: number for number, model in enumerate(self.statements.full)}
        tables = [table for table in tables_of(self.connection, left, schemas) if not table.endswith(tuple(OF_LOADS))]
        tables.sort(key=lambda table: order.get(table.partition(".")[2], -1))
        found = [difference(self.connection, table, left, right, without=without) for table in tables]
        return [one for one in found if one]
