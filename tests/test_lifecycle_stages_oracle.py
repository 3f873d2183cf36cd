"""The stage of every customer on every day, told by walking through the days, against the published stays."""

import random
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
import yaml
from dbt.adapters.duckdb import DuckDBConnectionManager
from dbt.cli.main import dbtRunner

ROOT = Path(__file__).parent.parent
FIRST_DAY, AS_OF = date(2025, 1, 1), date(2025, 8, 31)
ALL_DAYS = [FIRST_DAY + timedelta(days=number) for number in range((AS_OF - FIRST_DAY).days + 1)]
CUSTOMER_COUNT = 500
# Short spans make coincidences of thresholds frequent, which is where machines err.
PARAMETERS = {
    "lapse_days": 24,
    "at_risk_days": 12,
    "loyal_order_count": 3,
    "loyal_tenure_days": 20,
    "loyal_gap_days": 9,
    "reactivated_days": 15,
    "contract_grace_days": 4,
}


@dataclass(frozen=True)
class Service:
    """A paid subscription: service from the first day until the day without it."""

    paid_from: date
    ends: date | None
    cancelled: date | None
    billing_months: int

    def covers(self, day: date) -> bool:
        return self.paid_from <= day and (self.ends is None or day < self.ends)

    def days(self) -> list[date]:
        return [day for day in ALL_DAYS if self.covers(day)]

    def periods(self) -> list[date]:
        """The days on which a paid period begins, told from the first and never from the one before."""
        begun = [months_after(self.paid_from, number * self.billing_months) for number in range(12)]
        return [day for day in begun if self.covers(day)]


@dataclass(frozen=True)
class Opportunity:
    """A chance of a sale; once won it waits for the first purchase."""

    opened: date
    closed: date | None
    is_won: bool

    def is_open(self, day: date) -> bool:
        return self.opened <= day and (self.is_won or self.closed is None or day < self.closed)


@dataclass(frozen=True)
class Customer:
    """What happened to one customer; every order counts."""

    known: date
    contacts: list[date]
    opportunities: list[Opportunity]
    orders: list[date]
    services: list[Service]
    terminated: date | None


def days(number: int) -> timedelta:
    return timedelta(days=number)


