"""What the documentation promises holds: links, commands, configurations and queries."""

import re
import shlex
from pathlib import Path

import click
import duckdb
import pytest

from orchestration.cli import main
from orchestration.publishing.duckdb_file import PublishedTable, add_publish_info
from orchestration.reference import PUBLISHED_SCHEMAS, published_models
from orchestration.settings import PROJECT_ROOT, settings_from_text

PAGES = [
    *sorted(PROJECT_ROOT.glob("*.md")),
    *sorted((PROJECT_ROOT / "docs").rglob("*.md")),
    PROJECT_ROOT / "orchestration" / "demo" / "README.md",
]
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
MACHINE_PATH = re.compile(r"(?<![\w.~<>}/-])/(home|root|Users|work|tmp|opt|mnt|private|workspace)/")

each_page = pytest.mark.parametrize("page", PAGES, ids=[str(page.relative_to(PROJECT_ROOT)) for page in PAGES])


def _text(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def _blocks(page: Path, language: str) -> list[str]:
    return [block for of, block in FENCE.findall(_text(page)) if of == language]


def _prose(page: Path) -> str:
    return FENCE.sub("", _text(page))


def _all_blocks(language: str) -> list:
    return [
        pytest.param(block, id=f"{page.name}-{number}")
        for page in PAGES
        for number, block in enumerate(_blocks(page, language), start=1)
    ]


def _anchors(page: Path) -> set[str]:
    """The anchors that GitHub gives a page's headings."""
    headings = re.findall(r"^#+ (.+)$", _prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@each_page
def test_every_relative_link_leads_somewhere(page):
    for target in LINK.findall(_prose(page)):
        if target.startswith(("https://", "http://")):
            continue
        path, _, anchor = target.partition("#")
        found = page.parent / path if path else page
        assert found.exists(), f"{page.name} links to {path}, which is not there"
        assert not anchor or anchor in _anchors(found), f"{page.name} links to {target}: no such heading"


def test_every_page_of_the_documentation_is_in_its_index():
    docs = PROJECT_ROOT / "docs"
    index = set(LINK.findall(_text(docs / "README.md")))
    assert {page.name for page in docs.glob("*.md")} - {"README.md"} <= index


@each_page
def test_no_page_speaks_of_the_machine_it_was_written_on(page):
    assert not MACHINE_PATH.search(_text(page))


def _commands(page: Path) -> list[list[str]]:
    """Each `lifecycle ...` of code on a page, cut into words."""
    code = [line for _, block in FENCE.findall(_text(page)) for line in block.splitlines()]
    code += re.findall(r"`([^`\n]+)`", _prose(page))
    said = (re.search(r"(?:^|[\s/])lifecycle ((?:[a-z]|-).*)", line) for line in code)
    return [shlex.split(found.group(1), comments=True) for found in said if found]


def _refusal(words: list[str]) -> str | None:
    """Why the command line would refuse these words, if it would."""
    command = main.commands.get(words[0])
    if command is None:
        return f"there is no command {words[0]}"
    try:
        command.make_context(words[0], words[1:], resilient_parsing=False)
    except click.MissingParameter:
        # prose may name a command or an option of it alone
        return None
    except click.ClickException as error:
        return error.message
    return None


@each_page
def test_every_command_is_one_that_the_command_line_takes(page):
    refused = {" ".join(words): reason for words in _commands(page) if (reason := _refusal(words))}
    assert not refused


def test_every_command_and_option_of_the_command_line_is_documented():
    told = "\n".join(_text(page) for page in PAGES)
    for command in main.commands.values():
        assert f"lifecycle {command.name}" in told
        for option in command.params:
            if isinstance(option, click.Option):
                assert any(name in told for name in option.opts), f"{command.name} {option.opts}"


def test_wrong_commands_are_noticed():
    assert _refusal(["runn"])
    assert _refusal(["run", "--as-off", "2026-01-31"])
    assert _refusal(["run", "--as-of", "today"])


@pytest.mark.parametrize("text", [each for each in _all_blocks("yaml") if each.values[0].startswith("warehouse:")])
def test_every_whole_configuration_is_good(text, tmp_path):
    assert settings_from_text(text, tmp_path / "lifecycle.yml", base=tmp_path).sources


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """A published file with every table and column, and no rows."""
    file = tmp_path_factory.mktemp("published") / "warehouse.duckdb"
    with duckdb.connect(str(file)) as connection:
        for schema in PUBLISHED_SCHEMAS:
            connection.execute(f"create schema {schema}")
        for model in published_models():
            columns = ", ".join(f'"{column.name}" {column.data_type}' for column in model.columns)
            connection.execute(f"create table {model.schema}.{model.name} ({columns})")
    table = PublishedTable("core", "dim_dates", 0)
    add_publish_info(file, [table], run_id="run", published_at="2026-02-01 05:00:00", as_of="2026-01-31", git="x")
    return file


@pytest.mark.parametrize("query", _all_blocks("sql"))
def test_every_query_runs_on_the_published_tables(query, published):
    with duckdb.connect(str(published), read_only=True) as connection:
        assert connection.execute(query).description


def test_both_readmes_have_the_same_sections_and_the_same_code():
    english, chinese = PROJECT_ROOT / "README.md", PROJECT_ROOT / "README.zh-CN.md"
    assert FENCE.findall(_text(english)) == FENCE.findall(_text(chinese))
    assert len(FENCE.findall(_text(english))) > 5
    counts = [len(re.findall(r"^## ", _prose(page), re.MULTILINE)) for page in (english, chinese)]
    assert counts[0] == counts[1] > 0
    links = [
        {target for target in LINK.findall(_text(page)) if not target.startswith("README")}
        for page in (english, chinese)
    ]
    assert links[0] == links[1]
