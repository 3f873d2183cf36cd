"""From files of orders to scores: what is published of value and risk is what the models say of the files."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import date, timedelta

import numpy as np
import pytest
from worlds import World

from orchestration.value import buying, spending
from orchestration.value.cells import cells_of

pytestmark = pytest.mark.slow

FIRST_DAY, EARLIER, LAST_DAY = date(2025, 1, 1), date(2026, 2, 28), date(2026, 6, 30)
HORIZON, RISK_HORIZON = 100, 60
HEADER = "order_id,customer_id,ordered_at,status,net_amount,channel"
# r, alpha, a and b of the buyers of each channel.
TRUTHS = {"store": (2.5, 25, 3, 3), "web": (1.2, 60, 0.8, 2.5)}
History = Mapping[int, Mapping[date, float]]


def channel_of(customer: int) -> str:
    return "web" if customer % 2 else "store"


def drawn(number: int) -> History:
    """Days and values of orders of buyers who order as the model of their channel says."""
    draw = np.random.default_rng(8)
    found: dict[int, dict[date, float]] = {}
    for customer in range(number):
        r, alpha, a, b = TRUTHS[channel_of(customer)]
        rate, leave, scale = draw.gamma(r, 1 / alpha), draw.beta(a, b), draw.gamma(4, 10)
        day, days = float(draw.integers(0, 400)), defaultdict(float)
        while day < (LAST_DAY - FIRST_DAY).days + 1:
            days[FIRST_DAY + timedelta(days=int(day))] += round(1 + draw.gamma(6, scale / 6), 2)
            if draw.random() < leave:
                break
            day += draw.exponential(1 / rate)
        found[customer] = days
    return {**found, 0: {**found[0], LAST_DAY: 20.0}}


@pytest.fixture(scope="module")
def history() -> History:
    return drawn(700)


@pytest.fixture(scope="module")
def world(new_world: Callable[[str], World], history: History) -> World:
    """Run as of an earlier day, then as of the last one."""
    world = new_world("value")
    orders = [
        f"{customer}-{day},{customer},{day} 12:00:00,completed,{value:.2f},{channel_of(customer)}"
        for customer, days in history.items()
        for day, value in days.items()
    ]
    world.write("shop/orders.csv", f"{HEADER}\n" + "\n".join(orders))
    world.write("shop/customers.csv", "customer_id,acquisition_channel,deleted_at\n3,web,2026-06-01\nnobody,web,\n")
    world.configure(
        parameters={
            "value_horizon_days": HORIZON,
            "risk_horizon_days": RISK_HORIZON,
            "value_segment_minimum_count": 50,
        },
        reporting_timezone="UTC",
    )
    for arguments in (["--as-of", EARLIER.isoformat()], []):
        ended = world.run(*arguments)
        assert ended.exit_code == 0, ended.output
    return world


def scored(history: History, observed: date) -> Mapping[int, tuple[float, ...]]:
    """Alive, orders, no order within the risk horizon and value of an order, by the models of each channel itself."""
    known = {who: sorted(day for day in days if day <= observed) for who, days in history.items()}
    known = {who: days for who, days in known.items() if days}
    x = np.array([len(days) - 1 for days in known.values()])
    t_x = np.array([(days[-1] - days[0]).days for days in known.values()])
    age = np.array([(observed - days[0]).days for days in known.values()])
    mean = np.array(
        [np.mean([history[who][day] for day in days[1:]]) if len(days) > 1 else 0.0 for who, days in known.items()]
    )
    spenders = spending.Spenders(x[x > 0].astype(float), mean[x > 0], np.ones((x > 0).sum()))
    worth = spending.expected_value(spending.fit(spenders).parameters, x, mean)
    found: dict[int, tuple[float, ...]] = {}
    for channel in TRUTHS:
        inside = np.array([channel_of(who) == channel for who in known])
        of_channel = x[inside], t_x[inside], age[inside]
        fitted = buying.fit(cells_of(*of_channel)).parameters
        columns = (
            buying.probability_alive(fitted, *of_channel),
            buying.expected_orders(fitted, *of_channel, HORIZON),
            1 - buying.probability_of_order(fitted, *of_channel, RISK_HORIZON),
            worth[inside],
        )
        people = [who for who in known if channel_of(who) == channel]
        found |= dict(zip(people, zip(*(column.tolist() for column in columns), strict=True), strict=True))
    return found


KEYS = "inner join core.bridge_customer_identities using (customer_key)"


def test_every_buyer_is_scored_as_the_models_say(world: World, history: History) -> None:
    rows = world.published(
        "select source_customer_id, probability_alive, expected_orders, 1 - order_probability, "
        "expected_value_amount, expected_value_low_amount <= expected_value_amount, "
        f"expected_value_high_amount >= expected_value_amount from marts.fct_customer_value {KEYS} where status = 'ok'"
    )
    expected = scored(history, LAST_DAY)
    assert {row[0] for row in rows} == {str(who) for who in expected if who != 3}
    for who, *found, is_above_low, is_below_high in rows:
        np.testing.assert_allclose(found[:3], expected[int(who)][:3], rtol=1e-9)
        # Means of a hundredth are one when values are fitted, orders are discounted, and cents are rounded.
        value = expected[int(who)][1] * expected[int(who)][3]
        assert float(found[3]) == pytest.approx(value, rel=0.04, abs=0.006)
        assert is_above_low
        assert is_below_high


def test_who_is_no_buyer_or_deleted_has_a_status_instead_of_a_number(world: World) -> None:
    rows = world.published(
        "select source_customer_id, status, expected_orders, model_key, prospective_value_amount > 0 "
        f"from marts.fct_customer_value {KEYS} where status <> 'ok' order by 1"
    )
    assert rows == [("3", "insufficient_history", None, None, None), ("nobody", "not_a_buyer", None, None, True)]


def test_the_models_are_published_with_their_errors_and_their_trials(world: World) -> None:
    rows = world.published(
        "select family, segment_type, segment_value, parameter_name, standard_error > 0, is_used, "
        "holdout_rmse < baseline_rmse, holdout_days, fitted_through from marts.fct_value_models order by all"
    )
    days = (LAST_DAY - FIRST_DAY).days // 3
    segments = [("all", "all"), ("channel", "store"), ("channel", "web")]
    assert [row for row in rows if row[0] == "mbg_nbd"] == [
        ("mbg_nbd", *segment, name, True, True, True, min(HORIZON, days), LAST_DAY)
        for segment in segments
        for name in ("a", "alpha", "b", "r")
    ]
    assert {row[0] for row in rows} == {"mbg_nbd", "bg_nbd", "gamma_gamma"}


def test_each_buyer_names_the_model_of_the_own_channel(world: World) -> None:
    rows = world.published(
        f"select distinct source_customer_id::integer % 2, model_key from marts.fct_customer_value {KEYS} "
        "where status = 'ok' order by all"
    )
    assert rows == [(0, f"mbg_nbd/channel/store/{LAST_DAY}"), (1, f"mbg_nbd/channel/web/{LAST_DAY}")]


def test_risk_is_of_customers_who_can_be_lost_and_adds_up(world: World) -> None:
    rows = world.published(
        "select loss_probability, coalesce(top_factor_1_probability, 0) + coalesce(top_factor_2_probability, 0) "
        "+ coalesce(top_factor_3_probability, 0), risk_band, recommended_action, stage "
        "from marts.fct_churn_risk inner join marts.fct_lifecycle_stages using (customer_key) where is_current"
    )
    assert {row[4] for row in rows} <= {"new", "developing", "loyal", "declining", "reactivated"}
    assert len(rows) > 100
    for probability, parts, band, action, _ in rows:
        assert parts == pytest.approx(probability, rel=1e-12)
        assert band == ("high" if probability >= 0.66 else "medium" if probability >= 0.33 else "low")
        assert action is not None


def test_what_was_foretold_earlier_has_learnt_what_came(world: World, history: History) -> None:
    rows = world.published(
        "select source_customer_id, target, predicted_value, actual_value, is_censored "
        f"from marts.fct_predictions {KEYS} where as_of_date = '{EARLIER}'"
    )
    expected = scored(history, EARLIER)
    told = {(int(who), target): values for who, target, *values in rows}
    assert len(told) > 1000
    for (who, target), (predicted, actual, is_censored) in told.items():
        horizon = RISK_HORIZON if target == "no_order" else HORIZON
        until = EARLIER + timedelta(days=horizon)
        came = [day for day in history[who] if EARLIER < day <= until]
        assert not is_censored
        if target == "orders":
            assert predicted == pytest.approx(expected[who][1], rel=1e-9)
            assert actual == len(came)
        elif target == "no_order":
            assert predicted == pytest.approx(expected[who][2], rel=1e-9)
            assert actual == (not came)
        else:
            worth = sum(history[who][day] * 1.1 ** (-(day - EARLIER).days / 365) for day in came)
            assert actual == pytest.approx(worth, abs=1e-6)


def test_predictions_of_the_present_are_open(world: World) -> None:
    rows = world.published(
        "select target, count(*) > 100, bool_and(is_censored), count(actual_value) from marts.fct_predictions "
        f"where as_of_date = '{LAST_DAY}' group by target order by target"
    )
    assert rows == [(target, True, True, 0) for target in ("no_order", "orders", "value")]


def test_calibration_of_both_cut_offs_is_published(world: World) -> None:
    rows = world.published(
        "select observed_on, bin_type, count(*), sum(customer_count), "
        "sum(predicted_orders) / sum(actual_orders) between 0.6 and 1.6 "
        "from marts.fct_value_calibration group by all order by all"
    )
    cut_offs = [LAST_DAY - timedelta(days=2 * HORIZON), LAST_DAY - timedelta(days=HORIZON)]
    assert [row[:2] for row in rows] == [(day, kind) for day in cut_offs for kind in ("decile", "frequency")]
    assert all(row[4] for row in rows)
    assert [row[3] for row in rows[::2]] == [row[3] for row in rows[1::2]]
