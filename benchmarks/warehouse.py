"""The whole warehouse beside the floor: what a first run, a day, and no news cost, and how they grow."""

import argparse
import json
import os
import platform
import re
import shutil
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.floor import SCRIPT
from benchmarks.measuring import CommandFailed, Cost, measured
from orchestration.engine.state import git_revision

HISTORY = Path(__file__).with_name("history.jsonl")
TINY = 100
GROWTH = 10
SLOWEST = 12
# Feed, lake, working file, three publications and the floor's files, as measured, with a fifth to spare.
BYTES_PER_CUSTOMER = 70_000
BYTES_AT_LEAST = 500_000_000


PROMISES = {
    "fixed cost: a first run of a tiny world, s": 25,
    "whole run less fixed cost, per floor": 2,
    "a day less fixed cost, per whole run": 0.05,
    "nothing new, s": 10,
    "whole run per run of a tenth": 10.5,
}


def main() -> None:
    """Generate, run, measure, print, and remember."""
    arguments = _arguments()
    arguments.work.mkdir(parents=True, exist_ok=True)
    missing = missing_bytes(arguments.customers, shutil.disk_usage(arguments.work).free)
    if missing > 0:
        print(
            f"The disk of {arguments.work} lacks {missing / 1e9:,.1f} GB for {arguments.customers:,} customers. "
            "Make room, choose another disk with --work, or take fewer --customers.",
            file=sys.stderr,
        )
        sys.exit(2)
    folder = Path(tempfile.mkdtemp(prefix="benchmark-", dir=arguments.work))
    load_before = os.getloadavg()[0]
    try:
        costs, models, share_beyond = _measure(folder, arguments)
    except CommandFailed as failure:
        sys.exit(str(failure))
    finally:
        if not arguments.keep:
            shutil.rmtree(folder, ignore_errors=True)
    entry = _entry(arguments, costs, load_before)
    _print(entry, models, share_beyond)
    if not arguments.forget:
        with HISTORY.open("a", encoding="utf-8") as history:
            history.write(json.dumps(entry) + "\n")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=100_000, help="of the largest world; default 100,000")
    parser.add_argument("--increments", type=int, default=1, help="days after the first run; default 1")
    parser.add_argument("--work", type=Path, default=Path("var"), help="where the worlds are made; default ./var")
    parser.add_argument("--skip-floor", action="store_true", help="without the floor there are no ratios")
    parser.add_argument("--skip-growth", action="store_true", help="leave out the world of a tenth of the size")
    parser.add_argument("--keep", action="store_true", help="leave the worlds where they are")
    parser.add_argument("--forget", action="store_true", help="write no line of history")
    return parser.parse_args()


def missing_bytes(customers: int, free: int) -> int:
    """How much room a benchmark of that size lacks; 0 or less if it has enough."""
    return BYTES_AT_LEAST + customers * BYTES_PER_CUSTOMER - free


