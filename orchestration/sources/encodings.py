"""Text of any encoding as UTF-8 with plain line ends, in blocks, so that no engine ever guesses."""

import codecs
import io
from collections.abc import Callable, Iterator
from pathlib import Path

from charset_normalizer import from_bytes

from orchestration.sources.unreadable import Unreadable

LONGEST_LINE = 16 << 20
_SAMPLE_BYTES = 64 << 10
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# Names that are given to files which really hold the larger set.
_SUPERSETS = {"gb2312": "gb18030", "gbk": "gb18030", "utf-8-sig": "utf-8"}
# Where the everyday characters stand, by first byte: nearly all of a real Chinese text, by chance
# fewer. Korean text falls into the same places, so that some has to stand where no Korean does.
_EVERYDAY = {"gb18030": range(0xB0, 0xD8), "big5": range(0xA4, 0xC7)}
_NOT_KOREAN = {"gb18030": range(0xC9, 0xD8), "big5": range(0xA4, 0xB0)}
_PUNCTUATION = range(0xA1, 0xA4)
_LEAST_EVERYDAY_SHARE, _LEAST_NOT_KOREAN_SHARE = 0.9, 0.1
_WESTERN = "cp1252"
_OTHERS = ["cp1250", "cp1251", "cp1253", "shift_jis", "euc_kr", "gb18030", "big5"]
_LEAST_COHERENCE = 0.2

Blocks = Callable[[], Iterator[bytes]]


def decode(name: str, blocks: Blocks, target: Path, stated: str | None) -> str:
    """Write the text as UTF-8 to `target`; returns the encoding that it had.

    Raises Unreadable if the bytes are not of the stated encoding, or of none that is certain.
    """
    if stated:
        _write(name, blocks, target, _known(name, stated))
        return stated
    marked = _marked(next(blocks(), b""))
    try:
        _write(name, blocks, target, marked or "utf-8")
        return marked or "utf-8"
    except _NotUtf8:
        encoding = _detected(name, blocks)
    _write(name, blocks, target, encoding)
    return encoding


class _NotUtf8(Unreadable):
    """Text is of some other encoding; a refusal only if UTF-8 was stated."""


def _known(name: str, stated: str) -> str:
    try:
        "a".encode(stated)
        canonical = codecs.lookup(stated).name
    except LookupError:
        raise Unreadable(
            f"{name}: there is no encoding '{stated}'; use one such as utf-8, gb18030 or iso-8859-1"
        ) from None
    return _SUPERSETS.get(canonical, canonical)


def _marked(start: bytes) -> str | None:
    return next((encoding for mark, encoding in _BYTE_ORDER_MARKS if start.startswith(mark)), None)


def _write(name: str, blocks: Blocks, target: Path, encoding: str) -> None:
    # decodes, and makes every line end a newline: engines take mixed ones for damage
    plain = codecs.getincrementaldecoder(encoding)("strict")
    decoder = io.IncrementalNewlineDecoder(plain, translate=True)
    lines = _Lines(name)
    is_first = True
    with target.open("wb") as file:
        for block, is_last, offset in _with_end(blocks()):
            pending = len(plain.getstate()[0])
            try:
                text = decoder.decode(block, is_last)
            except UnicodeDecodeError as error:
                raise _refusal(name, encoding, error, offset - pending, lines.count) from error
            if is_first and text:
                text, is_first = text.removeprefix("\ufeff"), False
            encoded = text.encode()
            lines.add(encoded)
            file.write(encoded)


def _with_end(blocks: Iterator[bytes]) -> Iterator[tuple[bytes, bool, int]]:
    """Each block, whether it is the end (an empty one), and how many bytes came before it."""
    offset = 0
    for block in blocks:
        yield block, False, offset
        offset += len(block)
    yield b"", True, offset


def _refusal(name: str, encoding: str, error: UnicodeDecodeError, before: int, lines: int) -> Exception:
    line = lines + error.object[: error.start].count(b"\n") + 1
    where = f"byte {before + error.start} (line {line})"
    refusal = _NotUtf8 if encoding == "utf-8" else Unreadable
    return refusal(f"{name} is not {encoding}: {where} cannot be decoded; state its `encoding`")


class _Lines:
    """Watches for a line without end, which no engine could hold, and for bytes that are no text."""

    def __init__(self, name: str) -> None:
        self._name, self._open, self.count = name, 0, 0

    def add(self, text: bytes) -> None:
        if b"\0" in text:
            line = self.count + text[: text.index(b"\0")].count(b"\n") + 1
            remedy = "if it is UTF-16 without a mark, state `encoding: utf-16-le`, else deliver text"
            raise Unreadable(f"{self._name} holds zero bytes in line {line} and is no text; {remedy}")
        first = text.find(b"\n")
        if self._open + (first if first >= 0 else len(text)) > LONGEST_LINE:
            what = f"line {self.count + 1} is longer than {LONGEST_LINE >> 20} MB"
            raise Unreadable(f"{self._name}: {what}; deliver a file with one row per line")
        self._open = self._open + len(text) if first < 0 else len(text) - text.rfind(b"\n") - 1
        self.count += text.count(b"\n")


def _detected(name: str, blocks: Blocks) -> str:
    """The encoding of bytes that are not UTF-8, if there is hardly a doubt."""
    sample = _sample(blocks)
    chinese = [encoding for encoding in _EVERYDAY if _is_everyday(sample, encoding)]
    if len(chinese) == 1:
        return chinese[0]
    best = from_bytes(sample, cp_isolation=[_WESTERN, *_OTHERS]).best()
    is_western = best is not None and _WESTERN in best.could_be_from_charset
    if not chinese and best is not None and is_western and best.coherence >= _LEAST_COHERENCE:
        return _WESTERN
    remedy = "state `encoding` for the table, such as gb18030, big5 or iso-8859-1"
    raise Unreadable(f"{name} is not UTF-8 and its encoding is not certain; {remedy}")


def _sample(blocks: Blocks) -> bytes:
    """Lines with something beyond ASCII in them, from wherever they stand in the file."""
    found: list[bytes] = []
    size = 0
    rest = b""
    for block in blocks():
        if not rest and block.isascii():
            continue
        *lines, rest = (rest + block)[-LONGEST_LINE:].split(b"\n")
        for line in lines:
            if not line.isascii() and size < _SAMPLE_BYTES:
                found.append(line)
                size += len(line)
        if size >= _SAMPLE_BYTES:
            break
    return b"\n".join([*found, rest] if size < _SAMPLE_BYTES else found)


def _is_everyday(sample: bytes, encoding: str) -> bool:
    try:
        text = sample.decode(encoding)
    except UnicodeDecodeError:
        return False
    codes = [character.encode(encoding)[0] for character in text if not character.isascii()]
    words = [code for code in codes if code not in _PUNCTUATION]
    everyday = sum(code in _EVERYDAY[encoding] for code in words)
    not_korean = sum(code in _NOT_KOREAN[encoding] for code in words)
    return (
        bool(words)
        and everyday >= _LEAST_EVERYDAY_SHARE * len(words)
        and not_korean >= _LEAST_NOT_KOREAN_SHARE * len(words)
    )
