"""The dbt sources, told from the declaration: `python -m orchestration.feed.dbt_sources` writes them."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import yaml

from orchestration.feed.declaration import TABLES, Table

SOURCES_FILE = Path(__file__).parents[2] / "dbt_project" / "models" / "staging" / "_sources.yml"

_LOAD_COLUMNS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "source_system": ("varchar", "Name of the source that the row came from."),
        "load_id": ("varchar", "The load that brought the row; identifiers of loads sort by time."),
        "known_at": ("timestamp", "When the load was read, in UTC."),
        "row_number": ("bigint", "Place of the row in the order of reading within its load."),
        "row_key": ("varchar", "The key columns' values, joined by a bar."),
        "content_hash": ("varchar", "Hash of the row's values; unequal hashes are unequal contents."),
        "standardised_columns": ("varchar", "Columns whose value was brought into standard form, if any."),
    }
)

_OF_LOAD = MappingProxyType({name: _LOAD_COLUMNS[name] for name in ("load_id", "source_system")})
_TABLE_NAME = ("varchar", "Feed table.")

_LAKE: Mapping[str, tuple[str, Mapping[str, tuple[str, str]]]] = MappingProxyType(
    {
        "loads": (
            "One row per load of a table from a source, accepted or not.",
            {
                **_OF_LOAD,
                "table_name": _TABLE_NAME,
                "loaded_at": ("timestamp", "When the load was read, in UTC."),
                "outcome": ("varchar", "What came of it: clean, partial, hopeless, misshapen or unreadable."),
                "is_accepted": ("boolean", "Whether its valid rows are used."),
                "is_released": ("boolean", "Whether somebody accepted it by hand after it was refused."),
                "is_current_refusal": ("boolean", "Whether it is refused, not replaced and not released."),
                "reason": ("varchar", "Why it was refused, if it was."),
                "rows_read": ("bigint", "Rows read."),
                "rows_valid": ("bigint", "Rows that kept every demand."),
                "rows_quarantined": ("bigint", "Rows refused."),
                "rows_duplicate": ("bigint", "Rows equal in every column to an earlier row of the load."),
            },
        ),
        "rule_results": (
            "One row per load and rule judged on it.",
            {
                **_OF_LOAD,
                "table_name": _TABLE_NAME,
                "rule": ("varchar", "Name of the rule."),
                "severity": ("varchar", "critical refuses the row, warning only tells."),
                "checked_count": ("bigint", "Rows judged."),
                "failed_count": ("bigint", "Rows that broke the rule."),
                "status": ("varchar", "passed, warned or failed."),
            },
        ),
        "quarantine": (
            "One row per refused row.",
            {
                **_OF_LOAD,
                "table_name": _TABLE_NAME,
                "row_number": _LOAD_COLUMNS["row_number"],
                "row_key": _LOAD_COLUMNS["row_key"],
                "failed_rules": ("varchar", "Names of all rules that the row broke, as a comma list."),
                "payload": ("varchar", "The row as JSON, personal data masked."),
                "quarantined_at": ("timestamp", "When it was refused, in UTC."),
            },
        ),
        "freshness": (
            "One row per source and table that is or was read.",
            {
                "source_system": _LOAD_COLUMNS["source_system"],
                "table_name": _TABLE_NAME,
                "loaded_at": ("timestamp", "When it was last read with success, in UTC."),
                "complete_through": (
                    "timestamp",
                    "Latest event of an accepted row, in UTC; null if undated.",
                ),
                "is_reachable": ("boolean", "Whether the source could be read in this run."),
            },
        ),
        "run": (
            "One row per run that builds the warehouse: the present one.",
            {
                "run_id": ("varchar", "Identifier of the run."),
                "started_at": ("timestamp", "When it began, in UTC."),
                "git_revision": ("varchar", "Revision of the code that runs."),
            },
        ),
    }
)


def _columns(columns: Mapping[str, tuple[str, str]]) -> list[dict[str, str]]:
    return [
        {"name": name, "data_type": data_type, "description": description}
        for name, (data_type, description) in columns.items()
    ]


def _feed_table(table: Table) -> dict[str, Any]:
    declared = {column.name: (column.sql_type, column.description) for column in table.columns}
    return {
        "name": table.name,
        "description": table.description,
        "config": {"meta": {"dagster": {"asset_key": ["valid", table.name]}}},
        "columns": _columns({**declared, **_LOAD_COLUMNS}),
    }


def render() -> str:
    """The text of the sources file."""
    feed = {
        "name": "feed",
        "schema": "feed",
        "description": "Rows that kept every demand, of all accepted loads and in all their versions.",
        "tables": [_feed_table(table) for table in TABLES.values()],
    }
    lake = {
        "name": "lake",
        "schema": "lake",
        "description": "What the loads left behind: verdicts, refused rows, freshness.",
        "tables": [
            {"name": name, "description": description, "columns": _columns(columns)}
            for name, (description, columns) in _LAKE.items()
        ],
    }
    text: str = yaml.safe_dump(
        {"sources": [feed, lake]}, sort_keys=False, allow_unicode=True, width=100, default_flow_style=None
    )
    return "# Written by `python -m orchestration.feed.dbt_sources` from the feed declaration.\n" + text


if __name__ == "__main__":
    SOURCES_FILE.write_text(render(), encoding="utf-8")
