"""Which files of a source's folder stand for a feed table, and which of them may not be read."""

import errno
import glob
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from orchestration.lake import Input
from orchestration.lake.durable import sha256
from orchestration.sources.unreadable import SourceUnavailable, Unreadable

FORMATS = {"csv": "csv", "tsv": "csv", "txt": "csv", "jsonl": "jsonl", "ndjson": "jsonl"} | {
    "parquet": "parquet",
    "xlsx": "xlsx",
}
READ = "csv, tsv, txt, jsonl, ndjson, parquet and xlsx are read, text also as .gz, all also inside a .zip"


@dataclass(frozen=True)
class FoundFile:
    """A file by its name within the source; one that may not be read has a complaint instead of a path."""

    name: str
    path: Path
    complaint: str | None = None

    def state(self) -> tuple[int, int]:
        """Size and time of the last change: what differs when somebody is still writing."""
        found = self.path.stat()
        return found.st_size, found.st_mtime_ns

    def described(self) -> tuple["FoundFile", Input]:
        """The file as an input of a load; what cannot even be opened has no hash, but a complaint."""
        if self.complaint is None:
            try:
                return self, Input(self.name, sha256(self.path), self.path.stat().st_size)
            except OSError as error:
                complaint = f"{self.name} cannot be opened ({error.strerror}); make it readable for this user"
                return FoundFile(self.name, self.path, complaint), Input(self.name, "", 0)
        return self, Input(self.name, "", 0)


def enter(name: str, folder: Path) -> Path:
    """The resolved folder of a source; SourceUnavailable if it cannot be listed."""
    try:
        with os.scandir(folder) as entries:
            next(entries, None)
        if not os.access(folder, os.X_OK):
            raise PermissionError
        return folder.resolve(strict=True)
    except PermissionError as error:
        remedy = f"let this user read and enter {folder}"
        raise SourceUnavailable(f"source {name}: the folder {folder} cannot be entered; {remedy}") from error
    except OSError as error:
        reason = "is not there" if isinstance(error, FileNotFoundError) else f"fails ({error.strerror})"
        remedy = "create or mount it, or correct `path` of the source"
        raise SourceUnavailable(f"source {name}: the folder {folder} {reason}; {remedy}") from error


def format_of(name: str) -> str | None:
    """csv, jsonl, parquet or xlsx, by the name's ending (.gz aside); zip; None if it is not read."""
    ending = name.lower().rsplit("/", 1)[-1].split(".")[1:]
    if ending and ending[-1] == "zip":
        return "zip"
    if len(ending) > 1 and ending[-1] == "gz":
        return FORMATS[ending[-2]] if FORMATS.get(ending[-2]) in ("csv", "jsonl") else None
    return FORMATS.get(ending[-1]) if ending else None


def default_files(root: Path, table: str) -> tuple[FoundFile, ...]:
    """`<table>.<ext>` and `<table>/*.<ext>`, whatever their case; none is fine."""
    names = []
    for entry in root.iterdir():
        lowered = entry.name.lower()
        if lowered == table and entry.is_dir():
            names += _listing(root, entry)
        elif lowered.split(".", 1)[0] == table and _is_plain_ending(lowered) and format_of(lowered):
            names.append(entry.name)
    return tuple(_found(root, name) for name in sorted(names))


def configured_files(root: Path, configured: str, *, was_read_before: bool) -> tuple[FoundFile, ...]:
    """The file, the files of the folder or those that match the pattern.

    A file that is missing has a complaint. A folder or pattern is an inbox: once something was read,
    it may be empty.
    """
    target = root / configured
    try:
        if glob.has_magic(configured) and not target.exists():
            names = [name for name in _matching(root, configured) if format_of(name)]
        elif target.is_dir() and target.resolve().is_relative_to(root):
            names = _listing(root, target)
        else:
            return (_found(root, configured),)
    except OSError:
        return (_found(root, configured),)
    if names or was_read_before:
        return tuple(_found(root, name) for name in sorted(names))
    complaint = f"{configured} holds no file that is read; {READ}, or correct `file`"
    return (FoundFile(configured, target, complaint),)


def named_files(root: Path, pattern: str) -> tuple[FoundFile, ...]:
    """The files that a path or pattern of a query names, whatever their format."""
    names = _matching(root, pattern) if glob.has_magic(pattern) else [pattern]
    return tuple(_found(root, name, any_format=True) for name in sorted(names))


def _is_plain_ending(name: str) -> bool:
    """Whether nothing but known endings follows the first dot, so that orders.old.csv is not orders."""
    return all(part in {*FORMATS, "gz", "zip"} for part in name.split(".")[1:])


def _listing(root: Path, folder: Path) -> list[str]:
    """Readable formats in a folder, without hidden files and the lock files that office programs leave."""
    try:
        entries = list(folder.iterdir())
    except OSError:
        return [folder.relative_to(root).as_posix()]
    names = (entry.name for entry in entries if entry.name[:1] not in (".", "~"))
    return [(folder.relative_to(root) / name).as_posix() for name in names if format_of(name)]


def _matching(root: Path, pattern: str) -> list[str]:
    if Path(pattern).is_absolute():
        return []
    return [path.relative_to(root).as_posix() for path in root.glob(pattern) if not path.is_dir()]


def _found(root: Path, name: str, *, any_format: bool = False) -> FoundFile:
    path = root / name
    try:
        return FoundFile(name, _permitted(root, path, name, any_format=any_format))
    except Unreadable as refusal:
        return FoundFile(name, path, str(refusal))
    except OSError as error:
        return FoundFile(name, path, f"{name} cannot be reached ({error.strerror}); make it readable")


def _permitted(root: Path, path: Path, name: str, *, any_format: bool) -> Path:
    try:
        resolved = path.resolve(strict=True)
    except FileNotFoundError:
        wrong = "is a link that leads nowhere" if path.is_symlink() else "is missing"
        raise Unreadable(f"{name} {wrong}; deliver it, or correct the configuration") from None
    except (RuntimeError, OSError) as error:
        if isinstance(error, OSError) and error.errno != errno.ELOOP:
            raise
        raise Unreadable(f"{name} is a link that leads to itself; put the file there") from None
    if not resolved.is_relative_to(root):
        raise Unreadable(f"{name} leads out of the source's folder; put the file itself into the folder")
    mode = resolved.stat().st_mode
    if stat.S_ISDIR(mode):
        raise Unreadable(f"{name} is a folder that cannot be read as a file; name the files in it")
    if not stat.S_ISREG(mode):
        raise Unreadable(f"{name} is not an ordinary file; put a file there")
    if not any_format and format_of(name) is None:
        raise Unreadable(f"{name} is of a kind that is not read; {READ}")
    return resolved


def literal_patterns(query: str) -> Iterator[str]:
    """What follows {path} in the string literals of a query."""
    for literal in _literals(query):
        if literal.startswith("{path}") and literal.removeprefix("{path}").strip("/"):
            yield literal.removeprefix("{path}").lstrip("/").replace("''", "'")


def _literals(query: str) -> Iterator[str]:
    start = None
    position = 0
    while position < len(query):
        if query[position] == "'":
            if start is None:
                start = position + 1
            elif query[position + 1 : position + 2] == "'":
                position += 1
            else:
                yield query[start:position]
                start = None
        position += 1
