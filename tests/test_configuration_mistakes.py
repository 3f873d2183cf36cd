"""Every mistake of a configuration is named at once, with its line and remedy, before anything is read."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from worlds import Ended, World

from orchestration.settings import ConfigurationError, settings_from_text

SECRET = "correct-horse-battery"
MISTAKEN = """\
warehouse:
  engine: oracle
  as_of: 2026-02-30
  reporting_timezone: Mars/Olympus
  reporting_currency: GBQ
  colour: red
sources:
  - name: shop
    type: files
    path: ./shop
    timezone: Europe/Londn
    currency: XXQ
    tables:
      invoices: {file: invoices.csv}
      orders:
        file: ${NO_SUCH_VARIABLE}
        delimeter: ";"
        columns: {order_number: InvoiceNo}
  - name: shop
    type: salesforce
    url: ${CRM_PASSWORD}
  - name: Till 7
    type: ${CRM_PASSWORD}
    path: ./till
parameters:
  lapse_dayz: 90
  lapse_days: soon
  loyal_order_count: 2.5
  count_zero_amount_orders: 1
  week_start: friday
  signal_gap_quantile: 1.5
  risk_horizon_days: 0
  gross_margin_ratio: -0.1
  risk_medium_from: 0.9
"""
TOLD = [
    (2, "'oracle' is not an engine; use duckdb or spark"),
    (3, "'2026-02-30' is neither auto, today nor a date such as 2026-01-31"),
    (4, "'Mars/Olympus' is not a time zone; use an IANA name"),
    (5, "'GBQ' is not a currency; use an ISO 4217 code"),
    (6, "warehouse has no setting 'colour'; it knows home, engine,"),
    (11, "source shop: timezone: 'Europe/Londn' is not a time zone; use an IANA name"),
    (12, "source shop: currency: 'XXQ' is not a currency; use an ISO 4217 code"),
    (14, "tables.invoices is not a feed table; `lifecycle feed` lists them"),
    (16, "NO_SUCH_VARIABLE is not set; export NO_SUCH_VARIABLE before the run"),
    (17, "tables.orders has no setting 'delimeter'; it knows file, query, columns, encoding, delimiter,"),
    (18, "tables.orders.columns: 'order_number' is not a column of the feed table"),
    (19, "the name 'shop' is already taken by the source of line 8; choose another"),
    (19, "source shop: path is required; name the folder of its files"),
    (20, "'salesforce' is not part of this version; it has files and demo"),
    (21, "source shop has no setting 'url'; it knows name, type, path,"),
    (22, "'Till 7' must begin with a lower-case letter"),
    (23, "there is no type '${CRM_PASSWORD}'; use files or demo"),
    (26, "there is no parameter 'lapse_dayz'; docs/parameters.md lists them"),
    (27, "parameters.lapse_days: must be a number"),
    (28, "parameters.loyal_order_count: must be a whole number"),
    (29, "parameters.count_zero_amount_orders: must be true or false"),
    (30, "parameters.week_start: must be monday or sunday"),
    (31, "parameters.signal_gap_quantile: must not be above 1"),
    (32, "parameters.risk_horizon_days: must be at least 1"),
    (33, "parameters.gross_margin_ratio: must not be negative"),
    (34, "parameters: risk_medium_from (0.9) must not be above risk_high_from (0.66)"),
]
WHOLE = """\
warehouse:
  reporting_timezone: Europe/London
  reporting_currency: GBP
"""


@pytest.fixture(scope="module")
def world(new_world: Callable[[str], World]) -> World:
    return new_world("mistaken")


@pytest.fixture(scope="module")
def mistaken(world: World) -> Ended:
    """A configuration that is wrong in many ways, checked once."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("CRM_PASSWORD", SECRET)
        environment.delenv("NO_SUCH_VARIABLE", raising=False)
        return _checked(world, MISTAKEN)


def _checked(world: World, text: str, *arguments: str) -> Ended:
    world.write("lifecycle.yml", text)
    return world.command("check", *arguments)


def test_a_wrong_configuration_ends_with_exit_code_2(mistaken: Ended) -> None:
    assert mistaken.exit_code == 2


@pytest.mark.parametrize(("line", "message"), TOLD)
def test_each_mistake_is_named_with_its_line_and_remedy(mistaken: Ended, line: int, message: str) -> None:
    assert [told for told in mistaken.output.splitlines() if f"line {line}: " in told and message in told]


def test_nothing_but_the_mistakes_is_told(mistaken: Ended) -> None:
    assert len(mistaken.output.splitlines()) == len(TOLD)


def test_a_secret_is_told_by_its_variable_and_never_by_its_value(mistaken: Ended) -> None:
    assert SECRET not in mistaken.output


