"""From the cells that dbt counted to what dbt scores buyers by: fitted, held against what came, kept and told."""

import hashlib
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from orchestration.engine.value_tables import TABLES
from orchestration.lake.durable import write_json
from orchestration.value import buying, contracts, holdout, logistic, risk, segments, spending, tracking, uncertainty
from orchestration.value.cells import CannotFit, Cells, Numbers, cells_of

Places = npt.NDArray[np.int32]
Inside = npt.NDArray[np.bool_]
ALL = "all"
# What was fitted by another method is fitted again.
METHOD = 6
CUTS = "select distinct observed_on, is_cut_off, holdout_days from measures.int_value_cells order by observed_on"
CELLS = """
    select frequency::double, recency_days::double, age_days::double, former_count::double, actual_count::double,
        customer_count::double, segment_number - 1
    from measures.int_value_cells where observed_on = $day
    order by frequency, recency_days, age_days, former_count, actual_count, segment_number
"""
SEGMENTS = "select acquisition_channel, acquisition_country from measures.int_value_segments order by segment_number"
SPEND = (
    "select frequency, mean_repeat_value, customer_count from measures.int_spend_cells order by frequency, value_bin"
)
RENEWALS = "select * from measures.int_renewal_cells order by renewal_count, is_lost"
WATCHED_DAYS = "select distinct observed_on, horizon_days from measures.int_risk_cells order by observed_on"
WATCHED = """
    select frequency::double, recency_days::double, age_days::double, recent_count::double, is_at_risk::double,
        has_ordered::double, customer_count::double
    from measures.int_risk_cells where observed_on = $day
    order by frequency, recency_days, age_days, recent_count, is_at_risk, has_ordered
"""
REPEATS = "select ordered_on - observed_on, repeat_count from measures.int_repeat_days order by ordered_on"
COLUMNS = ("frequency", "recency", "age", "former", "actual", "customer_count", "segment")
# Monthly contracts of thirty years.
RENEWALS_AHEAD = 360
ASKED = ("value_horizon_days", "discount_rate_annual", "minimum_reportable_count", "value_segment_minimum_count")
ERRORS = ("mae", "rmse", "bias_ratio", "deviance", "top_decile_ratio")
DAYS_OF_YEAR = 365.0
GAP = "mean_gap_days"
# What Klaviyo asks for before it predicts; from a few days a year is not told, however well they fit.
FEWEST_DAYS = 180


@dataclass(frozen=True)
class Asked:
    """The business parameters that a fit depends on."""

    horizon_days: int
    discount_rate: float
    minimum_count: int
    segment_minimum_count: int


@dataclass(frozen=True)
class Cut:
    """The buyers' histories as observed on a day, and for a cut-off what came before and after it.

    `segment` is each history's place among the segments that were counted.
    """

    observed_on: date
    is_cut_off: bool
    holdout_days: int
    frequency: Numbers
    recency: Numbers
    age: Numbers
    former: Numbers
    actual: Numbers
    customer_count: Numbers
    segment: Places

    @cached_property
    def cells(self) -> Cells:
        """The histories without what came."""
        return cells_of(self.frequency, self.recency, self.age, self.customer_count)

    def of(self, inside: Inside) -> "Cut":
        """The histories of some of the segments, of all those that are told True of."""
        if inside.all():
            return self
        rows = inside[self.segment]
        return replace(self, **{name: getattr(self, name)[rows] for name in COLUMNS})

    @property
    def returned_count(self) -> float:
        """How many buyers ordered again on a later day."""
        return float(self.customer_count[self.frequency > 0].sum())


