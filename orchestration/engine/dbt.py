"""dbt in process: the manifest parsed only when the project changed, and one invocation per build."""

import fcntl
import hashlib
import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from orchestration.lake.durable import write_json
from orchestration.settings import PROJECT_ROOT

PROFILES = PROJECT_ROOT / "dbt_project"
TARGET = PROJECT_ROOT / "target"
# What is scored by models that are fitted to the rest.
OF_VALUE = "source:value+"
Event = Mapping[str, Any]


class DbtFailed(Exception):
    """dbt could not even begin, as when a model does not parse."""


@dataclass(frozen=True)
class Build:
    """What dbt did: an event per node that ended, and whether all of them did well.

    `former_count` is how many of them ended in the invocation before the last, `manifest` dbt's own, which takes
    a third of a second to read and serves the next invocation of the same build.
    """

    succeeded: bool
    ended: tuple[Event, ...]
    former_count: int = 0
    manifest: Any = field(default=None, repr=False, compare=False)


def project_fingerprint() -> str:
    """A hash of everything that the manifest is made from."""
    digest = hashlib.sha256()
    files = [PROJECT_ROOT / "dbt_project.yml"]
    files += sorted(path for path in PROFILES.rglob("*") if path.suffix in (".sql", ".yml", ".csv", ".md"))
    for path in files:
        digest.update(str(path.relative_to(PROJECT_ROOT)).encode() + b"\0")
        digest.update(path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def manifest_path(target: str = "duckdb") -> Path:
    """The manifest of the project as it stands, in the target's dialect; parses the project if it has changed."""
    dialect = target.split("_")[0]
    folder = TARGET / f"manifest-{dialect}-{project_fingerprint()}"
    if not (folder / "manifest.json").exists():
        TARGET.mkdir(exist_ok=True)
        with (TARGET / "parse.lock").open("w", encoding="utf-8") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (folder / "manifest.json").exists():
                _parse(folder, target)
    return folder / "manifest.json"


def _parse(folder: Path, target: str) -> None:
    from dbt.cli.main import dbtRunner

    aside = folder.with_name(f"{folder.name}.aside")
    shutil.rmtree(aside, ignore_errors=True)
    arguments = ["parse", "--no-partial-parse", "--target", target, *_places(aside, aside / "logs")]
    result = dbtRunner().invoke(arguments)
    if not result.success:
        raise DbtFailed(f"The dbt project does not parse: {result.exception}")
    dialect = folder.name.rpartition("-")[0]
    for old in TARGET.glob(f"{dialect}-*"):
        if old.is_dir() and old != aside:
            shutil.rmtree(old, ignore_errors=True)
    aside.rename(folder)


def _places(target: Path, logs: Path) -> list[str]:
    return [
        *("--project-dir", str(PROJECT_ROOT)),
        *("--profiles-dir", str(PROFILES)),
        *("--target-path", str(target)),
        *("--log-path", str(logs)),
        # What happens is heard by callbacks; logs of every statement would take longer than the statements.
        *("--log-level", "none"),
        *("--log-level-file", "none"),
    ]


def _manifest(target: str) -> Any:
    from dbt.contracts.graph.manifest import Manifest
    from dbt.parser.manifest import extended_mashumuro_decoder

    packed = manifest_path(target).with_name("partial_parse.msgpack").read_bytes()
    manifest = Manifest.from_msgpack(packed, decoder=extended_mashumuro_decoder)
    manifest.build_flat_graph()
    return manifest


def build(
    home: Path,
    variables: Mapping[str, Any],
    *,
    target: str = "duckdb",
    on_end: Callable[[Event], None],
    select: Sequence[str] = (),
    exclude: Sequence[str] = (),
    former: Build | None = None,
    without: Sequence[str] = ("unit_test",),
    listeners: Sequence[Callable[[Any], None]] = (),
) -> Build:
    """Run models, seeds and data tests; `on_end` hears of each node as it ends, `listeners` of all that dbt says.

    What the `former` invocation of the same build did is told together with what this one does.
    Unit tests are for the test suite: they judge the SQL, which the data of a run cannot change.
    """
    from dbt.cli.main import dbtRunner

    before = former or Build(succeeded=True, ended=(), manifest=_manifest(target))
    ended: list[Event] = [*before.ended]

    def hear(event: Any) -> None:
        if event.info.name == "NodeFinished":
            as_dict = _as_dict(event)
            ended.append(as_dict)
            on_end(as_dict)

    # The manifest is ours already; dbt would take a second to write it again.
    arguments = ["build", "--target", target, "--no-write-json", "--vars", json.dumps(dict(variables), default=str)]
    arguments += _selecting(select, exclude, without)
    try:
        runner = dbtRunner(manifest=before.manifest, callbacks=[hear, *listeners])
        result = runner.invoke([*arguments, *_places(home / "dbt", home / "dbt" / "logs")])
    finally:
        if target == "duckdb":
            _close_working_file()
        _write_seconds(home / "dbt" / "run_results.json", ended)
    if result.exception is not None and len(ended) == len(before.ended):
        raise DbtFailed(str(result.exception)) from result.exception
    return Build(result.success, tuple(ended), former_count=len(before.ended), manifest=before.manifest)


def _selecting(select: Sequence[str], exclude: Sequence[str], without: Sequence[str]) -> Sequence[str]:
    arguments = [argument for kind in without for argument in ("--exclude-resource-type", kind)]
    if select:
        # A test that looks at a model outside the selection as well may find no such table.
        arguments += ["--select", " ".join(select), "--indirect-selection", "cautious"]
    if exclude:
        arguments += ["--exclude", " ".join(exclude)]
    return arguments


def those_of_value(manifest: Mapping[str, Any], select: Sequence[str]) -> Sequence[str]:
    """Of a selection those that are scored by fitted models, and the fit itself; all of them without a selection."""
    if not select:
        return [OF_VALUE]
    found = [key for key, source in manifest["sources"].items() if source["source_name"] == "value"]
    for key in found:
        found += [child for child in manifest["child_map"].get(key, ()) if child not in found]
    nodes = {**manifest["sources"], **manifest["nodes"]}
    names = {".".join(nodes[key]["fqn"]) for key in found if key in nodes}
    return [one for part in select for one in part.split() if one in names]


def _close_working_file() -> None:
    """dbt keeps the file open for as long as the process lives."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager

    DuckDBConnectionManager.close_all_connections()


def _write_seconds(path: Path, ended: Sequence[Event]) -> None:
    """How long each node took, in the words of dbt's own file of that name."""
    told = [
        {
            "unique_id": event["data"]["node_info"]["unique_id"],
            "status": event["data"]["node_info"]["node_status"],
            "execution_time": event["data"].get("run_result", {}).get("execution_time", 0.0),
        }
        for event in ended
    ]
    write_json(path, {"results": told})


def _as_dict(event: Any) -> Event:
    from google.protobuf.json_format import MessageToDict

    converted: dict[str, Any] = MessageToDict(event, preserving_proto_field_name=True)
    return converted
