"""The demo company as a whole: every table of every system, made, soiled and sent."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from orchestration.demo.accounts import SYSTEMS as SYSTEM_NAMES
from orchestration.demo.accounts import Accounts, register
from orchestration.demo.buying import BuyingProcess
from orchestration.demo.catalogue import exchange_rates, products
from orchestration.demo.consents import consents, erasure_requests
from orchestration.demo.contracts import subscriptions
from orchestration.demo.customers import crm_customers, last_seen, service_customers, shop_customers
from orchestration.demo.delivery import placed, worded, write, write_configuration, write_truth
from orchestration.demo.desk import survey_responses, tickets
from orchestration.demo.dirt import soil
from orchestration.demo.draws import stream
from orchestration.demo.flaws import FLAWS
from orchestration.demo.layout import DELIVERIES, Delivery, configuration
from orchestration.demo.loyalty import loyalty_movements
from orchestration.demo.marketing import campaign_touches, campaigns, marketing_spend, targets
from orchestration.demo.people import People, meet
from orchestration.demo.period import Period, Season, season
from orchestration.demo.purchases import Trade, trade
from orchestration.demo.selling import employees, interactions, leads, opportunities
from orchestration.demo.shop import keep_books
from orchestration.demo.summary import DemoSummary
from orchestration.demo.visits import web_events
from orchestration.demo.vocabulary import MONEY_PER_UNIT
from orchestration.feed import TABLES

LEAST_CUSTOMERS = 50


@dataclass(frozen=True)
class _World:
    """What everything else is derived from."""

    seed: int
    season: Season
    people: People
    accounts: Mapping[str, Accounts]
    trade: Trade

    @property
    def period(self) -> Period:
        return self.season.period


def make(out: Path, *, customers: int, seed: int, end: date) -> DemoSummary:
    """Write the demo company; the same arguments give the same bytes."""
    if customers < LEAST_CUSTOMERS:
        raise ValueError(f"The demo company has {customers} customers: give it {LEAST_CUSTOMERS} or more.")
    world = _world(customers, seed, end)
    tables = _crm(world) | _shop(world) | _service(world)
    sent = {delivery.name: _send(tables[delivery.name], delivery, seed, out) for delivery in DELIVERIES}
    dirty = pl.concat([flaws for _, flaws in sent.values()])
    rows = {name: number for name, (number, _) in sent.items()}
    counts = _counts(dirty)
    write_configuration(configuration(), out / "lifecycle.yml")
    _write_truth(world, dirty, {"rows": rows, "flaws": counts}, out / "truth")
    return DemoSummary(out, customers, seed, end, rows, counts)


def _send(table: pl.DataFrame, delivery: Delivery, seed: int, out: Path) -> tuple[int, pl.DataFrame]:
    """Soil and write one table; its number of rows, and one row per flaw."""
    rng = stream(seed, f"dirt in {delivery.name}")
    key = TABLES[delivery.table].key
    soiled = soil(worded(table, delivery), FLAWS.get(delivery.name, ()), rng, key)
    write(soiled.frame, delivery, out)
    rows = soiled.frame.height
    flaws = soiled.planted.select(
        pl.lit(delivery.table).alias("table"),
        pl.lit(delivery.system.name).alias("source"),
        *placed(delivery, rows),
        "row_key",
        "kind",
        "expected_demand",
        "expected_outcome",
    )
    return rows, flaws


def _world(customers: int, seed: int, end: date) -> _World:
    year = season(Period(end))
    people = meet(customers, seed, year)
    accounts = register(people, seed)
    return _World(seed, year, people, accounts, trade(people, accounts["shop"], year, seed))


def _crm(world: _World) -> dict[str, pl.DataFrame]:
    people, crm, period, seed = world.people, world.accounts["crm"], world.period, world.seed
    staff = employees(people.count, seed)
    owners = staff["employee_id"]
    return {
        "crm.employees": staff,
        "crm.customers": crm_customers(
            people,
            world.accounts,
            employees=owners,
            seen_at=last_seen(people, world.trade.orders),
            period=period,
            seed=seed,
        ),
        "crm.leads": leads(people, crm, owners=owners, period=period, seed=seed),
        "crm.opportunities": opportunities(people, crm, owners=owners, period=period, seed=seed),
        "crm.interactions": interactions(people, crm, owners=owners, period=period, seed=seed),
        "crm.consents": consents(people, crm, period, seed),
        "crm.erasure_requests": erasure_requests(people, crm, period, seed),
    }


def _shop(world: _World) -> dict[str, pl.DataFrame]:
    people, shop, period, seed = world.people, world.accounts["shop"], world.period, world.seed
    orders = world.trade.orders
    catalogue = products(seed)
    books = keep_books(orders, people, shop, catalogue=catalogue, period=period, seed=seed)
    visits = web_events(orders, people, shop, products=catalogue["product_id"], season=world.season, seed=seed)
    accounts = shop_customers(
        people,
        world.accounts,
        campaigns=campaigns(people.count, period, seed),
        seen_at=last_seen(people, orders),
        period=period,
        seed=seed,
    )
    return {
        "shop.customers": accounts,
        "shop.products": catalogue,
        "shop.orders": books.orders,
        "shop.order_lines": books.lines,
        "shop.refunds": books.refunds,
        "shop.subscriptions": subscriptions(people, shop, period, seed),
        "shop.loyalty_movements": loyalty_movements(orders, books, people, shop, period=period, seed=seed),
        "shop.web_events": visits,
        "shop.exchange_rates": exchange_rates(seed, period),
    }


def _service(world: _World) -> dict[str, pl.DataFrame]:
    people, desk, period, seed = world.people, world.accounts["service"], world.period, world.seed
    staff = employees(people.count, seed)["employee_id"]
    cases = tickets(people, desk, owners=staff, period=period, seed=seed)
    plan = campaigns(people.count, period, seed)
    answers = survey_responses(
        people,
        desk,
        world.trade.orders,
        cases,
        dropout_at=world.trade.dropout_at(people.count),
        period=period,
        seed=seed,
    )
    return {
        "service.customers": service_customers(people, world.accounts, period=period, seed=seed),
        "service.tickets": cases.frame,
        "service.survey_responses": answers,
        "service.campaigns": plan,
        "service.campaign_touches": campaign_touches(plan, people, desk, period=period, seed=seed),
        "service.marketing_spend": marketing_spend(plan, people.count, period, seed),
        "service.targets": targets(people.count, period),
    }


def _counts(dirty: pl.DataFrame) -> dict[str, dict[str, int]]:
    """How many of each kind in each table of each system."""
    counted = dirty.group_by("source", "table", "kind", maintain_order=True).len()
    counts: dict[str, dict[str, int]] = {}
    for source, table, kind, number in counted.iter_rows():
        counts.setdefault(f"{source}.{table}", {})[kind] = number
    return counts


def _write_truth(world: _World, dirty: pl.DataFrame, counts: dict[str, Any], folder: Path) -> None:
    people = world.people.frame.get_column("person_id")
    identities = pl.concat(
        [
            pl.DataFrame(
                {
                    "person_id": people.gather(world.accounts[system].person),
                    "source_system": pl.repeat(system, len(world.accounts[system].person), eager=True),
                    "customer_id": world.accounts[system].customer_id,
                },
            )
            for system in SYSTEM_NAMES
        ],
    ).sort("person_id", "source_system", "customer_id")
    known_by = np.sum([world.accounts[system].knows for system in SYSTEM_NAMES], axis=0)
    parameters = {
        "buying_process": asdict(BuyingProcess()),
        "money_per_unit_of_value": dict(MONEY_PER_UNIT),
        "people_known_by_systems": {str(number): int(np.sum(known_by == number)) for number in (1, 2, 3)},
        "first_day": world.period.first_day.isoformat(),
        "last_day": world.period.end.isoformat(),
    }
    tables = {"dirty_rows": dirty, "identities": identities, "buyers": world.trade.buyers}
    write_truth(tables, {"parameters": parameters, "counts": counts}, folder)