@dataclass(frozen=True)
class Counted:
    """All that a fit is made from; `segments` tells by type what each segment that was counted belongs to."""

    asked: Asked
    cuts: tuple[Cut, ...]
    spend: tuple[Numbers, Numbers, Numbers]
    segments: Mapping[str, tuple[str, ...]]
    renewals: tuple[Numbers, Numbers] = (np.zeros(0), np.zeros(0))
    renewals_observed_on: date | None = None
    watched: tuple[risk.Watched, ...] = ()
    repeats: tuple[Numbers, Numbers] = (np.zeros(0), np.zeros(0))

    @property
    def present(self) -> Cut | None:
        """The histories up to the as-of date; none where nobody has ordered."""
        return next((cut for cut in self.cuts if not cut.is_cut_off), None)

    @property
    def day_count(self) -> float:
        """How many days ago as many had ordered as are reported on; fewer, long before all others, tell of no time."""
        if self.present is None or not len(self.present.age):
            return 0.0
        oldest_first = np.argsort(-self.present.age, kind="stable")
        buyers = np.cumsum(self.present.customer_count[oldest_first])
        place = np.searchsorted(buyers, min(max(self.asked.minimum_count, 1), buyers[-1]))
        return float(self.present.age[oldest_first[place]])

    @property
    def segment_count(self) -> int:
        """How many segments were counted, each alike in all that segments are made by."""
        return max(map(len, self.segments.values()), default=1)

    @property
    def fingerprint(self) -> str:
        """Equal for equal cells, parameters and method."""
        digest = hashlib.sha256(repr((METHOD, self.asked, self.segments)).encode())
        for cut in self.cuts:
            digest.update(repr((cut.observed_on, cut.holdout_days)).encode())
            for name in COLUMNS:
                digest.update(getattr(cut, name).data)
        digest.update(repr(self.renewals_observed_on).encode())
        for watched in self.watched:
            digest.update(repr((watched.observed_on, watched.horizon_days)).encode())
            for of in watched.columns:
                digest.update(of.tobytes())
        for of in (*self.spend, *self.renewals, *self.repeats):
            digest.update(of.tobytes())
        return digest.hexdigest()


@dataclass(frozen=True)
class Model:
    """A family fitted to a segment or to all: parameters and their errors by name, and how it fared at the cut-offs.

    An expected value times its ratios is as low and as high as the parameters leave open, expected orders times
    theirs; `means` are those of features.
    """

    model_key: str
    family: str
    is_identified: bool
    parameters: Mapping[str, float]
    standard_errors: Mapping[str, float | None]
    log_likelihood: float
    customer_count: int
    fitted_through: str
    segment_type: str = ALL
    segment_value: str = ALL
    low_ratio: float | None = None
    high_ratio: float | None = None
    low_order_ratio: float | None = None
    high_order_ratio: float | None = None
    holdout_days: int | None = None
    is_beaten: bool | None = None
    errors: Mapping[str, float | None] | None = None
    baseline: Mapping[str, float | None] | None = None
    means: Mapping[str, float] | None = None


@dataclass(frozen=True)
class Valued:
    """What a run knows of its customers' future: the models by which they are scored, all that were fitted, why not.

    `calibration` holds the bins of every cut-off, `tracking` the weeks around the earlier one. `used` is empty where
    there is no model of buyers, else the one of all comes first, then those of segments, then the one of values;
    `contracts` holds the model of contracts and the curve beside it, or nothing. `risk` holds the logistic models of
    who will not order, oldest first: the newest is used if it is not beaten. `choice` says why segments are used or
    not, and `complaint` is what an engineer should read where there is no model, where an earlier one had to stay, or
    where it is told of more days than are known.
    """

    fingerprint: str
    fitted: tuple[Model, ...]
    used: tuple[Model, ...]
    calibration: tuple[Mapping[str, Any], ...]
    complaint: str | None
    choice: str | None = None
    contracts: tuple[Model, ...] = ()
    risk: tuple[Model, ...] = ()
    tracking: tuple[Mapping[str, Any], ...] = ()

    @property
    def risk_model(self) -> Model | None:
        """The model by which risk is scored instead of by that of buyers, if it is better."""
        return self.risk[-1] if self.risk and not self.risk[-1].is_beaten else None


