"""A world so small that a person can work out every figure, run from files to publication."""

from collections.abc import Callable
from decimal import Decimal

import pytest
from worlds import SHOP, Ended, World

CUSTOMERS = """\
    customer_id,email,country,acquisition_channel,created_at,shoe_size[/cm]
    gone,Gone@Example.com,CN,search,2025-01-02,
    fresh,fresh@example.com,Germany,social,2026-05-01,
    true,true@example.com,US,search,2026-01-02,
    looker,looker@example.com,CN,,,
    repaid,repaid@example.com,CN,search,2026-02-15,
    fading,fading@example.com,DE,social,2026-03-01,
"""
# gone is 180 days after its last order on 2025-08-28; fresh pays in euros, of which one is 7.5 yuan;
# repaid gets everything back, so it never was a buyer; two orders are refused, one row comes twice.
ORDERS = """\
    order_id,customer_id,ordered_at,status,net_amount,currency
    o01,gone,2025-01-10 12:00,completed,100.00,CNY
    o02,gone,2025-03-01 12:00,completed,50.00,CNY
    o03,fresh,2026-06-01 12:00,completed,20.00,EUR
    o04,true,2026-01-05 12:00,completed,10.00,CNY
    o05,true,2026-03-05 12:00,completed,20.00,CNY
    o06,true,2026-06-20 12:00,completed,30.00,CNY
    o07,,2026-06-25 12:00,completed,40.00,CNY
    o08,repaid,2026-03-01 12:00,returned,60.00,CNY
    o09,fading,2026-03-15 12:00,completed,80.00,CNY
    o10,fading,2026-06-30 12:00,cancelled,500.00,CNY
    o11,fading,2026-06-30 12:00,completed,-5.00,XYZ
    o12,fading,2026-02-30 12:00,completed,7.00,CNY
    o03,fresh,2026-06-01 12:00,completed,20.00,EUR
"""
REFUNDS = "refund_id,order_id,refunded_at,amount\nr1,o08,2026-03-10 09:00,60.00\n"
RATES = "rate_date,from_currency,to_currency,rate\n2026-05-30,EUR,CNY,7.5\n"
ANSWERS = """\
    response_id,survey_id,question_type,customer_id,sent_at,responded_at,score
    a1,s,nps,gone,2026-06-01,2026-06-02,10
    a2,s,nps,fresh,2026-06-01,2026-06-02,9
    a3,s,nps,true,2026-06-01,2026-06-02,3
    a4,s,nps,looker,2026-06-01,,
"""
OF_CUSTOMER = "core.bridge_customer_identities using (customer_key) where identity_type = 'customer'"


@pytest.fixture(scope="module")
def built(new_world: Callable[[str], World]) -> tuple[World, Ended]:
    world = new_world("by_hand")
    shop = {**SHOP[0], "tables": {"refunds": {"columns": {"reason": "warum"}}}}
    silent = {"name": "silent", "type": "files", "path": "./silent"}
    world.configure([shop, silent], reporting_timezone="Asia/Shanghai", reporting_currency="CNY")
    world.write("silent/order.csv", ORDERS)
    world.write("shop/customers.csv", CUSTOMERS)
    world.write("shop/orders.csv", ORDERS)
    world.write("shop/refunds.csv", REFUNDS)
    world.write("shop/exchange_rates.csv", RATES)
    world.write("shop/survey_responses.csv", ANSWERS)
    return world, world.run("--as-of", "2026-06-30")


@pytest.fixture(scope="module")
def world(built: tuple[World, Ended]) -> World:
    return built[0]


def test_the_run_ends_well_and_says_what_became_of_the_rows(built: tuple[World, Ended]) -> None:
    _, ended = built
    assert ended.exit_code == 0, ended.output
    assert "net_amount_is_not_negative" in ended.output
    assert "Seconds per layer" in ended.output
    assert "warehouse.duckdb" in ended.output


def test_the_run_says_what_it_left_out(built: tuple[World, Ended]) -> None:
    _, ended = built
    assert "shop/customers: no column of the feed is meant by shoe_size[/cm]; kept in raw only" in ended.output
    assert "shop/refunds: there is no column 'warum', which the configuration names for reason" in ended.output
    assert "silent: no file is named as a feed table (it holds order.csv)" in ended.output


def test_rows_read_are_valid_or_refused_or_duplicate(world: World) -> None:
    query = "select rows_read, rows_valid, rows_quarantined, rows_duplicate from quality.fct_row_balances"
    assert world.published(f"{query} where table_name = 'orders'") == [(13, 10, 2, 1)]


def test_a_refused_row_names_all_its_reasons(world: World) -> None:
    rows = world.published("select row_key, failed_rules, fate from quality.fct_quarantined_rows order by 1")
    assert [(key, set(rules.split(",")), fate) for key, rules, fate in rows] == [
        ("o11", {"net_amount_is_not_negative", "currency_is_known"}, "open"),
        ("o12", {"ordered_at_is_readable"}, "open"),
    ]


def test_the_money_of_orders_adds_up_in_the_reporting_currency(world: World) -> None:
    query = "select sum(net_amount), sum(refund_amount), sum(net_value_amount), count(*) from core.fct_orders"
    assert world.published(f"{query} where is_valid") == [(Decimal("540.00"), Decimal("60.00"), Decimal("480.00"), 9)]


