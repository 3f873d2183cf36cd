"""Repeat orders of CDNOW are tracked week by week as the papers track them, and weeks begin and end where they say."""

import numpy as np
import pytest
from cdnow import END, HOLDOUT_END, Sample, calibration
from numpy.typing import NDArray

from orchestration.value import buying
from orchestration.value.tracking import Newcomers, Tracked, tracked

MBG, BG = np.array([0.525, 43.3, 0.891, 1.614]), np.array([0.243, 30.9, 0.793, 2.426])


def newcomers_of(sample: Sample) -> Newcomers:
    known, days = calibration(sample), sample.days
    kept = np.isin(days.customer, known.customer) & (days.day <= HOLDOUT_END)
    kept[days.firsts] = False
    repeats, counts = np.unique(days.day[kept], return_counts=True)
    return Newcomers(known.age(1), np.ones(len(known.firsts)), repeats - END, counts.astype(float), HOLDOUT_END - END)


@pytest.mark.parametrize(
    ("family", "total", "cumulative", "weekly"),
    [("bg_nbd", -0.0411, 0.0263, 0.1943), ("mbg_nbd", -0.0666, 0.0411, 0.1963)],
)
def test_cdnow_is_tracked_as_was_measured(
    sample: Sample, family: buying.Family, total: float, cumulative: float, weekly: float
) -> None:
    parameters = buying.fit(calibration(sample).cells(1), family).parameters
    found = tracked(parameters, newcomers_of(sample), family=family)
    assert len(found.actual) == 78
    assert found.actual.sum() == 2457 + 1882
    assert found.expected.sum() / found.actual.sum() - 1 == pytest.approx(total, abs=1e-4)
    assert found.cumulative_error == pytest.approx(cumulative, abs=1e-4)
    assert found.weekly_error == pytest.approx(weekly, abs=1e-4)


def test_a_week_ends_on_the_cut_off_and_only_whole_weeks_are_told() -> None:
    # first orders 10 days and 3 days before the cut-off, which the second buyer's week ends 4 days after
    days, counts = np.array([-7.0, -6.0, 0.0, 1.0, 7.0, 8.0]), np.array([1.0, 2.0, 4.0, 8.0, 16.0, 32.0])
    found = tracked(MBG, Newcomers(np.array([10.0, 3.0]), np.array([1.0, 2.0]), days, counts, known_days=13))
    np.testing.assert_array_equal(found.ends_after, [-7, 0, 7])
    np.testing.assert_array_equal(found.actual, [1, 6, 24])
    by_day = buying.expected_orders(MBG, 0, 0, 0, [3, 10, 17])
    so_far = [by_day[0], by_day[1] + 2 * by_day[0], by_day[2] + 2 * by_day[1]]
    np.testing.assert_allclose(np.cumsum(found.expected), so_far)


def test_errors_are_of_the_weeks_after_the_cut_off_in_which_something_came() -> None:
    found = Tracked(np.array([-7.0, 0.0, 7.0, 14.0]), np.array([9.0, 1.0, 2.0, 3.0]), np.array([10.0, 0.0, 4.0, 0.0]))
    assert found.weekly_error == pytest.approx(0.5)
    # 12 against 14; of the last week nothing came, so it is no part of the weekly one, but the total is
    assert found.cumulative_error == pytest.approx((2 / 14 + 1 / 14) / 2)
    nothing = Tracked(np.array([0.0, 7.0]), np.ones(2), np.zeros(2))
    assert (nothing.weekly_error, nothing.cumulative_error) == (None, None)


def test_nobody_and_no_day_after_the_cut_off_are_no_error() -> None:
    none = np.zeros(0)
    assert tracked(MBG, Newcomers(none, none, none, none, known_days=20)).expected.sum() == 0
    one = np.ones(1)
    assert tracked(MBG, Newcomers(0 * one, one, none, none, known_days=0)).cumulative_error is None


@pytest.mark.parametrize(("family", "parameters"), [("mbg_nbd", MBG), ("bg_nbd", BG)])
def test_a_newcomer_is_expected_to_order_as_often_as_drawn_ones_do(family: buying.Family, parameters: NDArray) -> None:
    draw, number, horizon = np.random.default_rng(7), 400_000, 200.0
    r, alpha, a, b = parameters
    rate, leave = draw.gamma(r, 1 / alpha, number), draw.beta(a, b, number)
    now, orders = np.zeros(number), np.zeros(number)
    active = np.flatnonzero(draw.random(number) >= leave) if family == "mbg_nbd" else np.arange(number)
    while len(active):
        now[active] += draw.exponential(1 / rate[active])
        active = active[now[active] <= horizon]
        orders[active] += 1
        active = active[draw.random(len(active)) >= leave[active]]
    expected = float(buying.expected_orders(parameters, 0, 0, 0, horizon, family=family))
    assert orders.mean() == pytest.approx(expected, abs=3 * orders.std() / np.sqrt(number))