def counted(connection: duckdb.DuckDBPyConnection) -> Counted:
    """Read the cells that dbt has built, and the parameters in force."""
    rows = connection.execute("select name, value from core.dim_parameters").fetchall()
    values = {name: value for name, value in rows if name in ASKED}
    asked = Asked(*(of(values[name]) for name, of in zip(ASKED, (int, float, int, int), strict=True)))
    cuts = tuple(Cut(*cut, **_cells(connection, cut[0])) for cut in connection.execute(CUTS).fetchall())
    places = connection.execute(SEGMENTS).fetchall()
    divided = {name: tuple(place[of] for place in places) for of, name in enumerate(segments.TYPES)}
    spells = connection.execute(RENEWALS).fetchall()
    spend = connection.execute(SPEND).fetchnumpy()
    frequency, mean, count = (np.asarray(of, dtype=np.float64) for of in spend.values())
    repeats = [np.asarray(of, dtype=np.float64) for of in connection.execute(REPEATS).fetchnumpy().values()]
    return Counted(
        asked,
        cuts,
        (frequency, mean, count),
        divided,
        *_renewals(spells),
        watched=_watched(connection),
        repeats=(repeats[0], repeats[1]),
    )


def _watched(connection: duckdb.DuckDBPyConnection) -> tuple[risk.Watched, ...]:
    """The cut-offs at which a model of risk is learnt and tried, oldest first."""
    days = connection.execute(WATCHED_DAYS).fetchall()
    return tuple(risk.Watched(day, horizon, *_numbers(connection, WATCHED, day)) for day, horizon in days)


def _cells(connection: duckdb.DuckDBPyConnection, day: date) -> Mapping[str, Any]:
    """The columns of a cut by name."""
    return dict(zip(COLUMNS, _numbers(connection, CELLS, day), strict=True))


def _numbers(connection: duckdb.DuckDBPyConnection, query: str, day: date) -> Sequence[Any]:
    """The columns of a day, read as the numbers that they are fitted as, lest there be two copies of millions."""
    return [np.ascontiguousarray(of) for of in connection.execute(query, {"day": day}).fetchnumpy().values()]


def _renewals(rows: Sequence[tuple[int, bool, int, date]]) -> tuple[tuple[Numbers, Numbers], date | None]:
    """How many kept and how many lost their contract at the first, second ... renewal, and the day it was counted."""
    size = max((row[0] for row in rows), default=-1) + 1
    kept, lost = np.zeros(size + 1), np.zeros(size + 1)
    for renewal_count, is_lost, spell_count, _ in rows:
        kept[:renewal_count] += spell_count
        lost[renewal_count] += spell_count * is_lost
    return (kept, lost), rows[0][3] if rows else None


def valued(known: Counted, former: Valued | None) -> Valued:
    """The models of these buyers; the former ones where nothing changed, or where the new ones are beaten."""
    if former is not None and former.fingerprint == known.fingerprint:
        return former
    try:
        _demand_enough(known)
        found = _fitted(known, _standing(known, former))
    except CannotFit as reason:
        found = Valued(known.fingerprint, (), (), (), f"There is no model of value: {reason}.")
    return replace(found, contracts=_of_contracts(known), risk=_of_risk(known))


def _standing(known: Counted, former: Valued | None) -> tuple[Model, ...]:
    """The models that were used so far, if they were fitted on an earlier day.

    Those of the same day are replaced, and a run that looks back has none.
    """
    if former is None or known.present is None:
        return ()
    today = known.present.observed_on.isoformat()
    return former.used if all(model.fitted_through < today for model in former.used) else ()


def looks_back(known: Counted, former: Valued) -> bool:
    """Whether models that are in use saw days after these, so that this run neither uses nor replaces them."""
    if known.present is None:
        return bool(former.used)
    return any(model.fitted_through > known.present.observed_on.isoformat() for model in former.used)


