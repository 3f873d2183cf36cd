"""Folders of files as a source: reads what is new of a feed table into one raw load."""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestration.feed import TABLES, Table
from orchestration.lake import Input, Lake, LoadWriter, RawLoad
from orchestration.lake.raw import FOUND, fingerprint
from orchestration.settings import FilesSource, TableSettings
from orchestration.sources import delimited, jsonlines, parts, queries
from orchestration.sources.archives import Member, members
from orchestration.sources.encodings import decode
from orchestration.sources.finding import FoundFile, configured_files, default_files, enter
from orchestration.sources.history import is_repetition, new_files
from orchestration.sources.unreadable import SourceUnavailable, Unreadable

__all__ = ["Extraction", "SourceUnavailable", "extract", "streams"]


@dataclass(frozen=True)
class Extraction:
    """What a reading brought: a load, or None if there is nothing new; and the files that were taken."""

    load: RawLoad | None
    files: tuple[str, ...]


def streams(source: FilesSource) -> tuple[str, ...]:
    """The feed tables that a source may bring: all, since a file may appear any day; configured first."""
    return tuple(dict.fromkeys([*source.tables, *TABLES]))


def extract(source: FilesSource, table: Table, lake: Lake) -> Extraction:
    """Read the new files of one table into a load.

    A file that cannot be read makes a load that says why. SourceUnavailable if the folder itself is
    not there; an error of the machine, such as a full disk, propagates and leaves nothing visible.
    """
    try:
        root = enter(source.name, source.path)
    except SourceUnavailable as failure:
        raise SourceUnavailable(source.conceal(str(failure))) from None
    settings = source.tables.get(table.name, TableSettings())
    options = _options(source, settings)
    loads = lake.raw_loads(source.name, table.name)
    described = [file.described() for file in _files(root, table, settings, loads)]
    inputs = [item for _, item in described]
    if settings.query is not None:
        is_settled = bool(inputs) and is_repetition(inputs, loads, options)
        chosen: Sequence[Input] = () if is_settled else inputs
    else:
        is_settled = not (chosen := new_files(inputs, loads, options))
    if is_settled:
        return Extraction(None, ())
    files = [file for file, item in described if item in chosen]
    writer = lake.write_raw(source.name, table.name, fingerprint=fingerprint(chosen, options))
    reading = _Reading(source, root, table, settings, writer)
    try:
        return reading.committed(files, chosen, options, loads)
    finally:
        shutil.rmtree(writer.directory, ignore_errors=True)


def _files(root: Path, table: Table, settings: TableSettings, loads: Sequence[RawLoad]) -> tuple[FoundFile, ...]:
    if settings.query is not None:
        return queries.queried_files(root, settings.query)
    if settings.file is not None:
        was_read_before = any(load.is_readable for load in loads)
        return configured_files(root, settings.file, was_read_before=was_read_before)
    return default_files(root, table.name)


def _options(source: FilesSource, settings: TableSettings) -> Mapping[str, Any]:
    """How the rows are to be understood: with other options, the same files are a new load."""
    return {
        "timezone": source.timezone,
        "currency": source.currency,
        "country": source.country,
        "columns": dict(settings.columns),
        "query": source.conceal(settings.query) if settings.query else None,
        "encoding": settings.encoding,
        "delimiter": settings.delimiter,
        "quote": settings.quote,
        "header": settings.header,
        "sheet": settings.sheet,
    }


