"""The edges of stages, transitions and cohorts, and input that no figure may stumble over: one world, one run."""

from collections.abc import Callable
from decimal import Decimal

import pytest
from worlds import World

pytestmark = pytest.mark.slow

AS_OF = "2025-06-30"
CUSTOMERS = """\
    customer_id,customer_type,country,acquisition_channel,source_stage,birth_date,merged_into_id,company_customer_id,terminated_at,created_at,updated_at
    old_id,,,,,,new_id,,,,2025-06-10
    acme,company,,,prospect,,,,,2025-01-01,2025-01-01
    ann,,,,New-Lead,,,acme,,2025-01-01,2025-01-01
    given_up,,,,,,,,2025-03-01,,2025-03-01
    unborn,,,,,2025-01-01,,,,,2025-01-01
    undated,,,,,,,,,2025-01-01,2025-01-01
    tomorrow,,,,,,,,,2025-01-01,2025-01-01
    signed,,,,,,,,,2025-01-01,2025-01-01
    backwards,,,,customer,,,,,2025-01-01,2025-01-01
    mover,,CN,,,,,,,,2024-12-01
    mover,,DE,,,,,,,,2025-03-01
    skipper,,,,,,,,,2025-05-01,2025-05-01
    q1,,,quartet,,,,,,2025-01-01,2025-01-01
    q2,,,quartet,,,,,,2025-01-01,2025-01-01
    q3,,,quartet,,,,,,2025-01-01,2025-01-01
    q4,,,quartet,,,,,,2025-01-01,2025-01-01
    repaid,,,repaid,,,,,,2025-01-01,2025-01-01
    no_rate,,,no_rate,,,,,,2025-01-01,2025-01-01
"""
# Who and when; each is an order of 10.00 CNY, unless more is said.
ORDERS: tuple[tuple[str, ...], ...] = (
    ("edge179", "2025-01-02"),
    ("edge180", "2025-01-01"),
    *(("saved", day) for day in ("2024-12-01", "2025-05-30")),
    *(("twins", "2025-06-01 12:00:00"),) * 2,
    ("skipper", "2025-05-10"),
    *(("returner", day) for day in ("2024-01-05", "2025-05-01")),
    ("old_id", "2024-01-05"),
    ("new_id", "2025-06-10"),
    ("ann", "2025-06-01"),
    ("given_up", "2024-12-01"),
    ("unborn", "2024-12-15"),
    *(("undated", ""),) * 3,
    ("tomorrow", "2025-07-15"),
    ("tomorrow", "2099-01-01"),
    ("leap_buyer", "2024-02-29"),
    ("mover", "2024-12-10"),
    *(("q1", day) for day in ("2025-01-05", "2025-02-28", "2025-03-01")),
    *(("q2", day) for day in ("2025-01-05", "2025-03-31")),
    *(("q3", day) for day in ("2025-01-05", "2025-04-01")),
    ("q4", "2025-01-05"),
    ("repaid", "2025-01-10", "110.00"),
    ("no_rate", "2025-01-10", "5000.00", "JPY"),
    *(("hoarder", f"2025-{1 + n % 6:02}-{1 + n % 28:02} {n % 24:02}:00", "1.00") for n in range(20_000)),
)
REFUNDS = "refund_id,order_id,refunded_at,amount\nr1,repaid,2025-02-05,80.00\n"
SUBSCRIPTIONS = """\
    subscription_id,customer_id,billing_period,recurring_amount,started_at,ends_at
    s1,contract,month,10,2024-06-30,
    s2,signed,month,10,2025-09-01,
    s3,paused,month,10,2025-01-01,2025-03-01
    s4,paused,month,10,2025-03-25,
    s5,leapling,year,10,2024-02-29,
    s6,backwards,month,10,2025-03-01,2025-02-01
    s7,broken,month,10,2025-01-01,2025-03-01
    s8,broken,month,10,2025-04-02,
"""
SURVEYS = """\
    response_id,survey_id,question_type,customer_id,sent_at,responded_at,score
    undated,s,nps,asked_later,,,9
    later,s,nps,asked_later,2025-07-05,,
    blank,s,nps,asked_only,2025-03-01,2025-03-02,
"""


def _orders() -> str:
    lines = ["order_id,customer_id,ordered_at,status,net_amount,currency"]
    for number, (customer, day, *money) in enumerate(ORDERS):
        order_id = customer if customer == "repaid" else f"o{number}"
        amount, currency = (*money, *("10.00", "CNY")[len(money) :])
        lines.append(f"{order_id},{customer},{day},completed,{amount},{currency}")
    return "\n".join(lines) + "\n"


@pytest.fixture(scope="module")
def world(new_world: Callable[[str], World]) -> World:
    world = new_world("lifecycle_edges")
    world.configure(
        reporting_timezone="Asia/Shanghai", reporting_currency="CNY", parameters={"minimum_reportable_count": 4}
    )
    world.write("shop/customers.csv", CUSTOMERS)
    world.write("shop/orders.csv", _orders())
    world.write("shop/refunds.csv", REFUNDS)
    world.write("shop/subscriptions.csv", SUBSCRIPTIONS)
    world.write("shop/survey_responses.csv", SURVEYS)
    world.build(as_of=AS_OF)
    return world


