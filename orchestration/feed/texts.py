"""Raw columns of whatever type as trimmed, Unicode-normalised text: SQL expressions."""

import pyarrow as pa
import pyarrow.compute as pc

from orchestration.feed.quoting import literal

# Whatever Python calls white space, and the two invisible characters that exports leave behind.
WHITE_SPACE = "".join(c for c in map(chr, range(0x3001)) if c.isspace()) + "\u200b\ufeff"

# ASCII, Western European letters and Chinese characters: text of these alone is in NFKC already.
PLAIN_TEXT = r"[ -~\x{C0}-\x{FF}\x{4E00}-\x{9FFF}]*"

# Values of these types are compared or read as they came: NFKC would change what they say.
VERBATIM_TYPES = frozenset({"id", "text"})


def text(column: str, native_type: str, *, zone: str, is_date: bool) -> str:
    """A raw column as the text that a file would hold for it.

    An instant is written in UTC with its offset, so that it is read back as that instant; for a date
    it is written in the source's zone, where its day is.
    """
    kind = native_type.upper()
    if kind == "VARCHAR":
        return column
    if kind == "TIMESTAMP WITH TIME ZONE":
        if is_date:
            return f"cast(timezone({literal(zone)}, {column}) as varchar)"
        return f"cast(timezone('UTC', {column}) as varchar) || 'Z'"
    if kind in ("DOUBLE", "FLOAT"):
        # A database or data frame with empty cells hands over whole numbers as floats: 1001.0 is 1001.
        is_whole = f"{column} = trunc({column}) and abs({column}) < 9007199254740992"
        whole = f"cast(cast({column} as bigint) as varchar)"
        return f"case when {is_whole} then {whole} else cast({column} as varchar) end"
    if kind.startswith("DECIMAL") and not kind.endswith(",0)"):
        return rf"regexp_replace(cast({column} as varchar), '\.?0+$', '')"
    return f"cast({column} as varchar)"


def trimmed(text: str) -> str:
    """Text without white space around it; null if nothing is left."""
    # The match spares nearly all values the slower trimming.
    bare = f"regexp_full_match({text}, '[!-~](.*[!-~])?')"
    return f"case when {bare} then {text} else nullif(trim({text}, {literal(WHITE_SPACE)}), '') end"


def normalised(text: str) -> str:
    """Text in Unicode's compatibility form (NFKC): full-width letters and digits become plain ones."""
    is_ascii = f"strlen({text}) = length({text})"
    is_plain = f"regexp_full_match({text}, '{PLAIN_TEXT}')"
    return f"case when {is_ascii} or {is_plain} then {text} else trim(nfkc({text})) end"


def nfkc(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    """Texts in NFKC, each distinct one normalised once; the function that `normalised` calls."""
    distinct = texts.unique()
    return pc.utf8_normalize(distinct, form="NFKC").take(pc.index_in(texts, value_set=distinct))
