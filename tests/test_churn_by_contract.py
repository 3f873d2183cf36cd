"""Churn by contract over contracts that a person can follow: each customer is alone in a channel of the same name."""

from collections.abc import Callable, Mapping
from decimal import Decimal

import pytest
from worlds import World

SUBSCRIPTIONS = """\
    subscription_id,customer_id,plan,billing_period,recurring_amount,currency,started_at,trial_ends_at,cancelled_at,ends_at,is_involuntary,payment_failed_at,deleted_at,updated_at
    steady,steady,basic,month,100,CNY,2025-01-10,,,,,,,2025-01-10
    raised,raised,basic,month,100,CNY,2025-02-01,,,,,,,2025-02-01
    raised,raised,plus,month,150,CNY,2025-02-01,,,,,,,2025-05-10
    switched_1,switched,plus,month,100,CNY,2025-01-05,,,2025-03-15,,,,2025-01-05
    switched_2,switched,basic,month,80,CNY,2025-03-16,,,,,,,2025-03-16
    paused_1,paused,basic,month,100,CNY,2025-01-05,,,2025-04-20,,,,2025-01-05
    paused_2,paused,basic,month,100,CNY,2025-05-20,,,,,,,2025-05-20
    away_1,away,basic,month,100,CNY,2025-01-05,,,2025-04-20,,,,2025-01-05
    away_2,away,basic,month,90,CNY,2025-05-21,,,,,,,2025-05-21
    undone,undone,basic,month,100,CNY,2025-03-01,,2025-07-01,2025-08-01,,,,2025-07-01
    undone,undone,basic,month,100,CNY,2025-03-01,,,,,,,2025-07-20
    one_of_two,both,basic,month,60,CNY,2025-01-05,,,2025-07-10,,,,2025-01-05
    other_of_two,both,plus,month,40,CNY,2025-01-05,,,,,,,2025-01-05
    yearly,yearly,team,year,1000,CNY,2024-02-29,,,2025-02-28,,,,2024-02-29
    deleted,deleted,basic,month,100,CNY,2025-01-05,,,,,,2025-08-15,2025-08-15
    unpaid,unpaid,basic,month,100,CNY,2025-01-05,,,2025-10-05,,2025-10-01,,2025-10-05
    euro,euro,basic,month,10,EUR,2025-01-05,,,,,,,2025-01-05
    dollar_1,mixed,basic,month,10,USD,2025-01-05,,,2025-09-10,,,,2025-01-05
    dollar_2,mixed,basic,month,15,EUR,2025-09-10,,,,,,,2025-09-10
    yen,yen,basic,month,1000,JPY,2025-01-05,,,,,,,2025-01-05
    merged_1,merged,basic,month,50,CNY,2025-01-05,,,2025-11-10,,,,2025-01-05
    merged_2,merged_too,basic,month,70,CNY,2025-11-01,,,,,,,2025-11-01
    brief,brief,basic,month,100,CNY,2025-12-02,,,2025-12-20,,,,2025-12-02
    freed,freed,basic,month,50,CNY,2025-01-05,,,,,,,2025-01-05
    freed,freed,free,month,0,CNY,2025-01-05,,,,,,,2026-01-10
    paying,paying,free,month,0,CNY,2025-01-05,,,,,,,2025-01-05
    paying,paying,basic,month,50,CNY,2025-01-05,,,,,,,2026-02-10
    tried,tried,basic,month,100,CNY,2025-12-20,2026-01-05,,,,,,2025-12-20
    graced,graced,basic,month,100,CNY,2025-01-05,,,2026-06-20,,,,2025-01-05
    expelled,expelled,basic,month,100,CNY,2025-01-05,,,2025-10-05,,,,2025-01-05
    backwards,backwards,basic,month,100,CNY,2025-10-05,,,2025-09-05,,,,2025-10-05
    rich,rich,whole,year,999999999.99,CNY,2026-03-01,,,,,,,2026-03-01
    tie_1,tie,beta,month,50,CNY,2026-03-01,,,,,,,2026-03-01
    tie_2,tie,alpha,quarter,150,CNY,2026-03-01,,,,,,,2026-03-01
    thirds,thirds,basic,quarter,100,CNY,2026-03-01,,,,,,,2026-03-01
    thirds,thirds,basic,year,500,CNY,2026-03-01,,,,,,,2026-04-15
"""
RATES = """\
    rate_date,from_currency,to_currency,rate
    2024-12-01,EUR,CNY,7
    2024-12-01,USD,CNY,6
    2025-09-15,EUR,CNY,8
    2025-09-15,USD,CNY,9
"""
FIGURES = (
    "active_start_count", "new_count", "reactivated_count", "lost_count", "new_and_lost_count", "active_end_count",
    "voluntary_lost_count", "involuntary_lost_count", "start_mrr_amount", "new_mrr_amount", "reactivation_mrr_amount",
    "expansion_mrr_amount", "contraction_mrr_amount", "churned_mrr_amount", "exchange_effect_amount", "end_mrr_amount",
)  # fmt: skip
LASTING = {"active_start_count": 1, "active_end_count": 1}


