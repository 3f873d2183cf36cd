"""The models fitted to the CDNOW sample have the parameters, errors and likelihoods that were published."""

import numpy as np
import pytest
from cdnow import END, Sample, calibration, holdout_orders, spenders

from orchestration.value import buying, pareto, spending
from orchestration.value.cells import cells_of

BG = [0.242595, 4.413602, 0.792922, 2.425907]
MBG = [0.524843, 6.183085, 0.891359, 1.614002]


def test_the_sample_is_prepared_as_the_authors_did(sample: Sample) -> None:
    known = calibration(sample)
    cells = known.cells()
    assert (len(sample.day), len(sample.days.day), len(known.firsts)) == (6919, 6696, 2357)
    assert (known.frequency.sum(), (known.frequency == 0).sum(), (known.frequency > 0).sum()) == (2457, 1411, 946)
    assert known.age().min() == 27.0
    assert known.age().max() == pytest.approx(38.857, abs=5e-4)
    assert len(cells.age) == 1016
    assert cells.total == 2357
    holdout = holdout_orders(sample)
    assert (holdout.sum(), holdout[known.frequency == 0].sum()) == (1882, 334)
    assert (known.value == 0).sum() == 8


def test_bg_nbd_has_the_published_parameters(sample: Sample) -> None:
    fit = buying.fit(calibration(sample).cells(), "bg_nbd")
    np.testing.assert_allclose(fit.parameters, BG, rtol=1e-4)
    np.testing.assert_allclose(fit.parameters, [0.2425945, 4.4136019, 0.7929199, 2.4258881], atol=5e-4)
    np.testing.assert_allclose(fit.maximum.standard_errors, [0.0126, 0.378, 0.186, 0.705], rtol=5e-3)
    assert fit.maximum.log_likelihood == pytest.approx(-9582.4292, abs=1e-3)
    assert fit.dropout_identified


def test_mbg_nbd_has_the_published_parameters(sample: Sample) -> None:
    fit = buying.fit(calibration(sample).cells(), "mbg_nbd")
    np.testing.assert_allclose(fit.parameters, MBG, atol=5e-4)
    assert fit.maximum.log_likelihood == pytest.approx(-9582.1357, abs=1e-3)
    assert fit.dropout_identified


def test_pareto_nbd_has_the_published_parameters_and_errors(sample: Sample) -> None:
    fit = pareto.fit(calibration(sample).cells())
    np.testing.assert_array_less(
        np.abs(fit.parameters - [0.553277, 10.577673, 0.606240, 11.668744]), [5e-4, 2e-3, 5e-4, 1e-2]
    )
    np.testing.assert_allclose(fit.standard_errors, [0.04763, 0.84272, 0.18728, 6.2111], rtol=5e-4)
    assert fit.log_likelihood == pytest.approx(-9594.9761, abs=1e-3)


def test_nbd_has_the_known_parameters(sample: Sample) -> None:
    fit = buying.fit_nbd(calibration(sample).cells())
    np.testing.assert_allclose(fit.parameters, [0.384766, 12.072022], atol=1e-3)
    assert fit.log_likelihood == pytest.approx(-9763.6577, abs=1e-3)


def test_gamma_gamma_has_the_published_parameters(sample: Sample) -> None:
    fit = spending.fit(calibration(sample).spenders)
    assert fit.customer_count == 946
    np.testing.assert_allclose(fit.parameters, [6.24957, 3.74422, 15.44352], atol=5e-3)
    assert fit.maximum.log_likelihood == pytest.approx(-4055.9177, abs=1e-3)
    assert fit.is_identified


def test_in_days_only_alpha_and_the_likelihood_differ(sample: Sample) -> None:
    fit = buying.fit(calibration(sample).cells(unit=1), "bg_nbd")
    np.testing.assert_allclose(fit.parameters, [BG[0], 30.8952, *BG[2:]], rtol=1e-4)
    assert fit.maximum.log_likelihood == pytest.approx(-14363.5304, abs=1e-3)


