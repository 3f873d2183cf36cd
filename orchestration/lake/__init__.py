"""The lake: immutable loads of raw rows, and the rows that were judged valid or refused."""

from orchestration.lake.judged import JudgedLoad, Judgement
from orchestration.lake.lake import Lake
from orchestration.lake.raw import Input, LoadWriter, RawLoad

__all__ = ["Input", "JudgedLoad", "Judgement", "Lake", "LoadWriter", "RawLoad"]
