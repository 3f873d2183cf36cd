"""What holds for any correct build, asked of one drawn world: sums, bridges, bounds, and what may change nothing."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any

import duckdb
import pytest
from deliveries import delivered
from differences import OF_LOADS, STAMPS, Difference, difference, tables_of
from histories import LAST_DAY, LIKELY, SOURCES, Row, tell
from statements import Statements, learnt
from test_equal_however_loaded import PARAMETERS, Builds, engine
from warnings_by_day import Customer, Rules, spells, usual_gaps

from orchestration.feed import TABLES
from orchestration.lake import Lake
from orchestration.settings import default_parameters

pytestmark = pytest.mark.slow

AS_OF = LAST_DAY - timedelta(days=20)
# Late enough that nothing told of lies after it, wherever its local day begins.
END_OF_TIME = LAST_DAY + timedelta(days=800)
# Who is read of a later day alone, and by which name: the dimensions know, the figures do not.
DIMENSIONS = ("core.dim_", "core.bridge_", "quality.")
HAPPENED = {
    "orders": ("ordered_at",),
    "refunds": ("refunded_at",),
    "subscriptions": ("started_at",),
    "opportunities": ("created_at",),
    "tickets": ("opened_at",),
    "survey_responses": ("sent_at", "responded_at"),
    "campaign_touches": ("touched_at",),
    "loyalty_movements": ("occurred_at",),
}
MAY_LEAVE_ZERO_TO_ONE = (
    "net_revenue_retention_ratio", "margin_retention_ratio", "value_to_cost_ratio", "attainment_ratio",
    "holdout_bias_ratio", "effect_ratio",
)  # fmt: skip
MULTIPLE = 8


@dataclass
class Worlds:
    """Builds of rows from nothing, each in a database of its own and made once."""

    statements: Statements
    connection: duckdb.DuckDBPyConnection
    folder: Path
    made: set[str] = field(default_factory=set)

    def build(
        self, name: str, rows: Sequence[Row], *, as_of: date = AS_OF, said: Callable[[str], str] | None = None
    ) -> None:
        """Build the rows, by statements that are told otherwise if need be."""
        if name in self.made:
            return
        statements = self.statements
        if said is not None:
            full = {model: [said(sql) for sql in sqls] for model, sqls in statements.full.items()}
            statements = replace(statements, full=full)
        folder = self.folder / name
        folder.mkdir()
        (loads,) = delivered(folder, [rows], [LAST_DAY])
        Builds(statements, self.connection, Lake(folder)).built(name, loads, as_of)
        self.made.add(name)

    def asked(self, name: str, query: str) -> list[tuple[Any, ...]]:
        """The rows of a query over one of the builds."""
        return self.connection.execute(f"use {name}; {query}").fetchall()

    def differences(self, left: str, right: str, *, without: frozenset[str] = frozenset()) -> Sequence[Difference]:
        """Facts and marts in which two builds differ; what tells of loads, and of who is known, aside."""
        tables = tables_of(self.connection, left, ("core", "marts"))
        tables = [one for one in tables if not one.startswith(DIMENSIONS) and one.partition(".")[2] not in OF_LOADS]
        found = [difference(self.connection, table, left, right, without=without | STAMPS) for table in tables]
        return [one for one in found if one]


@pytest.fixture(scope="module")
def rows() -> Sequence[Row]:
    draw = Random(16)
    histories = [[(draw.choice(LIKELY), draw.randrange(2**16)) for _ in range(draw.randint(1, 7))] for _ in range(80)]
    return tell(histories, 16, rewrites_undated=False)


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory, rows: Sequence[Row]) -> Iterator[Worlds]:
    statements = learnt(tmp_path_factory.mktemp("statements"), PARAMETERS)
    with engine() as connection:
        worlds = Worlds(statements, connection, tmp_path_factory.mktemp("worlds"))
        worlds.build("told", rows)
        yield worlds


def test_every_customer_is_in_one_stage_on_every_day_from_the_first_known(worlds: Worlds) -> None:
    wrong = worlds.asked(
        "told",
        f"""
        with days as (
            select cast(unnest(generate_series(date '2025-01-01', date '{AS_OF}', interval 1 day)) as date) as day
        ),
        known as (
            select day, count(*) as customer_count from days
            inner join core.dim_customers on known_on <= day
            where not is_test and not is_guest and not is_erased
            group by day
        ),
        staged as (
            select day, count(*) as stay_count, count(distinct customer_key) as customer_count from days
            inner join marts.fct_lifecycle_stages on entered_on <= day and day < coalesce(exited_on, date '9999-12-31')
            group by day
        )
        select * from known full join staged using (day)
        where known.customer_count is distinct from staged.stay_count
            or staged.stay_count is distinct from staged.customer_count
        """,
    )
    assert wrong == []
    assert len(worlds.asked("told", "select distinct stage from marts.fct_lifecycle_stages")) >= 9


def test_every_scheme_parts_the_same_customers_and_closes_as_the_days_say(worlds: Worlds) -> None:
    wrong = worlds.asked(
        "told",
        f"""
        with counted as (
            select scheme, scheme_stage, period_start, count(customer_key) as customer_count
            from marts.fct_stage_populations
            left join core.map_lifecycle_schemes using (scheme, scheme_stage)
            left join marts.fct_lifecycle_stages as stays
                on stays.stage = map_lifecycle_schemes.stage
                and entered_on <= least(date '{AS_OF}', period_end - 1)
                and least(date '{AS_OF}', period_end - 1) < coalesce(exited_on, date '9999-12-31')
            group by all
        )
        select * from marts.fct_stage_populations inner join counted using (scheme, scheme_stage, period_start)
        where closing_count <> customer_count or closing_count <> opening_count + entered_count - exited_count
        """,
    )
    totals = worlds.asked(
        "told",
        "select period_start, scheme, sum(closing_count) from marts.fct_stage_populations group by all",
    )
    assert wrong == []
    assert len({scheme for _, scheme, _ in totals}) == 7
    assert len({(month, total) for month, _, total in totals}) == len({month for month, _, _ in totals})


def test_the_bridge_from_active_to_active_closes_and_the_next_period_begins_with_it(worlds: Worlds) -> None:
    wrong = worlds.asked(
        "told",
        """
        select * from (
            select *, lead(active_start_count) over (
                partition by basis, churn_model, period_grain, segment_type, segment_value order by period_start
            ) as next_start_count
            from marts.fct_churn_periods
        )
        where active_end_count
                <> active_start_count + new_count + reactivated_count - lost_count - new_and_lost_count
            or (segment_type in ('all', 'channel', 'country') and next_start_count <> active_end_count)
            or end_mrr_amount
                <> start_mrr_amount + new_mrr_amount + reactivation_mrr_amount + expansion_mrr_amount
                - contraction_mrr_amount - churned_mrr_amount + exchange_effect_amount
        """,
    )
    (moves,) = worlds.asked(
        "told", "select sum(new_count), sum(reactivated_count), sum(lost_count) from marts.fct_churn_periods"
    )
    assert wrong == []
    assert all(moves)


def test_cohorts_keep_their_size_and_their_money_is_the_ledger_s(worlds: Worlds) -> None:
    sizes = worlds.asked(
        "told",
        """
        select cohort_grain, cohort_start, segment_type, segment_value from marts.fct_cohort_retention
        group by all having count(distinct cohort_size) > 1 or count(*) filter (where period_number = 0) <> 1
        """,
    )
    (ledger,) = worlds.asked(
        "told",
        """
        with acquired as (
            select customer_key from core.dim_customers
            where acquired_on is not null and not is_test and not is_guest and not is_erased
        )
        select
            (select sum(net_amount) from core.fct_orders semi join acquired using (customer_key) where is_valid)
            - (
                select sum(amount)
                from core.fct_refunds as refunds
                left join core.fct_orders as orders using (order_key)
                semi join acquired on acquired.customer_key = coalesce(orders.customer_key, refunds.customer_key)
                where orders.order_key is null or orders.is_valid
            )
        """,
    )
    cells = worlds.asked(
        "told",
        """
        select cohort_grain, segment_type, sum(net_amount), count(*) from marts.fct_cohort_retention group by all
        """,
    )
    assert sizes == []
    assert len(cells) == 3 * 4
    # every cell is rounded to the cent
    assert [one for one in cells if abs(one[2] - ledger[0]) > one[3] / 200] == []
    assert ledger[0] > 0


def test_rows_dated_after_the_as_of_date_change_nothing(worlds: Worlds, rows: Sequence[Row]) -> None:
    known = _without_the_future(rows)
    assert len(known) < len(rows) - 50
    worlds.build("known", known)
    found = worlds.differences("told", "known")
    assert not found, "\n".join(map(str, found))


def test_a_merge_that_is_undone_restores_every_figure(worlds: Worlds, rows: Sequence[Row]) -> None:
    first, second, third = _unregistered(rows)
    alone = [_record(one, None, 1) for one in (first, second, third)]
    merged = [_record(first, second, 2), _record(third, second, 2)]
    worlds.build("alone", [*rows, *alone])
    worlds.build("merged", [*rows, *alone, *merged])
    worlds.build("undone", [*rows, *alone, *merged, _record(first, None, 3), _record(third, None, 3)])
    assert worlds.differences("alone", "merged")
    found = worlds.differences("alone", "undone")
    assert not found, "\n".join(map(str, found))


def test_merges_by_way_of_another_and_in_another_order_are_the_same(worlds: Worlds, rows: Sequence[Row]) -> None:
    first, second, third = _unregistered(rows)
    alone = [_record(one, None, 1) for one in (first, second, third)]
    worlds.build("chain", [*rows, *alone, _record(first, second, 2), _record(second, third, 2)])
    worlds.build("star", [*rows, *alone, _record(first, third, 2), _record(second, third, 2)])
    worlds.build("backwards", [*rows, *alone, _record(second, third, 2), _record(first, second, 3)])
    found = [*worlds.differences("chain", "star"), *worlds.differences("chain", "backwards")]
    assert not found, "\n".join(map(str, found))


def test_all_amounts_times_a_constant_leave_every_count_and_share(worlds: Worlds, rows: Sequence[Row]) -> None:
    # of versions written at one instant the content decides which holds, and it is another now
    single = list({_key(row): row for row in rows}.values())
    worlds.build("cheap", single)
    worlds.build("dearer", [replace(row, values=_dearer(row)) for row in single])
    compared = 0
    for table, column, of in worlds.asked(
        "cheap",
        """
        select table_name, column_name, data_type from duckdb_columns()
        where database_name = 'cheap' and schema_name = 'marts' and (
            column_name like '%\\_count' escape '\\' or column_name like '%\\_ratio' escape '\\'
            or column_name in ('stage', 'entered_on', 'value_trend', 'nps', 'median_days')
        )
        """,
    ):
        listed = f"round({column}, 6)" if of == "DOUBLE" else column
        query = f"select {listed}, count(*) from marts.{table} group by all order by all"
        assert worlds.asked("cheap", query) == worlds.asked("dearer", query), f"{table}.{column}"
        compared += 1
    assert compared > 40
    value = "select sum(historical_revenue_amount), count(*) from marts.fct_customer_value"
    ((less, count),), ((more, _),) = worlds.asked("cheap", value), worlds.asked("dearer", value)
    assert abs(less * MULTIPLE - more) <= count * MULTIPLE / 100
    assert more > less > 0


def test_another_time_zone_moves_days_and_no_total(worlds: Worlds, rows: Sequence[Row]) -> None:
    worlds.build("shanghai", rows, as_of=END_OF_TIME)
    worlds.build("honolulu", rows, as_of=END_OF_TIME, said=_in_honolulu)
    totals = """
        select 'orders', currency, count(*), sum(net_amount_original), count(*) filter (where is_valid), null
        from core.fct_orders group by all
        union all
        select 'refunds', currency, count(*), sum(amount_original), null, null from core.fct_refunds group by all
        union all
        select 'activities', activity, count(*), null, null, null from core.fct_activities
        where activity <> 'web_session' group by all
        order by all
    """
    assert worlds.asked("shanghai", totals) == worlds.asked("honolulu", totals)
    days = "select sum(hash(order_key, ordered_on)) from core.fct_orders"
    assert worlds.asked("shanghai", days) != worlds.asked("honolulu", days)


def test_shares_lie_between_nothing_and_all_and_within_their_intervals(worlds: Worlds) -> None:
    columns: dict[str, set[str]] = {}
    for table, column in worlds.asked(
        "told",
        "select table_name, column_name from duckdb_columns() where database_name = 'told' and schema_name = 'marts'",
    ):
        columns.setdefault(table, set()).add(column)
    intervals = 0
    for table, names in columns.items():
        for ratio in sorted(name for name in names if name.endswith("_ratio") and name not in MAY_LEAVE_ZERO_TO_ONE):
            assert worlds.asked("told", f"from marts.{table} where not {ratio} between 0 and 1") == [], (table, ratio)
            low, high = f"{ratio.removesuffix('_ratio')}_ci_low", f"{ratio.removesuffix('_ratio')}_ci_high"
            # a share of money has no interval
            of_money = " or basis = 'revenue'" if table == "fct_churn_periods" else ""
            if low in names:
                outside = (
                    f"from marts.{table} where not ({low} <= {ratio} + 1e-12 and {ratio} <= {high} + 1e-12) "
                    f"or ({low} is null) <> ({ratio} is null{of_money}) or not ({low} >= 0 and {high} <= 1)"
                )
                assert worlds.asked("told", outside) == [], (table, ratio)
                intervals += 1
    assert intervals >= 4
    assert worlds.asked("told", "from marts.fct_nps_periods where not nps between -100 and 100") == []
    assert worlds.asked("told", "from marts.fct_nps_periods where (response_count = 0) <> (nps is null)") == []
    assert (
        worlds.asked("told", "from marts.fct_churn_periods where active_start_count = 0 and churn_ratio is not null")
        == []
    )

    kept = "gross_revenue_retention_ratio > least(1, net_revenue_retention_ratio) + 1e-12"
    assert worlds.asked("told", f"from marts.fct_churn_periods where {kept}") == []
    assert worlds.asked("told", "from marts.fct_churn_periods where gross_revenue_retention_ratio < 1 limit 1") != []


def test_who_reaches_a_stage_had_left_and_parts_add_up_to_all(worlds: Worlds) -> None:
    wrong = worlds.asked(
        "told",
        """
        select from_stage, way.to_stage, period_start
        from marts.fct_stage_conversions as way
        inner join marts.fct_stage_conversions as exits using (from_stage, period_start, segment_type, segment_value)
        where exits.to_stage = 'any' and (
            way.reached_count > exits.reached_count or way.entrant_count <> exits.entrant_count
            or way.median_days < exits.median_days
            or way.mean_days_within_window < exits.mean_days_within_window
        )
        """,
    )
    parts = worlds.asked(
        "told",
        """
        select from_stage, to_stage, period_start from marts.fct_stage_conversions group by all
        having sum(entrant_count) filter (where segment_type = 'all')
                <> sum(entrant_count) filter (where segment_type = 'channel')
            or sum(reached_count) filter (where segment_type = 'all')
                <> sum(reached_count) filter (where segment_type = 'channel')
        """,
    )
    assert wrong == []
    assert parts == []
    assert worlds.asked("told", "select count(*) > 100, sum(reached_count) > 100 from marts.fct_stage_conversions") == [
        (True, True)
    ]


def test_a_customer_is_in_one_segment_of_a_kind_at_a_time(worlds: Worlds) -> None:
    overlapping = worlds.asked(
        "told",
        """
        select * from (
            select *, lead(valid_from) over (partition by segment_type, customer_key order by valid_from) as next_from
            from marts.fct_segment_members
        )
        where valid_to <= valid_from or next_from < coalesce(valid_to, date '9999-12-31')
        """,
    )
    kinds = worlds.asked("told", "select distinct segment_type from marts.fct_segment_members order by all")
    newest = worlds.asked(
        "told",
        """
        select scores.customer_key, scores.segment, members.segment from marts.fct_rfm_scores as scores
        left join marts.fct_segment_members as members
            on members.customer_key = scores.customer_key and segment_type = 'rfm'
            and valid_from <= as_of_date and as_of_date < coalesce(valid_to, date '9999-12-31')
        where last_day(as_of_date) = as_of_date and members.segment is distinct from scores.segment
        """,
    )
    assert overlapping == []
    assert kinds == [("activity",), ("rfm",), ("value_class",)]
    assert newest == []


def _without_the_future(rows: Sequence[Row]) -> Sequence[Row]:
    """The rows without the events of which every version is dated after the as-of day, and what hangs on them."""
    newest_first: dict[tuple[str, str, str], str] = {}
    for row in rows:
        days = [str(row.values[name])[:10] for name in HAPPENED.get(row.table, ()) if row.values.get(name)]
        if days:
            key = _key(row)
            newest_first[key] = min(newest_first.get(key, "9999"), *days)
    # a local day begins up to eight hours before that of its instant in UTC
    later = {key for key, day in newest_first.items() if day > str(AS_OF + timedelta(days=1))}
    gone_orders = {(source, order_id) for table, source, order_id in later if table == "orders"}
    return [
        row
        for row in rows
        if _key(row) not in later
        and not (row.table in ("order_lines", "refunds") and (row.source, row.values.get("order_id")) in gone_orders)
    ]


def _key(row: Row) -> tuple[str, str, str]:
    return row.table, row.source, "|".join(str(row.values.get(name)) for name in TABLES[row.table].key)


def _unregistered(rows: Sequence[Row]) -> Sequence[str]:
    """Three customers of one source who have ordered and of whom there is no record to rewrite."""
    recorded = {row.values["customer_id"] for row in rows if row.table in ("customers", "erasure_requests")}
    recorded |= {row.values.get("merged_into_id") for row in rows if row.table == "customers"}
    ordered = {row.values["customer_id"] for row in rows if row.table == "orders" and row.source == SOURCES[0]}
    found = sorted(str(one) for one in ordered - recorded if one and str(one)[1:].isdigit())
    return found[:3]


def _record(customer_id: str, merged_into: str | None, version: int) -> Row:
    day = LAST_DAY - timedelta(days=40 - version)
    values = {"customer_id": customer_id, "merged_into_id": merged_into, "updated_at": f"{day} 08:00:00"}
    return Row("customers", SOURCES[0], values, day)


def _dearer(row: Row) -> Mapping[str, Any]:
    """The row with every amount of money times the constant."""
    amounts = {column.name for column in TABLES[row.table].columns if column.type == "amount"}
    return {
        name: value * MULTIPLE if name in amounts and value is not None else value for name, value in row.values.items()
    }


def _in_honolulu(sql: str) -> str:
    return sql.replace("Asia/Shanghai", "Pacific/Honolulu")


def test_drops_warn_on_the_days_that_walking_through_the_calendar_says(worlds: Worlds) -> None:
    worlds.build("regulars", _regulars())
    values = default_parameters() | PARAMETERS
    rules = Rules(**{name: values[f"signal_{name}"] for name in Rules.__dataclass_fields__})
    for name in ("told", "regulars"):
        customers = _walkers(worlds, name)
        gaps = usual_gaps([of.order_days for of in customers.values()], rules, values["minimum_reportable_count"])
        walked = {(key, *spell) for key, of in customers.items() for spell in spells(of, rules, gaps, AS_OF)}
        told = worlds.asked(
            name,
            "select customer_key, rule, opened_on, closed_on from marts.fct_warning_signals "
            "where rule in ('activity_drop', 'spend_drop', 'frequency_drop')",
        )
        assert set(told) == walked
        assert len(told) == len(walked)
    counts = worlds.asked(
        "regulars", "select rule, count(*), count(closed_on) from marts.fct_warning_signals group by 1"
    )
    assert {rule for rule, count, closed_count in counts if count > closed_count > 10} == {
        "activity_drop",
        "spend_drop",
        "frequency_drop",
    }


def _regulars() -> Sequence[Row]:
    """Orders and visits of people who do both often, at a pace that changes, and may stop."""
    draw, rows = Random(72), []
    for number in range(60):
        day, pace = AS_OF - timedelta(days=draw.randrange(60, 400)), draw.choice([2, 4, 8, 14])
        while day <= AS_OF and draw.random() > 0.02:
            pace = draw.choice([2, 4, 8, 14, 25]) if draw.random() < 0.15 else pace
            at = {"customer_id": f"C{number}", "updated_at": f"{day}T12:00:00"}
            order = {"ordered_at": f"{day}T10:00:00", "status": "completed", "currency": "CNY"}
            amount = draw.choice([10, 25.5, 80])
            rows.append(Row("orders", "shop", {"order_id": f"O{len(rows)}", "net_amount": amount, **order, **at}, day))
            visited = day + timedelta(days=draw.randrange(1 + pace))
            visit = {"event_id": f"V{len(rows)}", "event_name": "page_viewed", "occurred_at": f"{visited}T09:00:00"}
            rows.append(Row("web_events", "shop", {**visit, "customer_id": f"C{number}"}, day))
            day += timedelta(days=1 + draw.randrange(2 * pace))
    return rows


def _walkers(worlds: Worlds, name: str) -> Mapping[str, Customer]:
    """What a build knows of each customer who could be lost, day by day."""
    days = worlds.asked(
        name,
        """
        select customer_key, occurred_on, bool_or(activity = 'order'),
            coalesce(sum(revenue_amount) filter (where activity = 'order'), 0)::double
        from core.fct_activities where activity not in ('interaction_made', 'lead_contacted', 'lead_qualified',
            'opportunity_quoted', 'opportunity_lost', 'refund', 'subscription_ended')
        group by all order by all
        """,
    )
    orders = worlds.asked(
        name,
        """
        select distinct customer_key, ordered_on from core.fct_orders inner join core.dim_customers using (customer_key)
        where is_valid and ordered_on >= acquired_on order by all
        """,
    )
    stays = worlds.asked(
        name,
        "select customer_key, stage not in ('prospect', 'engaged', 'opportunity', 'churned', 'terminated'), entered_on "
        "from marts.fct_lifecycle_stages order by customer_key, entered_on",
    )
    deleted = dict(worlds.asked(name, "select customer_key, deleted_on from core.dim_customers"))
    return {
        key: Customer(
            [day for of, day, _, _ in days if of == key],
            {day: spent for of, day, has_order, spent in days if of == key and has_order},
            [day for of, day in orders if of == key],
            list(_loseable([(is_loseable, day) for of, is_loseable, day in stays if of == key], deleted[key])),
        )
        for key in {of for of, is_loseable, _ in stays if is_loseable}
    }


def _loseable(stays: Sequence[tuple[bool, date]], deleted: date | None) -> Iterator[tuple[date, date | None]]:
    begins = None
    for is_loseable, day in stays:
        if is_loseable and begins is None:
            begins = day
        elif not is_loseable and begins is not None:
            yield begins, min(day, deleted or day)
            begins = None
    if begins is not None:
        yield begins, deleted