def _of_contracts(known: Counted) -> tuple[Model, ...]:
    """The model of renewals, where as many came to one as are reported on."""
    kept, lost = known.renewals
    if known.renewals_observed_on is None or kept[0] + lost[0] < max(known.asked.minimum_count, 1):
        return ()
    renewals, observed_on = contracts.Renewals(kept, lost), known.renewals_observed_on
    fit = contracts.fit(renewals)
    return (
        _model("sbg", contracts.NAMES, fit, observed_on, is_identified=fit.is_identified),
        _of_survival(contracts.kaplan_meier(renewals), fit, observed_on),
    )


def _of_survival(curve: contracts.Curve, beside: contracts.Fit, observed_on: date) -> Model:
    names = [f"survival_{number}" for number in range(1, len(curve.survival) + 1)]
    return Model(
        model_key=f"kaplan_meier/{ALL}/{ALL}/{observed_on}",
        family="kaplan_meier",
        is_identified=True,
        parameters=dict(zip(names, map(float, curve.survival), strict=True)),
        standard_errors=dict(zip(names, map(float, curve.standard_errors), strict=True)),
        log_likelihood=curve.log_likelihood,
        customer_count=int(beside.customer_count),
        fitted_through=observed_on.isoformat(),
    )


def _of_risk(known: Counted) -> tuple[Model, ...]:
    """The logistic models of who will not order; the newest is beaten if any before it was."""
    found = risk.trained(known.watched, minimum_count=max(known.asked.minimum_count, 1))
    models = [_of_silence(one) for one in found]
    if not models:
        return ()
    return (*models[:-1], replace(models[-1], is_beaten=not risk.is_better(found)))


def _of_silence(trained: risk.Trained) -> Model:
    fit, trial = trained.fit, trained.trial
    errors = [None if math.isnan(of) else float(of) for of in fit.standard_errors]
    return Model(
        model_key=f"logistic/all/all/{trained.fitted_through}",
        family="logistic",
        is_identified=fit.is_identified,
        parameters={**dict(zip(fit.names, map(float, fit.weights), strict=True)), GAP: trained.mean_gap_days},
        standard_errors={**dict(zip(fit.names, errors, strict=True)), GAP: None},
        log_likelihood=fit.log_likelihood,
        customer_count=int(fit.customer_count),
        fitted_through=trained.fitted_through.isoformat(),
        holdout_days=trained.horizon_days if trial else None,
        is_beaten=trial.is_beaten if trial else None,
        errors=asdict(trial.model) if trial else None,
        baseline=asdict(trial.default) if trial else None,
        means=dict(zip(risk.FEATURES, map(float, fit.means), strict=True)),
    )


def _demand_enough(known: Counted) -> None:
    """Refuse what would be invented: fewer buyers who came back than are reported on, or no time to learn from."""
    if known.present is None:
        raise CannotFit("nobody has ordered yet")
    returned = known.present.returned_count
    if returned < known.asked.minimum_count:
        raise CannotFit(
            f"{returned:.0f} buyers have ordered again on a later day, "
            f"and minimum_reportable_count asks for {known.asked.minimum_count}"
        )
    if known.day_count < FEWEST_DAYS or len(known.cuts) < 3:
        raise CannotFit(
            f"the first buyers ordered {known.day_count:.0f} days ago, and {FEWEST_DAYS} days of orders are the least "
            "from which a model is made"
        )


