"""Single predictions are the published ones, and no history makes a number that is none."""

from decimal import Decimal, getcontext

import numpy as np
import pytest

from orchestration.value import buying, contracts, pareto, spending
from orchestration.value.cells import CannotFit, cells_of

BG = np.array([0.243, 4.414, 0.793, 2.426])
BG_UNROUNDED = np.array([0.242595, 4.413602, 0.792922, 2.425907])
MBG = np.array([0.5248, 6.1831, 0.8914, 1.6140])
HISTORIES = ([0, 1, 2, 7], [0, 1.71, 30.43, 29.43], [38.86] * 4)
HEAVY = (549, 205, 210.78, 1224)


def test_bg_nbd_predicts_as_published() -> None:
    expected = buying.expected_orders(BG, *HISTORIES, 39, family="bg_nbd")
    np.testing.assert_allclose(expected, [0.19510, 0.20319, 1.22603, 3.33705], atol=1e-4)
    alive = buying.probability_alive(BG, *HISTORIES, family="bg_nbd")
    np.testing.assert_allclose(alive, [1, 0.21212, 0.72658, 0.64176], atol=1e-4)
    order = buying.probability_of_order(BG, *HISTORIES, 39, family="bg_nbd")
    np.testing.assert_allclose(order, [0.14455, 0.11667, 0.55463, 0.63564], atol=1e-4)


def test_mbg_nbd_predicts_as_computed() -> None:
    np.testing.assert_allclose(
        buying.expected_orders(MBG, *HISTORIES, 39), [0.15395, 0.18879, 1.26263, 3.16671], atol=1e-4
    )
    np.testing.assert_allclose(
        buying.probability_alive(MBG, *HISTORIES), [0.38972, 0.17082, 0.70612, 0.62263], atol=1e-4
    )
    np.testing.assert_allclose(
        buying.probability_of_order(MBG, *HISTORIES, 39), [0.10879, 0.10483, 0.55991, 0.61693], atol=1e-4
    )


def test_customer_1516_is_as_published() -> None:
    history = (26, 30.86, 31)
    fitted = np.array([0.5534, 10.5802, 0.6061, 11.6562])
    assert pareto.probability_alive(fitted, *history) == pytest.approx(0.99792, abs=1e-4)
    assert pareto.expected_orders(fitted, *history, 52) == pytest.approx(25.455, abs=1e-2)
    assert buying.expected_orders(BG, *history, 52, family="bg_nbd") == pytest.approx(25.759, abs=1e-3)
    assert buying.probability_alive(BG, *history, family="bg_nbd") == pytest.approx(0.96892, abs=1e-4)


def test_newcomers_order_again_as_published() -> None:
    expected = buying.expected_if_alive(BG_UNROUNDED, 0, 0, [0.1429, 1, 3, 31.8571, 32, 78], family="bg_nbd")
    np.testing.assert_allclose(expected, [0.0078, 0.0532, 0.1506, 1.0405, 1.0437, 1.8576], atol=5e-4)
    assert buying.probability_of_count(BG, 10, 2, family="bg_nbd") == pytest.approx(1.07869e-7, rel=1e-4)
    assert buying.probability_of_count(BG, 0, 39, family="bg_nbd") == pytest.approx(0.573786, abs=1e-4)


@pytest.mark.parametrize("family", ["mbg_nbd", "bg_nbd"])
def test_probabilities_of_all_counts_add_up(family: str) -> None:
    total = sum(buying.probability_of_count(BG, count, 39.0, family=family) for count in range(400))
    assert total == pytest.approx(1, abs=1e-9)


def test_gamma_gamma_predicts_as_published() -> None:
    values = spending.expected_value(np.array([6.25, 3.74, 15.44]), [2, 1, 0, 7, 2], [22.35, 11.77, 0, 73.74, 25.55])
    np.testing.assert_allclose(values, [24.65, 18.91, 35.17, 71.46, 27.28], atol=0.1)
    np.testing.assert_allclose(values, [24.66, 18.92, 35.22, 71.47, 27.29], atol=5e-3)


