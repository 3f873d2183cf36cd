"""From the cells that dbt counted to what dbt scores buyers by: fitted, held against what came, kept and told."""

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from orchestration.engine.value_tables import TABLES
from orchestration.lake.durable import write_json
from orchestration.value import buying, contracts, holdout, logistic, risk, spending, tracking, uncertainty
from orchestration.value.cells import CannotFit, Cells, Numbers, cells_of

# What was fitted by another method is fitted again.
METHOD = 3
CELLS = """
    select observed_on, is_cut_off, holdout_days, frequency, recency_days, age_days, former_count, actual_count,
        customer_count
    from measures.int_value_cells
    order by observed_on, frequency, recency_days, age_days, former_count, actual_count
"""
SPEND = (
    "select frequency, mean_repeat_value, customer_count from measures.int_spend_cells order by frequency, value_bin"
)
RENEWALS = "select * from measures.int_renewal_cells order by renewal_count, is_lost"
WATCHED = """
    select observed_on, horizon_days, frequency, recency_days, age_days, recent_count, is_at_risk, has_ordered,
        customer_count
    from measures.int_risk_cells
    order by observed_on, frequency, recency_days, age_days, recent_count, is_at_risk, has_ordered
"""
REPEATS = "select ordered_on - observed_on, repeat_count from measures.int_repeat_days order by ordered_on"
# Monthly contracts of thirty years.
RENEWALS_AHEAD = 360
ASKED = ("value_horizon_days", "discount_rate_annual", "minimum_reportable_count")
ERRORS = ("mae", "rmse", "bias_ratio", "deviance", "top_decile_ratio")
DAYS_OF_YEAR = 365.0
GAP = "mean_gap_days"


@dataclass(frozen=True)
class Asked:
    """The business parameters that a fit depends on."""

    horizon_days: int
    discount_rate: float
    minimum_count: int


@dataclass(frozen=True)
class Cut:
    """The buyers' histories as observed on a day, and for a cut-off what came before and after it."""

    observed_on: date
    is_cut_off: bool
    holdout_days: int
    frequency: Numbers
    recency: Numbers
    age: Numbers
    former: Numbers
    actual: Numbers
    customer_count: Numbers

    @property
    def cells(self) -> Cells:
        """The histories without what came."""
        return cells_of(self.frequency, self.recency, self.age, self.customer_count)


@dataclass(frozen=True)
class Counted:
    """All that a fit is made from."""

    asked: Asked
    cuts: tuple[Cut, ...]
    spend: tuple[Numbers, Numbers, Numbers]
    renewals: tuple[Numbers, Numbers] = (np.zeros(0), np.zeros(0))
    renewals_observed_on: date | None = None
    watched: tuple[risk.Watched, ...] = ()
    repeats: tuple[Numbers, Numbers] = (np.zeros(0), np.zeros(0))

    @property
    def present(self) -> Cut | None:
        """The histories up to the as-of date; none where nobody has ordered."""
        return next((cut for cut in self.cuts if not cut.is_cut_off), None)

    @property
    def fingerprint(self) -> str:
        """Equal for equal cells, parameters and method."""
        digest = hashlib.sha256(repr((METHOD, self.asked)).encode())
        for cut in self.cuts:
            digest.update(repr((cut.observed_on, cut.holdout_days)).encode())
            for of in (cut.frequency, cut.recency, cut.age, cut.former, cut.actual, cut.customer_count):
                digest.update(of.tobytes())
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
    """A fitted family: parameters and their errors by name, how it fared at the cut-offs, and the means of features."""

    model_key: str
    family: str
    is_identified: bool
    parameters: Mapping[str, float]
    standard_errors: Mapping[str, float | None]
    log_likelihood: float
    customer_count: int
    fitted_through: str
    holdout_days: int | None = None
    is_beaten: bool | None = None
    errors: Mapping[str, float | None] | None = None
    baseline: Mapping[str, float | None] | None = None
    means: Mapping[str, float] | None = None


@dataclass(frozen=True)
class Valued:
    """What a run knows of its customers' future: the models by which they are scored, all that were fitted, why not.

    `calibration` holds the bins of every cut-off, `tracking` the weeks around the earlier one. `used` is empty where
    there is no model of buyers, and `contracts` where there is none of contracts; `complaint` is what an engineer
    should read then, or where an earlier model had to stay. `risk` holds the logistic models of who will not order,
    oldest first: the newest is used if it is not beaten.
    """

    fingerprint: str
    fitted: tuple[Model, ...]
    used: tuple[Model, ...]
    bounds: tuple[float, float]
    calibration: tuple[Mapping[str, Any], ...]
    complaint: str | None
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
    asked = Asked(*(of(values[name]) for name, of in zip(ASKED, (int, float, int), strict=True)))
    found = connection.execute(CELLS).fetchnumpy()
    numbers = [np.asarray(found[name], dtype=np.float64) for name in list(found)[3:]]
    days = np.asarray(found["observed_on"]).astype("datetime64[D]")
    cuts = []
    for day in np.unique(days):
        inside = days == day
        first = int(np.argmax(inside))
        cuts.append(
            Cut(
                day.astype(object),
                bool(found["is_cut_off"][first]),
                int(found["holdout_days"][first]),
                *(of[inside] for of in numbers),
            )
        )
    spells = connection.execute(RENEWALS).fetchall()
    spend = connection.execute(SPEND).fetchnumpy()
    frequency, mean, count = (np.asarray(of, dtype=np.float64) for of in spend.values())
    repeats = [np.asarray(of, dtype=np.float64) for of in connection.execute(REPEATS).fetchnumpy().values()]
    return Counted(
        asked,
        tuple(cuts),
        (frequency, mean, count),
        *_renewals(spells),
        watched=_watched(connection),
        repeats=(repeats[0], repeats[1]),
    )


