"""Bad input of every kind ends as the failure policy says, and what was published stays as it was.

One world lives through four runs: all is good; nearly every file is spoiled; what can be mended is
mended and the rest is accepted as it is; two of three sources cannot be read any more.
"""

import ctypes
import gzip
import hashlib
import json
import shutil
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
import duckdb
import pytest
from worlds import Ended, World

from orchestration.lake import JudgedLoad
from orchestration.run import instance_of
from orchestration.settings import load_settings

pytestmark = pytest.mark.slow

PLAN = "select metric_name, target_value, '2025-06-01' as period_month from read_csv('{path}/plan.csv')"
SOURCES = (
    {
        "name": "shop",
        "type": "files",
        "path": "./shop",
        "tables": {
            "leads": {"file": "leads.csv"},
            "interactions": {"file": "interactions.csv", "encoding": "utf-8"},
            "targets": {"query": PLAN},
        },
    },
    {"name": "depot", "type": "files", "path": "./depot"},
    {"name": "office", "type": "files", "path": "./office"},
)
GOOD = {
    "shop/customers.csv": "customer_id,full_name,created_at\nC1,Ann,2025-05-01\n",
    "shop/orders.csv": "order_id,customer_id,ordered_at,status,net_amount\nN1,C1,2025-05-02,completed,7.00\n",
    "shop/leads.csv": "lead_id,created_at\nL0,2025-05-01\n",
    "shop/interactions.csv": "interaction_id,customer_id,occurred_at\nI0,C1,2025-05-02\n",
    "shop/plan.csv": "metric_name,target_value\norders,100\n",
    "depot/products.csv": "product_id,name\nP1,Lamp\n",
    "office/employees.csv": "employee_id,full_name\nE1,Eve\n",
}
MENDED = {
    "leads.csv": "lead_id,created_at\nL1,2025-06-02\n",
    "tickets.csv": "ticket_id,customer_id,opened_at\nT1,C1,2025-06-02\n",
    "web_events.csv": "event_id,event_name,occurred_at\nW1,view,2025-06-02\n",
    "interactions.csv": "interaction_id,customer_id,occurred_at,outcome\nI1,C1,2025-06-02,schön\n",
    "survey_responses.csv": "response_id,survey_id,question_type,score\nR1,S1,text,\n",
    "consents.csv": "consent_id,customer_id,purpose,is_granted,recorded_at\nX1,C1,profiling,1,2025-06-02\n",
    "campaigns.csv": "campaign_id,name\nK1,Summer\n",
    "campaign_touches.csv": "touch_id,campaign_id,action,touched_at\nK1,K1,sent,2025-06-02\n",
    "loyalty_movements.csv": "movement_id,customer_id,kind,points,occurred_at\nM1,C1,earn,5,2025-06-02\n",
    "order_lines.csv": "order_id,line_number,product_id,quantity,net_amount\nN1,1,P1,1,7\n",
    "subscriptions.csv": "subscription_id,customer_id,recurring_amount,started_at\nB1,C1,5,2025-06-02\n",
}
# What is wrong with the only file of a table: what it is found to be, and a part of the reason.
SPOILED = {
    "leads": ("unreadable", "leads.csv is missing; deliver it, or correct the configuration."),
    "tickets": ("unreadable", "tickets.csv is empty: not even a header; deliver it with its header."),
    "web_events": ("unreadable", "web_events.csv.gz is truncated: its compressed content ends early;"),
    "interactions": ("unreadable", "interactions.csv is not utf-8: byte 67 (line 2) cannot be decoded;"),
    "survey_responses": ("unreadable", "'survey_id' stands more than once in the header; rename or remove"),
    "consents": ("unreadable", "consents.csv: column 3 of 5 has no name; name it in the header, or remove"),
    "campaigns": ("unreadable", "campaigns.xlsx is protected by a password or of the old .xls format;"),
    "campaign_touches": ("unreadable", "like an archive made to fill the disk; deliver it unpacked."),
    "loyalty_movements": ("unreadable", "loyalty_movements.csv leads out of the source's folder; put the"),
    "order_lines": ("unreadable", "order_lines.csv: line 2 is longer than 16 MB; deliver a file with one"),
    "targets": ("unreadable", "the query of targets: it fails with: Binder Error: Referenced column"),
    "subscriptions": ("misshapen", "subscription_id"),
    "orders": ("hopeless", "10,000 of 20,000 rows (50.0%) are refused: 10,000 break"),
    "refunds": ("hopeless", "6 of 10 rows (60.0%) are refused"),
}
ACCEPTED_AS_THEY_ARE = ("targets", "refunds")