@pytest.mark.parametrize(("family", "expected"), [("bg_nbd", 0.5176), ("mbg_nbd", 0.5189)])
def test_a_heavy_buyer_over_a_long_horizon_is_a_number(family: str, expected: float) -> None:
    fitted = np.array([0.532, 17.3, 0.966, 57.1])
    assert buying.expected_orders(fitted, *HEAVY, family=family) == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("family", ["mbg_nbd", "bg_nbd"])
def test_draws_of_buyers_order_as_often_as_expected(family: str) -> None:
    parameters, (x, t_x, age), horizon, number = MBG, (2, 30.43, 38.86), 39.0, 400_000
    draw = np.random.default_rng(11)
    shift = 1 if family == "mbg_nbd" else 0
    rate = draw.gamma(parameters[0] + x, 1 / (parameters[1] + age), number)
    leave = draw.beta(parameters[2], parameters[3] + x + shift, number)
    ordered = np.zeros(number)
    time, active = np.zeros(number), np.arange(number)
    while len(active):
        time[active] += draw.exponential(1 / rate[active])
        active = active[time[active] < horizon]
        ordered[active] += 1
        active = active[draw.random(len(active)) >= leave[active]]
    alive = float(buying.probability_alive(parameters, x, t_x, age, family=family))
    error = 3 * ordered.std() / np.sqrt(number)
    asked = (parameters, x, t_x, age, horizon)
    assert buying.expected_orders(*asked, family=family) == pytest.approx(alive * ordered.mean(), abs=error)
    chance = float(buying.probability_of_order(*asked, family=family))
    assert chance == pytest.approx(alive * (ordered > 0).mean(), abs=3 * 0.5 / np.sqrt(number))


def exactly(parameters: np.ndarray, x: int, age: float, horizon: float, family: str) -> float:
    """Expected orders of who is alive, by the defining series in seventy digits."""
    getcontext().prec = 70
    r, alpha, a, b = (Decimal(float(of)) for of in parameters)
    t, h = Decimal(age), Decimal(horizon)
    second = b + x + (1 if family == "mbg_nbd" else 0)
    third, z = a + second - 1, h / (alpha + t + h)
    term = total = Decimal(1)
    for n in range(200_000):
        term *= (r + x + n) * (second + n) / ((third + n) * (n + 1)) * z
        total += term
        if abs(term) < abs(total) * Decimal("1e-40") and n > 10:
            break
    return float(third / (a - 1) * (1 - ((alpha + t) / (alpha + t + h)) ** (r + x) * total))


@pytest.mark.parametrize("family", ["mbg_nbd", "bg_nbd"])
def test_a_grid_of_extreme_buyers_agrees_with_seventy_digits(family: str) -> None:
    draw = np.random.default_rng(5)
    worst = 0.0
    for _ in range(250):
        parameters = np.exp(draw.uniform(np.log([0.05, 1, 0.01, 0.05]), np.log([5, 300, 20, 100])))
        if draw.random() < 0.2:
            parameters[2] = 1 + draw.choice([-1, 1]) * 10 ** draw.uniform(-9, -3)
        x, age = int(draw.choice([0, 1, 2, 7, 60, 300, 1500])), float(draw.uniform(30, 4000))
        horizon = float(min(draw.uniform(1, 3650), 6 * (age + parameters[1])))
        found = float(buying.expected_if_alive(parameters, x, age, horizon, family=family))
        right = exactly(parameters, x, age, horizon, family)
        worst = max(worst, abs(found / right - 1))
    assert worst < 1e-5


@pytest.mark.parametrize("family", ["mbg_nbd", "bg_nbd"])
def test_buyers_who_all_order_every_day_are_expected_to_go_on(family: str) -> None:
    days = np.full(200, 799.0)
    fit = buying.fit(cells_of(days, days, days + 1, np.ones(200)), family)
    assert not fit.dropout_identified
    expected = buying.expected_orders(fit.parameters, days[:1], days[:1], days[:1] + 1, [30, 365], family=family)
    np.testing.assert_allclose(expected, [30, 365], rtol=0.005)


