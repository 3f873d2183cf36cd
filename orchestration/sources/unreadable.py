"""What a connector raises when something cannot be read: a file, or the whole source."""


class Unreadable(Exception):
    """A file, or a query over files, that cannot be read; the message names the culprit and the remedy.

    Not an error of the run: it becomes a refused load, and the other tables go on.
    """


class SourceUnavailable(Exception):
    """A source whose folder is missing or cannot be entered; the message names it and the remedy."""