def stays(world: World, customer: str) -> list[tuple[str, str]]:
    """The stages of a customer in turn, with the day of entry."""
    return world.published(f"""
        select stage, entered_on::varchar from marts.fct_lifecycle_stages
        inner join core.bridge_customer_identities using (customer_key)
        where identity_type = 'customer' and source_customer_id = '{customer}'
        order by stage_number
    """)


def refused(world: World, table: str) -> list[tuple[str, int]]:
    """The reasons for which rows of a table were refused, and how many."""
    return world.published(f"""
        select failed_rules, count(*) from quality.fct_quarantined_rows where table_name = '{table}'
        group by all order by all
    """)


def test_a_gap_of_179_days_is_declining_and_one_of_180_churned_on_its_day_by_one_transition(world: World) -> None:
    assert stays(world, "edge179") == [("new", "2025-01-02"), ("declining", "2025-04-02")]
    assert stays(world, "edge180") == [("new", "2025-01-01"), ("declining", "2025-04-01"), ("churned", "2025-06-30")]


def test_an_order_on_the_very_day_of_lapse_wins(world: World) -> None:
    assert stays(world, "saved") == [("new", "2024-12-01"), ("declining", "2025-03-01"), ("developing", "2025-05-30")]


def test_an_answer_without_a_day_makes_its_person_known_although_all_else_is_still_to_come(world: World) -> None:
    assert stays(world, "asked_later") == [("prospect", AS_OF)]
    told = "select response_id, score from core.fct_survey_responses where customer_id = 'asked_later'"
    assert world.published(told) == [("undated", 9)]


def test_a_question_that_nobody_answered_engages_nobody(world: World) -> None:
    assert stays(world, "asked_only") == [("prospect", "2025-03-01")]


def test_two_orders_of_one_second_are_two_orders_and_one_stay(world: World) -> None:
    assert stays(world, "twins") == [("developing", "2025-06-01")]


def test_a_stage_that_was_skipped_is_not_filled_in(world: World) -> None:
    assert stays(world, "skipper") == [("prospect", "2025-05-01"), ("new", "2025-05-10")]


def test_who_comes_back_enters_stages_again_in_sequence(world: World) -> None:
    assert stays(world, "returner") == [
        ("new", "2024-01-05"),
        ("declining", "2024-04-04"),
        ("churned", "2024-07-03"),
        ("reactivated", "2025-05-01"),
    ]


def test_a_merge_unites_what_was_done_and_is_neither_the_greater_nor_the_lesser_of_two_stages(world: World) -> None:
    assert stays(world, "old_id") == stays(world, "new_id")
    assert stays(world, "new_id")[-2:] == [("churned", "2024-07-03"), ("reactivated", "2025-06-10")]


def test_a_company_and_its_contact_have_stages_of_their_own(world: World) -> None:
    assert stays(world, "acme") == [("prospect", "2025-01-01")]
    assert stays(world, "ann") == [("prospect", "2025-01-01"), ("new", "2025-06-01")]


def test_who_was_let_go_is_never_churned(world: World) -> None:
    assert stays(world, "given_up") == [("new", "2024-12-01"), ("terminated", "2025-03-01")]


def test_a_contract_without_orders_is_kept(world: World) -> None:
    assert stays(world, "contract") == [
        ("new", "2024-06-30"),
        ("developing", "2024-07-30"),
        ("loyal", "2024-09-28"),
    ]


def test_a_contract_that_begins_later_is_none_yet(world: World) -> None:
    assert stays(world, "signed") == [("prospect", "2025-01-01")]


def test_a_pause_within_the_grace_is_no_loss_and_a_longer_one_is(world: World) -> None:
    assert "churned" not in dict(stays(world, "paused"))
    assert ("churned", "2025-03-01") in stays(world, "broken")
    assert stays(world, "broken")[-1] == ("reactivated", "2025-04-02")


def test_a_subscription_that_ends_before_it_starts_is_refused(world: World) -> None:
    assert [count for _, count in refused(world, "subscriptions")] == [1]
    assert stays(world, "backwards") == [("prospect", "2025-01-01")]


def test_orders_without_a_day_are_refused_and_leave_a_prospect(world: World) -> None:
    assert stays(world, "undated") == [("prospect", "2025-01-01")]
    assert ("ordered_at_is_present", 3) in refused(world, "orders")


def test_an_order_after_the_as_of_date_is_not_known_yet_and_one_of_the_future_refused(world: World) -> None:
    assert stays(world, "tomorrow") == [("prospect", "2025-01-01")]
    assert ("ordered_at_is_not_in_the_future", 1) in refused(world, "orders")
    assert world.published(f"select count(*) from core.fct_orders where ordered_on > '{AS_OF}'") == [(0,)]