def _fitted(known: Counted, standing: tuple[Model, ...]) -> Valued:
    present = known.present
    if present is None:
        raise CannotFit("nobody has ordered yet")
    spenders = spending.Spenders(*known.spend)
    spend = spending.fit(spenders)
    # By a day on which nobody had come back there was nothing to learn from.
    cut_offs = [cut for cut in known.cuts if cut.is_cut_off and cut.returned_count]
    if not cut_offs:
        raise CannotFit("nobody had ordered again by the days before which it is tried, so that it cannot be")
    fits = [buying.fit(cut.cells) for cut in cut_offs]
    value = _of_spending(spend, present.observed_on)
    plain, trials = _tried(known, cut_offs, fits)
    tracked = _tracked(known, cut_offs[0], fits[0])
    choice = segments.chosen(plain, trials)
    verdict = choice.verdict
    in_question = (plain, choice)
    buyers: list[Model] = []
    for trial in (plain, *trials):
        is_scoring = trial in in_question and not verdict.is_beaten
        models = _of_buyers(known, present, trial, (spend, spenders) if is_scoring else None)
        buyers += [replace(of, is_beaten=verdict.is_beaten) if trial in in_question else of for of in models]
    buyers[0] = _with_tracking(buyers[0], tracked)
    beside = _of_buying(buying.fit(present.cells, "bg_nbd"), present.observed_on)
    return Valued(
        known.fingerprint,
        fitted=(*buyers, beside, value),
        used=standing if verdict.is_beaten else (*(model for model in buyers if model.is_beaten is False), value),
        calibration=_calibration(cut_offs, choice),
        complaint=_complaint(verdict, standing) if verdict.is_beaten else _caution(known),
        choice=segments.reason(plain, trials, choice),
        tracking=_weeks(tracked, cut_offs[0].observed_on),
    )


def _of_buyers(
    known: Counted, present: Cut, trial: segments.Trial, values: tuple[spending.Fit, spending.Spenders] | None
) -> Iterator[Model]:
    """A model of each segment that has enough now, with what its like foretold at the cut-offs.

    With the model of what orders are worth it has bounds too.
    """
    for segment_value, inside in _large(known, present, trial.segment_type):
        cut = present.of(inside)
        fit = buying.fit(cut.cells)
        model = _of_buying(fit, cut.observed_on, trial.segment_type, segment_value)
        verdict = trial.verdict_of(segment_value)
        if verdict is not None:
            errors, baseline = _by_name(verdict.model), _by_name(verdict.repetition)
            model = replace(model, holdout_days=cut.holdout_days, errors=errors, baseline=baseline)
        if values is not None:
            model = _bounded(model, fit, cut, values, known.asked.horizon_days)
        yield model


def _bounded(
    model: Model, fit: buying.Fit, cut: Cut, values: tuple[spending.Fit, spending.Spenders], horizon: int
) -> Model:
    """With how far orders and their value may lie off; where the data bind a parameter to nothing there is no bound."""
    of_orders = uncertainty.of_total_orders(fit, cut.cells, horizon)
    of_values = uncertainty.of_order_values(*values, fit, cut.cells, horizon)
    orders, both = uncertainty.bounds(of_orders), uncertainty.bounds(of_orders, of_values)
    # Money cannot be NaN.
    if all(map(math.isfinite, orders)):
        model = replace(model, low_order_ratio=orders[0], high_order_ratio=orders[1])
    if all(map(math.isfinite, both)):
        model = replace(model, low_ratio=both[0], high_ratio=both[1])
    return model


def _tried(
    known: Counted, cut_offs: Sequence[Cut], fits: Sequence[buying.Fit]
) -> tuple[segments.Trial, Sequence[segments.Trial]]:
    """What the model of all foretold at the cut-offs, and what models of segments did."""
    foretold = tuple(_foretold(cut, fit) for cut, fit in zip(cut_offs, fits, strict=True))
    plain = segments.Trial(ALL, foretold, {ALL: foretold})
    divided = [name for name, values in known.segments.items() if len(set(values)) > 1]
    return plain, [_by_segment(known, cut_offs, plain, name) for name in divided]


def _by_segment(known: Counted, cut_offs: Sequence[Cut], plain: segments.Trial, segment_type: str) -> segments.Trial:
    """What is foretold by a segment's own model where it has enough buyers, and by the model of all elsewhere."""
    foretold = []
    own: dict[str, tuple[holdout.Foretold, ...]] = {}
    for cut, of_all in zip(cut_offs, plain.foretold, strict=True):
        expected, probability = of_all.expected.copy(), of_all.probability.copy()
        for segment_value, inside in _large(known, cut, segment_type):
            part, rows = cut.of(inside), inside[cut.segment]
            told = _foretold(part, buying.fit(part.cells))
            expected[rows], probability[rows] = told.expected, told.probability
            own[segment_value] = (*own.get(segment_value, ()), told)
        foretold.append(replace(of_all, expected=expected, probability=probability))
    return segments.Trial(segment_type, tuple(foretold), own)


