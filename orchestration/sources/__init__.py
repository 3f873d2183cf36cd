"""Connectors: one module per kind of source, each knowing its source and the lake, but nothing of Dagster."""