def test_what_the_series_cannot_tell_the_mean_over_chances_to_leave_tells() -> None:
    draw = np.random.default_rng(3)
    for r, alpha, a, b in np.exp(draw.normal([0, 3, 0, 1], 1, (200, 4))):
        frequency = draw.integers(0, 300)
        age, horizon = frequency + draw.integers(1, 1500), draw.integers(1, 1000)
        alive, orders = np.array([b + frequency + 1]), np.array([r + frequency])
        z = np.array([horizon / (alpha + age + horizon)])
        by_series = buying._expected_by_series(a, alive, orders, z)
        np.testing.assert_allclose(buying._expected_by_quadrature(a, alive, orders, z), by_series, rtol=1e-4)


def test_sbg_projects_retention_as_published() -> None:
    high = contracts.fit(contracts.survivors([100, 86.9, 74.3, 65.3, 59.3, 55.1, 51.7, 49.1]))
    regular = contracts.fit(contracts.survivors([100, 63.1, 46.8, 38.2, 32.6, 28.9, 26.2, 24.1]))
    np.testing.assert_allclose(high.parameters, [0.66809, 3.80610], atol=5e-4)
    np.testing.assert_allclose(regular.parameters, [0.70408, 1.18204], atol=5e-4)
    assert high.maximum.log_likelihood / 100 == pytest.approx(-1.61116, abs=1e-4)
    assert regular.maximum.log_likelihood / 100 == pytest.approx(-1.68027, abs=1e-4)
    assert contracts.expected_lifetime(high.parameters, 0.1) == pytest.approx(5.9226, abs=1e-3)
    assert contracts.expected_lifetime(high.parameters, 0.1, renewals=7) == pytest.approx(7.52995, abs=1e-3)
    years = np.arange(8, 13)
    np.testing.assert_allclose(
        contracts.survival(high.parameters, years), [0.4604, 0.4358, 0.4142, 0.3951, 0.3780], atol=1e-3
    )
    np.testing.assert_allclose(
        contracts.survival(regular.parameters, years), [0.2201, 0.2044, 0.1912, 0.1799, 0.1700], atol=1e-3
    )


def test_sbg_learns_from_cohorts_that_are_still_running() -> None:
    left = np.array([10000, 8000, 6480, 5307, 4391])
    cohorts = [contracts.survivors(left[: 5 - late]) for late in range(4)]
    kept, lost = (np.zeros(4), np.zeros(4))
    for cohort in cohorts:
        kept[: len(cohort.kept)] += cohort.kept
        lost[: len(cohort.lost)] += cohort.lost
    fit = contracts.fit(contracts.Renewals(kept, lost))
    np.testing.assert_allclose(fit.parameters, [3.79813, 15.19194], atol=5e-3)


def test_kaplan_and_meier_give_the_remission_of_leukaemia_as_published() -> None:
    """Freireich et al. 1963, patients under 6-mercaptopurine, as in Klein and Moeschberger's table 4.1B."""
    at_risk, relapsed = np.array([21.0, 17, 15, 12, 11, 7, 6]), np.array([3.0, 1, 1, 1, 1, 1, 1])
    curve = contracts.kaplan_meier(contracts.Renewals(at_risk - relapsed, relapsed))
    np.testing.assert_allclose(curve.survival, [0.857, 0.807, 0.753, 0.690, 0.627, 0.538, 0.448], atol=5e-4)
    np.testing.assert_allclose(
        curve.standard_errors, [0.0764, 0.0869, 0.0963, 0.1068, 0.1141, 0.1282, 0.1346], atol=5e-5
    )


def test_the_curve_ends_where_nobody_is_left_and_fits_no_worse_than_the_model() -> None:
    ended = contracts.kaplan_meier(contracts.Renewals(np.array([5.0, 0, 0]), np.array([5.0, 5, 0])))
    assert ended.survival.tolist() == [0.5, 0.0]
    assert ended.standard_errors[1] == 0
    renewals = contracts.survivors([100, 63.1, 46.8, 38.2, 32.6, 28.9, 26.2, 24.1])
    assert contracts.kaplan_meier(renewals).log_likelihood > contracts.fit(renewals).maximum.log_likelihood


def test_a_contract_model_stays_finite_where_nobody_or_everybody_leaves() -> None:
    for counts in ([50, 50, 50], [50, 0]):
        fit = contracts.fit(contracts.survivors(counts))
        assert np.isfinite(fit.parameters).all()
        assert not fit.is_identified
    with pytest.raises(CannotFit, match="no contract has come to a renewal yet"):
        contracts.fit(contracts.survivors([20]))


