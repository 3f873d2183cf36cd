"""The benchmark's own machinery: its measure of costs, its promises and its picture."""

import json
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from benchmarks.measuring import CommandFailed, Cost, measured
from benchmarks.plot import drawn
from benchmarks.warehouse import PROMISES, against_promises, share_beyond_floor, slowest_models


def _cost(seconds: float) -> Cost:
    return Cost(seconds=seconds, processor_seconds=2 * seconds, peak_mb=100)


def test_too_little_disk_is_said_before_anything_is_made(tmp_path: Path):
    ended = subprocess.run(
        [sys.executable, "-m", "benchmarks.warehouse", "--customers=1000000000000", f"--work={tmp_path}"],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 2
    assert f"The disk of {tmp_path} lacks" in ended.stderr
    assert "GB for 1,000,000,000,000 customers" in ended.stderr
    assert list(tmp_path.iterdir()) == []


def test_the_cost_of_a_command_is_its_own():
    busy = "import time; held = bytearray(200_000_000)\nwhile time.process_time() < 0.6: pass"
    cost = measured([sys.executable, "-c", busy])
    assert cost.processor_seconds >= 0.5
    assert cost.peak_mb > 190


def test_memory_is_filed_under_the_layer_that_a_run_tells_of_next():
    tells = (
        "import time\n"
        "held = bytearray(150_000_000); time.sleep(0.3); print('   1.0 s  Read shop/orders: 3 rows')\n"
        "held = None; time.sleep(0.3); print('   2.0 s  Judged shop/orders: clean, 3 valid, 0 refused')\n"
        "print('Seconds per layer: raw 1.5, valid 0.5')"
    )
    cost = measured([sys.executable, "-c", tells])
    assert cost.layer_seconds == {"raw": 1.5, "valid": 0.5}
    assert cost.layer_peak_mb["raw"] > 140 > cost.layer_peak_mb["valid"]


def test_a_command_that_fails_says_what_it_said():
    with pytest.raises(CommandFailed, match="ended with code 3:\nthe disk is on fire"):
        measured([sys.executable, "-c", "print('the disk is on fire'); raise SystemExit(3)"])


def test_promises_are_reckoned_without_the_fixed_cost():
    costs = {"fixed": _cost(10), "tenth": _cost(20), "floor": _cost(30), "whole": _cost(100), "nothing new": _cost(5)}
    assert list(against_promises(costs, "seconds").values()) == [10, 3.0, None, 5, 5.0]
    assert list(against_promises({**costs, "day 1": _cost(16)}, "processor_seconds").values())[2] == 0.06


def test_the_slowest_models_come_first(tmp_path: Path):
    results = [{"unique_id": f"model.lifecycle.m{number}", "execution_time": number} for number in range(20)]
    file = tmp_path / "run_results.json"
    file.write_text(json.dumps({"results": results}), encoding="utf-8")
    assert list(slowest_models(file).items())[:2] == [("m19", 19), ("m18", 18)]
    assert len(slowest_models(file)) == 12


def test_what_the_floor_does_not_make_is_told_by_its_share_of_the_time(tmp_path: Path):
    seconds = {"stg_orders": 2.0, "fct_orders": 4.0, "int_days": 1.0, "fct_warnings": 3.0}
    results = [{"unique_id": f"model.lifecycle.{name}", "execution_time": spent} for name, spent in seconds.items()]
    results.append({"unique_id": "test.lifecycle.not_null.5f", "execution_time": 90.0})
    succeeded = {"stg_orders": [1, 2], "fct_orders": [], "int_days": [3], "fct_warnings": []}
    nodes = [{"name": f"model.lifecycle.{name}", "succ": to} for name, to in succeeded.items()]
    graph = {"linked": {str(number): node for number, node in enumerate(nodes)}}
    (tmp_path / "graph_summary.json").write_text(json.dumps(graph), encoding="utf-8")
    file = tmp_path / "run_results.json"
    file.write_text(json.dumps({"results": results}), encoding="utf-8")
    assert share_beyond_floor(file, "create table core.fct_orders as select 1") == 0.4


def test_the_picture_has_a_line_per_size_and_promise():
    entries = [
        {"customers": customers, "by_seconds": dict.fromkeys(PROMISES, value)}
        for customers, value in ((1000, 1.0), (100_000, 30.0), (1000, 2.0))
    ]
    picture = ElementTree.fromstring(drawn(entries))
    lines = picture.iter("{http://www.w3.org/2000/svg}polyline")
    assert len(list(lines)) == 2 * len(PROMISES)