@dataclass(frozen=True)
class Seen:
    """What a run left: its end, its steps, the publication, and the newest loads with their refused rows."""

    ended: Ended
    materialized: frozenset[dg.AssetKey]
    publication: Path
    files: Mapping[str, str]
    loads: Mapping[str, JudgedLoad]
    refused: Mapping[str, list[tuple]]

    def published(self, query: str) -> list[tuple]:
        with duckdb.connect(str(self.publication / "warehouse.duckdb"), read_only=True) as connection:
            return connection.execute(query).fetchall()


@pytest.fixture(scope="module")
def world(new_world: Callable[[str], World]) -> World:
    world = new_world("bad_input")
    world.configure(SOURCES)
    for name, content in GOOD.items():
        world.write(name, content)
    return world


@pytest.fixture(scope="module")
def good(world: World) -> Seen:
    return _look(world, world.run())


@pytest.fixture(scope="module")
def spoiled(world: World, good: Seen) -> Seen:
    assert good.ended.exit_code == 0, good.ended.output
    _spoil(world)
    return _look(world, world.run())


@pytest.fixture(scope="module")
def mended(world: World, spoiled: Seen) -> Seen:
    shop = world.folder / "shop"
    for name in ("web_events.csv.gz", "campaigns.xlsx", "campaign_touches.xlsx", "loyalty_movements.csv"):
        (shop / name).unlink()
    for name, content in MENDED.items():
        world.write(f"shop/{name}", content)
    world.write("shop/orders.csv", _many_orders(lambda number: "10.00"))
    accepted = [f"--accept-load={spoiled.loads[table].load_id}" for table in ACCEPTED_AS_THEY_ARE]
    return _look(world, world.run(*accepted))


@pytest.fixture(scope="module")
def unreached(world: World, mended: Seen) -> Seen:
    assert mended.ended.exit_code == 0, mended.ended.output
    shutil.rmtree(world.folder / "depot")
    office = world.folder / "office"
    office.chmod(0o000)
    more = "C2,Bo,2025-06-01\n"
    world.write("shop/customers.csv", GOOD["shop/customers.csv"] + more)
    try:
        return _look(world, world.run(preexec_fn=_obey_permissions))
    finally:
        office.chmod(0o755)


def _spoil(world: World) -> None:
    shop = world.folder / "shop"
    (shop / "leads.csv").unlink()
    world.write("shop/customers.csv", GOOD["shop/customers.csv"] + "C3,Cy,2025-06-01\n")
    world.write("shop/tickets.csv", b"")
    world.write("shop/web_events.csv.gz", gzip.compress(MENDED["web_events.csv"].encode())[:-12])
    world.write("shop/interactions.csv", MENDED["interactions.csv"].encode("iso-8859-1"))
    world.write("shop/survey_responses.csv", "response_id,survey_id,survey_id\nR1,S1,S1\n")
    world.write("shop/consents.csv", "consent_id,customer_id,,is_granted,recorded_at\nX1,C1,,true,2025-06-02\n")
    world.write("shop/campaigns.xlsx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(4096))
    _write_bomb(shop / "campaign_touches.xlsx")
    outside = world.write("loyalty_movements.csv", MENDED["loyalty_movements.csv"])
    (shop / "loyalty_movements.csv").symlink_to(outside)
    world.write("shop/order_lines.csv", b"order_id,line_number\n" + b"1" * 100_000_000)
    world.write("shop/plan.csv", "name,target_value\norders,100\n")
    world.write("shop/subscriptions.csv", "number,customer_id,recurring_amount\nB1,C1,5\n")
    world.write("shop/orders.csv", _many_orders(lambda number: "10.00" if number % 2 else "ten"))
    refunds = (f"F{number},2025-06-02,{'5.00' if number < 4 else 'five'}\n" for number in range(10))
    world.write("shop/refunds.csv", "refund_id,refunded_at,amount\n" + "".join(refunds))


def _write_bomb(path: Path) -> None:
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as book,
        book.open("xl/worksheets/sheet1.xml", "w") as sheet,
    ):
        for _ in range(66):
            sheet.write(bytes(16 << 20))


