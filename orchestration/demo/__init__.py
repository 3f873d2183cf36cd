"""The demo company: three years of an invented shop, as its three systems would send them.

`generate` writes the files of a CRM, a shop and a help desk, a configuration that reads them, and the
truth about them: who is who, how they really buy (see `buying`), and every flaw that was planted.
"""

from datetime import date
from pathlib import Path

from orchestration.demo.layout import configuration
from orchestration.demo.summary import DemoSummary

__all__ = ["DemoSummary", "configuration", "generate"]


def generate(out: Path, *, customers: int = 5000, seed: int = 1, end: date = date(2026, 6, 30)) -> DemoSummary:
    """Write the demo company under `out`; the same arguments give the same bytes."""
    # Whoever only wants the configuration need not wait for numpy.
    from orchestration.demo.company import make

    return make(out, customers=customers, seed=seed, end=end)
