"""What a run makes of cells: models kept while nothing changes, tried before they are used, and given up in words."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path

import dagster as dg
import numpy as np
import pytest
from buyers import AS_OF as RISK_AS_OF
from buyers import HORIZON, LAPSE, SPAN, at_cut_offs
from buyers import drawn as drawn_orders

from orchestration import valuing
from orchestration.assets.value_models import trials
from orchestration.value import risk, spending
from orchestration.value.cells import dot
from orchestration.valuing import Asked, Counted, Cut

AS_OF = date(2026, 1, 31)
HOLDOUT = 200
TRUTH = (1.2, 40.0, 0.8, 2.5)
# r, alpha, a and b of buyers who order often and stay, and of others who order seldom and leave soon.
WEB, STORE = (1.2, 100.0, 0.5, 2.0), (0.8, 150.0, 1.5, 2.0)
ASKED = Asked(horizon_days=365, discount_rate=0.1, minimum_count=30, segment_minimum_count=500)


def drawn(number: int, *, seed: int = 5) -> Counted:
    """Cells of buyers who order as the model says, observed on three days."""
    return counted(ordered(number, seed=seed))


def ordered(number: int, *, seed: int, truth: tuple[float, ...] = TRUTH) -> list[np.ndarray]:
    """The order days of buyers whose rates and chances to leave are drawn from these parameters."""
    draw = np.random.default_rng(seed)
    first = draw.integers(0, 300, number)
    r, alpha, a, b = truth
    rate, leave = draw.gamma(r, 1 / alpha, number), draw.beta(a, b, number)
    days = []
    for begins, one, chance in zip(first, rate, leave, strict=True):
        day, ordered = float(begins), [int(begins)]
        while draw.random() >= chance and day < 3 * HOLDOUT:
            day += draw.exponential(1 / one)
            ordered.append(int(day))
        days.append(np.unique([of for of in ordered if of <= 3 * HOLDOUT]))
    return days


def counted(days: list[np.ndarray], places: Sequence[tuple[str, str]] = (("web", "CN"),)) -> Counted:
    """Cells of these buyers, who are of these channels and countries by turns."""
    cuts = tuple(_cut(days, observed, len(places)) for observed in (HOLDOUT, 2 * HOLDOUT, 3 * HOLDOUT))
    spend = np.ones(60), np.exp(np.random.default_rng(5).normal(3, 0.5, 60)), np.full(60, 3.0)
    channels, countries = zip(*places, strict=True)
    repeats, counts = np.unique([of for one in days if one[0] <= HOLDOUT for of in one[1:]], return_counts=True)
    renewals = np.array([900.0, 700.0, 600.0]), np.array([100.0, 120.0, 60.0])
    divided = {"channel": channels, "country": countries}
    return Counted(
        ASKED, cuts, spend, divided, renewals, AS_OF, repeats=(repeats - float(HOLDOUT), counts.astype(float))
    )


def _cut(days: list[np.ndarray], observed: int, places: int) -> Cut:
    segment = [place % places for place, of in enumerate(days) if of[0] <= observed]
    known = [of for of in days if of[0] <= observed]
    so_far = [of[of <= observed] for of in known]
    is_cut_off = observed < 3 * HOLDOUT
    columns = [
        [len(of) - 1 for of in so_far],
        [of[-1] - of[0] for of in so_far],
        [observed - of[0] for of in so_far],
        [((of > observed - HOLDOUT) & (of > of[0])).sum() * is_cut_off for of in so_far],
        [((of > observed) & (of <= observed + HOLDOUT)).sum() for of in known],
        [1] * len(known),
    ]
    numbers = [np.array(column, dtype=np.float64) for column in columns]
    day = AS_OF - timedelta(days=3 * HOLDOUT - observed)
    return Cut(day, is_cut_off, HOLDOUT, *numbers, np.array(segment, dtype=np.int32))


@pytest.fixture(scope="module")
def known() -> Counted:
    return drawn(2500)


@pytest.fixture(scope="module")
def found(known: Counted) -> valuing.Valued:
    return valuing.valued(known, None)


def test_a_model_that_foretells_better_than_repetition_is_used(known: Counted, found: valuing.Valued) -> None:
    assert found.complaint is None
    assert [model.family for model in found.used] == ["mbg_nbd", "gamma_gamma"]
    assert [model.family for model in found.fitted] == ["mbg_nbd", "bg_nbd", "gamma_gamma"]
    tried = found.used[0]
    assert tried.errors is not None
    assert tried.baseline is not None
    assert tried.errors["rmse"] < tried.baseline["rmse"]
    assert abs(tried.errors["bias_ratio"] or 1) < 0.25
    assert tried.low_ratio is not None
    assert tried.high_ratio is not None
    assert tried.low_ratio < 1 < tried.high_ratio
    assert tried.low_ratio < (tried.low_order_ratio or 0) < 1 < (tried.high_order_ratio or 0) < tried.high_ratio
    # Where everybody is in one segment there was nothing to choose.
    assert found.choice is None


def test_weeks_are_tracked_from_the_first_order_on_around_the_earlier_cut_off(
    known: Counted, found: valuing.Valued
) -> None:
    early = AS_OF - timedelta(days=2 * HOLDOUT)
    ends = [date.fromisoformat(week["ended_on"]) for week in found.tracking]
    assert {later - earlier for earlier, later in pairwise(ends)} == {timedelta(days=7)}
    assert [week["is_after"] for week in found.tracking] == [of > early for of in ends]
    assert early in ends
    assert AS_OF - timedelta(days=7) < ends[-1] <= AS_OF
    within = known.repeats[0] <= (ends[-1] - early).days
    assert sum(week["actual"] for week in found.tracking) == known.repeats[1][within].sum()
    errors = found.used[0].errors or {}
    assert 0 < (errors["cumulative_mape"] or 0) < (errors["weekly_mape"] or 0) < 0.5


def risky(known: Counted, *, is_clockwork: bool) -> Counted:
    """The same company, with the cells of risk of another."""
    cut_offs = at_cut_offs(*drawn_orders(1500, seed=1, is_clockwork=is_clockwork), SPAN, HORIZON, LAPSE)
    return replace(known, watched=cut_offs)


@pytest.mark.parametrize("is_clockwork", [True, False])
def test_a_model_of_risk_is_told_of_and_scores_where_it_is_better(known: Counted, *, is_clockwork: bool) -> None:
    company = risky(known, is_clockwork=is_clockwork)
    found = valuing.valued(company, None)
    tables = valuing.tables_of(found, company)
    told = [row for row in tables["parameters"].to_pylist() if row["family"] == "logistic"]
    assert len(told) == 3 * 7
    assert {row["model_key"] for row in told if row["is_used"]} == (
        {f"logistic/all/all/{RISK_AS_OF}"} if is_clockwork else set()
    )
    assert {row["is_beaten"] for row in told if row["fitted_through"] == RISK_AS_OF} == {not is_clockwork}
    tried = [row for row in told if row["holdout_brier"] is not None]
    assert {row["fitted_through"] for row in tried} == {RISK_AS_OF - timedelta(days=of * HORIZON) for of in (1, 2)}
    assert {row["holdout_days"] for row in tried} == {HORIZON}
    wins = {row["holdout_auc"] > row["baseline_auc"] and row["holdout_brier"] < row["baseline_brier"] for row in tried}
    assert (False not in wins) is is_clockwork
    assert tables["risk"].num_rows == is_clockwork
    # What scores buyers is the same either way.
    assert tables["models"] == valuing.tables_of(valuing.valued(known, None), known)["models"]


def test_the_row_of_the_model_of_risk_tells_what_the_model_does(known: Counted) -> None:
    company = risky(known, is_clockwork=True)
    found = valuing.valued(company, None)
    (row,) = valuing.tables_of(found, company)["risk"].to_pylist()
    newest = company.watched[-1].at_risk
    seen = risk.features(newest, row["mean_gap_days"])
    odds = row["mean_log_odds"] + sum(
        row[name] * (of - row[f"mean_{name}"]) for name, of in zip(risk.FEATURES, seen.T, strict=True)
    )
    model = risk.trained(company.watched, minimum_count=30)[-1]
    np.testing.assert_allclose(1 / (1 + np.exp(-odds)), model.probability(newest), rtol=1e-9)
    for name, of in zip(risk.FEATURES, seen.T, strict=True):
        assert row[f"mean_{name}"] == pytest.approx(of.mean())


def test_a_model_of_risk_is_kept_and_fitted_again_where_its_cells_changed(known: Counted, tmp_path: Path) -> None:
    company = risky(known, is_clockwork=True)
    found = valuing.valued(company, None)
    valuing.keep(tmp_path, found)
    kept = valuing.kept(tmp_path)
    assert kept == found
    assert valuing.valued(company, kept) is kept
    assert valuing.valued(risky(known, is_clockwork=False), kept).fingerprint != found.fingerprint
    fewer = replace(company, repeats=(known.repeats[0][1:], known.repeats[1][1:]))
    assert valuing.valued(fewer, kept).fingerprint != found.fingerprint


def test_calibration_counts_every_customer_once_per_cut_off_and_kind_of_bin(
    known: Counted, found: valuing.Valued
) -> None:
    for cut in (cut for cut in known.cuts if cut.is_cut_off):
        for kind in ("decile", "frequency"):
            bins = [
                of
                for of in found.calibration
                if (of["observed_on"], of["bin_type"]) == (cut.observed_on.isoformat(), kind)
            ]
            assert sum(of["customer_count"] for of in bins) == cut.customer_count.sum()
            assert sum(of["actual"] for of in bins) == pytest.approx(cut.actual.sum())


def test_nothing_is_fitted_again_while_nothing_changed(
    known: Counted, found: valuing.Valued, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    valuing.keep(tmp_path, found)
    kept = valuing.kept(tmp_path)
    monkeypatch.setattr(valuing.buying, "fit", lambda *_: pytest.fail("it was fitted again"))
    assert kept == found
    assert valuing.valued(known, kept) == found


def test_what_another_method_left_is_forgotten(
    found: valuing.Valued, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    valuing.keep(tmp_path, found)
    monkeypatch.setattr(valuing, "METHOD", valuing.METHOD + 1)
    assert valuing.kept(tmp_path) is None


@pytest.mark.parametrize("change", ["cells", "parameters"])
def test_what_changes_is_fitted_again(known: Counted, found: valuing.Valued, change: str) -> None:
    changed = drawn(2500, seed=6) if change == "cells" else replace(known, asked=replace(ASKED, horizon_days=180))
    assert valuing.valued(changed, found).fingerprint != found.fingerprint


def test_a_model_that_is_beaten_leaves_the_former_one_in_use_with_a_warning(
    known: Counted, found: valuing.Valued
) -> None:
    # Whoever ordered before orders as often again: nothing foretells that better than repetition.
    cuts = tuple(replace(cut, actual=cut.former) if cut.is_cut_off else cut for cut in known.cuts)
    later = replace(known, cuts=tuple(replace(cut, observed_on=cut.observed_on + timedelta(1)) for cut in cuts))
    after = valuing.valued(later, found)
    assert after.used == found.used
    assert f"{found.used[0].model_key} stays in use" in (after.complaint or "")
    alone = valuing.valued(later, None)
    assert alone.used == ()
    assert "nobody is scored" in (alone.complaint or "")
    told = {of: trials(valued)[0] for of, valued in (("used", found), ("beaten", after))}
    assert told["used"].passed
    assert "what_to_do" not in told["used"].metadata
    assert not told["beaten"].passed
    assert told["beaten"].severity is dg.AssetCheckSeverity.WARN
    assert "scores in use stay" in str(told["beaten"].metadata["what_to_do"].value)
    assert "| mae |" in str(told["beaten"].metadata["errors"].value)
    in_use = replace(after, used=tuple(replace(model, is_beaten=True) for model in after.used))
    assert trials(in_use)[0].severity is dg.AssetCheckSeverity.ERROR
    tables = valuing.tables_of(alone, later)
    assert (tables["models"].num_rows, tables["lookup"].num_rows) == (0, 0)
    assert set(tables["parameters"]["is_beaten"].to_pylist()) == {True, None}


def test_a_run_that_looks_back_uses_no_model_that_saw_later_days(known: Counted, found: valuing.Valued) -> None:
    cuts = tuple(
        replace(
            cut, observed_on=cut.observed_on - timedelta(days=1), actual=cut.former if cut.is_cut_off else cut.actual
        )
        for cut in known.cuts
    )
    after = valuing.valued(replace(known, cuts=cuts), found)
    assert after.used == ()
    assert "nobody is scored" in (after.complaint or "")


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"cuts": ()}, "nobody has ordered yet"),
        ({"asked": replace(ASKED, minimum_count=100_000)}, "minimum_reportable_count asks for 100000"),
        ({"spend": (np.array([]),) * 3}, "nobody has ordered again for money"),
    ],
)
def test_without_enough_to_learn_from_there_are_words_instead_of_numbers(
    known: Counted, change: dict, complaint: str
) -> None:
    found = valuing.valued(replace(known, **change), None)
    assert (found.used, found.fitted) == ((), ())
    assert complaint in (found.complaint or "")
    assert trials(found) == []


def test_one_day_of_history_has_no_cut_off(known: Counted) -> None:
    found = valuing.valued(replace(known, cuts=known.cuts[2:]), None)
    assert "180 days of orders are the least from which a model is made" in (found.complaint or "")


def test_a_few_weeks_tell_no_year(known: Counted) -> None:
    cuts = tuple(
        replace(cut, age=np.minimum(cut.age, 179), recency=np.minimum(cut.recency, 179), holdout_days=59)
        for cut in known.cuts
    )
    found = valuing.valued(replace(known, cuts=cuts), None)
    assert found.used == ()
    assert "the first buyers ordered 179 days ago" in (found.complaint or "")


def test_one_buyer_of_long_ago_takes_nobody_the_model(known: Counted, found: valuing.Valued) -> None:
    assert known.present is not None
    # By the earlier day only the old buyer had ordered, and never again.
    early, late, present = known.cuts
    alone = {"frequency": 0.0, "recency": 0.0, "former": 0.0, "actual": 0.0, "customer_count": 1.0, "segment": 0}
    columns = {name: np.array([of]).astype(getattr(early, name).dtype) for name, of in alone.items()}
    stray = replace(early, age=np.array([2000.0]), **columns)
    joined = {name: np.append(getattr(present, name), columns[name]) for name in columns}
    with_stray = replace(present, age=np.append(present.age, 3000.0), **joined)
    company = replace(known, cuts=(stray, late, with_stray))
    assert company.day_count == known.day_count
    told = valuing.valued(company, None)
    assert [model.family for model in told.used] == [model.family for model in found.used]
    nobody = valuing.valued(replace(known, cuts=(stray, replace(stray), present)), None)
    assert nobody.used == ()
    assert "nobody had ordered again by the days before which it is tried" in (nobody.complaint or "")


def test_who_foretells_more_days_than_are_known_is_told_so(known: Counted, found: valuing.Valued) -> None:
    assert found.complaint is None
    longer = replace(known, asked=replace(known.asked, horizon_days=10_000))
    complaint = valuing.valued(longer, None).complaint or ""
    assert "Orders are expected for 10000 days" in complaint
    assert f"the first were placed {known.day_count:.0f} days ago" in complaint


def test_orders_are_worth_less_the_later_they_come(known: Counted, found: valuing.Valued) -> None:
    lookup = valuing.tables_of(found, known)["lookup"]
    plain, discounted = (lookup[name].to_numpy() for name in ("orders_if_alive", "discounted_orders_if_alive"))
    assert (discounted < plain).all()
    assert (discounted > plain / 1.1).all()
    # Day by day, in the middle of each, comes to the same.
    parameters = np.array(list(found.used[0].parameters.values()))
    days = np.arange(366)
    for row in (0, len(plain) // 2, len(plain) - 1):
        x, age = lookup["frequency"][row].as_py(), lookup["age_days"][row].as_py()
        orders = np.diff(valuing.buying.expected_if_alive(parameters, x, age, days))
        assert discounted[row] == pytest.approx(orders @ 1.1 ** (-(days[1:] - 0.5) / 365), rel=1e-6)


def test_bounds_are_as_wide_as_full_refits_of_drawn_buyers_say(known: Counted, found: valuing.Valued) -> None:
    assert known.present is not None
    cells = known.present.cells
    draw, totals = np.random.default_rng(2), []
    for _ in range(60):
        drawn_cells = replace(cells, customer_count=draw.poisson(cells.customer_count).astype(np.float64))
        fit = valuing.buying.fit(drawn_cells)
        expected = valuing.buying.expected_orders(fit.parameters, cells.frequency, cells.recency, cells.age, 365)
        totals.append(expected @ cells.customer_count)
    full = np.std(np.log(totals))
    short = valuing.uncertainty.of_total_orders(valuing.buying.fit(cells), cells, 365)
    assert short == pytest.approx(full, rel=0.35)


def test_values_are_as_uncertain_as_refits_of_drawn_spenders_say(known: Counted) -> None:
    assert known.present is not None
    cells = known.present.cells
    draw = np.random.default_rng(4)
    frequency = np.repeat(cells.frequency, cells.customer_count.astype(int))
    frequency = frequency[frequency > 0]
    scale = 1 / draw.gamma(4, 1 / 15, len(frequency))
    spenders = spending.Spenders(frequency, draw.gamma(6 * frequency) * scale / frequency, np.ones(len(frequency)))
    buyers, fitted = valuing.buying.fit(cells), spending.fit(spenders)
    orders = valuing.buying.expected_orders(buyers.parameters, cells.frequency, cells.recency, cells.age, 365)
    per_buyer = [dot(orders, cells.customer_count * (cells.frequency == x)) for x in range(int(frequency.max()) + 1)]
    share = np.array(per_buyer) / np.maximum(np.bincount(frequency.astype(int)), 1)
    totals = []
    for _ in range(60):
        drawn_spenders = replace(spenders, customer_count=draw.poisson(1, len(frequency)).astype(np.float64))
        parameters = spending.fit(drawn_spenders).parameters
        own = spending.expected_value(parameters, frequency, spenders.mean_value)
        totals.append(share[frequency.astype(int)] @ own + per_buyer[0] * spending.expected_value(parameters, 0, 0))
    short = valuing.uncertainty.of_order_values(fitted, spenders, buyers, cells, 365)
    assert short == pytest.approx(np.std(np.log(totals)), rel=0.35)
    # Who came back carries the own mean, so that all together are surer than what a newcomer is worth.
    mean_alone = np.sqrt(np.array([1, -4 / 3, 1]) @ (fitted.maximum.log_covariance @ np.array([1, -4 / 3, 1])))
    assert short < 0.8 * mean_alone


def two_channels(number: int, truths: Sequence[tuple[float, ...]]) -> Counted:
    """Buyers of two channels by turns, each with its parameters, who come from three countries at random."""
    histories = [ordered(number, seed=11 + place, truth=truth) for place, truth in enumerate(truths)]
    mixed = [days for pair in zip(*histories, strict=True) for days in pair]
    # Six places, so that channels alternate and countries have nothing to do with them.
    places = [(channel, country) for country in ("CN", "DE", "US") for channel in ("web", "store")]
    return counted(mixed, places)


@pytest.fixture(scope="module")
def unlike() -> Counted:
    return two_channels(4000, (WEB, STORE))


@pytest.fixture(scope="module")
def by_channel(unlike: Counted) -> valuing.Valued:
    return valuing.valued(unlike, None)


def test_channels_whose_buyers_are_unlike_have_models_of_their_own(by_channel: valuing.Valued) -> None:
    assert by_channel.complaint is None
    assert [(model.segment_type, model.segment_value) for model in by_channel.used] == [
        ("all", "all"),
        ("channel", "store"),
        ("channel", "web"),
        ("all", "all"),
    ]
    assert by_channel.used[1].model_key == f"mbg_nbd/channel/store/{AS_OF}"
    assert (by_channel.choice or "").startswith("Each channel of enough buyers has a model of its own")
    bounds = {(model.low_ratio, model.high_ratio) for model in by_channel.used[:3]}
    assert len(bounds) == 3


def test_the_mean_absolute_error_alone_does_not_refuse_the_process_that_drew_the_buyers(
    by_channel: valuing.Valued,
) -> None:
    (tried,) = {model.model_key: model for model in by_channel.fitted[:3] if model.segment_type == "all"}.values()
    assert tried.errors is not None
    assert tried.baseline is not None
    assert (tried.errors["mae"] or 0) > (tried.baseline["mae"] or 0)
    assert (tried.errors["rmse"] or 0) < (tried.baseline["rmse"] or 0)
    assert tried.is_beaten is False


def test_the_parameters_of_each_channel_are_recovered(by_channel: valuing.Valued) -> None:
    for model, truth in zip(by_channel.used[1:3], (STORE, WEB), strict=True):
        for (name, value), expected in zip(model.parameters.items(), truth, strict=True):
            error = model.standard_errors[name]
            assert error is not None
            assert abs(value - expected) < 2 * error, (model.model_key, name, value, expected, error)


def test_models_that_were_tried_and_not_chosen_are_told_with_their_errors(by_channel: valuing.Valued) -> None:
    rows = valuing.tables_of(by_channel, two_channels(50, (WEB, STORE)))["parameters"].to_pylist()
    told = {(row["segment_type"], row["segment_value"]): row for row in rows if row["family"] == "mbg_nbd"}
    channels, countries = [("channel", of) for of in ("store", "web")], [("country", of) for of in ("CN", "DE", "US")]
    assert list(told) == [("all", "all"), *channels, *countries]
    for (segment_type, _), row in told.items():
        is_used = segment_type != "country"
        assert row["is_used"] == is_used
        assert row["is_beaten"] is (False if is_used else None)
        assert row["holdout_deviance"] < row["baseline_deviance"]
        assert row["holdout_days"] == HOLDOUT


def test_each_buyer_is_looked_up_under_the_model_of_the_own_channel(
    unlike: Counted, by_channel: valuing.Valued
) -> None:
    present = unlike.present
    assert present is not None
    tables = valuing.tables_of(by_channel, unlike)
    assert tables["models"]["segment_value"].to_pylist() == ["all", "store", "web"]
    lookup = tables["lookup"].to_pandas()
    for model, channel in zip(by_channel.used[1:3], ("store", "web"), strict=True):
        rows = np.array([of == channel for of in unlike.segments["channel"]])[present.segment]
        known = lookup[lookup["model_key"] == model.model_key]
        pairs = set(zip(known["frequency"], known["age_days"], strict=True))
        assert pairs == set(zip(present.frequency[rows], present.age[rows], strict=True))
        first = known.iloc[0]
        parameters = np.array(list(model.parameters.values()))
        orders = valuing.buying.expected_if_alive(parameters, first["frequency"], first["age_days"], 365)
        assert first["orders_if_alive"] == pytest.approx(float(orders), rel=1e-12)
    # Nobody is left to the model of all.
    assert by_channel.used[0].model_key not in set(lookup["model_key"])


def test_channels_whose_buyers_are_alike_share_one_model() -> None:
    alike = two_channels(4000, (WEB, WEB))
    found = valuing.valued(alike, None)
    assert [model.model_key for model in found.used[:-1]] == [f"mbg_nbd/all/all/{AS_OF}"]
    assert (found.choice or "").startswith("One model foretells all buyers")
    # To who is scored by the model of all it is the same as if there were no segments.
    assert present_scores(found, alike) == present_scores(
        valuing.valued(whole := replace(alike, segments={"channel": ("web",) * 6}), None), whole
    )


def present_scores(found: valuing.Valued, known: Counted) -> tuple:
    tables = valuing.tables_of(found, known)
    return tables["models"], tables["lookup"]


def test_a_channel_of_too_few_buyers_falls_back_on_the_model_of_all(unlike: Counted) -> None:
    present = unlike.present
    assert present is not None
    returned = {
        channel: present.of(np.array([of == channel for of in unlike.segments["channel"]])).returned_count
        for channel in ("store", "web")
    }
    few = int(min(returned.values())) + 1
    found = valuing.valued(replace(unlike, asked=replace(ASKED, segment_minimum_count=few)), None)
    lacking = min(returned, key=lambda channel: returned[channel])
    assert lacking not in {model.segment_value for model in (*found.used, *found.fitted)}
    none = valuing.valued(replace(unlike, asked=replace(ASKED, segment_minimum_count=100_000)), None)
    assert {model.segment_type for model in none.fitted} == {"all"}
    assert [model.segment_type for model in none.used] == ["all", "all"]


def test_models_of_segments_stay_in_use_as_well_but_not_by_a_run_that_looks_back(
    unlike: Counted, by_channel: valuing.Valued, tmp_path: Path
) -> None:
    valuing.keep(tmp_path, by_channel)
    kept = valuing.kept(tmp_path)
    assert kept == by_channel
    for days, used in ((1, by_channel.used), (-1, ())):
        moved = tuple(
            replace(
                cut,
                observed_on=cut.observed_on + timedelta(days=days),
                actual=cut.former if cut.is_cut_off else cut.actual,
            )
            for cut in unlike.cuts
        )
        after = valuing.valued(replace(unlike, cuts=moved), kept)
        assert after.complaint is not None
        assert after.used == used
        assert valuing.looks_back(replace(unlike, cuts=moved), by_channel) == (days < 0)