def _large(known: Counted, cut: Cut, segment_type: str) -> Iterator[tuple[str, Inside]]:
    """The segments of a type that as many buyers of came back by a day as a model of their own asks for."""
    for segment_value in sorted(set(known.segments.get(segment_type, (ALL,)))):
        inside = _inside(known, segment_type, segment_value)
        if segment_type == ALL or cut.of(inside).returned_count >= known.asked.segment_minimum_count:
            yield segment_value, inside


def _inside(known: Counted, segment_type: str, segment_value: str) -> Inside:
    """Which of the segments that were counted belong to this one."""
    if segment_type == ALL:
        return np.ones(known.segment_count, dtype=bool)
    return np.array([of == segment_value for of in known.segments[segment_type]], dtype=bool)


def _calibration(cut_offs: Sequence[Cut], choice: segments.Trial) -> tuple[Mapping[str, Any], ...]:
    return tuple(
        {"observed_on": cut.observed_on.isoformat(), "horizon_days": cut.holdout_days, **asdict(found)}
        for cut, told in zip(cut_offs, choice.foretold, strict=True)
        for found in holdout.calibration(told)
    )


def _tracked(known: Counted, cut: Cut, fit: buying.Fit) -> tracking.Tracked:
    """Repeat orders by week of who had ordered by a cut-off, by the model fitted there and as they came."""
    days, counts = known.repeats
    until = known.present.observed_on if known.present else cut.observed_on
    newcomers = tracking.Newcomers(cut.age, cut.customer_count, days, counts, (until - cut.observed_on).days)
    return tracking.tracked(fit.parameters, newcomers)


def _with_tracking(of_all: Model, tracked: tracking.Tracked) -> Model:
    """The model of all with how far its weeks were off; it was not tracked by segment."""
    errors = {"cumulative_mape": tracked.cumulative_error, "weekly_mape": tracked.weekly_error}
    return replace(of_all, errors={**(of_all.errors or {}), **errors})


def _weeks(tracked: tracking.Tracked, cut_off: date) -> tuple[Mapping[str, Any], ...]:
    columns = (tracked.ends_after.astype(int).tolist(), tracked.expected.tolist(), tracked.actual.tolist())
    return tuple(
        {
            "ended_on": (cut_off + timedelta(days=ends_after)).isoformat(),
            "is_after": ends_after > 0,
            "expected": expected,
            "actual": actual,
        }
        for ends_after, expected, actual in zip(*columns, strict=True)
    )


def _foretold(cut: Cut, fit: buying.Fit) -> holdout.Foretold:
    """What the default model, fitted to what was known at a cut-off, said of the time after it."""
    history = (cut.frequency, cut.recency, cut.age)
    alive = buying.probability_alive(fit.parameters, *history)
    pairs, places = buying.distinct_pairs(cut.frequency, cut.age)
    return holdout.Foretold(
        expected=alive * buying.expected_if_alive(fit.parameters, pairs[0], pairs[1], cut.holdout_days)[places],
        probability=buying.probability_of_order(fit.parameters, *history, cut.holdout_days),
        frequency=cut.frequency,
        former=cut.former,
        actual=cut.actual,
        customer_count=cut.customer_count,
    )


def _caution(known: Counted) -> str | None:
    """What is foretold of more days than orders span."""
    asked, cut_offs = known.asked, [cut for cut in known.cuts if cut.is_cut_off]
    if known.day_count >= asked.horizon_days:
        return None
    return (
        f"Orders are expected for {asked.horizon_days} days, but the first were placed {known.day_count:.0f} days ago: "
        f"a model could be tried over {cut_offs[0].holdout_days} days only. Set value_horizon_days to what may be told."
    )