def customers() -> str:
    """Every customer comes by a channel of the same name."""
    ids = sorted({line.split(",")[1] for line in SUBSCRIPTIONS.splitlines()[1:]})
    merged, expelled = {"merged_too": "merged"}, {"expelled": "2025-10-01,fraud"}
    rows = [f"{id_},{id_},{merged.get(id_, '')},{expelled.get(id_, ',')},2024-01-01" for id_ in ids]
    return "\n".join(
        ["customer_id,acquisition_channel,merged_into_id,terminated_at,termination_reason,created_at", *rows]
    )


@pytest.fixture(scope="module")
def world(new_world: Callable[[str], World]) -> World:
    world = new_world("contracts")
    world.configure(reporting_timezone="Asia/Shanghai", reporting_currency="CNY")
    world.write("shop/customers.csv", customers())
    world.write("shop/subscriptions.csv", SUBSCRIPTIONS)
    world.write("shop/exchange_rates.csv", RATES)
    world.build(as_of="2026-06-30")
    return world


def moved(world: World, segment: str, start: str, *, by: str = "channel", grain: str = "month") -> Mapping[str, object]:
    """The figures of a customer in a period that are not nought, counts and amounts together."""
    summed = ", ".join(f"max({figure})" for figure in FIGURES)
    (figures,) = world.published(f"""
        select {summed} from marts.fct_churn_periods
        where churn_model = 'contract' and segment_type = '{by}' and segment_value = '{segment}'
            and period_grain = '{grain}' and period_start = '{start}'
    """)
    return {figure: value for figure, value in zip(FIGURES, figures, strict=True) if value}


def money(**amounts: float) -> Mapping[str, Decimal]:
    return {
        name if name.endswith("_amount") else f"{name}_mrr_amount": Decimal(f"{amount:.2f}")
        for name, amount in amounts.items()
    }


