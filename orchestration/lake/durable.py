"""Files and folders that appear whole or not at all, even when the machine stops."""

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ASIDE = ".aside-"


def sync(path: Path) -> None:
    """Have the system write a file's, or a folder's, content to disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def aside(target: Path) -> Path:
    """An empty folder beside `target`, in which it is made before it appears."""
    folder = target.parent / f"{ASIDE}{target.name}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def appear(folder: Path, target: Path) -> None:
    """Give a folder that was made aside its name, after all of it is on disk."""
    for file in folder.rglob("*"):
        if file.is_file():
            sync(file)
    sync(folder)
    if target.exists():
        shutil.rmtree(target)
    folder.rename(target)
    sync(target.parent)


def disappear(folder: Path) -> None:
    """Remove a folder, of which nobody sees a part under its name meanwhile."""
    leaving = folder if folder.name.startswith(ASIDE) else folder.rename(folder.parent / f"{ASIDE}{folder.name}")
    shutil.rmtree(leaving, ignore_errors=True)


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Replace a JSON file in one step."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.parent / f"{ASIDE}{path.name}"
    temporary.write_text(json.dumps(content, ensure_ascii=False, indent=1, default=str), encoding="utf-8")
    sync(temporary)
    temporary.replace(path)
    sync(path.parent)


def sweep(root: Path) -> int:
    """Remove what an interrupted run left aside; returns how many."""
    left = sorted(root.rglob(f"{ASIDE}*")) if root.exists() else []
    for path in left:
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
    return len(left)


def sha256(path: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