def _complaint(verdict: holdout.Verdict, standing: tuple[Model, ...]) -> str:
    instead = f"{standing[0].model_key} stays in use" if standing else "nobody is scored"
    model, repetition = verdict.model, verdict.repetition
    top, top_of_repetition = model.top_decile_share or 0, repetition.top_decile_share or 0
    return (
        "The model of value foretells no better than the repetition of the last period "
        f"(mean absolute error {model.mean_absolute:.3f} against {repetition.mean_absolute:.3f}, "
        f"root mean square {model.root_mean_square:.3f} against {repetition.root_mean_square:.3f}, "
        f"share of the tenth ranked first {top:.3f} against {top_of_repetition:.3f}), so {instead}."
    )


def _by_name(errors: holdout.Errors) -> Mapping[str, float | None]:
    return dict(zip(ERRORS, asdict(errors).values(), strict=True))


def _of_buying(fit: buying.Fit, observed_on: date, segment_type: str = ALL, segment_value: str = ALL) -> Model:
    model = _model(fit.family, buying.NAMES, fit, observed_on, is_identified=fit.dropout_identified)
    model_key = f"{fit.family}/{segment_type}/{segment_value}/{observed_on}"
    return replace(model, model_key=model_key, segment_type=segment_type, segment_value=segment_value)


def _of_spending(fit: spending.Fit, observed_on: date) -> Model:
    return _model("gamma_gamma", spending.NAMES, fit, observed_on, is_identified=fit.is_identified)


def _model(
    family: str,
    names: Sequence[str],
    fit: buying.Fit | spending.Fit | contracts.Fit,
    observed_on: date,
    *,
    is_identified: bool,
) -> Model:
    errors = [None if math.isnan(of) else float(of) for of in fit.maximum.standard_errors]
    return Model(
        model_key=f"{family}/{ALL}/{ALL}/{observed_on}",
        family=family,
        is_identified=is_identified,
        parameters=dict(zip(names, map(float, fit.parameters), strict=True)),
        standard_errors=dict(zip(names, errors, strict=True)),
        log_likelihood=fit.maximum.log_likelihood,
        customer_count=int(fit.customer_count),
        fitted_through=observed_on.isoformat(),
    )


def tables_of(found: Valued, known: Counted) -> Mapping[str, pa.Table]:
    """What dbt reads as the source `value`."""
    rows = {"models": _scored_by(found), "parameters": _parameters(found), "calibration": found.calibration}
    tables = {name: pa.Table.from_pylist(list(of), TABLES[name]) for name, of in rows.items()}
    silence = pa.Table.from_pylist(_risk(found), TABLES["risk"])
    return {**tables, "lookup": _lookup(found, known), "renewals": _survival(found), "risk": silence}


def _risk(found: Valued) -> list[Mapping[str, Any]]:
    """The weights of the model of risk, the means of its features, and the log odds of who has those; if it is used."""
    model = found.risk_model
    if model is None or model.means is None:
        return []
    at_means = sum(model.parameters[name] * mean for name, mean in model.means.items())
    means = {f"mean_{name}": mean for name, mean in model.means.items()}
    odds = model.parameters[logistic.INTERCEPT] + at_means
    return [{"model_key": model.model_key, **model.parameters, **means, "mean_log_odds": odds}]


def _survival(found: Valued) -> pa.Table:
    """The share of contracts that is left after so many renewals."""
    if not found.contracts:
        return TABLES["renewals"].empty_table()
    model = found.contracts[0]
    numbers = np.arange(RENEWALS_AHEAD + 1, dtype=np.int32)
    ratios = contracts.survival(np.array(list(model.parameters.values())), numbers)
    return pa.table([pa.array([model.model_key] * len(numbers)), numbers, ratios], schema=TABLES["renewals"])


def _scored_by(found: Valued) -> Sequence[Mapping[str, Any]]:
    if not found.used:
        return []
    *buyers, values = found.used
    return [
        {
            "model_key": model.model_key,
            "segment_type": model.segment_type,
            "segment_value": model.segment_value,
            "low_ratio": model.low_ratio,
            "high_ratio": model.high_ratio,
            "low_order_ratio": model.low_order_ratio,
            "high_order_ratio": model.high_order_ratio,
            **model.parameters,
            **values.parameters,
        }
        for model in buyers
    ]