def months_after(day: date, number: int) -> date:
    month = day.month - 1 + number
    first = date(day.year + month // 12, month % 12 + 1, 1)
    last = (first.replace(day=28) + days(4)).replace(day=1) - days(1)
    return min(first + days(day.day - 1), last)


def random_service(draw: random.Random, start: date) -> Service:
    end = start + days(draw.randint(1, 120)) if draw.random() < 0.8 else None
    cancelled = None
    if end and draw.random() < 0.6:
        cancelled = end - days(draw.randint(0, 20))
    return Service(start, end, cancelled, draw.choice([1, 1, 3]))


def random_services(draw: random.Random, start: date) -> list[Service]:
    """Contracts that follow each other with and without a gap, or run side by side."""
    services = [random_service(draw, start)]
    while draw.random() < 0.6:
        former = services[-1]
        next_start = (former.ends or former.paid_from) + days(draw.choice([-3, 0, 1, 3, 4, 5, 6, 24, 40]))
        services.append(random_service(draw, max(next_start, start)))
    return services


def random_orders(draw: random.Random, day: date) -> list[date]:
    """Gaps on both sides of every threshold, and several orders on one day."""
    orders = [day]
    for _ in range(draw.randint(0, 13)):
        orders.append(orders[-1] + days(draw.choice([0, 1, 3, 7, 9, 10, 11, 12, 13, 23, 24, 25, 36])))
    return orders


def random_opportunity(draw: random.Random, opened: date) -> Opportunity:
    closed = opened + days(draw.randint(0, 30)) if draw.random() < 0.7 else None
    return Opportunity(opened, closed, is_won=closed is not None and draw.random() < 0.4)


def random_customer(draw: random.Random) -> Customer:
    known = FIRST_DAY + days(draw.randint(0, 60))

    def some_day() -> date:
        return known + days(draw.randint(0, 90))

    orders = random_orders(draw, some_day()) if draw.random() < 0.75 else []
    # a contract often begins on the day of the order that pays for it
    start = draw.choice(orders) if orders and draw.random() < 0.5 else some_day()
    return Customer(
        known=known,
        contacts=[some_day() for _ in range(draw.choice([0, 1, 1, 2]))],
        opportunities=[random_opportunity(draw, some_day()) for _ in range(draw.choice([0, 0, 1, 2]))],
        orders=orders,
        services=random_services(draw, start) if draw.random() < 0.4 else [],
        terminated=some_day() + days(60) if draw.random() < 0.05 else None,
    )


class Walk:
    """One customer's way, a day at a time, knowing nothing of intervals."""

    def __init__(self, customer: Customer) -> None:
        self.customer = customer
        self.first_purchase: date | None = None
        self.last_order: date | None = None
        self.contract_since: date | None = None
        self.reactivated: date | None = None
        self.is_churned = False
        self.served = {day for service in customer.services for day in service.days()}
        self.begun = {day for service in customer.services for day in service.periods()}

    def is_served(self, day: date) -> bool:
        return day in self.served

    def is_within_grace(self, day: date) -> bool:
        """No service, but some before, and nobody can say yet, or ever will, that the grace ran out."""
        if self.is_served(day) or not self.served or day < min(self.served):
            return False
        unserved_since = day
        while not self.is_served(unserved_since - days(1)):
            unserved_since -= days(1)
        waiting = [unserved_since + days(number) for number in range(PARAMETERS["contract_grace_days"] + 1)]
        return any(later > AS_OF or self.is_served(later) for later in waiting)

    def has_notice_on_everything(self, day: date) -> bool:
        return all(
            service.cancelled is not None and service.cancelled <= day
            for service in self.customer.services
            if service.covers(day)
        )

    def purchase(self, day: date) -> None:
        self.first_purchase = self.first_purchase or day
        if self.is_churned:
            self.reactivated = day
        self.is_churned = False

    def step(self, day: date) -> None:
        """Move to the close of the day: a purchase on the very day of a loss wins."""
        is_under_contract = self.is_served(day) or self.is_within_grace(day)
        has_ended = self.contract_since is not None and not is_under_contract
        if is_under_contract and self.contract_since is None:
            self.contract_since = day
            self.purchase(day)
        if not is_under_contract:
            self.contract_since = None
        has_ordered = day in self.customer.orders
        if has_ordered and not is_under_contract:
            self.purchase(day)
        elif has_ended:
            self.is_churned = True
        elif not is_under_contract and self.last_order is not None and not self.is_churned:
            self.is_churned = (day - self.last_order).days >= PARAMETERS["lapse_days"]
        if has_ordered and not is_under_contract:
            self.last_order = day

    def stage(self, day: date) -> str:
        if self.customer.terminated and self.customer.terminated <= day:
            return "terminated"
        if self.first_purchase is None:
            return self.stage_before_purchase(day)
        if self.is_churned:
            return "churned"
        if self.contract_since is not None:
            if not self.is_served(day) or self.has_notice_on_everything(day):
                return "declining"
        elif self.gap(day) >= PARAMETERS["at_risk_days"]:
            return "declining"
        if self.reactivated and (day - self.reactivated).days < PARAMETERS["reactivated_days"]:
            return "reactivated"
        return self.stage_by_count(day, self.first_purchase)

    def gap(self, day: date) -> int:
        return (day - self.last_order).days if self.last_order else 0

    def stage_before_purchase(self, day: date) -> str:
        opened = [opportunity for opportunity in self.customer.opportunities if opportunity.opened <= day]
        if any(opportunity.is_open(day) for opportunity in opened):
            return "opportunity"
        is_engaged = bool(opened) or any(contact <= day for contact in self.customer.contacts)
        return "engaged" if is_engaged else "prospect"

    def stage_by_count(self, day: date, first_purchase: date) -> str:
        if self.contract_since is None:
            order_count = sum(ordered <= day for ordered in self.customer.orders)
        else:
            order_count = sum(ordered < self.contract_since for ordered in self.customer.orders)
        count = max(order_count, sum(begun <= day for begun in self.begun))
        if count == 1 and self.reactivated is None:
            return "new"
        is_close = self.contract_since is not None or self.gap(day) <= PARAMETERS["loyal_gap_days"]
        is_tried = (day - first_purchase).days >= PARAMETERS["loyal_tenure_days"]
        is_loyal = count >= PARAMETERS["loyal_order_count"] and is_tried and is_close
        return "loyal" if is_loyal else "developing"


def stages_by_day(customer: Customer) -> dict[date, str]:
    walk, told = Walk(customer), {}
    for day in ALL_DAYS:
        walk.step(day)
        if day >= customer.known:
            told[day] = walk.stage(day)
    return told


def active_days_by_lapse(customer: Customer) -> set[date]:
    """Days at whose close a buyer has not lapsed; contracts only stop the clock."""
    walk, active, is_active = Walk(customer), set(), False
    last_order = None
    for day in ALL_DAYS:
        if day in customer.orders:
            last_order, is_active = day, True
        elif last_order and (day - last_order).days >= PARAMETERS["lapse_days"]:
            is_active = is_active and is_held_by_contract(walk, day)
        if is_active:
            active.add(day)
    return active


def is_held_by_contract(walk: Walk, day: date) -> bool:
    """Service on the day, or some within as many days before it as the grace has."""
    return any(walk.is_served(day - days(number)) for number in range(PARAMETERS["contract_grace_days"] + 1))


def price(number: int) -> int:
    """What the customer's nth service costs a month."""
    return 7 * (number + 1)


def revenue_by_contract(customer: Customer) -> dict[date, int]:
    """Recurring revenue at the close of each day under contract; a gap that is no loss has that of the day before."""
    grace = PARAMETERS["contract_grace_days"]
    served = {
        day: sum(price(number) for number, service in enumerate(customer.services) if service.covers(day))
        for day in ALL_DAYS
        if any(service.covers(day) for service in customer.services)
    }
    revenue = dict(served)
    for day in set(ALL_DAYS) - served.keys():
        former, later = [each for each in served if each < day], [each for each in served if each > day]
        if former:
            ended = max(former) + days(1)
            if (later and (min(later) - ended).days <= grace) or (not later and (AS_OF - ended).days < grace):
                revenue[day] = served[max(former)]
    return revenue


def write_core(database: Path, customers: dict[str, Customer]) -> None:
    """The core tables that the machine reads, as core would hold them."""
    connection = duckdb.connect(str(database), config={"storage_compatibility_version": "v1.2.0"})
    connection.execute("create schema core; create schema intermediate; create schema marts; create schema seeds")
    connection.execute("""
        create table core.dim_customers (
            customer_key varchar, is_test boolean, is_guest boolean, is_erased boolean, known_on date,
            terminated_on date, deleted_on date, source_stage varchar, acquisition_channel varchar,
            acquisition_country varchar
        );
        create table core.fct_orders (
            customer_key varchar, is_valid boolean, is_acquisition boolean, ordered_on date,
            ordered_at timestamp
        );
        create table core.fct_subscriptions (
            subscription_key varchar, customer_key varchar, billing_period_months integer, started_on date,
            trial_ends_on date, paid_from_on date, cancelled_on date, ends_on date, deleted_on date
        );
        create table intermediate.int_subscription_terms (subscription_key varchar, monthly_amount decimal(28, 8));
        create table intermediate.int_daily_rates (currency varchar, rate_on date, exchange_rate double);
        create table core.fct_opportunities (
            customer_key varchar, is_won boolean, created_on date, closed_on date, deleted_on date
        );
        create table core.fct_activities (
            customer_key varchar, activity_key varchar, activity varchar, occurred_on date,
            occurred_at timestamp
        );
        create table core.fct_survey_responses (
            customer_key varchar, survey_response_key varchar, question_type varchar, score double,
            scale_min integer, scale_max integer, responded_on date, responded_at timestamp
        );
        create table seeds.source_stages (source_stage varchar, stages varchar);
    """)
    for table, rows in core_rows(customers).items():
        schema = "intermediate" if table.startswith("int_") else "core"
        columns = [pa.array(column) for column in zip(*rows, strict=True)]
        connection.register("columns", pa.table(columns, names=[str(number) for number in range(len(columns))]))
        connection.execute(f"insert into {schema}.{table} select * from columns")
    connection.execute("""
        alter table core.fct_subscriptions add column paid_until_on date;
        alter table core.fct_subscriptions add column is_involuntary boolean default false;
        alter table core.fct_orders add column source_system varchar default 'shop';
        alter table core.fct_orders add column order_id varchar;
        alter table core.fct_orders add column order_key varchar;
        update core.fct_orders set order_key = customer_key || ordered_on, order_id = lpad(rowid::varchar, 9, '0');
        create table core.fct_refunds (customer_key varchar, order_key varchar, amount decimal(28, 8), refunded_on date)
    """)
    for column, of in {"plan": "'basic'", "billing_period": "'month'", "currency": "'CNY'"}.items():
        connection.execute(f"alter table intermediate.int_subscription_terms add column {column} varchar default {of}")
    for column in ("held_from", "held_until"):
        connection.execute(f"alter table intermediate.int_subscription_terms add column {column} date")
    for amount in ("gross_amount", "discount_amount", "net_amount", "cost_amount", "net_value_amount"):
        connection.execute(f"alter table core.fct_orders add column {amount} decimal(28, 8) default 1")
    connection.close()


def core_rows(customers: dict[str, Customer]) -> dict[str, list[tuple[object, ...]]]:
    """Nothing after the as-of day: core does not know it."""
    tables = ["dim_customers", "fct_orders", "fct_subscriptions", "fct_opportunities", "fct_activities"]
    rows: dict[str, list[tuple[object, ...]]] = {table: [] for table in [*tables, "int_subscription_terms"]}
    for key, customer in customers.items():
        rows["dim_customers"].append(
            (key, False, False, False, customer.known, customer.terminated, None, None, "shop", "CN")
        )
        orders = [day for day in customer.orders if day <= AS_OF]
        rows["fct_orders"] += [(key, True, number == 0, day, day) for number, day in enumerate(orders)]
        rows["fct_subscriptions"] += [
            (f"{key}-{number}", key, service.billing_months, service.paid_from, None)
            + (service.paid_from, service.cancelled, service.ends, None)
            for number, service in enumerate(customer.services)
        ]
        rows["int_subscription_terms"] += [
            (f"{key}-{number}", price(number)) for number in range(len(customer.services))
        ]
        opportunities = [each for each in customer.opportunities if each.opened <= AS_OF]
        rows["fct_opportunities"] += [
            (key, opportunity.is_won, opportunity.opened, opportunity.closed, None) for opportunity in opportunities
        ]
        contacts = [("interaction_received", day) for day in customer.contacts]
        contacts += [("opportunity_opened", opportunity.opened) for opportunity in opportunities]
        rows["fct_activities"] += [
            (key, f"{key}-{number}", activity, day, day)
            for number, (activity, day) in enumerate(contacts)
            if day <= AS_OF
        ]
    return rows


def run_models(database: Path, target: Path) -> None:
    variables = yaml.safe_dump({"warehouse_path": str(database), "as_of_date": str(AS_OF)} | PARAMETERS)
    arguments = ["run", "--quiet", "--project-dir", str(ROOT), "--profiles-dir", str(ROOT / "dbt_project")]
    arguments += ["--target-path", str(target), "--log-path", str(target), "--vars", variables]
    arguments += ["--select", "path:dbt_project/models/measures/lifecycle", "int_ledger_entries", "int_ledger_days"]
    arguments += ["path:dbt_project/models/measures/churn"]
    result = dbtRunner().invoke([*arguments, "fct_lifecycle_stages", "fct_churn_periods"])
    DuckDBConnectionManager.close_all_connections()
    assert result.success, result.exception or [run.message for run in result.result if run.message]


@pytest.fixture(scope="module")
def customers() -> dict[str, Customer]:
    draw = random.Random(20250831)
    return {f"customer-{number:04}": random_customer(draw) for number in range(CUSTOMER_COUNT)}


@pytest.fixture(scope="module")
def expected(customers: dict[str, Customer]) -> dict[str, dict[date, str]]:
    return {key: stages_by_day(customer) for key, customer in customers.items()}


@pytest.fixture(scope="module")
def warehouse(customers: dict[str, Customer], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("oracle")
    write_core(folder / "oracle.duckdb", customers)
    run_models(folder / "oracle.duckdb", folder / "target")
    return folder / "oracle.duckdb"


def test_the_stays_say_of_every_day_what_the_rules_say_of_it(
    warehouse: Path, customers: dict[str, Customer], expected: dict[str, dict[date, str]]
) -> None:
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        stays = connection.execute(
            "select customer_key, stage, entered_on, exited_on from marts.fct_lifecycle_stages"
        ).fetchall()
    told: dict[str, dict[date, str]] = {key: {} for key in customers}
    for key, stage, entered, exited in stays:
        for number in range(((exited or AS_OF + days(1)) - entered).days):
            day = entered + days(number)
            assert day not in told[key], f"{key} is in two stages on {day}"
            told[key][day] = stage
    for key, customer in customers.items():
        differing = {
            day: (expected[key].get(day), told[key].get(day))
            for day in sorted(expected[key].keys() | told[key].keys())
            if expected[key].get(day) != told[key].get(day)
        }
        assert not differing, f"{key} {customer}: first differing {next(iter(differing.items()))}"


def test_every_stage_occurs_in_the_random_world(expected: dict[str, dict[date, str]]) -> None:
    assert len({stage for stages in expected.values() for stage in stages.values()}) == 10


def test_the_churn_periods_count_the_days_on_which_buyers_come_and_go(
    warehouse: Path, customers: dict[str, Customer]
) -> None:
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        periods = connection.execute("""
            select period_start, period_end, active_start_count, new_count + reactivated_count,
                lost_count + new_and_lost_count, active_end_count
            from marts.fct_churn_periods
            where period_grain = 'month' and segment_type = 'all' and basis = 'logo' and churn_model = 'lapse'
            order by period_start
        """).fetchall()
    active = [active_days_by_lapse(customer) for customer in customers.values()]
    assert len(periods) == (AS_OF.month - FIRST_DAY.month) + 1
    for start, end, at_start, gained, lost, at_end in periods:
        last = min(end, AS_OF + days(1)) - days(1)
        within = [start + days(number) for number in range((last - start).days + 1)]
        assert at_start == sum(start - days(1) in each for each in active)
        assert at_end == sum(last in each for each in active)
        assert gained == sum(day in each and day - days(1) not in each for each in active for day in within)
        assert lost == sum(day not in each and day - days(1) in each for each in active for day in within)


def test_the_churn_by_contract_is_that_of_the_days_under_contract(
    warehouse: Path, customers: dict[str, Customer]
) -> None:
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        periods = connection.execute("""
            select period_start, max(period_end), max(active_start_count), max(new_count + reactivated_count),
                max(lost_count + new_and_lost_count), max(active_end_count), max(start_mrr_amount),
                max(end_mrr_amount), max(churned_mrr_amount), max(expansion_mrr_amount - contraction_mrr_amount)
            from marts.fct_churn_periods
            where period_grain = 'month' and segment_type = 'all' and churn_model = 'contract'
            group by period_start order by period_start
        """).fetchall()
    revenues = [revenue_by_contract(customer) for customer in customers.values()]
    assert len(periods) == (AS_OF.month - FIRST_DAY.month) + 1
    for start, end, *told in periods:
        first, last = start - days(1), min(end, AS_OF + days(1)) - days(1)
        within = [start + days(number) for number in range((last - start).days + 1)]
        stayed = [each for each in revenues if first in each and last in each]
        assert told == [
            sum(first in each for each in revenues),
            sum(day in each and day - days(1) not in each for each in revenues for day in within),
            sum(day not in each and day - days(1) in each for each in revenues for day in within),
            sum(last in each for each in revenues),
            sum(each.get(first, 0) for each in revenues),
            sum(each.get(last, 0) for each in revenues),
            sum(each.get(first, 0) for each in revenues if last not in each),
            sum(each[last] - each[first] for each in stayed),
        ]
