"""What is known of a published table."""

from dataclasses import dataclass


@dataclass(frozen=True)
class PublishedTable:
    """One published table and how many rows it has."""

    schema: str
    name: str
    row_count: int