def test_nothing_is_made_by_a_check(world: World, mistaken: Ended) -> None:
    assert mistaken.exit_code == 2
    assert [path.name for path in world.folder.iterdir()] == ["lifecycle.yml"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "sources: name at least one source"),
        ("", "warehouse.reporting_timezone is required"),
        ("", "warehouse.reporting_currency is required"),
        (f"{WHOLE}sources: []\n", "line 4: sources: name at least one source"),
        (f"{WHOLE} sources: []\n", "line 4: is not valid YAML"),
        (f"{WHOLE}\tsources: []\n", "line 4: is not valid YAML"),
        (f"{WHOLE}sources: [shop]\n", "line 4: a source must hold settings"),
        ("- warehouse\n- sources\n", "line 1: the configuration must hold settings"),
        (f"{WHOLE}parameters: [lapse_days]\n", "line 4: parameters must hold settings"),
        (f"{WHOLE}warehouse: {{}}\n", "line 4: 'warehouse' stands here twice; remove one of them"),
        (
            f"{WHOLE}publish: {{postgres: somewhere}}\n",
            "line 4: publish.postgres is not part of this version",
        ),
    ],
)
def test_what_cannot_be_a_configuration_is_refused_in_words(world: World, text: str, told: str) -> None:
    refused = _checked(world, text)
    assert refused.exit_code == 2
    assert told in refused.output
    assert "Traceback" not in refused.output


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        (
            "engine: spark, spark: {colour: red}",
            "warehouse.spark has no setting 'colour'; it knows master,",
        ),
        ("engine: spark, spark: {memory: lots}", "warehouse.spark.memory: 'lots' is not an amount of memory"),
        ("engine: spark, spark: {url: spark.example.com}", "write it as thrift://spark.example.com:10000"),
        ("engine: spark, spark: {user: me}", "warehouse.spark.user is for a server; name one with url; remove it"),
        (
            "engine: spark, spark: {url: 'thrift://spark:10000', memory: 4g}",
            "warehouse.spark.memory is the server's business, not ours; remove it",
        ),
        ("engine: spark, spark: [local]", "warehouse.spark must hold settings by name"),
        ("spark: {master: local}", "warehouse.spark says how to reach Spark; add 'engine: spark' or remove it"),
    ],
)
def test_a_mistake_in_the_settings_of_spark_is_named_with_its_line(world: World, settings: str, told: str) -> None:
    text = f"warehouse: {{reporting_timezone: Europe/London, reporting_currency: GBP, {settings}}}\n"
    refused = _checked(world, f"{text}sources:\n  - {{name: shop, type: files, path: ./shop}}\n")
    assert refused.exit_code == 2
    assert "line 1: " in refused.output
    assert told in refused.output


def test_a_configuration_that_is_not_there_is_named(world: World) -> None:
    refused = world.command("check", "--config", "elsewhere.yml")
    assert refused.exit_code == 2
    assert "elsewhere.yml: cannot be read (No such file or directory)" in refused.output


def test_a_configuration_that_is_no_text_is_named(world: World) -> None:
    world.write("lifecycle.yml", b"\xff\xfe\x00")
    refused = world.command("check")
    assert refused.exit_code == 2
    assert "is not UTF-8 text; save it as UTF-8" in refused.output


def test_a_good_configuration_is_good_although_its_folder_is_missing(world: World) -> None:
    good = _checked(world, f"{WHOLE}sources:\n  - {{name: shop, type: files, path: ./shop}}\n")
    assert good.exit_code == 0
    assert "The configuration is good: 1 sources (shop)" in good.output


def test_whether_the_folder_is_there_is_looked_up_when_asked_for(world: World) -> None:
    text = f"{WHOLE}sources:\n  - {{name: shop, type: files, path: ./shop}}\n"
    unread = _checked(world, text, "--connect")
    assert unread.exit_code == 3
    assert f"source shop: {world.folder / 'shop'} is not a folder that can be read" in unread.output


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--as-of", "yesterday"], "'yesterday' is not a date such as 2026-01-31"),
        (["--accept-load", "20260101T000000000000Z_00000000"], "There is no load 20260101T000000000000Z_"),
        (["--select", "marts/no_such_table"], "--select 'marts/no_such_table'"),
        (["--quickly"], "No such option"),
    ],
)
def test_a_wrong_command_line_ends_with_exit_code_2(world: World, arguments: Sequence[str], told: str) -> None:
    world.write("lifecycle.yml", f"{WHOLE}sources:\n  - {{name: shop, type: files, path: ./shop}}\n")
    refused = world.run(*arguments)
    assert refused.exit_code == 2
    assert told in refused.output
    assert not world.database.exists()


def test_a_parameter_may_come_from_the_environment_and_settings_may_be_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAPSE", "120")
    monkeypatch.setenv("ZERO", "true")
    text = f"{WHOLE}  home:\nsources: [{{name: shop, type: files, path: shop}}]\n"
    given = "parameters: {lapse_days: '${LAPSE}', count_zero_amount_orders: '${ZERO}'}"
    parameters = settings_from_text(text + given, Path("lifecycle.yml"), base=Path("home")).parameters
    assert (parameters["lapse_days"], parameters["count_zero_amount_orders"]) == (120, True)
    assert settings_from_text(f"{text}parameters:", Path("lifecycle.yml"), base=Path("home")).sources


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("value_trend_ratio: .nan", "value_trend_ratio: must be a number"),
        ("discount_rate_annual: .inf", "discount_rate_annual: must be a number"),
        ("rfm_window_days: 99999999999999999999", "rfm_window_days: must not be above 1,000,000"),
    ],
)
def test_a_number_that_no_calendar_holds_is_a_mistake(given: str, told: str) -> None:
    text = f"{WHOLE}sources: [{{name: shop, type: files, path: shop}}]\nparameters: {{{given}}}"
    with pytest.raises(ConfigurationError) as mistake:
        settings_from_text(text, Path("lifecycle.yml"), base=Path("home"))
    assert told in str(mistake.value)
