"""The suites: one module for each feed table, named like it."""

from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType

from expectations.demands import Suite
from orchestration.feed.declaration import TABLES

SUITES: Mapping[str, Suite] = MappingProxyType(
    {name: getattr(import_module(f"{__name__}.{name}"), name) for name in TABLES}
)