def _watched(connection: duckdb.DuckDBPyConnection) -> tuple[risk.Watched, ...]:
    """The cut-offs at which a model of risk is learnt and tried, oldest first."""
    found = {name: np.asarray(of) for name, of in connection.execute(WATCHED).fetchnumpy().items()}
    days, horizons = found.pop("observed_on").astype("datetime64[D]"), found.pop("horizon_days")
    numbers = [of.astype(np.float64) for of in found.values()]
    return tuple(
        risk.Watched(day.astype(object), int(horizons[0]), *(of[days == day] for of in numbers))
        for day in np.unique(days)
    )


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
    standing, bounds = _standing(known, former)
    try:
        _demand_enough(known)
        found = _fitted(known, standing, bounds)
    except CannotFit as reason:
        found = Valued(known.fingerprint, (), (), (1.0, 1.0), (), f"There is no model of value: {reason}.")
    return replace(found, contracts=_of_contracts(known), risk=_of_risk(known))


def _standing(known: Counted, former: Valued | None) -> tuple[tuple[Model, ...], tuple[float, float]]:
    """The models that were used so far, with their bounds, if they were fitted on an earlier day.

    Those of the same day are replaced, and a run that looks back has none.
    """
    if former is None or known.present is None:
        return (), (1.0, 1.0)
    today = known.present.observed_on.isoformat()
    is_earlier = all(model.fitted_through < today for model in former.used)
    return (former.used, former.bounds) if is_earlier else ((), (1.0, 1.0))


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
    fit = contracts.fit(contracts.Renewals(kept, lost))
    return (_model("sbg", contracts.NAMES, fit, known.renewals_observed_on, is_identified=fit.is_identified),)


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
    returned = float(known.present.customer_count[known.present.frequency > 0].sum())
    if returned < known.asked.minimum_count:
        raise CannotFit(
            f"{returned:.0f} buyers have ordered again on a later day, "
            f"and minimum_reportable_count asks for {known.asked.minimum_count}"
        )
    if len(known.cuts) < 3:
        raise CannotFit("orders span too few days for two cut-offs at which a model could be tried")


def _fitted(known: Counted, standing: tuple[Model, ...], bounds: tuple[float, float]) -> Valued:
    present = known.present
    if present is None:
        raise CannotFit("nobody has ordered yet")
    cells = present.cells
    default, beside = buying.fit(cells, "mbg_nbd"), buying.fit(cells, "bg_nbd")
    spend = spending.fit(spending.Spenders(*known.spend))
    cut_offs = [cut for cut in known.cuts if cut.is_cut_off]
    fits = [buying.fit(cut.cells) for cut in cut_offs]
    foretold = [_foretold(cut, fit) for cut, fit in zip(cut_offs, fits, strict=True)]
    verdict = holdout.judged(_together(foretold))
    tracked = _tracked(known, cut_offs[0], fits[0])
    tried = _of_buying(default, present.observed_on)
    tried = replace(
        tried,
        holdout_days=present.holdout_days,
        is_beaten=verdict.is_beaten,
        errors={
            **_by_name(verdict.model),
            "cumulative_mape": tracked.cumulative_error,
            "weekly_mape": tracked.weekly_error,
        },
        baseline=_by_name(verdict.repetition),
    )
    value = _of_spending(spend, present.observed_on)
    used: tuple[Model, ...] = (tried, value)
    complaint = None
    if verdict.is_beaten:
        used, complaint = standing, _complaint(verdict, standing)
    else:
        bounds = uncertainty.bounds(
            uncertainty.of_total_orders(default, cells, known.asked.horizon_days),
            uncertainty.of_order_value(spend),
        )
    calibration = [
        {"observed_on": cut.observed_on.isoformat(), "horizon_days": cut.holdout_days, **asdict(found)}
        for cut, told in zip(cut_offs, foretold, strict=True)
        for found in holdout.calibration(told)
    ]
    models = (tried, _of_buying(beside, present.observed_on), value)
    return Valued(
        known.fingerprint,
        models,
        used,
        bounds,
        tuple(calibration),
        complaint,
        tracking=_weeks(tracked, cut_offs[0].observed_on),
    )