@pytest.mark.parametrize(
    ("segment", "start", "expected"),
    [
        pytest.param(
            "steady", "2025-01-01", {"new_count": 1, "active_end_count": 1, **money(new=100, end=100)}, id="new"
        ),
        pytest.param("steady", "2026-05-01", {**LASTING, **money(start=100, end=100)}, id="an open end goes on"),
        pytest.param(
            "raised", "2025-05-01", {**LASTING, **money(start=100, expansion=50, end=150)}, id="a raise is expansion"
        ),
        pytest.param("raised", "2025-04-01", {**LASTING, **money(start=100, end=100)}, id="terms held until the raise"),
        pytest.param(
            "switched",
            "2025-03-01",
            {**LASTING, **money(start=100, contraction=20, end=80)},
            id="a switch to a smaller plan with a gap of a day is contraction",
        ),
        pytest.param(
            "paused", "2025-04-01", {**LASTING, **money(start=100, end=100)}, id="a pause of the grace is no loss"
        ),
        pytest.param("paused", "2025-05-01", {**LASTING, **money(start=100, end=100)}, id="nor is its end a return"),
        pytest.param(
            "away",
            "2025-04-01",
            {"active_start_count": 1, "lost_count": 1, "voluntary_lost_count": 1, **money(start=100, churned=100)},
            id="a pause of one day more is a loss on the first day without service",
        ),
        pytest.param(
            "away",
            "2025-05-01",
            {"reactivated_count": 1, "active_end_count": 1, **money(reactivation=90, end=90)},
            id="and its end a return",
        ),
        pytest.param("undone", "2025-08-01", {**LASTING, **money(start=100, end=100)}, id="a notice taken back"),
        pytest.param(
            "both",
            "2025-07-01",
            {**LASTING, **money(start=100, contraction=60, end=40)},
            id="the end of one of two contracts is contraction",
        ),
        pytest.param(
            "yearly",
            "2024-02-01",
            {"new_count": 1, "active_end_count": 1, **money(new=83.33, end=83.33)},
            id="leap day",
        ),
        pytest.param(
            "yearly",
            "2025-02-01",
            {"active_start_count": 1, "lost_count": 1, "voluntary_lost_count": 1, **money(start=83.33, churned=83.33)},
            id="a year that began on a leap day ends on the 28th",
        ),
        pytest.param(
            "deleted",
            "2025-08-01",
            {"active_start_count": 1, "lost_count": 1, "voluntary_lost_count": 1, **money(start=100, churned=100)},
            id="a deleted contract ends",
        ),
        pytest.param(
            "unpaid",
            "2025-10-01",
            {"active_start_count": 1, "lost_count": 1, "involuntary_lost_count": 1, **money(start=100, churned=100)},
            id="a contract ended by a failed payment",
        ),
        pytest.param(
            "expelled",
            "2025-10-01",
            {"active_start_count": 1, "lost_count": 1, **money(start=100, churned=100)},
            id="whom we let go left neither of free will nor against it",
        ),
        pytest.param(
            "euro",
            "2025-09-01",
            {**LASTING, **money(start=70, exchange_effect_amount=10, end=80)},
            id="a rate is no expansion",
        ),
        pytest.param(
            "mixed",
            "2025-09-01",
            {**LASTING, **money(start=60, expansion=45, exchange_effect_amount=15, end=120)},
            id="movements are at the rate of the start",
        ),
        pytest.param("merged", "2025-11-01", {**LASTING, **money(start=50, expansion=20, end=70)}, id="a merge"),
        pytest.param("brief", "2025-12-01", {"new_count": 1, "new_and_lost_count": 1}, id="joined and left at once"),
        pytest.param(
            "freed",
            "2026-01-01",
            {"active_start_count": 1, "lost_count": 1, "voluntary_lost_count": 1, **money(start=50, churned=50)},
            id="who pays nothing any more is lost",
        ),
        pytest.param(
            "paying", "2026-02-01", {"new_count": 1, "active_end_count": 1, **money(new=50, end=50)}, id="pays at last"
        ),
        pytest.param(
            "tried", "2026-01-01", {"new_count": 1, "active_end_count": 1, **money(new=100, end=100)}, id="a trial"
        ),
        pytest.param("graced", "2026-06-01", {**LASTING, **money(start=100, end=100)}, id="in grace nobody is lost"),
        pytest.param("backwards", "2025-09-01", {}, id="an end before the start"),
        pytest.param(
            "rich",
            "2026-03-01",
            {"new_count": 1, "active_end_count": 1, **money(new=83333333.33, end=83333333.33)},
            id="a very large amount",
        ),
        pytest.param(
            "thirds", "2026-04-01", {**LASTING, **money(start=33.33, expansion=8.34, end=41.67)}, id="cents add up"
        ),
        pytest.param("yen", "2026-05-01", LASTING, id="without a rate nobody knows the amount"),
    ],
)
def test_what_a_customer_did_in_a_month(world: World, segment: str, start: str, expected: Mapping[str, object]) -> None:
    assert moved(world, segment, start) == expected


def test_amounts_of_which_none_has_a_rate_are_null_and_not_nought(world: World) -> None:
    query = """
        select start_mrr_amount, exchange_effect_amount, end_mrr_amount, net_revenue_retention_ratio
        from marts.fct_churn_periods
        where basis = 'revenue' and segment_type = 'channel' and segment_value = 'yen'
            and period_grain = 'month' and period_start = '2026-05-01'
    """
    assert world.published(query) == [(None, None, None, None)]


def test_a_currency_has_its_own_amounts(world: World) -> None:
    assert moved(world, "JPY", "2026-05-01", by="currency") == {**LASTING, **money(start=1000, end=1000)}
    euros = moved(world, "EUR", "2025-09-01", by="currency")
    assert {name: value for name, value in euros.items() if name.endswith("_amount")} == money(
        start=10, expansion=15, end=25
    )
    dollars = moved(world, "USD", "2025-09-01", by="currency")
    assert dollars == {**LASTING, **money(start=10, contraction=10)}


def test_a_quarter_looks_at_its_own_start_and_close(world: World) -> None:
    assert moved(world, "away", "2025-04-01", grain="quarter") == {
        "active_start_count": 1,
        "lost_count": 1,
        "voluntary_lost_count": 1,
        "reactivated_count": 1,
        "active_end_count": 1,
        **money(start=100, contraction=10, end=90),
    }


