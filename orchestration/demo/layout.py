"""Which system sends which table in which file, and the configuration that reads them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from orchestration.feed import TABLES

Format = Literal["csv", "xlsx", "jsonl", "parquet"]
# Text of a timestamp: the system's local time, or an instant that says its zone.
LOCAL, ZONED = "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%SZ"


@dataclass(frozen=True)
class System:
    """A source system: where it keeps its clock and its books."""

    name: str
    timezone: str
    currency: str
    country: str


@dataclass(frozen=True)
class Delivery:
    """One table as one system sends it; `headers` names the columns that are called otherwise there.

    A system that sends `every_field` has all columns of the table, those it does not use empty.
    """

    system: System
    table: str
    file: str
    format: Format
    headers: Mapping[str, str] = field(default_factory=dict)
    encoding: str = "utf-8"
    delimiter: str = ","
    timestamps: str = LOCAL
    booleans: tuple[str, str] = ("true", "false")
    every_field: bool = False
    parts: int = 1

    @property
    def name(self) -> str:
        """System and table, as the truth names them."""
        return f"{self.system.name}.{self.table}"

    @property
    def is_of_feed_format(self) -> bool:
        """Whether it is found and read without any setting."""
        is_named_so = self.file in (f"{self.table}.{self.format}", f"{self.table}/*.{self.format}")
        return is_named_so and not self.headers


CRM = System("crm", "Asia/Shanghai", "CNY", "CN")
SHOP = System("shop", "UTC", "CNY", "CN")
SERVICE = System("service", "Europe/Berlin", "EUR", "DE")
SYSTEMS = (CRM, SHOP, SERVICE)


def _exported(table: str, kind: Format = "csv") -> Delivery:
    """A table of the Chinese CRM: its own names, its old encoding."""
    declared = TABLES[table]
    return Delivery(
        system=CRM,
        table=table,
        file=f"{declared.name_zh}.{kind}",
        format=kind,
        headers={column.name: column.name_zh for column in declared.columns},
        encoding="gb18030" if kind == "csv" else "utf-8",
        booleans=("是", "否"),
        every_field=True,
    )


def _stored(table: str, parts: int = 1) -> Delivery:
    """A table of the shop: Parquet with native types."""
    file = f"{table}.parquet" if parts == 1 else f"{table}/*.parquet"
    return Delivery(SHOP, table, file, "parquet", parts=parts)


DELIVERIES: tuple[Delivery, ...] = (
    _exported("employees"),
    _exported("customers"),
    _exported("leads", "xlsx"),
    _exported("opportunities"),
    _exported("interactions"),
    _exported("consents"),
    _exported("erasure_requests"),
    _stored("customers"),
    _stored("products"),
    _stored("orders"),
    _stored("order_lines"),
    _stored("refunds"),
    _stored("subscriptions"),
    _stored("loyalty_movements"),
    _stored("web_events", parts=2),
    _stored("exchange_rates"),
    Delivery(
        SERVICE, "customers", "contacts.csv", "csv",
        headers={"customer_id": "contact_id", "full_name": "name"}, timestamps=ZONED,
    ),
    Delivery(
        SERVICE, "tickets", "tickets.jsonl", "jsonl",
        headers={"ticket_id": "id", "customer_id": "contact_id", "opened_at": "created_at"}, timestamps=ZONED,
    ),
    Delivery(
        SERVICE, "survey_responses", "survey_responses.jsonl", "jsonl",
        headers={"customer_id": "contact_id", "comment": "words"}, timestamps=ZONED,
    ),
    Delivery(SERVICE, "campaigns", "campaigns.csv", "csv"),
    Delivery(SERVICE, "campaign_touches", "campaign_touches.csv", "csv"),
    Delivery(
        SERVICE, "marketing_spend", "spend.csv", "csv",
        headers={"spend_date": "Datum", "amount": "Betrag"}, encoding="utf-8-sig", delimiter=";",
    ),
    Delivery(SERVICE, "targets", "targets.csv", "csv"),
)  # fmt: skip


def configuration() -> dict[str, Any]:
    """The configuration that reads the demo company from beside itself, as lifecycle.yml says it."""
    return {
        "warehouse": {
            "home": "./var",
            "reporting_timezone": "Asia/Shanghai",
            "reporting_currency": "CNY",
            "as_of": "auto",
        },
        "sources": [_source(system) for system in SYSTEMS],
    }


def _source(system: System) -> dict[str, Any]:
    source: dict[str, Any] = {
        "name": system.name,
        "type": "files",
        "path": f"./{system.name}",
        "timezone": system.timezone,
        "currency": system.currency,
        "country": system.country,
    }
    special = [of for of in DELIVERIES if of.system == system and not of.is_of_feed_format]
    if special:
        source["tables"] = {of.table: _settings(of) for of in special}
    return source


def _settings(delivery: Delivery) -> dict[str, Any]:
    settings: dict[str, Any] = {"file": delivery.file}
    # The byte order mark says UTF-8 by itself.
    if delivery.encoding == "gb18030":
        settings["encoding"] = delivery.encoding
    if delivery.delimiter != ",":
        settings["delimiter"] = delivery.delimiter
    return settings | {"columns": dict(delivery.headers)}