class _Reading:
    """One load in the making."""

    def __init__(
        self, source: FilesSource, root: Path, table: Table, settings: TableSettings, writer: LoadWriter
    ) -> None:
        self._conceal = source.conceal
        self._root, self._table, self._settings, self._writer = root, table, settings, writer
        self._directory = writer.directory.resolve()
        self._work = self._directory / "work"
        self._found: dict[str, Mapping[str, object]] = {}
        self._content = ""

    def committed(
        self,
        files: Sequence[FoundFile],
        inputs: Sequence[Input],
        options: Mapping[str, Any],
        loads: Sequence[RawLoad],
    ) -> Extraction:
        """Read and commit; refused as a whole if any of the files cannot be read."""
        reason = self._attempt(files)
        if not inputs and reason is None:
            # a query that names no file: only its result says whether there is anything new
            inputs = [Input("query", self._content, self._writer.part(0).stat().st_size)]
        if not files and is_repetition(inputs, loads, options) and loads[-1].reason == reason:
            return Extraction(None, ())
        reading = {**options, FOUND: self._found}
        load = self._writer.commit(inputs=inputs, reading=reading, reason=reason)
        return Extraction(load, tuple(item.name for item in inputs))

    def _attempt(self, files: Sequence[FoundFile]) -> str | None:
        """Write the parts; returns why it could not be done, with no part left."""
        self._work.mkdir()
        try:
            self._read(files)
            return None
        except Unreadable as refusal:
            for part in self._directory.glob("part-*.parquet"):
                part.unlink()
            together = f" All {len(files)} files that came together are refused with it."
            return self._conceal(f"{refusal}.") + (together if len(files) > 1 else "")
        finally:
            shutil.rmtree(self._work, ignore_errors=True)

    def _read(self, files: Sequence[FoundFile]) -> None:
        for file in files:
            if file.complaint:
                raise Unreadable(file.complaint)
        states = [file.state() for file in files]
        if self._settings.query is not None:
            self._read_query(self._settings.query, files)
        else:
            self._read_files(files)
        for file, state in zip(files, states, strict=True):
            if file.state() != state:
                raise Unreadable(f"{file.name} changed while it was read; run again when it is complete")

    def _read_query(self, query: str, files: Sequence[FoundFile]) -> None:
        if self._settings.encoding:
            query = queries.over_decoded_files(query, files, self._settings.encoding, self._work)
        self._content = queries.write_result(
            self._table.name,
            queries.with_path(query, self._root),
            self._directory / self._writer.part(0).name,
            root=self._root,
            work=self._work,
            conceal=self._conceal,
        )

    def _read_files(self, files: Sequence[FoundFile]) -> None:
        row_count = 0
        found = [member for file in files for member in members(file)]
        for number, member in enumerate(found):
            place = self._work / f"{number}"
            place.mkdir()
            relation = self._relation(member, place)
            part = self._directory / self._writer.part(number).name
            with (
                parts.engine(self._work, self._directory, self._root) as connection,
                parts.blamed_on(member.name, _EXPLAIN[member.format]),
            ):
                row_count += parts.write_part(connection, relation, part, file=member.name, after=row_count)
            shutil.rmtree(place)

    def _relation(self, member: Member, place: Path) -> str:
        """SQL for the rows of a member, made readable in `place`."""
        if member.format == "parquet":
            return f"read_parquet({parts.quoted(member.placed(place, '.parquet'))})"
        if member.format == "xlsx":
            # Polars takes half a second to import, which a run without sheets does not wait for.
            from orchestration.sources import sheets

            book = member.placed(place, ".xlsx")
            relation, sheet = sheets.relation(member.name, book, self._settings)
            self._found[member.name] = {"sheet": sheet}
            return relation
        text = place / "text"
        encoding = decode(member.name, member.blocks, text, self._settings.encoding)
        self._found[member.name] = {"encoding": encoding}
        if member.format == "jsonl":
            columns = [self._settings.columns.get(name, name) for name in self._table.column_names]
            return jsonlines.relation(member.name, text, columns)
        dialect = delimited.find_dialect(member.name, text, self._settings)
        self._found[member.name] = {"encoding": encoding, **dialect.found()}
        return delimited.relation(text, dialect)


def _explain_damage(message: str) -> str:
    return f"it is damaged or cut short ({message.splitlines()[0][:200]}); deliver it again"


_EXPLAIN = {
    "csv": delimited.explain,
    "jsonl": _explain_damage,
    "parquet": _explain_damage,
    "xlsx": _explain_damage,
}
