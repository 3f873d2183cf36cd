"""How much memory DuckDB may take before it spills to disk, from the size of the machine."""

import os
from pathlib import Path

# A fifth: what DuckDB holds outside its limit, Python and Dagster need room too, and a laptop has other users.
SHARE = 0.2
LEAST_MEGABYTES = 1024
CGROUP_LIMIT = Path("/sys/fs/cgroup/memory.max")


def machine_megabytes() -> int:
    """The memory of the machine, or of the container that we are in."""
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limit = CGROUP_LIMIT.read_text(encoding="ascii").strip() if CGROUP_LIMIT.exists() else "max"
    return (min(total, int(limit)) if limit.isdigit() else total) >> 20


def memory_limit() -> str:
    """DuckDB's memory limit on this machine, as DuckDB reads it."""
    return f"{max(LEAST_MEGABYTES, int(machine_megabytes() * SHARE))}MB"