def test_a_customer_is_of_the_plan_that_was_greatest_at_the_start_and_of_equal_ones_the_first(world: World) -> None:
    plans = world.published("""
        select segment_value, period_start::varchar, new_count, active_start_count from marts.fct_churn_periods
        where basis = 'logo' and churn_model = 'contract' and segment_type = 'plan' and period_grain = 'month'
            and segment_value in ('alpha', 'beta', 'team') and new_count + active_start_count > 0
            and period_start in ('2024-02-01', '2024-03-01', '2026-03-01', '2026-04-01')
        order by all
    """)
    assert plans == [
        ("alpha", "2026-03-01", 1, 0),
        ("alpha", "2026-04-01", 0, 1),
        ("team", "2024-02-01", 1, 0),
        ("team", "2024-03-01", 0, 1),
    ]


def test_a_month_is_open_until_its_grace_is_over(world: World) -> None:
    rows = world.published("""
        select period_start::varchar, maturity from marts.fct_churn_periods
        where basis = 'revenue' and segment_type = 'all' and period_grain = 'month' and period_start >= '2026-04-01'
        order by 1
    """)
    assert rows == [("2026-04-01", "complete"), ("2026-05-01", "complete"), ("2026-06-01", "open")]


def test_every_bridge_closes_to_the_cent_and_goes_on_where_the_former_ended(world: World) -> None:
    rows = world.published("""
        with bridges as (
            select *, lag(end_mrr_amount) over in_turn as former_end, lag(active_end_count) over in_turn as former_count
            from marts.fct_churn_periods where churn_model = 'contract'
            window in_turn as (partition by basis, period_grain, segment_type, segment_value order by period_start)
        )
        select count(*), count(former_end), count(*) filter (
            start_mrr_amount + new_mrr_amount + reactivation_mrr_amount + expansion_mrr_amount
            - contraction_mrr_amount - churned_mrr_amount + exchange_effect_amount <> end_mrr_amount
            or active_start_count + new_count + reactivated_count - lost_count - new_and_lost_count <> active_end_count
            or segment_type not in ('plan', 'billing_period') and former_end <> start_mrr_amount
            or segment_type in ('all', 'channel', 'country') and former_count <> active_start_count
            or segment_type = 'currency' and exchange_effect_amount <> 0
        ) from bridges
    """)
    ((all_rows, followed, wrong),) = rows
    assert all_rows > 1000
    assert followed > 500
    assert wrong == 0


def test_the_parts_of_each_segmentation_are_the_whole(world: World) -> None:
    counts = [name for name in FIGURES if name.endswith("_count")]
    amounts = [name for name in FIGURES if name.endswith("_amount")]
    sums = ", ".join(f"sum({figure}) as {figure}" for figure in FIGURES)
    wrong = " or ".join(
        [f"parts.{name} <> whole.{name}" for name in counts]
        # each amount is rounded once, so that parts may miss the whole by cents
        + [f"parts.segment_type <> 'currency' and abs(parts.{name} - whole.{name}) > 0.05" for name in amounts]
    )
    rows = world.published(f"""
        with parts as (
            select basis, period_grain, period_start, segment_type, {sums} from marts.fct_churn_periods
            where churn_model = 'contract' group by all
        )
        select count(*), count(*) filter ({wrong}) from parts
        inner join parts as whole using (basis, period_grain, period_start)
        where whole.segment_type = 'all'
    """)
    ((compared, differing),) = rows
    assert compared > 200
    assert differing == 0


def test_retention_stays_within_its_bounds(world: World) -> None:
    rows = world.published("""
        select count(*) filter (
            gross_revenue_retention_ratio not between 0 and least(1, net_revenue_retention_ratio) + 1e-9
            or abs(gross_revenue_churn_ratio + gross_revenue_retention_ratio - 1) > 1e-9
            or churn_ratio <> gross_revenue_churn_ratio
        ), count(gross_revenue_retention_ratio) > 500
        from marts.fct_churn_periods where basis = 'revenue'
    """)
    assert rows == [(0, True)]


@pytest.mark.slow
def test_a_later_day_changes_no_month_that_was_complete(new_world: Callable[[str], World], world: World) -> None:
    earlier = new_world("contracts_earlier")
    earlier.configure(reporting_timezone="Asia/Shanghai", reporting_currency="CNY")
    for path in sorted((world.folder / "shop").iterdir()):
        earlier.write(f"shop/{path.name}", path.read_bytes())
    earlier.build(as_of="2025-12-31")
    query = """
        select basis, period_grain, period_start, segment_value, {} from marts.fct_churn_periods
        where churn_model = 'contract' and segment_type = 'all' and maturity = 'complete'
            and period_start < '2025-12-01' order by all
    """.format(", ".join(FIGURES))
    found = earlier.published(query)
    assert len(found) > 40
    later = set(world.published(query))
    assert [row for row in found if row not in later] == []
