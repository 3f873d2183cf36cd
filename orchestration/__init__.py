"""Runs a batch warehouse of the customer lifecycle; see definitions.py for the table of contents."""
