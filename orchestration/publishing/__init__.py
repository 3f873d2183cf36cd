"""What readers see: files that appear whole, and stay as they are for whoever has them open."""

from orchestration.publishing.publication import Publication, latest, publish, reference, repair_of
from orchestration.publishing.table import PublishedTable

__all__ = ["Publication", "PublishedTable", "latest", "publish", "reference", "repair_of"]
