"""Which of the files that are there have not been read yet, judged by the loads so far."""

from collections.abc import Mapping, Sequence
from typing import Any

from orchestration.lake import Input, RawLoad


def new_files(inputs: Sequence[Input], loads: Sequence[RawLoad], options: Mapping[str, Any]) -> tuple[Input, ...]:
    """The files to read now; none if all were read, or if the same refusal would come again.

    A file was read if its latest reading, with these options, had this content, or if it is only a
    new name for content that was read.
    """
    readable = [load for load in loads if load.is_readable]
    latest = {item.name: (item.sha256, load.options) for load in readable for item in load.inputs}
    known = {item.sha256 for load in readable if load.options == options for item in load.inputs}
    fresh = [
        item
        for item in inputs
        if latest.get(item.name) != (item.sha256, options) and (item.name in latest or item.sha256 not in known)
    ]
    if not loads or loads[-1].is_readable:
        return tuple(fresh)
    # The latest load was refused: whatever is readable now has to replace it, even if it is not new.
    refused = {item.name for item in loads[-1].inputs}
    chosen = fresh or [item for item in inputs if item.name in refused] or list(inputs)
    return () if is_repetition(chosen, loads, options) else tuple(chosen)


def is_repetition(inputs: Sequence[Input], loads: Sequence[RawLoad], options: Mapping[str, Any]) -> bool:
    """Whether the latest load read exactly this, in this way."""
    return bool(loads) and set(loads[-1].inputs) == set(inputs) and loads[-1].options == options