def test_a_customer_born_after_the_order_is_a_customer(world: World) -> None:
    assert stays(world, "unborn") == [("new", "2024-12-15"), ("declining", "2025-03-15"), ("churned", "2025-06-13")]


def test_the_29th_of_february_lapses_after_as_many_days_and_renews_on_the_28th(world: World) -> None:
    assert stays(world, "leap_buyer")[-1] == ("churned", "2024-08-27")
    assert stays(world, "leapling") == [("new", "2024-02-29"), ("developing", "2025-02-28")]


def test_one_customer_may_order_without_end(world: World) -> None:
    assert stays(world, "hoarder") == [("developing", "2025-01-01"), ("loyal", "2025-04-01")]
    query = """
        select order_count, historical_revenue_amount from marts.fct_customer_value
        where order_count > 1000
    """
    assert world.published(query) == [(20_000, Decimal("20000.00"))]


def test_without_a_rate_the_order_counts_and_its_money_is_unknown(world: World) -> None:
    assert stays(world, "no_rate")[-1][0] == "declining"
    assert world.published("select is_valid, net_amount from core.fct_orders where currency = 'JPY'") == [(True, None)]
    query = """
        select cohort_size, active_count, net_amount from marts.fct_cohort_retention
        where cohort_grain = 'month' and segment_value = 'no_rate' and period_number = 0
    """
    assert world.published(query) == [(1, 1, Decimal("0.00"))]


def test_a_month_in_which_nothing_happens_has_its_rows(world: World) -> None:
    query = """
        select count(*), sum(entered_count), sum(exited_count), sum(closing_count)
        from marts.fct_stage_populations where scheme = 'canonical' and period_start = '2024-03-01'
    """
    assert world.published(query) == [(10, 0, 0, 4)]


def test_a_segment_without_a_value_is_unknown(world: World) -> None:
    for segment_type in ("channel", "country", "first_category"):
        query = f"""
            select bool_or(segment_value = 'unknown'), bool_or(segment_value is null)
            from marts.fct_cohort_retention where segment_type = '{segment_type}'
        """
        assert world.published(query) == [(True, False)], segment_type


def test_a_cohort_is_of_the_country_in_which_it_was_acquired(world: World) -> None:
    query = """
        select distinct segment_value from marts.fct_cohort_retention
        where segment_type = 'country' and cohort_grain = 'month' and cohort_start = '2024-12-01'
    """
    assert ("CN",) in world.published(query)
    assert ("DE",) not in world.published(query)
    assert world.published("select country from core.dim_customers where acquisition_country = 'CN'") == [("DE",)]


def test_classic_rolling_and_continuous_retention_are_half_three_quarters_and_a_quarter(world: World) -> None:
    query = """
        select retention_ratio, rolling_active_count / cohort_size, continuous_active_count / cohort_size, is_reportable
        from marts.fct_cohort_retention
        where cohort_grain = 'month' and segment_value = 'quartet' and period_number = 2
    """
    assert world.published(query) == [(0.5, 0.75, 0.25, True)]


def test_a_silent_period_is_a_zero_and_not_a_gap(world: World) -> None:
    query = """
        select list(active_count order by period_number), list(period_number order by period_number)
        from marts.fct_cohort_retention where cohort_grain = 'month' and segment_value = 'quartet'
    """
    assert world.published(query) == [([4, 1, 2, 1, 0, 0], [0, 1, 2, 3, 4, 5])]


def test_a_refund_lowers_its_own_month_and_the_running_total(world: World) -> None:
    query = """
        select period_number, net_amount, cumulative_net_amount, round(net_revenue_retention_ratio, 4)
        from marts.fct_cohort_retention
        where cohort_grain = 'month' and segment_value = 'repaid' and period_number < 3
        order by period_number
    """
    assert world.published(query) == [
        (0, Decimal("110.00"), Decimal("110.00"), 1.0),
        (1, Decimal("-80.00"), Decimal("30.00"), -0.7273),
        (2, Decimal("0.00"), Decimal("30.00"), 0.0),
    ]


def test_a_week_belongs_to_the_year_of_its_days_and_not_of_its_first(world: World) -> None:
    query = """
        select distinct cohort_start::varchar from marts.fct_cohort_retention
        where cohort_grain = 'week' and segment_value = 'quartet'
    """
    assert world.published(query) == [("2024-12-30",)]


def test_a_period_without_acquisitions_is_no_cohort(world: World) -> None:
    query = """
        select count(*) from marts.fct_cohort_retention where cohort_grain = 'month' and cohort_start = '2024-03-01'
    """
    assert world.published(query) == [(0,)]


def test_the_source_s_own_stage_is_kept_and_its_disagreement_told(world: World) -> None:
    query = """
        select source_stage, stage, source_agreement from marts.fct_lifecycle_stages
        where is_current and source_stage is not null order by all
    """
    assert world.published(query) == [
        ("New-Lead", "new", "differs"),
        ("customer", "prospect", "differs"),
        ("prospect", "prospect", "agrees"),
    ]
