"""Small pictures of how a fit fared, as SVG, in which an engineer sees a bad one at once."""

from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Any

WIDTH, HEIGHT, MARGIN = 560, 220, 34
FORETOLD, CAME, AXIS = "#4c78a8", "#f58518", "#888"


def calibrated(bins: Sequence[Mapping[str, Any]]) -> str:
    """By tenths of the probability to order: the probability foretold beside the share who did order."""
    found = _of_last_cut_off(bins, "decile")
    pairs = [(str(of["bin_number"]), of["probability"], of["ordered_ratio"]) for of in found]
    return _paired_bars("Share who order, by tenth of its probability", pairs)


def distributed(bins: Sequence[Mapping[str, Any]]) -> str:
    """By how often buyers had come back: orders foretold per buyer beside those that came."""
    found = _of_last_cut_off(bins, "frequency")
    pairs = [
        (
            f"{of['bin_number']}{'+' if of['bin_number'] == 7 else ''}",
            *(of[name] / of["customer_count"] for name in names),
        )
        for of in found
        for names in [("expected", "actual")]
    ]
    return _paired_bars("Orders per buyer, by repeat order days so far", pairs)


def tracked(weeks: Sequence[Mapping[str, Any]]) -> str:
    """Week by week: repeat orders so far, as foretold at the earlier cut-off and as they came."""
    columns = [list(accumulate(of[name] for of in weeks)) for name in ("expected", "actual")]
    return _lines("Repeat order days so far, by week", weeks, columns)


def tracked_weekly(weeks: Sequence[Mapping[str, Any]]) -> str:
    """Week by week: the repeat orders of each, as foretold at the earlier cut-off and as they came."""
    return _lines(
        "Repeat order days of each week", weeks, [[of[name] for of in weeks] for name in ("expected", "actual")]
    )


def _of_last_cut_off(bins: Sequence[Mapping[str, Any]], bin_type: str) -> Sequence[Mapping[str, Any]]:
    last = max((of["observed_on"] for of in bins), default="")
    return [of for of in bins if (of["observed_on"], of["bin_type"]) == (last, bin_type)]


def _paired_bars(title: str, pairs: Sequence[tuple[str, float, float]]) -> str:
    top = max((max(one, other) for _, one, other in pairs), default=0) or 1
    base, room = HEIGHT - MARGIN, HEIGHT - 2 * MARGIN
    step = (WIDTH - 2 * MARGIN) / max(len(pairs), 1)
    parts = [_heading(title, f"{top:.2g}")]
    for place, (label, *values) in enumerate(pairs):
        left = MARGIN + place * step
        parts.append(f'<text x="{left + step * 0.4:.1f}" y="{base + 16}" text-anchor="middle">{label}</text>')
        for number, (value, colour) in enumerate(zip(values, (FORETOLD, CAME), strict=True)):
            height = room * value / top
            parts.append(
                f'<rect x="{left + number * step * 0.4:.1f}" y="{base - height:.1f}" width="{step * 0.38:.1f}" '
                f'height="{height:.1f}" fill="{colour}"/>'
            )
    return _framed(parts)


def _lines(title: str, weeks: Sequence[Mapping[str, Any]], columns: Sequence[Sequence[float]]) -> str:
    """A line each for foretold and came over the weeks, with a mark where the model stopped learning."""
    top = max(map(max, columns), default=0) if weeks else 0
    base, room, across = HEIGHT - MARGIN, HEIGHT - 2 * MARGIN, WIDTH - 2 * MARGIN
    step = across / max(len(weeks), 1)
    parts = [_heading(title, f"{top:,.0f}")]
    for values, colour in zip(columns, (FORETOLD, CAME), strict=True):
        points = [f"{MARGIN + (n + 1) * step:.1f},{base - room * of / (top or 1):.1f}" for n, of in enumerate(values)]
        parts.append(f'<polyline points="{" ".join(points)}" fill="none" stroke="{colour}" stroke-width="1.5"/>')
    learnt = sum(not of["is_after"] for of in weeks)
    if weeks:
        x, below = MARGIN + learnt * step, base + 16
        side = "start" if x < WIDTH / 2 else "end"
        parts += [
            f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{MARGIN}" y2="{base}" stroke="{AXIS}" stroke-dasharray="4 3"/>',
            f'<text x="{x:.1f}" y="{MARGIN - 4}" text-anchor="{side}">fitted to {weeks[learnt - 1]["ended_on"]}</text>',
            f'<text x="{MARGIN}" y="{below}">{weeks[0]["ended_on"]}</text>',
            f'<text x="{WIDTH - MARGIN}" y="{below}" text-anchor="end">{weeks[-1]["ended_on"]}</text>',
        ]
    return _framed(parts)


def _heading(title: str, top: str) -> str:
    return (
        f'<text x="{MARGIN}" y="16">{title} (<tspan fill="{FORETOLD}">foretold</tspan>, '
        f'<tspan fill="{CAME}">came</tspan>; {top} at most)</text>'
        f'<line x1="{MARGIN}" x2="{WIDTH - MARGIN}" y1="{HEIGHT - MARGIN}" y2="{HEIGHT - MARGIN}" stroke="{AXIS}"/>'
    )


def _framed(parts: Sequence[str]) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" '
        f'font-family="sans-serif" font-size="11">{"".join(parts)}</svg>'
    )
