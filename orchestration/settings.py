"""lifecycle.yml and the environment as frozen, validated settings; nothing else reads either."""

import math
import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml
from babel import Locale
from babel.numbers import list_currencies

PROJECT_ROOT = Path(__file__).resolve().parents[1]
SOURCE_TYPES = ("files", "demo")
ENGINES = ("duckdb", "spark")
SMALLEST_DEMO = 50
PLANNED_SOURCE_TYPES = "database salesforce hubspot zoho dynamics fxiaoke jiandaoyun marketo ga4 youpu".split()
# Dates are read as text: whether one is right, its setting says.
TEXT_TAGS = ("tag:yaml.org,2002:str", "tag:yaml.org,2002:timestamp")
SHORTEST_SECRET = 4
# Of a parameter; days beyond it are in no calendar.
GREATEST_NUMBER = 1_000_000
SPARK_KEYS = ("master", "memory", "url", "user", "password", "conf")
FILE_OPTIONS = ("file", "query", "columns", "encoding", "delimiter", "quote", "header", "sheet")
# What a run sets itself among the variables of dbt_project.yml; the rest are business parameters.
RUN_VARIABLES = frozenset(
    {
        "warehouse_path",
        "memory_limit",
        "as_of_date",
        "is_repair",
        "former_as_of_date",
        "reporting_timezone",
        "reporting_currency",
    }
)
PARAMETER_CHOICES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"refund_basis": ("cash_month", "order_month"), "week_start": ("monday", "sunday")}
)
# Shares of a whole, and windows that must hold a day; all other numbers may be anything from 0 on.
AT_MOST_ONE = frozenset(
    "value_class_a_ratio value_class_b_ratio risk_medium_from risk_high_from signal_drop_ratio signal_gap_quantile "
    "gross_margin_ratio".split()
)
AT_LEAST_ONE = frozenset(
    "lapse_days at_risk_days stage_conversion_days value_trend_days silent_days rfm_window_days value_horizon_days "
    "signal_recent_days signal_baseline_days signal_outcome_days risk_horizon_days nps_window_days "
    "time_decay_half_life_days session_gap_minutes".split()
)
IN_ORDER = (("value_class_a_ratio", "value_class_b_ratio"), ("risk_medium_from", "risk_high_from"))


@dataclass(frozen=True)
class Problem:
    """One mistake in a configuration: where it stands, what it is and what to do."""

    line: int | None
    message: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.message}" if self.line else self.message


class ConfigurationError(Exception):
    """Every mistake of a configuration at once."""

    def __init__(self, path: Path | None, problems: tuple[Problem, ...]) -> None:
        self.path = path
        self.problems = problems
        super().__init__("\n".join(f"{path or 'configuration'}: {problem}" for problem in problems))


@dataclass(frozen=True)
class TableSettings:
    """Where one feed table of a files source comes from, and how its file is to be read.

    `header` is whether the first row names the columns; None leaves encoding, delimiter, quote and
    header to be found. `columns` maps feed columns to the file's; `query` is DuckDB SQL instead.
    """

    file: str | None = None
    query: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    encoding: str | None = None
    delimiter: str | None = None
    quote: str | None = None
    header: bool | None = None
    sheet: str | None = None


@dataclass(frozen=True)
class FilesSource:
    """A folder of files in the feed format, or with settings per table.

    `concealed` names by what the configuration says it what came from the environment, and may be secret.
    """

    name: str
    path: Path
    timezone: str
    currency: str
    country: str | None = None
    tables: Mapping[str, TableSettings] = field(default_factory=dict)
    demo: "DemoSettings | None" = None
    concealed: Mapping[str, str] = field(default_factory=dict, repr=False)

    def conceal(self, text: str) -> str:
        """The text for others to read, with what came from the environment told by its name."""
        return concealed(text, self.concealed)


@dataclass(frozen=True)
class DemoSettings:
    """The demo company that is generated before its files are read."""

    name: str
    directory: Path
    customers: int
    seed: int


