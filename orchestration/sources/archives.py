"""The byte streams within a stored file: the file itself, its unzipped content, or a zip's members."""

import gzip
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from orchestration.sources.finding import READ, FoundFile, format_of
from orchestration.sources.unreadable import Unreadable

BLOCK_BYTES = 1 << 20
# What expands more than this is made to fill a disk; text of any business expands 5 to 30 times.
SUSPICIOUS_RATIO = 200
SUSPICIOUS_BYTES = 1 << 30
MOST_BYTES = 50 << 30


@dataclass(frozen=True)
class Member:
    """One table's worth of bytes: its told name, its format, and a way to read its blocks again and again."""

    name: str
    format: str
    blocks: Callable[[], Iterator[bytes]]
    path: Path | None = None

    def placed(self, folder: Path, ending: str) -> Path:
        """The bytes as a file in `folder`, under a name that no engine takes for a pattern."""
        target = folder / f"member{ending}"
        target.unlink(missing_ok=True)
        if self.path is not None:
            target.symlink_to(self.path)
            return target
        with target.open("wb") as file:
            for block in self.blocks():
                file.write(block)
        return target


class _Expansion:
    """Counts what comes out of one compressed file, since its headers may lie."""

    def __init__(self, name: str, path: Path) -> None:
        self._name, self._stored, self._read = name, path.stat().st_size, 0

    def count(self, size: int) -> None:
        self._read += size
        is_bomb = self._read > SUSPICIOUS_BYTES and self._read > SUSPICIOUS_RATIO * self._stored
        if is_bomb or self._read > MOST_BYTES:
            what = f"expands to more than {self._read >> 20} MB from {self._stored} bytes"
            raise Unreadable(f"{self._name} {what}, like an archive made to fill the disk; deliver it unpacked")


def members(file: FoundFile) -> tuple[Member, ...]:
    """What a stored file holds, in order of its names."""
    kind = format_of(file.name)
    if kind == "zip":
        return _zip_members(file)
    if file.name.lower().endswith(".gz"):
        expansion = _Expansion(file.name, file.path)
        return (Member(file.name, str(kind), lambda: _blocks(file.name, _gzip(file.path), expansion)),)
    if kind == "xlsx":
        _refuse_bomb(file)
    plain = Member(file.name, str(kind), lambda: _blocks(file.name, lambda: file.path.open("rb")), file.path)
    return (plain,)


def _gzip(path: Path) -> Callable[[], BinaryIO]:
    return lambda: gzip.open(path, "rb")  # type: ignore[return-value]


def _blocks(name: str, opened: Callable[[], BinaryIO], expansion: _Expansion | None = None) -> Iterator[bytes]:
    """The stream in blocks; whatever is wrong with the stored bytes is the file's fault."""
    try:
        with opened() as stream:
            while block := stream.read(BLOCK_BYTES):
                if expansion:
                    expansion.count(len(block))
                yield block
    except EOFError:
        raise Unreadable(f"{name} is truncated: its compressed content ends early; deliver it again") from None
    except (gzip.BadGzipFile, zipfile.BadZipFile, zlib.error) as error:
        raise Unreadable(f"{name} is damaged ({error}); deliver it again") from error
    except (RuntimeError, NotImplementedError) as error:
        raise Unreadable(f"{name} is encrypted or packed in a way that is not read; {_UNPACK}") from error
    except OSError as error:
        raise Unreadable(f"{name} could not be read to its end ({error.strerror}); deliver it again") from error


_UNPACK = "deliver it unpacked or as a plain zip"


def _entries(file: FoundFile) -> list[zipfile.ZipInfo]:
    try:
        with zipfile.ZipFile(file.path) as archive:
            infos = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise Unreadable(f"{file.name} is not a whole zip archive ({error}); deliver it again") from error
    return [info for info in infos if not info.is_dir() and not _is_hidden(info.filename)]


def _is_hidden(name: str) -> bool:
    return any(part[:1] in (".", "~") or part == "__MACOSX" for part in name.split("/"))


def _zip_members(file: FoundFile) -> tuple[Member, ...]:
    entries = sorted(_entries(file), key=lambda info: info.filename)
    if any(info.filename.lower().endswith((".zip", ".gz")) for info in entries):
        raise Unreadable(f"{file.name} holds another archive; {_UNPACK}")
    expansion = _Expansion(file.name, file.path)
    found = [
        Member(f"{file.name}/{info.filename}", str(kind), _member_blocks(file, info, expansion))
        for info in entries
        if (kind := format_of(info.filename))
    ]
    if not found:
        raise Unreadable(f"{file.name} holds no file that is read; {READ}")
    return tuple(found)


def _member_blocks(file: FoundFile, info: zipfile.ZipInfo, expansion: _Expansion) -> Callable[[], Iterator[bytes]]:
    def blocks() -> Iterator[bytes]:
        with zipfile.ZipFile(file.path) as archive:
            name = f"{file.name}/{info.filename}"
            yield from _blocks(name, lambda: archive.open(info), expansion)  # type: ignore[arg-type,return-value]

    return blocks


def _refuse_bomb(file: FoundFile) -> None:
    """A sheet is a zip that its reader expands in memory: expand it once before, and forget it."""
    if not zipfile.is_zipfile(file.path):
        return
    expansion = _Expansion(file.name, file.path)
    for info in _entries(file):
        for _ in _member_blocks(file, info, expansion)():
            pass
