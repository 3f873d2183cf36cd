"""What readers see: files that appear whole, and stay as they are for whoever has them open."""

from orchestration.publishing.duckdb_file import PublishedTable
from orchestration.publishing.publication import Publication, latest, publish, reference

__all__ = ["Publication", "PublishedTable", "latest", "publish", "reference"]
