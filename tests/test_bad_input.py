"""Bad input of every kind ends as the failure policy says, and what was published stays as it was.

One world lives through four runs: all is good; nearly every file is spoiled; what can be mended is
mended and the rest is accepted as it is; two of three sources cannot be read any more.
"""

import gzip
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import dagster as dg
import pytest
from worlds import Ended, World

SOURCES = (
    {
        "name": "shop",
        "type": "files",
        "path": "./shop",
        "tables": {
            "leads": {"file": "leads.csv"},
            "interactions": {"file": "interactions.csv", "encoding": "utf-8"},
            "targets": {
                "query": "select *, date '2025-06-01' as period_month from read_csv('{path}/plan.csv')"
            },
        },
    },
    {"name": "depot", "type": "files", "path": "./depot"},
    {"name": "office", "type": "files", "path": "./office"},
)
ORDERS = "order_id,customer_id,ordered_at,status,net_amount\n"
REFUNDS = "refund_id,order_id,refunded_at,amount\n"
ORDER_COUNT, REFUND_COUNT, BAD_REFUND_COUNT = 20_000, 10, 6

# What is wrong with the only file of a table: the outcome, and a part of the reason.
SPOILED = {
    "leads": ("unreadable", "leads.csv is missing; deliver it, or correct the configuration."),
    "tickets": ("unreadable", "tickets.csv is empty: not even a header; deliver it with its header."),
    "web_events": ("unreadable", "web_events.csv.gz is truncated: its compressed content ends early;"),
    "interactions": ("unreadable", "interactions.csv is not utf-8: byte 66 (line 2) cannot be decoded;"),
    "survey_responses": ("unreadable", "'survey_id' stands more than once in the header; rename or remove"),
    "consents": ("unreadable", "consents.csv: column 3 of 5 has no name; name it in the header, or remove"),
    "campaigns": ("unreadable", "campaigns.xlsx is protected by a password or of the old .xls format;"),
    "campaign_touches": ("unreadable", "like an archive made to fill the disk; deliver it unpacked."),
    "loyalty_movements": ("unreadable", "leads out of the source's folder; put the file itself into"),
    "order_lines": ("unreadable", "order_lines.csv: line 2 is longer than 16 MB; deliver a file with one"),
    "targets": ("unreadable", "the query of targets: it fails with:"),
    "subscriptions": ("misshapen", "subscription_id"),
    "orders": ("hopeless", "10,000 of 20,000 rows (50.0%) are refused: 10,000 break"),
    "refunds": ("hopeless", "6 of 10 rows (60.0%) are refused"),
}
ACCEPTED_AS_THEY_ARE = ("targets", "refunds")
MENDED = {
    "leads.csv": "lead_id,created_at\nL1,2025-06-02\n",
    "tickets.csv": "ticket_id,customer_id,opened_at\nT1,C1,2025-06-02\n",
    "web_events.csv.gz": gzip.compress(b"event_id,event_name,occurred_at\nW1,view,2025-06-02\n"),
    "interactions.csv": "interaction_id,customer_id,occurred_at,outcome\nI1,C1,2025-06-02,schön\n",
    "survey_responses.csv": (
        "response_id,survey_id,question_type,responded_at,score,scale_min,scale_max\n"
        "R1,S1,nps,2025-06-02,9,0,10\n"
    ),
    "consents.csv": "consent_id,customer_id,purpose,is_granted,recorded_at\nX1,C1,marketing,true,2025-06-02\n",
    "campaigns.csv": "campaign_id,name\nK1,Summer\n",
    "campaign_touches.csv": "touch_id,campaign_id,action,touched_at\nK1,K1,sent,2025-06-02\n",
    "loyalty_movements.csv": "movement_id,customer_id,kind,points,occurred_at\nM1,C1,earn,5,2025-06-02\n",
    "order_lines.csv": "order_id,line_number,product_id,quantity,net_amount\nO1,1,P1,1,10\n",
    "subscriptions.csv": "subscription_id,customer_id,recurring_amount,started_at\nB1,C1,5,2025-06-02\n",
}


