"""From files of orders to scores: what is published of value and risk is what the models say of the files."""

import json
from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import date, timedelta

import dagster as dg
import numpy as np
import pytest
from worlds import World

from orchestration.assets.value_models import BETTER, VALUE_KEY
from orchestration.value import buying, risk, spending
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
    write_orders(world, history)
    world.write("shop/customers.csv", "customer_id,acquisition_channel,deleted_at\n3,web,2026-06-01\nnobody,web,\n")
    world.configure(
        parameters={
            "value_horizon_days": HORIZON,
            "risk_horizon_days": RISK_HORIZON,
            "value_segment_minimum_count": 50,
        },
        reporting_timezone="UTC",
    )
    world.build(as_of=EARLIER.isoformat())
    world.build()
    return world


def write_orders(world: World, history: History) -> None:
    orders = [
        f"{customer}-{day},{customer},{day} 12:00:00,completed,{value:.2f},{channel_of(customer)}"
        for customer, days in history.items()
        for day, value in days.items()
    ]
    world.write("shop/orders.csv", f"{HEADER}\n" + "\n".join(orders))


def by_the_clock(number: int) -> History:
    """Days and values of orders of buyers who order about every so many days until they stop."""
    draw, last = np.random.default_rng(3), (LAST_DAY - FIRST_DAY).days
    found = {}
    for customer in range(number):
        gap, day, days = draw.uniform(8, 60), float(draw.integers(0, 400)), {}
        while day <= last:
            days[FIRST_DAY + timedelta(days=int(day))] = 20.0
            if draw.random() < 0.1:
                break
            day += max(draw.normal(gap, 2), 1)
        found[customer] = days
    return {**found, 0: {**found[0], LAST_DAY: 20.0}}


@pytest.fixture(scope="module")
def clockwork(new_world: Callable[[str], World]) -> World:
    """Another company, run once."""
    world = new_world("clockwork")
    write_orders(world, by_the_clock(500))
    world.configure(parameters={"risk_horizon_days": RISK_HORIZON}, reporting_timezone="UTC")
    ended = world.run()
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
    assert {row[0] for row in rows} == {"mbg_nbd", "bg_nbd", "gamma_gamma", "logistic"}


def test_what_orders_at_random_leaves_risk_to_the_model_of_buyers(world: World) -> None:
    rows = world.published(
        "select bool_or(is_used), count(distinct model_key), count(distinct parameter_name), "
        "count(distinct model_key) filter (where holdout_auc is not null and baseline_brier is not null) "
        "from marts.fct_value_models where family = 'logistic'"
    )
    assert rows == [(False, 3, 7, 2)]
    keys = world.published("select distinct model_key from marts.fct_churn_risk order by all")
    assert keys == [(f"mbg_nbd/channel/{channel}/{LAST_DAY}",) for channel in ("store", "web")]
    (tracked,) = world.published(
        "select distinct holdout_cumulative_mape between 0 and 0.3, holdout_weekly_mape between 0 and 1 "
        "from marts.fct_value_models where family = 'mbg_nbd' and segment_type = 'all'"
    )
    assert tracked == (True, True)


def test_the_trial_is_a_check_that_can_be_seen(world: World) -> None:
    with dg.DagsterInstance.from_config(str(world.home / "dagster")) as instance:
        key = dg.AssetCheckKey(VALUE_KEY, BETTER)
        (record,) = instance.event_log_storage.get_asset_check_execution_history(key, limit=1)
    told = record.event.dagster_event.asset_check_evaluation_data
    assert (told.passed, told.blocking) == (True, True)
    assert f"| mbg_nbd/all/all/{LAST_DAY} | rmse |" in told.metadata["errors"].value


def test_where_buyers_order_by_the_clock_the_logistic_model_tells_risk(clockwork: World) -> None:
    (model,) = clockwork.published(
        "select distinct model_key, fitted_through, is_beaten from marts.fct_value_models "
        "where family = 'logistic' and is_used"
    )
    assert model == (f"logistic/all/all/{LAST_DAY}", LAST_DAY, False)
    parameters = dict(
        clockwork.published(
            f"select parameter_name, parameter_value from marts.fct_value_models where model_key = '{model[0]}'"
        )
    )
    rows = clockwork.published(
        "select loss_probability, frequency, recency_days, age_days, "
        f"(select count(*) from (select distinct customer_key, ordered_on from core.fct_orders) as days "
        f"where days.customer_key = risks.customer_key and ordered_on > date '{LAST_DAY}' - {RISK_HORIZON}), "
        "top_factor_1_probability <= loss_probability and top_factor_1_probability > 0, risks.model_key, risk_band "
        "from marts.fct_churn_risk as risks inner join marts.fct_customer_value as scores using (customer_key)"
    )
    assert len(rows) > 100
    told, *history = (np.array(column, dtype=float) for column in list(zip(*rows, strict=True))[:5])
    seen = risk.Watched(LAST_DAY, RISK_HORIZON, *history, *[np.ones(len(rows))] * 3)
    odds = parameters["intercept"] + sum(
        parameters[name] * of
        for name, of in zip(risk.FEATURES, risk.features(seen, parameters["mean_gap_days"]).T, strict=True)
    )
    np.testing.assert_allclose(told, 1 / (1 + np.exp(-odds)), rtol=1e-9)
    assert {row[5] for row in rows} <= {True, None}
    assert {row[6] for row in rows} == {model[0]}
    assert len({row[7] for row in rows}) > 1


def test_risk_that_was_learnt_is_foretold_under_its_own_model(clockwork: World) -> None:
    rows = clockwork.published(
        "select distinct target, value_basis, predictions.model_key, horizon_days, "
        "predicted_value = risks.loss_probability from marts.fct_predictions as predictions "
        "inner join marts.fct_churn_risk as risks using (customer_key, horizon_days) where target = 'no_order'"
    )
    assert rows == [("no_order", None, f"logistic/all/all/{LAST_DAY}", RISK_HORIZON, True)]


def test_a_part_of_the_models_can_be_built_alone(clockwork: World) -> None:
    ended = clockwork.run("--select", "marts/fct_churn_risk")
    assert ended.exit_code == 0, ended.output


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


# The last of this file, since the world has no sound models any more.
def test_scores_by_a_beaten_model_are_not_published(world: World) -> None:
    standing = world.database.resolve()
    kept = world.home / "warehouse" / "value.json"
    models = json.loads(kept.read_text(encoding="utf-8"))
    for model in models["fitted"] + models["used"]:
        model["is_beaten"] = True
    kept.write_text(json.dumps(models), encoding="utf-8")
    ended = world.run("--full-refresh")
    assert ended.exit_code == 1
    assert f"value/models {BETTER}: Scores are by a model that lost its trial" in " ".join(ended.output.split())
    assert world.database.resolve() == standing
