"""Pages for people that follow from declarations: `python -m orchestration.reference` writes them all."""

import csv
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import yaml

from orchestration.feed import reference as feed
from orchestration.settings import PROJECT_ROOT, default_parameters

DOCS = PROJECT_ROOT / "docs"
MODELS = PROJECT_ROOT / "dbt_project" / "models"
MEANINGS = PROJECT_ROOT / "dbt_project" / "seeds" / "parameters.csv"
PUBLISHED_SCHEMAS = ("core", "marts", "quality")

_PARAMETERS = """\
# Parameters 业务参数

<!-- Written by `python -m orchestration.reference` from dbt_project.yml and seeds/parameters.csv. -->

Every number that a business could want to change. Set those that differ from the default in the
configuration:

```yaml
parameters:
  lapse_days: 120
  gross_margin_ratio: 0.4
```

`lifecycle check` refuses a name that is not listed here, and a value of the wrong kind or out of range. The next
`lifecycle run` builds all figures anew with the new value: history is restated, never mixed. The values in
force are published as `core.dim_parameters`.

| name | default | unit | meaning | 含义 |
|---|---|---|---|---|
"""

_COLUMNS = """\
# Published tables and their columns

<!-- Written by `python -m orchestration.reference` from the models' .yml files under dbt_project/models. -->

The same descriptions stand as comments in the published database. Which table answers which question, and
how to read ratios and periods: [tables.md](tables.md).

"""


@dataclass(frozen=True)
class PublishedColumn:
    """One column of a published table."""

    name: str
    data_type: str
    description: str


@dataclass(frozen=True)
class PublishedModel:
    """One published table, as its model's .yml describes it."""

    schema: str
    name: str
    description: str
    columns: tuple[PublishedColumn, ...]


def parameters() -> str:
    """The page of business parameters."""
    defaults = default_parameters()
    with MEANINGS.open(encoding="utf-8", newline="") as file:
        described = {row["name"]: row for row in csv.DictReader(file)}
    rows = [_parameter(name, defaults[name], described[name]) for name in defaults]
    return _PARAMETERS + "\n".join(rows) + "\n"


def _parameter(name: str, default: Any, row: Mapping[str, str]) -> str:
    shown = "none" if default is None else str(default).lower()
    return f"| `{name}` | {shown} | {row['unit']} | {row['meaning_en']} | {row['meaning_zh']} |"


def columns() -> str:
    """The page of published tables and their columns."""
    models = list(published_models())
    return _COLUMNS + "".join(_schema(schema, models) for schema in PUBLISHED_SCHEMAS)


def published_models() -> Iterator[PublishedModel]:
    """Every model that is published, by schema and name."""
    blocks = _doc_blocks()
    for schema in PUBLISHED_SCHEMAS:
        for file in sorted((MODELS / schema).glob("*.yml")):
            for model in yaml.safe_load(file.read_text(encoding="utf-8")).get("models", []):
                yield PublishedModel(
                    schema=schema,
                    name=model["name"],
                    description=_told(model["description"], blocks),
                    columns=tuple(
                        PublishedColumn(of["name"], of["data_type"], _told(of["description"], blocks))
                        for of in model["columns"]
                    ),
                )


def _doc_blocks() -> Mapping[str, str]:
    """The descriptions that several models share, by name."""
    pages = (file.read_text(encoding="utf-8") for file in sorted(MODELS.glob("*.md")))
    found = re.findall(r"{% docs (\w+) %}(.*?){% enddocs %}", "\n".join(pages), re.DOTALL)
    return dict(found)


def _told(description: str, blocks: Mapping[str, str]) -> str:
    """A description on one line, shared ones filled in, fit for a cell of a table."""
    whole = re.sub(r"{{ doc\('(\w+)'\) }}", lambda match: blocks[match.group(1)], description)
    return " ".join(whole.split()).replace("|", "\\|")


def _schema(schema: str, models: list[PublishedModel]) -> str:
    within = [model for model in models if model.schema == schema]
    lines = [f"## {schema}", "", *(f"- [{model.name}](#{model.name})" for model in within), ""]
    return "\n".join([*lines, *map(_model, within)]) + "\n"


def _model(model: PublishedModel) -> str:
    head = [f"### {model.name}", "", model.description, "", "| column | type | meaning |", "|---|---|---|"]
    rows = [f"| `{of.name}` | {of.data_type} | {of.description} |" for of in model.columns]
    return "\n".join([*head, *rows, ""])


PAGES: Mapping[Path, Callable[[], str]] = MappingProxyType(
    {
        feed.PAGE: feed.render,
        DOCS / "parameters.md": parameters,
        DOCS / "columns.md": columns,
    }
)

if __name__ == "__main__":
    for page, render in PAGES.items():
        page.write_text(render(), encoding="utf-8")
