"""Queries over a source's files: what they name, and their result as a raw part."""

import gzip
import re
import shutil
from collections.abc import Callable, Sequence
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


def write_result(table: str, query: str, part: Path, *, root: Path, work: Path, conceal: Callable[[str], str]) -> str:
    """Run the query where it can read the source's folder and nothing else, and write its rows.

    Returns a hash of them, whatever their order. What it complains of is told as `conceal` leaves it.
    """
    name = f"the query of {table}"
    with (
        engine(work, part.parent, root) as connection,
        blamed_on(name, lambda message: _explain(conceal(message), root, work / MIRROR)),
    ):
        _check_single_select(name, query)
        described = connection.execute(f"describe {query}").fetchall()
        checked_names(name, [str(column[0]) for column in described])
        connection.execute(f"create temp view result as {query}")
        write_part(connection, "result", part, file="query", after=0)
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
        target = mirror / file.name
        target.parent.mkdir(parents=True, exist_ok=True)
        if format_of(file.name) not in ("csv", "jsonl"):
            target.symlink_to(file.path)
            continue
        decode(file.name, members(file)[0].blocks, target, encoding)
        if target.suffix.lower() == ".gz":
            _zip_in_place(target)
    for pattern in set(literal_patterns(query)):
        literal = pattern.replace("'", "''")
        copied = str(mirror / pattern).replace("'", "''")
        query = query.replace(f"'{{path}}/{literal}'", f"'{copied}'")
    return query


def _zip_in_place(path: Path) -> None:
    """Compress a copy that is named as if it were, since the engine goes by the name."""
    plain = path.rename(path.with_name(f"{path.name} plain"))
    with plain.open("rb") as content, gzip.open(path, "wb", compresslevel=1) as target:
        shutil.copyfileobj(content, target)
    plain.unlink()


def _check_single_select(name: str, query: str) -> None:
    statements = duckdb.extract_statements(query)
    if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
        raise Unreadable(f"{name} is not one select statement; write a single select")


def _explain(message: str, root: Path, work: Path) -> str:
    """The first line of the engine's complaint; the lines after it may show personal data."""
    told = message.splitlines()[0].replace(str(work), "{path}").replace(str(root), "{path}")
    hint = "; if a file is not UTF-8, state `encoding`" if re.search("unicode|utf-8", message, re.I) else ""
    return f"it fails with: {told[:300]}{hint}; correct the query or the file that it reads"