@dataclass(frozen=True)
class Story:
    """The four runs, and what was published or recorded in between."""

    world: World
    good: Ended
    spoiled: Ended
    mended: Ended
    unreached: Ended
    published_at_first: Mapping[str, str]
    published_when_spoiled: Mapping[str, str]
    steps_when_good: Mapping[str, set[dg.AssetKey]]
    steps_when_spoiled: Mapping[str, set[dg.AssetKey]]
    verdicts_when_spoiled: Mapping[str, Mapping]
    refused_when_spoiled: Mapping[str, list[tuple]]
    fates_when_mended: list[tuple]


@pytest.fixture(scope="module")
def story(new_world: Callable[[str], World]) -> Story:
    world = new_world("bad_input")
    _write_good_world(world)
    good = world.run()
    published_at_first, steps_when_good = _published_files(world), _last_run(world)
    _spoil(world)
    spoiled = world.run()
    seen = {
        "published_when_spoiled": _published_files(world),
        "steps_when_spoiled": _last_run(world),
        "verdicts_when_spoiled": {table: world.judged(table).verdict for table in (*SPOILED, "customers")},
        "refused_when_spoiled": {table: _refused(world, table) for table in SPOILED},
    }
    accepted = [f"--accept-load={world.judged(table).load_id}" for table in ACCEPTED_AS_THEY_ARE]
    _mend(world)
    mended = world.run(*accepted)
    fates = world.published(
        "select table_name, fate, count(*) from quality.fct_quarantined_rows group by all order by all"
    )
    _take_away(world)
    unreached = world.run(preexec_fn=_obey_permissions)
    (world.folder / "office").chmod(0o755)
    return Story(
        world=world,
        good=good,
        spoiled=spoiled,
        mended=mended,
        unreached=unreached,
        published_at_first=published_at_first,
        steps_when_good=steps_when_good,
        fates_when_mended=fates,
        **seen,
    )


def _orders(amount_of: Callable[[int], object]) -> str:
    lines = (
        f"O{number},C1,2025-06-{1 + number % 28:02d}T10:00:00,completed,{amount_of(number)}\n"
        for number in range(ORDER_COUNT)
    )
    return ORDERS + "".join(lines)


def _write_good_world(world: World) -> None:
    world.configure(SOURCES)
    world.write("shop/customers.csv", "customer_id,full_name,created_at\nC1,Ann,2025-05-01\n")
    world.write("shop/orders.csv", f"{ORDERS}N1,C1,2025-05-02T10:00:00,completed,7.00\n")
    world.write("shop/leads.csv", "lead_id,created_at\nL0,2025-05-01\n")
    world.write("shop/plan.csv", "metric_name,target_value\norders,100\n")
    world.write("depot/products.csv", "product_id,name\nP1,Lamp\n")
    world.write("office/employees.csv", "employee_id,full_name\nE1,Eve\n")


def _spoil(world: World) -> None:
    shop = world.folder / "shop"
    world.write(
        "shop/customers.csv", "customer_id,full_name,created_at\nC1,Ann,2025-05-01\nC2,Bo,2025-06-01\n"
    )
    (shop / "leads.csv").unlink()
    world.write("shop/tickets.csv", b"")
    world.write(
        "shop/web_events.csv.gz", gzip.compress(b"event_id\n" + os.urandom(5000).hex().encode())[:900]
    )
    mended = str(MENDED["interactions.csv"])
    world.write("shop/interactions.csv", mended.encode("iso-8859-1"))
    world.write("shop/survey_responses.csv", "response_id,survey_id,survey_id,question_type\nR1,S1,S1,nps\n")
    world.write(
        "shop/consents.csv", "consent_id,customer_id,,is_granted,recorded_at\nX1,C1,x,true,2025-06-02\n"
    )
    world.write("shop/campaigns.xlsx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(4096))
    _write_bomb(shop / "campaign_touches.xlsx")
    secret = world.write("elsewhere.csv", str(MENDED["loyalty_movements.csv"]))
    (shop / "loyalty_movements.csv").symlink_to(secret)
    world.write(
        "shop/order_lines.csv", b"order_id,line_number,product_id,quantity,net_amount\n" + b"x" * 100_000_000
    )
    world.write("shop/plan.csv", "metric,value\norders,100\n")
    world.write("shop/targets.sql", "")
    world.write(
        "shop/subscriptions.csv", "number,customer_id,recurring_amount,started_at\nB1,C1,5,2025-06-02\n"
    )
    world.write("shop/orders.csv", _orders(lambda number: 10 if number % 2 else "ten"))
    world.write("shop/refunds.csv", _refunds())
