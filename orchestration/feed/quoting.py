"""Names and texts as SQL spells them."""


def identifier(name: str) -> str:
    """A column's or table's name, quoted."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text as a literal."""
    return "'" + text.replace("'", "''") + "'"
