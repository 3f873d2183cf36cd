"""Numbers and truth values in text: SQL expressions."""

_GROUPED = r"[+-]?\d{1,3}((,\d{3})+|( \d{3})+)(\.\d+)?"
_TRUE = "'true', 't', 'yes', 'y', '1', '1.0', 'on', '是', '有', '真', '对'"
_FALSE = "'false', 'f', 'no', 'n', '0', '0.0', 'off', '否', '无', '假', '不是', '没有'"


def ungrouped(text: str) -> str:
    """A number without thousands separators: '1,234.56' and '1 234.56' are 1234.56; '1.234,56' stays."""
    return f"case when regexp_full_match({text}, '{_GROUPED}') then translate({text}, ', ', '') else {text} end"


def decimal(text: str, sql_type: str) -> str:
    """The decimal that a text states, rounded to the type's places; null if it states none that fits."""
    # DuckDB would also read the underscores of programming languages: '1_000'.
    return f"case when not contains({text}, '_') then try_cast({text} as {sql_type}) end"


def integer(text: str) -> str:
    """The integer that a text states, '9' or '9.0'; null for '7.5', which a plain cast would round."""
    number = decimal(text, "decimal(38,6)")
    return f"case when trunc({number}) = {number} then try_cast({number} as bigint) end"


def boolean(text: str) -> str:
    """The truth value that a word in English or Chinese states; null for any other word."""
    return f"case when lower({text}) in ({_TRUE}) then true when lower({text}) in ({_FALSE}) then false end"