def _many_orders(amount_of: Callable[[int], str]) -> str:
    lines = (f"O{number},C1,2025-06-02,completed,{amount_of(number)}\n" for number in range(20_000))
    return "order_id,customer_id,ordered_at,status,net_amount\n" + "".join(lines)


def _obey_permissions() -> None:
    """Take from the superuser what lets it read any folder; for other users nothing changes."""
    drop_from_bounding_set = 24
    for capability_to_override in (1, 2):
        ctypes.CDLL(None).prctl(drop_from_bounding_set, capability_to_override, 0, 0, 0)


def _look(world: World, ended: Ended) -> Seen:
    loads = {load.table_name: load for load in world.lake.judged_loads()}
    publication = world.database.resolve().parent
    files = {
        str(path.relative_to(publication)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in publication.rglob("*")
        if path.is_file()
    }
    return Seen(
        ended,
        _materialized(world),
        publication,
        files,
        loads,
        {name: _refused(load) for name, load in loads.items()},
    )


def _materialized(world: World) -> frozenset[dg.AssetKey]:
    """The assets that the latest run made."""
    with instance_of(load_settings(world.folder / "lifecycle.yml")) as instance:
        run_id = instance.get_runs(limit=1)[0].run_id
        entries = instance.all_logs(run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION)
    return frozenset(entry.dagster_event.asset_key for entry in entries)


def _refused(load: JudgedLoad) -> list[tuple]:
    if not load.verdict["rows_quarantined"]:
        return []
    query = "select row_key, failed_rules, payload from read_parquet(?)"
    return duckdb.execute(query, [str(load.quarantine_path)]).fetchall()


def test_a_good_world_is_published(good: Seen) -> None:
    assert good.ended.exit_code == 0
    assert good.published("select count(*) from core.fct_orders") == [(1,)]


def test_one_refused_load_is_enough_to_end_with_exit_code_1(spoiled: Seen) -> None:
    assert spoiled.ended.exit_code == 1
    assert "Nothing was published" in spoiled.ended.output
    assert "Traceback" not in spoiled.ended.output


@pytest.mark.parametrize(("table", "outcome", "reason"), [(table, *of) for table, of in SPOILED.items()])
def test_a_spoiled_table_is_refused_for_its_reason(spoiled: Seen, table: str, outcome: str, reason: str) -> None:
    load = spoiled.loads[table]
    assert load.verdict["outcome"] == outcome
    assert not load.is_accepted
    assert reason in load.verdict["reason"]


@pytest.mark.parametrize("table", SPOILED)
def test_the_terminal_names_the_refused_load_and_the_remedy(spoiled: Seen, table: str) -> None:
    said = [line for line in spoiled.ended.output.splitlines() if f"✗ valid/{table} " in line]
    assert len(said) == 1
    assert spoiled.loads[table].verdict["reason"] in said[0]
    assert f"--accept-load {spoiled.loads[table].load_id}" in said[0]


@pytest.mark.parametrize("table", [table for table, (outcome, _) in SPOILED.items() if outcome == "unreadable"])
def test_a_file_that_cannot_be_read_is_one_quarantined_row_with_its_reason(spoiled: Seen, table: str) -> None:
    ((_, failed_rules, payload),) = spoiled.refused[table]
    assert failed_rules == "file_is_readable"
    assert SPOILED[table][1] in json.loads(payload)["reason"]


def test_all_rows_of_a_misshapen_file_are_quarantined(spoiled: Seen) -> None:
    ((_, failed_rules, _),) = spoiled.refused["subscriptions"]
    assert failed_rules == "key_columns_are_there"


def test_a_hopeless_load_lets_no_row_through(spoiled: Seen) -> None:
    verdict = spoiled.loads["orders"].verdict
    counts = [verdict[name] for name in ("rows_read", "rows_valid", "rows_quarantined", "rows_duplicate")]
    assert counts == [20_000, 0, 20_000, 0]
    assert len(spoiled.refused["orders"]) == 20_000


def test_a_good_table_is_judged_beside_the_spoiled_ones(spoiled: Seen) -> None:
    load = spoiled.loads["customers"]
    assert load.is_accepted
    assert (load.verdict["outcome"], load.verdict["rows_valid"]) == ("clean", 2)


def test_what_was_published_before_stays_byte_for_byte(good: Seen, spoiled: Seen) -> None:
    assert spoiled.publication == good.publication
    assert spoiled.files == good.files


def test_a_refused_load_keeps_dbt_from_starting(good: Seen, spoiled: Seen) -> None:
    assert dg.AssetKey(["core", "fct_orders"]) in good.materialized
    assert "Building the models" in good.ended.output
    assert {key.path[0] for key in spoiled.materialized} == {"raw", "valid"}
    assert "Building the models" not in spoiled.ended.output


def test_once_mended_or_accepted_everything_is_published(good: Seen, mended: Seen) -> None:
    assert mended.ended.exit_code == 0
    assert mended.publication != good.publication
    assert mended.published("select count(*) from core.fct_orders") == [(20_001,)]


@pytest.mark.parametrize(
    ("table", "fates"),
    [
        ("orders", [("fixed_at_source", 20_000)]),
        ("leads", [("discarded", 1)]),
        ("subscriptions", [("discarded", 1)]),
        ("refunds", [("released", 6)]),
        ("targets", [("released", 1)]),
    ],
)
def test_every_refused_row_has_its_fate(mended: Seen, table: str, fates: list[tuple[str, int]]) -> None:
    query = "select fate, count(*) from quality.fct_quarantined_rows where table_name = '{}' group by all"
    assert mended.published(query.format(table)) == fates


def test_the_survivors_of_an_accepted_load_are_valid(mended: Seen) -> None:
    rows = mended.published("select refund_id from core.fct_refunds order by all")
    assert rows == [("F0",), ("F1",), ("F2",), ("F3",)]


def test_the_balance_of_rows_closes_for_every_load(mended: Seen) -> None:
    balances = mended.published(
        "select table_name, rows_read, rows_valid, rows_quarantined, rows_duplicate "
        "from quality.fct_row_balances where source_system = 'shop'"
    )
    assert all(read == valid + refused + duplicate for _, read, valid, refused, duplicate in balances)
    assert ("refunds", 10, 4, 6, 0) in balances
    assert ("targets", 1, 0, 1, 0) in balances
    assert ("orders", 20_000, 0, 20_000, 0) in balances
    assert ("orders", 20_000, 20_000, 0, 0) in balances


def test_sources_that_cannot_be_read_end_with_exit_code_3(world: World, unreached: Seen) -> None:
    assert unreached.ended.exit_code == 3
    assert f"source depot: the folder {world.folder / 'depot'} is not there; create or" in unreached.ended.output
    assert f"source office: the folder {world.folder / 'office'} cannot be entered;" in unreached.ended.output


def test_the_rest_is_published_with_what_they_brought_before(mended: Seen, unreached: Seen) -> None:
    assert unreached.publication != mended.publication
    assert unreached.published("select product_id from core.dim_products") == [("P1",)]
    assert unreached.published("select employee_id from core.dim_employees") == [("E1",)]
    assert unreached.published(
        "select count(*) from core.bridge_customer_identities where source_customer_id = 'C2'"
    ) == [(1,)]


def test_the_freshness_of_an_unread_source_is_stale(unreached: Seen) -> None:
    query = """
        select source_system, table_name, status from quality.fct_source_freshness
        where (source_system, table_name)
            in (('depot', 'products'), ('office', 'employees'), ('shop', 'orders'))
        order by all
    """
    assert unreached.published(query) == [
        ("depot", "products", "stale"),
        ("office", "employees", "stale"),
        ("shop", "orders", "fresh"),
    ]


def test_a_part_that_reads_what_was_never_built_says_how_to_build_it(new_world: Callable[[str], World]) -> None:
    world = new_world("part")
    world.configure()
    world.write("shop/orders.csv", "order_id,ordered_at,status,net_amount\n1,2026-06-01,completed,5\n")
    ended = world.run("--select", "marts/fct_nps_periods")
    assert ended.exit_code == 1
    assert "select all that it is made from by a + before it" in " ".join(ended.output.split())
