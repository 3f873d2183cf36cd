"""Queries over a source's files: what they name, and their result as a raw part."""

import re
from collections.abc import Sequence
from pathlib import Path

import duckdb

from orchestration.sources.archives import members
from orchestration.sources.encodings import decode
from orchestration.sources.finding import FoundFile, format_of, literal_patterns, named_files
from orchestration.sources.parts import blamed_on, checked_names, engine, quoted, write_part
from orchestration.sources.unreadable import Unreadable

MIRROR = "decoded"


def queried_files(root: Path, query: str) -> tuple[FoundFile, ...]:
    """The files that the query's string literals name with {path}."""
    found = (file for pattern in literal_patterns(query) for file in named_files(root, pattern))
    return tuple(sorted(dict.fromkeys(found), key=lambda file: file.name))


def write_result(table: str, query: str, part: Path, *, root: Path, work: Path) -> str:
    """Run the query where it can read the source's folder and nothing else, and write its rows.

    Returns a hash of them, whatever their order.
    """
    name = f"the query of {table}"
    with (
        engine(work, part.parent, root) as connection,
        blamed_on(name, lambda message: _explain(message, root, work / MIRROR)),
    ):
        statement = _single_select(name, query)
        described = connection.execute(f"describe {statement}").fetchall()
        checked_names(name, [str(column[0]) for column in described])
        write_part(connection, f"(\n{statement}\n)", part, file="query", after=0)
        return _content_hash(connection, part)


def _content_hash(connection: duckdb.DuckDBPyConnection, part: Path) -> str:
    rows = f"(select * exclude (_row_number) from read_parquet({quoted(part)})) as result"
    sums = connection.execute(
        f"select count(*), sum(hash(result)::hugeint), bit_xor(hash(result)) from {rows}"
    ).fetchone()
    return "-".join(str(item) for item in sums or ())


def with_path(query: str, folder: Path) -> str:
    """The query with its {path} filled in."""
    return query.replace("{path}", str(folder).replace("'", "''"))


def over_decoded_files(query: str, files: Sequence[FoundFile], encoding: str, work: Path) -> str:
    """The query over UTF-8 copies, made in `work`, of the text files that it names."""
    mirror = work / MIRROR
    for file in files:
        is_text = format_of(file.name) in ("csv", "jsonl")
        target = mirror / (_without_gz(file.name) if is_text else file.name)
        target.parent.mkdir(parents=True, exist_ok=True)
        if is_text:
            decode(file.name, members(file)[0].blocks, target, encoding)
        else:
            target.symlink_to(file.path)
    for pattern in set(literal_patterns(query)):
        copied = str(mirror / _without_gz(pattern)).replace("'", "''")
        query = query.replace("'{path}/" + pattern.replace("'", "''") + "'", f"'{copied}'")
    return query


def _without_gz(name: str) -> str:
    is_text = name.lower().endswith((".csv.gz", ".tsv.gz", ".txt.gz", ".jsonl.gz", ".ndjson.gz"))
    return name[: -len(".gz")] if is_text else name


def _single_select(name: str, query: str) -> str:
    statements = duckdb.extract_statements(query)
    if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
        raise Unreadable(f"{name} is not one select statement; write a single select")
    return str(statements[0].query).strip().rstrip(";")


def _explain(message: str, root: Path, work: Path) -> str:
    """The first line of the engine's complaint; the lines after it may show personal data."""
    told = message.splitlines()[0].replace(str(work), "{path}").replace(str(root), "{path}")
    hint = "; if a file is not UTF-8, state `encoding`" if re.search("unicode|utf-8", message, re.I) else ""
    return f"it fails with: {told[:300]}{hint}; correct the query or the file that it reads"
