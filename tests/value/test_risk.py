"""The model of risk takes over where orders come as it says and nowhere else, and knows no day after its own."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from buyers import AS_OF, HORIZON, LAPSE, SPAN, at_cut_offs, drawn
from cdnow import FIRST_DAY, HOLDOUT_END, Sample
from numpy.typing import NDArray

from orchestration.value import buying, logistic, risk
from orchestration.value.risk import Trained, Watched


def models(customer: NDArray, day: NDArray) -> Sequence[Trained]:
    return risk.trained(at_cut_offs(customer, day, SPAN, HORIZON, LAPSE), minimum_count=30)


@pytest.fixture(scope="module")
def clockwork() -> tuple[NDArray, NDArray]:
    return drawn(1500, seed=1, is_clockwork=True)


def test_where_orders_come_by_the_clock_it_is_better_by_far(clockwork: tuple[NDArray, NDArray]) -> None:
    found = models(*clockwork)
    assert risk.is_better(found)
    for model in found[:2]:
        assert model.trial is not None
        assert model.trial.model.auc > model.trial.default.auc + 0.01
        assert model.trial.model.brier < 0.8 * model.trial.default.brier
    # Who is overdue by their own clock has stopped.
    assert found[-1].fit.weights[found[-1].fit.names.index("overdue_ratio")] > 0
    assert [model.fitted_through for model in found] == [AS_OF - timedelta(days=of * HORIZON) for of in (2, 1, 0)]
    assert found[-1].trial is None


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_where_orders_come_as_the_default_says_it_stays_off(seed: int) -> None:
    found = models(*drawn(2500, seed=seed))
    assert len(found) == 3
    assert not risk.is_better(found)
    for model in found[:2]:
        assert model.trial is not None
        # It learns nearly all that there is to learn, and no more.
        assert model.trial.model.auc == pytest.approx(model.trial.default.auc, abs=0.02)


def test_what_comes_later_changes_no_feature_and_no_earlier_model(clockwork: tuple[NDArray, NDArray]) -> None:
    customer, day = clockwork
    known = day <= SPAN - HORIZON
    silenced = known | (customer % 2 == 0)
    former, present = models(customer, day), models(customer[silenced], day[silenced])
    assert [str(model.fit) for model in former[:2]] == [str(model.fit) for model in present[:2]]
    assert former[0].trial == present[0].trial
    assert str(former[2].fit) != str(present[2].fit)
    before, after = (at_cut_offs(*of, SPAN, HORIZON, LAPSE)[2] for of in (clockwork, (customer[known], day[known])))
    np.testing.assert_array_equal(risk.features(before, 30), risk.features(after, 30))
    assert before.at_risk.mean_gap == after.at_risk.mean_gap


def test_a_figure_worked_out_by_hand() -> None:
    one = np.ones(1)
    buyer = Watched(AS_OF, HORIZON, 3 * one, 30 * one, 90 * one, 2 * one, one, one, one)
    # 60 days of silence over a usual gap of (30 + 3 * 20) / (3 + 3) = 15 days
    np.testing.assert_allclose(risk.features(buyer, 20), [[np.log(4), np.log(61), np.log(91), 4, 2]])
    assert buyer.mean_gap == 10


def test_only_who_is_at_risk_is_learnt_from_but_the_default_knows_all(clockwork: tuple[NDArray, NDArray]) -> None:
    cut_offs = at_cut_offs(*clockwork, SPAN, HORIZON, LAPSE)
    assert min(cut.is_at_risk.min() for cut in cut_offs) == 0
    found = risk.trained(cut_offs, minimum_count=30)
    assert [model.fit.customer_count for model in found] == [cut.is_at_risk.sum() for cut in cut_offs]
    # Other outcomes of the lapsed change nothing; without them the default is another.
    flipped = [
        replace(cut, has_ordered=np.where(cut.is_at_risk, cut.has_ordered, 1 - cut.has_ordered)) for cut in cut_offs
    ]
    assert [model.trial for model in risk.trained(flipped, minimum_count=30)] == [model.trial for model in found]
    alone = risk.trained([cut.at_risk for cut in cut_offs], minimum_count=30)
    assert found[0].trial is not None
    assert alone[0].trial is not None
    assert alone[0].trial.model == found[0].trial.model
    assert alone[0].trial.default != found[0].trial.default


def test_too_few_on_either_side_or_too_few_cut_offs_leave_it_off(clockwork: tuple[NDArray, NDArray]) -> None:
    cut_offs = at_cut_offs(*clockwork, SPAN, HORIZON, LAPSE)
    fewest = min(min(of.silent.sum(), of.has_ordered @ of.customer_count) for of in (cut.at_risk for cut in cut_offs))
    assert len(risk.trained(cut_offs, minimum_count=int(fewest))) == 3
    assert risk.trained(cut_offs, minimum_count=int(fewest) + 1) == ()
    assert risk.trained(cut_offs[1:], minimum_count=1) == ()
    assert not risk.is_better(())
    nobody_came = [replace(cut, has_ordered=np.zeros_like(cut.has_ordered)) for cut in cut_offs]
    assert risk.trained(nobody_came, minimum_count=1) == ()


def test_it_must_win_both_trials() -> None:
    one = np.ones(1)
    fit = logistic.Fit(("intercept",), one, one, one, -1.0, True, 1.0)
    better, worse = risk.Discernment(0.1, 0.9), risk.Discernment(0.2, 0.8)
    won, lost = risk.Trial(better, worse), risk.Trial(worse, better)
    by_level_alone = risk.Trial(risk.Discernment(0.1, 0.8), worse)
    for trials, expected in (
        ((won, won), True), ((won, lost), False), ((lost, won), False), ((won, by_level_alone), False),
    ):  # fmt: skip
        found = [Trained(fit, 1.0, HORIZON, AS_OF, trial) for trial in (*trials, None)]
        assert risk.is_better(found) is expected


def test_cdnow_is_told_as_well_as_was_measured(sample: Sample) -> None:
    """On the full set with 91 days, nobody left out, MBG had an AUC of .834 and a Brier score of .090, the logistic
    model of R, F and M .836 and .091, of 26 features .840 and .089; this is every tenth customer.
    """
    days = sample.days
    assert np.datetime64("1998-06-30") == FIRST_DAY + HOLDOUT_END
    everybody = risk.trained(at_cut_offs(days.customer, days.day, HOLDOUT_END, 91, 10_000), minimum_count=30)
    assert everybody[1].trial is not None
    default, model = everybody[1].trial.default, everybody[1].trial.model
    assert (default.auc, default.brier) == (pytest.approx(0.834, abs=0.01), pytest.approx(0.09, abs=0.01))
    assert (model.auc, model.brier) == (pytest.approx(0.838, abs=0.01), pytest.approx(0.09, abs=0.01))
    # Of those who had not lapsed it is better both times.
    found = risk.trained(at_cut_offs(days.customer, days.day, HOLDOUT_END, 90, 180), minimum_count=30)
    assert risk.is_better(found)
    told = [(of.auc, of.brier) for model in found[:2] if model.trial for of in (model.trial.default, model.trial.model)]
    expected = [(0.7077, 0.2079), (0.7105, 0.2064), (0.7205, 0.1975), (0.7342, 0.1883)]
    np.testing.assert_allclose(told, expected, atol=1e-3)


def test_the_default_that_is_tried_is_the_one_that_a_run_of_that_day_would_use(
    clockwork: tuple[NDArray, NDArray],
) -> None:
    cut_offs = at_cut_offs(*clockwork, SPAN, HORIZON, LAPSE)
    (first, *_), second = risk.trained(cut_offs, minimum_count=30), cut_offs[1]
    at_risk = second.at_risk
    parameters = buying.fit(second.cells).parameters
    order = buying.probability_of_order(parameters, at_risk.frequency, at_risk.recency, at_risk.age, HORIZON)
    assert first.trial is not None
    assert first.trial.default.brier == pytest.approx(np.mean((1 - order - at_risk.silent) ** 2))