def _tracked(known: Counted, cut: Cut, fit: buying.Fit) -> tracking.Tracked:
    """Repeat orders by week of who had ordered by a cut-off, by the model fitted there and as they came."""
    days, counts = known.repeats
    until = known.present.observed_on if known.present else cut.observed_on
    newcomers = tracking.Newcomers(cut.age, cut.customer_count, days, counts, (until - cut.observed_on).days)
    return tracking.tracked(fit.parameters, newcomers)


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
    return holdout.Foretold(
        expected=buying.expected_orders(fit.parameters, *history, cut.holdout_days),
        probability=buying.probability_of_order(fit.parameters, *history, cut.holdout_days),
        frequency=cut.frequency,
        former=cut.former,
        actual=cut.actual,
        customer_count=cut.customer_count,
    )


def _together(foretold: Sequence[holdout.Foretold]) -> holdout.Foretold:
    columns = [[getattr(one, name) for one in foretold] for name in holdout.Foretold.__dataclass_fields__]
    return holdout.Foretold(*(np.concatenate(column) for column in columns))


def _complaint(verdict: holdout.Verdict, standing: tuple[Model, ...]) -> str:
    instead = f"{standing[0].model_key} stays in use" if standing else "nobody is scored"
    return (
        "The model of value foretells no better than the repetition of the last period "
        f"(mean absolute error {verdict.model.mean_absolute:.3f} against {verdict.repetition.mean_absolute:.3f}, "
        f"root mean square {verdict.model.root_mean_square:.3f} against {verdict.repetition.root_mean_square:.3f}), "
        f"so {instead}."
    )


def _by_name(errors: holdout.Errors) -> Mapping[str, float | None]:
    return dict(zip(ERRORS, asdict(errors).values(), strict=True))


def _of_buying(fit: buying.Fit, observed_on: date) -> Model:
    return _model(fit.family, buying.NAMES, fit, observed_on, is_identified=fit.dropout_identified)


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
        model_key=f"{family}/all/all/{observed_on}",
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
    (model,) = found.contracts
    numbers = np.arange(RENEWALS_AHEAD + 1, dtype=np.int32)
    ratios = contracts.survival(np.array(list(model.parameters.values())), numbers)
    return pa.table([pa.array([model.model_key] * len(numbers)), numbers, ratios], schema=TABLES["renewals"])


def _scored_by(found: Valued) -> Sequence[Mapping[str, Any]]:
    if not found.used:
        return []
    buyers, values = found.used
    # Where the data bind a parameter to nothing there are no bounds, and money cannot be NaN.
    low, high = found.bounds if all(map(math.isfinite, found.bounds)) else (None, None)
    key = {"model_key": buyers.model_key, "low_ratio": low, "high_ratio": high}
    return [{**key, **buyers.parameters, **values.parameters}]


def _parameters(found: Valued) -> Sequence[Mapping[str, Any]]:
    scoring = [*found.used, *found.contracts, *([found.risk_model] if found.risk_model else [])]
    used = {model.model_key for model in scoring}
    others = [model for model in found.used if model not in found.fitted]
    models = [*found.fitted, *others, *found.contracts, *found.risk]
    return [
        {
            "model_key": model.model_key,
            "family": model.family,
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
    """Orders expected over the horizon of the living, as they stand and discounted, by frequency and age."""
    if not found.used or known.present is None:
        return TABLES["lookup"].empty_table()
    pairs, _ = uncertainty.distinct_pairs(known.present.cells)
    parameters = np.array(list(found.used[0].parameters.values()))
    horizon = known.asked.horizon_days
    plain = buying.expected_if_alive(parameters, pairs[0], pairs[1], horizon)
    force = math.log1p(known.asked.discount_rate) / DAYS_OF_YEAR
    # Integrated by parts: each order is worth less by its day, not by its month.
    nodes, weights = np.polynomial.legendre.leggauss(12)
    discounted = math.exp(-force * horizon) * plain
    for day, weight in zip(horizon * (nodes + 1) / 2, weights * horizon / 2, strict=True):
        until = buying.expected_if_alive(parameters, pairs[0], pairs[1], day)
        discounted = discounted + weight * force * math.exp(-force * day) * until
    sound = np.isfinite(plain) & np.isfinite(discounted)
    columns = [pairs[0].astype(np.int64), pairs[1].astype(np.int32), plain, discounted]
    return pa.table([column[sound] for column in columns], schema=TABLES["lookup"])


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
    return Valued(**{**content, **{name: tuple(content[name]) for name in ("bounds", "calibration", "tracking")}})


def keep(home: Path, found: Valued) -> None:
    """Let the next run know."""
    write_json(_file(home), {"method": METHOD, **asdict(found)})


def _file(home: Path) -> Path:
    return home / "warehouse" / "value.json"