def _parameters(found: Valued) -> Sequence[Mapping[str, Any]]:
    scoring = [*found.used, *found.contracts[:1], *([found.risk_model] if found.risk_model else [])]
    used = {model.model_key for model in scoring}
    others = [model for model in found.used if model not in found.fitted]
    models = [*found.fitted, *others, *found.contracts, *found.risk]
    return [
        {
            "model_key": model.model_key,
            "family": model.family,
            "segment_type": model.segment_type,
            "segment_value": model.segment_value,
            "is_used": model.model_key in used,
            "is_beaten": model.is_beaten,
            "dropout_identified": model.is_identified,
            "parameter_name": name,
            "parameter_value": value,
            "standard_error": model.standard_errors[name],
            "log_likelihood": model.log_likelihood,
            "customer_count": model.customer_count,
            "fitted_through": date.fromisoformat(model.fitted_through),
            "holdout_days": model.holdout_days,
            **{f"holdout_{of}": error for of, error in (model.errors or {}).items()},
            **{f"baseline_{of}": error for of, error in (model.baseline or {}).items()},
        }
        for model in models
        for name, value in model.parameters.items()
    ]


def _lookup(found: Valued, known: Counted) -> pa.Table:
    """Orders expected over the horizon of the living, by the model that scores them, frequency and age."""
    if not found.used or known.present is None:
        return TABLES["lookup"].empty_table()
    of_all, *of_segments = found.used[:-1]
    others = _inside(known, ALL, ALL)
    parts = []
    for model in of_segments:
        inside = _inside(known, model.segment_type, model.segment_value)
        others &= ~inside
        parts.append(_expected(model, known.present.of(inside), known.asked))
    return pa.concat_tables([_expected(of_all, known.present.of(others), known.asked), *parts])


def _expected(model: Model, scored: Cut, asked: Asked) -> pa.Table:
    """Orders expected of the living, as they stand and discounted."""
    pairs, _ = buying.distinct_pairs(scored.frequency, scored.age)
    parameters, horizon = np.array(list(model.parameters.values())), asked.horizon_days
    plain = buying.expected_if_alive(parameters, pairs[0], pairs[1], horizon)
    force = math.log1p(asked.discount_rate) / DAYS_OF_YEAR
    # Integrated by parts: each order is worth less by its day, not by its month.
    nodes, weights = np.polynomial.legendre.leggauss(12)
    discounted = math.exp(-force * horizon) * plain
    for day, weight in zip(horizon * (nodes + 1) / 2, weights * horizon / 2, strict=True):
        until = buying.expected_if_alive(parameters, pairs[0], pairs[1], day)
        discounted = discounted + weight * force * math.exp(-force * day) * until
    sound = np.isfinite(plain) & np.isfinite(discounted)
    columns = [pairs[0].astype(np.int64), pairs[1].astype(np.int32), plain, discounted]
    keys = pa.array([model.model_key] * int(sound.sum()), pa.string())
    return pa.table([keys, *(column[sound] for column in columns)], schema=TABLES["lookup"])


def kept(home: Path) -> Valued | None:
    """What the last run knew, if any did and by the same method."""
    path = _file(home)
    if not path.exists():
        return None
    content = json.loads(path.read_text(encoding="utf-8"))
    if content.pop("method", None) != METHOD:
        return None
    for name in ("fitted", "used", "contracts", "risk"):
        content[name] = tuple(Model(**model) for model in content[name])
    return Valued(**{**content, **{name: tuple(content[name]) for name in ("calibration", "tracking")}})


def keep(home: Path, found: Valued) -> None:
    """Let the next run know."""
    write_json(_file(home), {"method": METHOD, **asdict(found)})


def _file(home: Path) -> Path:
    return home / "warehouse" / "value.json"
