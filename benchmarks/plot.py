"""The history of the benchmark as a picture: one line per size, seconds or ratios from run to run, as SVG."""

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.warehouse import HISTORY, PROMISES

WIDTH, HEIGHT, MARGIN = 720, 220, 48
COLOURS = ("#1f6feb", "#d1242f", "#1a7f37", "#9a6700", "#8250df")
TEXT = 'font-family="sans-serif" font-size="12"'
Point = tuple[int, float]


def drawn(entries: Sequence[Mapping[str, Any]]) -> str:
    """The picture of a history: a chart per promise, beneath each other."""
    charts = [_chart(promise, at_most, entries) for promise, at_most in PROMISES.items()]
    placed = [f'<g transform="translate(0 {number * HEIGHT})">{chart}</g>' for number, chart in enumerate(charts)]
    size = f'width="{WIDTH}" height="{HEIGHT * len(charts)}"'
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" {size}>',
            f'<rect {size} fill="white"/>',
            *placed,
            "</svg>",
            "",
        ]
    )


def _chart(promise: str, at_most: float, entries: Sequence[Mapping[str, Any]]) -> str:
    lines: dict[int, list[Point]] = {}
    for number, entry in enumerate(entries):
        value = entry["by_seconds"].get(promise)
        if value is not None:
            lines.setdefault(entry["customers"], []).append((number, value))
    highest = max([at_most, *(value for points in lines.values() for _, value in points)])
    parts = [f'<text x="{MARGIN}" y="20" {TEXT}>{promise}</text>', _limit(at_most, highest)]
    for (customers, points), colour in zip(sorted(lines.items()), COLOURS * len(lines), strict=False):
        parts.append(_line(customers, points, colour, len(entries), highest))
    return "".join(parts)


def _limit(at_most: float, highest: float) -> str:
    y = _y(at_most, highest)
    stroke = 'stroke="#59636e" stroke-dasharray="4 4"'
    label = f'<text x="4" y="{y + 4:.1f}" {TEXT}>{at_most}</text>'
    return f'<line x1="{MARGIN}" x2="{WIDTH - MARGIN}" y1="{y:.1f}" y2="{y:.1f}" {stroke}/>{label}'


def _line(customers: int, points: Sequence[Point], colour: str, count: int, highest: float) -> str:
    step = (WIDTH - 2 * MARGIN) / max(count - 1, 1)
    placed = [(MARGIN + number * step, _y(value, highest)) for number, value in points]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in placed)
    dots = "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in placed)
    x, y = placed[-1]
    said = f"{customers:,} customers: {points[-1][1]:g}"
    label = f'<text x="{x - 6:.1f}" y="{y - 8:.1f}" text-anchor="end" fill="{colour}" {TEXT}>{said}</text>'
    return f'<polyline points="{path}" fill="none" stroke="{colour}"/>{dots}{label}'


def _y(value: float, highest: float) -> float:
    return HEIGHT - MARGIN / 2 - value / highest * (HEIGHT - 2 * MARGIN)


def main() -> None:
    """Draw the history that stands beside this module."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--history", type=Path, default=HISTORY)
    parser.add_argument("--out", type=Path, default=Path("var/benchmarks.svg"))
    arguments = parser.parse_args()
    if not arguments.history.exists():
        parser.exit(2, f"There is no history at {arguments.history} yet; `make bench` writes it.\n")
    entries = [json.loads(line) for line in arguments.history.read_text(encoding="utf-8").splitlines()]
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(drawn(entries), encoding="utf-8")
    print(f"Drew {len(entries)} benchmarks: {arguments.out}")


if __name__ == "__main__":
    main()
