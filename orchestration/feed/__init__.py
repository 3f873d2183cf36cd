"""The feed format: the 21 tables that a source may bring, declared once as data."""

from orchestration.feed.declaration import TABLES, Column, Table

__all__ = ["TABLES", "Column", "Table"]