def test_the_search_ends_at_the_same_place_from_wherever_it_starts(sample: Sample) -> None:
    cells = calibration(sample).cells()
    draw = np.random.default_rng(7)
    starts = np.exp(draw.normal(0, 1.5, (60, 4)))
    likelihood = buying.likelihood_of(cells, "bg_nbd")
    found = [buying.maximise(likelihood, start, total=cells.total).parameters for start in starts]
    assert np.ptp(found, axis=0).max() < 1e-6


def test_the_guard_s_prior_hardly_moves_what_the_data_say(sample: Sample) -> None:
    cells = calibration(sample).cells()
    start = buying.start_of(cells)
    held = buying.maximise(
        buying.likelihood_of(cells, "bg_nbd"), start, total=cells.total, prior=buying.Prior(np.log(start))
    )
    free = buying.fit(cells, "bg_nbd")
    moved = buying.expected_orders(held.parameters, cells.frequency, cells.recency, cells.age, 39, family="bg_nbd")
    asked = buying.expected_orders(free.parameters, cells.frequency, cells.recency, cells.age, 39, family="bg_nbd")
    assert (moved @ cells.customer_count) / (asked @ cells.customer_count) == pytest.approx(1, abs=0.004)


@pytest.mark.parametrize(
    ("mistake", "gives"),
    [
        ("records of a day are not collapsed", [0.21766, 3.27352, 0.80162, 2.28525]),
        ("orders are put into weeks before they are counted", [0.28470, 6.50152, 0.68631, 2.30095]),
        ("times are cut to whole weeks", [0.23080, 3.85782, 0.80681, 2.29817]),
        ("customers without value are dropped", [0.24390, 4.42244, 0.79251, 2.42294]),
    ],
)
def test_a_mistake_in_preparation_gives_other_parameters(sample: Sample, mistake: str, gives: list[float]) -> None:
    fit = buying.fit(_mistaken(sample, mistake), "bg_nbd")
    np.testing.assert_allclose(fit.parameters, gives, rtol=1e-3)
    assert np.abs(fit.parameters - BG).max() > 5e-4


def _mistaken(sample: Sample, mistake: str):
    known = calibration(sample)
    if mistake == "records of a day are not collapsed":
        return sample.until(END).cells()
    if mistake == "orders are put into weeks before they are counted":
        weeks = Sample(known.customer, known.day // 7, known.value).days
        return cells_of(weeks.frequency, weeks.recency(1), END // 7 - weeks.first_day)
    if mistake == "times are cut to whole weeks":
        return cells_of(known.frequency, np.floor(known.recency()), np.floor(known.age()))
    spent = np.repeat(np.add.reduceat(known.value, known.firsts), known.frequency + 1)
    return known.of(spent > 0).cells()


@pytest.mark.parametrize("mistake", ["age ends at the last order", "the first order counts as a repeat"])
def test_a_mistake_that_leaves_nothing_to_learn_of_dropout_is_noticed(sample: Sample, mistake: str) -> None:
    known = calibration(sample)
    if mistake == "age ends at the last order":
        cells = cells_of(known.frequency, known.recency(), known.recency())
    else:
        cells = cells_of(known.frequency + 1, known.recency(), known.age())
    fit = buying.fit(cells, "bg_nbd")
    assert np.abs(fit.parameters - BG).max() > 0.05
    assert np.isfinite(fit.parameters).all()


def test_gamma_gamma_with_first_orders_has_other_parameters(sample: Sample) -> None:
    known = calibration(sample)
    count = known.frequency + 1
    mean = np.add.reduceat(known.value, known.firsts) / count
    returned = (known.frequency > 0) & (mean > 0)
    fit = spending.fit(spenders(count[returned], mean[returned]))
    np.testing.assert_allclose(fit.parameters, [7.860, 3.966, 13.329], rtol=1e-3)