@dataclass(frozen=True)
class SparkSettings:
    """How Spark is reached: a session on this machine, or the Thrift server of a cluster at `server`.

    `memory` is the session's, as Spark writes it, None for half of the machine's, and `conf` holds more of
    its settings in Spark's own names.
    """

    master: str = "local[*]"
    memory: str | None = None
    server: tuple[str, int] | None = None
    user: str = "lifecycle"
    password: str | None = field(default=None, repr=False)
    conf: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Settings:
    """Everything that a configuration says, validated.

    `as_of` is 'auto', 'today' or an ISO date; `parameters` holds every business parameter by name,
    defaults included; `allowance` is the share of refused rows from which a load is refused whole.
    """

    home: Path
    engine: str
    reporting_timezone: str
    reporting_currency: str
    as_of: str
    sources: tuple[FilesSource, ...]
    parameters: Mapping[str, Any]
    configuration: Path | None = None
    allowance: float = 0.20
    spark: SparkSettings = SparkSettings()

    @property
    def demos(self) -> tuple[DemoSettings, ...]:
        """The demo companies among the sources, each once."""
        return tuple(dict.fromkeys(source.demo for source in self.sources if source.demo))


def default_parameters() -> Mapping[str, Any]:
    """Every business parameter and its default, as dbt_project.yml declares them."""
    project = yaml.safe_load((PROJECT_ROOT / "dbt_project.yml").read_text(encoding="utf-8"))
    declared = project["vars"]
    return {name: value for name, value in declared.items() if name not in RUN_VARIABLES}


def configured_path() -> Path | None:
    """The configuration that the environment or the working directory names; None means the demo company."""
    named = os.environ.get("LIFECYCLE_CONFIG")
    if named:
        return Path(named)
    here = Path("lifecycle.yml")
    return here if here.exists() else None


def load_settings(path: Path | None = None) -> Settings:
    """Read and validate a configuration; without one, the demo company's.

    Raises ConfigurationError that names every mistake with its line.
    """
    if path is None:
        return settings_from_text(DEMO_CONFIGURATION, Path.cwd() / "demo company", base=Path.cwd())
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        reason = f"cannot be read ({error.strerror}); give the path of a configuration with --config"
        raise ConfigurationError(path, (Problem(None, reason),)) from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(path, (Problem(None, "is not UTF-8 text; save it as UTF-8"),)) from error
    return settings_from_text(text, path, base=path.resolve().parent)


DEMO_CONFIGURATION = """\
warehouse:
  reporting_timezone: Asia/Shanghai
  reporting_currency: CNY
sources:
  - name: demo
    type: demo
"""


def settings_from_text(text: str, path: Path, *, base: Path) -> Settings:
    """Settings of a configuration's text; relative paths are taken from `base`."""
    reader = _Reader(path)
    document = reader.parse(text)
    settings = _settings(reader, document, path, base)
    if reader.problems:
        raise ConfigurationError(path, tuple(sorted(reader.problems, key=lambda problem: problem.line or 0)))
    return settings


def concealed(text: str, from_environment: Mapping[str, str]) -> str:
    """The text with values of the environment replaced by what names them, the longest first."""
    for value in sorted(from_environment, key=len, reverse=True):
        text = text.replace(value, from_environment[value])
    return text


@dataclass(frozen=True)
class _Value:
    """A value of the document and the line it stands on."""

    data: Any
    line: int

    def items(self) -> Iterator[tuple[str, "_Value"]]:
        yield from (self.data if isinstance(self.data, dict) else {}).items()

    def get(self, key: str) -> "_Value | None":
        return self.data.get(key) if isinstance(self.data, dict) else None

    def required(self, key: str) -> "_Value":
        """The value of a key; without one, nothing, on the line where it is missed."""
        return self.get(key) or _Value(None, self.line)