def _measure(folder: Path, arguments: argparse.Namespace) -> tuple[dict[str, Cost], Mapping[str, float], float]:
    """What steps cost, and of the whole run the seconds of the slowest models and the share beyond the floor."""
    costs = {"fixed": _first_run(folder / "tiny", TINY)}
    if not arguments.skip_growth:
        costs["tenth"] = _first_run(folder / "tenth", arguments.customers // GROWTH)
    world = folder / "whole"
    costs["generate"] = _generate(world, arguments.customers)
    if not arguments.skip_floor:
        costs["floor"] = _say("floor", _floor(world))
    costs["whole"] = _say("whole run", _run(world))
    results = world / "var" / "dbt" / "run_results.json"
    models, share_beyond = slowest_models(results), share_beyond_floor(results, SCRIPT.read_text(encoding="utf-8"))
    costs["nothing new"] = _say("nothing new", _run(world))
    for day in range(1, arguments.increments + 1):
        _generate(world, arguments.customers, day)
        costs[f"day {day}"] = _say(f"day {day}", _run(world))
    return costs, models, share_beyond


def _say(what: str, cost: Cost) -> Cost:
    print(f"{what}: {cost.seconds:.1f} s", file=sys.stderr)
    return cost


def _first_run(world: Path, customers: int) -> Cost:
    _generate(world, customers)
    return _say(f"first run, {customers:,} customers", _run(world))


def _generate(world: Path, customers: int, day: int = 0) -> Cost:
    return measured(_module("generate", f"--customers={customers}", f"--increment={day}", f"--out={world}"))


def _run(world: Path) -> Cost:
    lifecycle = Path(sys.executable).with_name("lifecycle")
    return measured([str(lifecycle), "run", f"--config={world / 'lifecycle.yml'}"])


def _floor(world: Path) -> Cost:
    return measured(_module("floor", f"--feed={world / 'feed'}", f"--out={world / 'floor'}"))


def _module(name: str, *arguments: str) -> list[str]:
    return [sys.executable, "-m", f"benchmarks.{name}", *arguments]


def _seconds(results: Path) -> dict[str, float]:
    """How long each model took, by what dbt wrote of its last build."""
    told = json.loads(results.read_text(encoding="utf-8"))["results"]
    named = {result["unique_id"]: result["execution_time"] for result in told}
    return {name.split(".")[-1]: spent for name, spent in named.items() if name.startswith("model.")}


def slowest_models(results: Path) -> Mapping[str, float]:
    """The models that took longest."""
    longest = sorted(_seconds(results).items(), key=lambda pair: -pair[1])[:SLOWEST]
    return {name: round(spent, 2) for name, spent in longest}


def share_beyond_floor(results: Path, script: str) -> float:
    """The share of the models' time that went into what no table that the script creates is made of."""
    graph = json.loads(results.with_name("graph_summary.json").read_text(encoding="utf-8"))["linked"]
    makers: dict[str, set[str]] = {}
    for node in graph.values():
        for led_to in node.get("succ", []):
            makers.setdefault(graph[str(led_to)]["name"].split(".")[-1], set()).add(node["name"].split(".")[-1])
    needed, todo = set[str](), re.findall(r"create table \w+\.(\w+)", script)
    while todo:
        name = todo.pop()
        if name not in needed:
            needed.add(name)
            todo += makers.get(name, ())
    seconds = _seconds(results)
    return sum(spent for name, spent in seconds.items() if name not in needed) / sum(seconds.values())


def against_promises(costs: Mapping[str, Cost], measure: str) -> dict[str, float | None]:
    """What was measured, by `seconds` or `processor_seconds`, of what the project promises; None where it was not."""
    spent = {name: float(getattr(cost, measure)) for name, cost in costs.items()}
    fixed, whole = spent["fixed"], spent["whole"]
    figures = [
        fixed,
        (whole - fixed) / spent["floor"] if "floor" in spent else None,
        max(spent["day 1"] - fixed, 0) / whole if "day 1" in spent else None,
        spent["nothing new"],
        whole / spent["tenth"] if "tenth" in spent else None,
    ]
    return dict(zip(PROMISES, (None if figure is None else round(figure, 3) for figure in figures), strict=True))


def _entry(arguments: argparse.Namespace, costs: Mapping[str, Cost], load_before: float) -> dict[str, Any]:
    """What the history keeps of this benchmark."""
    return {
        "at": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "git_revision": git_revision(),
        "versions": {"python": platform.python_version()} | {name: version(name) for name in ("duckdb", "dbt-core")},
        "machine": {
            "processors": os.cpu_count(),
            "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1024**3),
            "load_before": round(load_before, 1),
        },
        "customers": arguments.customers,
        "costs": {name: asdict(cost) for name, cost in costs.items()},
        "by_seconds": against_promises(costs, "seconds"),
        "by_processor_seconds": against_promises(costs, "processor_seconds"),
    }


def _print(entry: Mapping[str, Any], models: Mapping[str, float], share_beyond: float) -> None:
    machine = entry["machine"]
    print(
        f"\n{entry['customers']:,} customers; revision {entry['git_revision'][:10]}; "
        f"DuckDB {entry['versions']['duckdb']}; {machine['processors']} processors, {machine['memory_gb']} GB, "
        f"load {machine['load_before']} before"
    )
    print(f"\n{'step':24}{'seconds':>10}{'processors':>12}{'peak MB':>10}")
    for name, cost in entry["costs"].items():
        print(f"{name:24}{cost['seconds']:>10.1f}{cost['processor_seconds']:>12.1f}{cost['peak_mb']:>10,}")
        for layer, seconds in cost["layer_seconds"].items():
            print(f"  {layer:22}{seconds:>10.1f}{'':12}{cost['layer_peak_mb'].get(layer, 0):>10,}")
    print(f"\n{'promise':46}{'at most':>10}{'seconds':>10}{'processors':>12}")
    for promise, at_most in PROMISES.items():
        figures = (entry[f"by_{measure}"][promise] for measure in ("seconds", "processor_seconds"))
        by_seconds, by_processors = ("-" if figure is None else f"{figure:.2f}" for figure in figures)
        print(f"{promise:46}{at_most:>10}{by_seconds:>10}{by_processors:>12}")
    print(f"\nOf the models' time {share_beyond:.0%} goes into what the floor does not make.")
    print("Slowest models of the whole run, s: " + ", ".join(f"{name} {spent}" for name, spent in models.items()))


if __name__ == "__main__":
    main()