def test_each_customer_is_in_the_stage_that_a_person_would_say(world: World) -> None:
    query = f"select source_customer_id, stage from marts.fct_lifecycle_stages join {OF_CUSTOMER} and is_current"
    assert dict(world.published(query)) == {
        "gone": "churned",
        "fresh": "new",
        "true": "loyal",
        "looker": "prospect",
        "repaid": "prospect",
        "fading": "declining",
    }


def test_a_lapse_is_dated_on_the_180th_day(world: World) -> None:
    query = f"""
        select entered_on::varchar, exited_on, entry_reason from marts.fct_lifecycle_stages join {OF_CUSTOMER}
            and source_customer_id = 'gone' and stage = 'churned'
    """
    assert world.published(query) == [("2025-08-28", None, "time_lapse")]


def test_the_lapse_is_counted_in_its_month(world: World) -> None:
    query = """
        select active_start_count, new_count, lost_count, active_end_count, churn_ratio
        from marts.fct_churn_periods
        where period_grain = 'month' and segment_type = 'all' and period_start = '2025-08-01'
    """
    assert world.published(query) == [(1, 0, 1, 0, 1.0)]


def test_cohorts_hold_only_who_was_acquired(world: World) -> None:
    query = """
        select cohort_start::varchar, cohort_size, cumulative_net_amount from marts.fct_cohort_retention
        where cohort_grain = 'month' and segment_type = 'all' and cohort_size > 0
        qualify period_number = max(period_number) over (partition by cohort_start) order by 1
    """
    assert world.published(query) == [
        ("2025-01-01", 1, Decimal("150.00")),
        ("2026-01-01", 1, Decimal("60.00")),
        ("2026-03-01", 1, Decimal("80.00")),
        ("2026-06-01", 1, Decimal("150.00")),
    ]


def test_the_score_is_of_those_who_answered(world: World) -> None:
    query = """
        select invited_count, response_count, promoter_count, detractor_count, round(nps, 4)
        from marts.fct_nps_periods
        where period_grain = 'all' and survey_id = 'all' and segment_type = 'all'
    """
    assert world.published(query) == [(4, 3, 2, 1, 33.3333)]


def test_value_adds_up_to_the_ledger_guests_included(world: World) -> None:
    query = "select sum(historical_revenue_amount), sum(historical_refund_amount) from marts.fct_customer_value"
    assert world.published(query) == [(Decimal("540.00"), Decimal("60.00"))]


def test_nothing_personal_is_published_in_clear(world: World) -> None:
    texts = world.published("""
        select schema_name, table_name, column_name from duckdb_columns()
        where schema_name in ('core', 'marts', 'quality') and data_type = 'VARCHAR'
    """)
    for schema, table, column in texts:
        found = world.published(f"""select 1 from {schema}."{table}" where "{column}" ilike '%@example.com%'""")
        assert found == [], f"{schema}.{table}.{column}"


def test_every_published_table_and_column_says_what_it_is(world: World) -> None:
    silent = world.published("""
        select table_name, null from duckdb_tables() where comment is null
        union all
        select table_name, column_name from duckdb_columns()
        where comment is null and schema_name in ('core', 'marts', 'quality')
    """)
    assert silent == []


def test_every_name_and_type_keeps_to_the_rules(world: World) -> None:
    rules = {
        "_count": {"BIGINT"},
        "_ratio": {"DOUBLE"},
        "_days": {"INTEGER"},
        "_on": {"DATE"},
        "_at": {"TIMESTAMP"},
        "_amount": {"DECIMAL(18,2)"},
    }
    columns = world.published("""
        select table_name, column_name, data_type from duckdb_columns()
        where schema_name in ('core', 'marts', 'quality')
    """)
    wrong = [
        (table, column, of)
        for table, column, of in columns
        for suffix, types in rules.items()
        if column.endswith(suffix) and of not in types
    ]
    assert wrong == []


def test_parquet_holds_the_same_rows_as_the_database(world: World) -> None:
    import duckdb

    folder = world.home / "published" / "parquet"
    tables = world.published("select schema_name, table_name, row_count from core.publish_info")
    assert len(tables) > 30
    for schema, table, rows in tables:
        file = folder / schema / table / "*.parquet"
        counted = duckdb.sql(f"select count(*) from '{file}'").fetchall()
        assert counted == [(rows,)], table


def test_a_run_with_nothing_new_reads_judges_builds_and_publishes_nothing(world: World) -> None:
    before = (world.home / "published").resolve()
    ended = world.run("--as-of", "2026-06-30")
    assert ended.exit_code == 0
    assert "Nothing is new" in ended.output
    assert "Judged" not in ended.output
    assert "Built" not in ended.output
    assert (world.home / "published").resolve() == before


def test_an_earlier_day_gives_the_figures_of_that_day(world: World) -> None:
    assert world.run("--as-of", "2025-12-31").exit_code == 0
    # Nobody knows since when looker is known, so what was sent to looker later cannot tell.
    stages = "select stage, count(*) from marts.fct_lifecycle_stages where is_current group by stage order by stage"
    assert world.published(stages) == [("churned", 1), ("prospect", 1)]
    assert world.published("select sum(net_amount) from core.fct_orders") == [(Decimal("150.00"),)]
    assert world.published("select distinct as_of_date::varchar from core.publish_info") == [("2025-12-31",)]