class _Reader:
    """Turns YAML into values with lines, and gathers the mistakes met on the way."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.problems: list[Problem] = []
        self.from_environment: dict[str, str] = {}

    def wrong(self, line: int | None, message: str) -> None:
        """Note a mistake; what came from the environment is told by its name, since it may be secret."""
        self.problems.append(Problem(line, concealed(message, self.from_environment)))

    def parse(self, text: str) -> _Value:
        try:
            node = yaml.compose(text, Loader=yaml.SafeLoader)
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            problem = getattr(error, "problem", None) or str(error)
            message = f"is not valid YAML ({problem}); check indentation and quotes"
            found = Problem(mark.line + 1 if mark else None, message)
            raise ConfigurationError(self.path, (found,)) from error
        return self._value(node) if node is not None else _Value({}, 1)

    def _value(self, node: yaml.Node) -> _Value:
        line = node.start_mark.line + 1
        if isinstance(node, yaml.MappingNode):
            return _Value(self._mapping(node), line)
        if isinstance(node, yaml.SequenceNode):
            return _Value([self._value(item) for item in node.value], line)
        if node.tag in TEXT_TAGS:
            return _Value(self._interpolated(str(node.value), line), line)
        try:
            return _Value(yaml.SafeLoader("").construct_object(node), line)
        except (yaml.YAMLError, ValueError):
            self.wrong(line, f"'{node.value}' cannot be understood; put it in quotes")
            return _Value(None, line)

    def _mapping(self, node: yaml.MappingNode) -> dict[str, _Value]:
        found: dict[str, _Value] = {}
        for key_node, value_node in node.value:
            key = str(key_node.value)
            if key in found:
                self.wrong(key_node.start_mark.line + 1, f"'{key}' stands here twice; remove one of them")
            found[key] = self._value(value_node)
        return found

    def _interpolated(self, text: str, line: int) -> str:
        def replacement(match: re.Match[str]) -> str:
            name = match.group(1)
            if name not in os.environ:
                self.wrong(line, f"the environment variable {name} is not set; export {name} before the run")
                return match.group(0)
            if len(os.environ[name]) >= SHORTEST_SECRET:
                self.from_environment[os.environ[name]] = match.group(0)
            return os.environ[name]

        return re.sub(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}", replacement, text)

    def items(self, value: _Value | None, where: str) -> Iterator[tuple[str, _Value]]:
        """The settings of a mapping; anything else in its place is a mistake."""
        if value is None or value.data is None:
            return
        if not isinstance(value.data, dict):
            self.wrong(value.line, f"{where} must hold settings as 'name: value'")
        yield from value.items()

    def known_keys(self, value: _Value, known: tuple[str, ...], where: str) -> None:
        for key, item in self.items(value, where):
            if key not in known:
                self.wrong(item.line, f"{where} has no setting '{key}'; it knows {', '.join(known)}")

    def mapping(self, value: _Value | None, where: str) -> _Value | None:
        """The value if it holds settings by name; anything else is a mistake."""
        if value is None or isinstance(value.data, dict) or value.data is None:
            return value
        self.wrong(value.line, f"{where} must hold settings by name, each on a line of its own as 'name: value'")
        return None

    def text(self, value: _Value | None, where: str, default: str | None = None) -> str | None:
        if value is None or value.data is None:
            return default
        if isinstance(value.data, dict | list):
            self.wrong(value.line, f"{where} must be a single value")
            return default
        return str(value.data)

    def checked(self, value: _Value | None, where: str, default: str | None, check: Callable[[str], str | None]) -> str:
        found = self.text(value, where)
        if found is None and default is None:
            self.wrong(value.line if value else None, f"{where} is required")
        if found is None:
            return default or ""
        complaint = check(found)
        if complaint:
            self.wrong(value.line if value else None, f"{where}: {complaint}")
        return found


def _timezone_complaint(name: str) -> str | None:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return f"'{name}' is not a time zone; use an IANA name such as Asia/Shanghai or Europe/Berlin"
    return None


def _currency_complaint(code: str) -> str | None:
    if code in list_currencies():
        return None
    return f"'{code}' is not a currency; use an ISO 4217 code such as CNY, EUR or USD"


def _as_of_complaint(text: str) -> str | None:
    if text in ("auto", "today"):
        return None
    try:
        date.fromisoformat(text)
    except ValueError:
        return f"'{text}' is neither auto, today nor a date such as 2026-01-31"
    return None


def _engine_complaint(name: str) -> str | None:
    return None if name in ENGINES else f"'{name}' is not an engine; use {' or '.join(ENGINES)}"


def _memory_complaint(text: str) -> str | None:
    if re.fullmatch(r"[1-9][0-9]*[mg]", text):
        return None
    return f"'{text}' is not an amount of memory; write it as 8g or 800m"


def _url_complaint(text: str) -> str | None:
    if re.fullmatch(r"thrift://[^/:@\s]+:[0-9]{1,5}/?", text):
        return None
    return f"'{text}' is not the address of a Thrift server; write it as thrift://spark.example.com:10000"


def _spark(reader: _Reader, value: _Value | None, engine: str) -> SparkSettings:
    if value is None or reader.mapping(value, "warehouse.spark") is None:
        return SparkSettings()
    if engine != "spark":
        reader.wrong(value.line, "warehouse.spark says how to reach Spark; add 'engine: spark' or remove it")
    reader.known_keys(value, SPARK_KEYS, "warehouse.spark")
    url = reader.checked(value.get("url"), "warehouse.spark.url", "", _url_complaint)
    for key in ("master", "memory", "conf") if url else ("user", "password"):
        if (unused := value.get(key)) is not None:
            side = "is the server's business, not ours" if url else "is for a server; name one with url"
            reader.wrong(unused.line, f"warehouse.spark.{key} {side}; remove it")
    conf = reader.mapping(value.get("conf"), "warehouse.spark.conf")
    texts = {key: reader.text(of, f"warehouse.spark.conf.{key}") for key, of in conf.items()} if conf else {}
    found = urlsplit(url) if url and not _url_complaint(url) else None
    return SparkSettings(
        master=reader.text(value.get("master"), "warehouse.spark.master") or SparkSettings.master,
        memory=reader.checked(value.get("memory"), "warehouse.spark.memory", "", _memory_complaint) or None,
        server=(found.hostname, found.port) if found and found.hostname and found.port else None,
        user=reader.text(value.get("user"), "warehouse.spark.user") or SparkSettings.user,
        password=reader.text(value.get("password"), "warehouse.spark.password"),
        conf={key: text for key, text in texts.items() if text is not None},
    )


def _settings(reader: _Reader, document: _Value, path: Path, base: Path) -> Settings:
    reader.known_keys(document, ("warehouse", "sources", "parameters", "publish"), "the configuration")
    warehouse = reader.mapping(document.get("warehouse"), "warehouse") or _Value({}, document.line)
    known = ("home", "engine", "spark", "reporting_timezone", "reporting_currency", "as_of")
    reader.known_keys(warehouse, known, "warehouse")
    publish = document.get("publish")
    for key, item in reader.items(publish, "publish"):
        reader.wrong(item.line, f"publish.{key} is not part of this version; files are published under home")
    timezone = reader.checked(
        warehouse.required("reporting_timezone"), "warehouse.reporting_timezone", None, _timezone_complaint
    )
    currency = reader.checked(
        warehouse.required("reporting_currency"), "warehouse.reporting_currency", None, _currency_complaint
    )
    home = base / (reader.text(warehouse.get("home"), "warehouse.home", "./var") or "./var")
    sources = _sources(reader, document, base, home, (timezone, currency))
    parameters = _parameters(reader, reader.mapping(document.get("parameters"), "parameters"))
    engine = reader.checked(warehouse.get("engine"), "warehouse.engine", "duckdb", _engine_complaint)
    return Settings(
        home=home.resolve(),
        engine=engine,
        spark=_spark(reader, warehouse.get("spark"), engine),
        reporting_timezone=timezone,
        reporting_currency=currency,
        as_of=reader.checked(warehouse.get("as_of"), "warehouse.as_of", "auto", _as_of_complaint),
        sources=sources,
        parameters=parameters,
        configuration=path if path.exists() else None,
    )


def _sources(
    reader: _Reader, document: _Value, base: Path, home: Path, defaults: tuple[str, str]
) -> tuple[FilesSource, ...]:
    listed = document.get("sources")
    if listed is None or not isinstance(listed.data, list) or not listed.data:
        reader.wrong(listed.line if listed else None, "sources: name at least one source")
        return ()
    found: list[FilesSource] = []
    names: dict[str, int] = {}
    for item in listed.data:
        if reader.mapping(item, "a source") is None:
            continue
        for source in _source(reader, item, base, home, defaults):
            if source.name in names:
                message = f"the name '{source.name}' is already taken by the source of line {names[source.name]}"
                reader.wrong(item.line, f"{message}; choose another")
            names.setdefault(source.name, item.line)
            found.append(source)
    return tuple(found)


def _source(
    reader: _Reader, item: _Value, base: Path, home: Path, defaults: tuple[str, str]
) -> tuple[FilesSource, ...]:
    name = reader.checked(item.required("name"), "a source's name", None, _name_complaint)
    kind = reader.checked(item.required("type"), f"source {name}: type", None, _type_complaint)
    if kind == "demo":
        return _demo_sources(reader, item, name, home)
    known = ("name", "type", "path", "timezone", "currency", "country", "tables")
    reader.known_keys(item, known, f"source {name}")
    path = reader.text(item.get("path"), f"source {name}: path")
    if path is None:
        reader.wrong(item.line, f"source {name}: path is required; name the folder of its files")
    source = FilesSource(
        name=name,
        path=base / (path or "."),
        timezone=reader.checked(item.get("timezone"), f"source {name}: timezone", defaults[0], _timezone_complaint),
        currency=reader.checked(item.get("currency"), f"source {name}: currency", defaults[1], _currency_complaint),
        country=_country(reader, item.get("country"), f"source {name}: country"),
        tables=_tables(reader, reader.mapping(item.get("tables"), f"source {name}: tables"), name),
        concealed=reader.from_environment,
    )
    return (source,)


def _country(reader: _Reader, value: _Value | None, where: str) -> str | None:
    code = reader.text(value, where)
    if code is not None and value is not None and code not in Locale("en").territories:
        reader.wrong(value.line, f"{where}: '{code}' is not a country; use an ISO 3166-1 code such as CN or DE")
    return code


def _name_complaint(name: str) -> str | None:
    if re.fullmatch(r"[a-z][a-z0-9_]*", name):
        return None
    return f"'{name}' must begin with a lower-case letter and hold only lower-case letters, digits and _"


def _type_complaint(kind: str) -> str | None:
    if kind in SOURCE_TYPES:
        return None
    if kind in PLANNED_SOURCE_TYPES:
        return f"'{kind}' is not part of this version; it has {' and '.join(SOURCE_TYPES)}"
    return f"there is no type '{kind}'; use {' or '.join(SOURCE_TYPES)}"


def _tables(reader: _Reader, value: _Value | None, source: str) -> Mapping[str, TableSettings]:
    from orchestration.feed.declaration import TABLES

    found: dict[str, TableSettings] = {}
    for name, item in reader.items(value, f"source {source}: tables"):
        where = f"source {source}: tables.{name}"
        if name not in TABLES:
            reader.wrong(item.line, f"{where} is not a feed table; `lifecycle feed` lists them")
            continue
        found[name] = _table(reader, item, where, TABLES[name].column_names)
    return found


def _table(reader: _Reader, item: _Value, where: str, feed_columns: tuple[str, ...]) -> TableSettings:
    if reader.mapping(item, where) is None:
        return TableSettings()
    reader.known_keys(item, FILE_OPTIONS, where)
    texts = {
        key: reader.text(item.get(key), f"{where}.{key}") for key in FILE_OPTIONS if key not in ("columns", "header")
    }
    if texts["file"] and texts["query"]:
        reader.wrong(item.line, f"{where}: file and query exclude each other; keep one")
    columns = reader.mapping(item.get("columns"), f"{where}.columns")
    for column, of in reader.items(columns, f"{where}.columns"):
        if column not in feed_columns:
            reader.wrong(of.line, f"{where}.columns: '{column}' is not a column of the feed table")
    header = item.get("header")
    if header is not None and not isinstance(header.data, bool):
        reader.wrong(header.line, f"{where}.header must be true or false")
    return TableSettings(
        columns={key: str(of.data) for key, of in columns.items()} if columns else {},
        header=header.data if header is not None and isinstance(header.data, bool) else None,
        **texts,
    )


def _demo_sources(reader: _Reader, item: _Value, name: str, home: Path) -> tuple[FilesSource, ...]:
    """The demo company arrives as three systems; each becomes a files source of its own."""
    from orchestration.demo import configuration

    reader.known_keys(item, ("name", "type", "customers", "seed"), f"source {name}")
    numbers = {}
    for key, default, least in (("customers", 5000, SMALLEST_DEMO), ("seed", 1, 0)):
        value = item.get(key)
        if value is not None and (not isinstance(value.data, int) or value.data < least):
            reader.wrong(value.line, f"source {name}: {key} must be a whole number of {least} or more")
        numbers[key] = value.data if value is not None and isinstance(value.data, int) else default
    directory = home.resolve() / "demo" / name
    demo = DemoSettings(name=name, directory=directory, **numbers)
    return tuple(
        FilesSource(
            name=f"{name}_{system['name']}",
            path=directory / system["path"],
            timezone=system["timezone"],
            currency=system["currency"],
            country=system.get("country"),
            tables={table: TableSettings(**of) for table, of in system.get("tables", {}).items()},
            demo=demo,
        )
        for system in configuration()["sources"]
    )


def _parameters(reader: _Reader, value: _Value | None) -> Mapping[str, Any]:
    parameters, lines = dict(default_parameters()), {}
    for name, item in reader.items(value, "parameters"):
        if name not in parameters:
            reader.wrong(item.line, f"parameters: there is no parameter '{name}'; docs/parameters.md lists them")
            continue
        given = item.data
        if isinstance(given, str) and not isinstance(parameters[name], str):
            # What comes from the environment is text, whatever it says.
            given = yaml.safe_load(given)
        complaint = _parameter_complaint(name, given, parameters[name])
        if complaint:
            reader.wrong(item.line, f"parameters.{name}: {complaint}")
        parameters[name], lines[name] = given, item.line
    for lower, upper in IN_ORDER:
        both = parameters[lower], parameters[upper]
        if all(map(_is_number, both)) and both[0] > both[1]:
            line = max(lines.get(name, 0) for name in (lower, upper))
            reader.wrong(line, f"parameters: {lower} ({both[0]}) must not be above {upper} ({both[1]})")
    return MappingProxyType(parameters)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _parameter_complaint(name: str, given: Any, default: Any) -> str | None:
    if name in PARAMETER_CHOICES:
        choices = PARAMETER_CHOICES[name]
        return None if given in choices else f"must be {' or '.join(choices)}"
    if isinstance(default, bool):
        return None if isinstance(given, bool) else "must be true or false"
    if given is None:
        return None if default is None else "must be a number"
    if not _is_number(given) or not math.isfinite(given):
        return "must be a number"
    if abs(given) > GREATEST_NUMBER:
        return f"must not be above {GREATEST_NUMBER:,}"
    if isinstance(default, int) and not isinstance(given, int):
        return "must be a whole number"
    if name in AT_MOST_ONE and given > 1:
        return "must not be above 1"
    if name in AT_LEAST_ONE and given < 1:
        return "must be at least 1"
    return "must not be negative" if given < 0 else None
