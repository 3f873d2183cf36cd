"""Runs a batch warehouse of the customer lifecycle; see definitions.py for the table of contents."""

import gc

# Nearly all that Dagster and dbt make lives as long as the run: to look through it again and again took a tenth of it.
gc.set_threshold(100_000, 20, 50)