def test_who_is_no_history_is_named() -> None:
    with pytest.raises(CannotFit, match="1 cells are no histories"):
        cells_of([1, 0], [5, 0], [4, 9])


@pytest.mark.parametrize(
    ("frequency", "recency", "age"),
    [([0] * 9, [0] * 9, range(9)), ([0], [0], [0]), ([], [], [])],
    ids=["nobody came back", "one customer of today", "nobody"],
)
def test_without_a_repeat_order_the_fit_says_so(frequency, recency, age) -> None:
    with pytest.raises(CannotFit, match="nobody has ordered again"):
        buying.fit(cells_of(frequency, recency, list(age)))


@pytest.mark.parametrize(
    ("frequency", "recency", "age"),
    [
        ([3], [40], [90]),
        ([3] * 50, [40] * 50, [90] * 50),
        ([1500, 0, 0, 2], [1499, 0, 0, 700], [1500, 0, 3, 900]),
        (list(range(1, 41)), list(range(1, 41)), list(range(1, 41))),
        ([1] + [0] * 400, [1] + [0] * 400, [2] * 401),
    ],
    ids=["one customer", "all the same", "a buyer of 1,500 days", "everybody bought today", "hardly anybody"],
)
def test_strange_companies_have_finite_parameters_and_nobody_is_surely_alive(frequency, recency, age) -> None:
    cells = cells_of(frequency, recency, age)
    fit = buying.fit(cells)
    assert np.isfinite(fit.parameters).all()
    alive = buying.probability_alive(fit.parameters, cells.frequency, cells.recency, cells.age)
    assert (np.isfinite(alive) & (alive > 0) & (alive < 1)).all()
    expected = buying.expected_orders(fit.parameters, cells.frequency, cells.recency, cells.age, 365)
    assert np.isfinite(expected).all()


def test_where_nobody_drops_out_the_guard_says_so() -> None:
    draw = np.random.default_rng(3)
    age = draw.integers(200, 300, 3000)
    rate = draw.gamma(20, 0.005, 3000)
    ordered = [np.sort(draw.integers(1, of + 1, draw.poisson(one * of))) for of, one in zip(age, rate, strict=True)]
    days = [np.unique(of) for of in ordered]
    fit = buying.fit(cells_of([len(of) for of in days], [of.max(initial=0) for of in days], age))
    assert not fit.dropout_identified
    alive = buying.probability_alive(fit.parameters, 20, 200, 210)
    assert 0.5 < alive < 1


def test_simulated_parameters_are_found_again_within_two_standard_errors() -> None:
    draw, number = np.random.default_rng(17), 20_000
    truth = np.array([0.55, 8.0, 0.8, 2.5])
    rate, leave = draw.gamma(truth[0], 1 / truth[1], number), draw.beta(truth[2], truth[3], number)
    age = draw.uniform(20, 100, number)
    time, last, count = np.zeros(number), np.zeros(number), np.zeros(number)
    active = np.flatnonzero(draw.random(number) >= leave)
    while len(active):
        time[active] += draw.exponential(1 / rate[active])
        active = active[time[active] < age[active]]
        count[active] += 1
        last[active] = time[active]
        active = active[draw.random(len(active)) >= leave[active]]
    fit = buying.fit(cells_of(count, last, age))
    assert (np.abs(fit.parameters - truth) < 2 * fit.maximum.standard_errors).all()


def test_gamma_gamma_without_a_spender_or_without_a_mean_says_so() -> None:
    with pytest.raises(CannotFit, match="nobody has ordered again for money"):
        spending.Spenders(np.array([]), np.array([]), np.array([]))
    with pytest.raises(CannotFit, match="mean value above 0"):
        spending.Spenders(np.array([1.0]), np.array([-3.0]), np.array([1.0]))


def test_gamma_gamma_of_equal_values_expects_that_value() -> None:
    same = spending.fit(spending.Spenders(np.full(40, 3.0), np.full(40, 50.0), np.ones(40)))
    assert spending.expected_value(same.parameters, 3, 50.0) == pytest.approx(50, rel=0.05)
