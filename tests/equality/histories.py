"""What may happen to customers of a small company, as rows that its systems write, rewrite and tell late.

A history is a few chapters; a chapter tells of one kind of event, with its corrections, from a number that is drawn.
Histories share products, campaigns, employees and rates, and nothing else, so that many are told at once.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

FIRST_DAY, LAST_DAY = date(2025, 1, 1), date(2026, 3, 31)
DAY_COUNT = (LAST_DAY - FIRST_DAY).days
SOURCES = ("shop", "crm")
# In Shanghai a day begins at 16:00 of the day before in UTC.
TIMES = ("00:00:00", "09:30:00", "15:59:59", "16:00:00", "16:00:01", "23:59:59")
CURRENCIES = ("CNY", "CNY", "CNY", "EUR", "USD", "JPY")
PAIRS = (("EUR", "CNY"), ("CNY", "EUR"), ("USD", "CNY"))
COUNTRIES, CHANNELS = ("CN", "DE", "GB", None), ("web", "store", "partner", None)
WHY = ("price", "switched to Acme", "moved away", None)
PRODUCTS, CAMPAIGNS, EMPLOYEES = ("P1", "P2", "P3", "P4"), ("K1", "K2", "K3"), ("E1", "E2")
# Tables whose rows say when they were written; of the others the latest load holds.
DATED = frozenset({"customers", "leads", "opportunities", "orders", "subscriptions", "tickets"})
Values = dict[str, Any]


@dataclass(frozen=True)
class Row:
    """A row as a source writes it, and the day on which it does."""

    table: str
    source: str
    values: Mapping[str, Any]
    written_on: date


@dataclass
class Told:
    """The rows of one customer's history so far; `draw` decides, the same for the same number."""

    number: int
    source: str
    rewrites_undated: bool
    draw: Random = field(default_factory=Random)
    rows: list[Row] = field(default_factory=list)
    count: int = 0

    @property
    def customer(self) -> str:
        """The first of the customer's ids."""
        return f"C{self.number}"

    def any_id(self) -> str | None:
        """One of the ids that the source has for the person, now and then one that is new, or none."""
        rarely = [f"{self.customer}b", f"{self.customer}c", f"{self.customer}x{self.draw.randrange(99)}", None]
        return self.draw.choice([*[self.customer] * 5, *rarely])

    def own_id(self) -> str:
        """One of the ids that the source has for the person, for a row that must name one."""
        return self.any_id() or self.customer

    def new_id(self, letter: str) -> str:
        """An id that no other row has, or one that is used again."""
        self.count += not self.rewrites_undated or self.draw.random() < 0.9
        return f"{letter}{self.number}.{self.count}"

    def day(self) -> date:
        """Any day, those at the end of which runs look back more often."""
        return FIRST_DAY + timedelta(days=self.draw.randrange(self.draw.choice([0, 300]), DAY_COUNT))

    def later(self, than: date) -> date:
        """A day at or after another: at once, around a threshold, or a year after."""
        return than + timedelta(days=self.draw.choice([0, 1, 2, 9, 10, 29, 30, 31, 59, 60, 61, 150, 370]))

    def at(self, day: date | None) -> str | None:
        """An instant of a day; none of none."""
        return f"{day} {self.draw.choice(TIMES)}" if day else None

    def maybe(self, value: Any, share: float = 0.5) -> Any:
        """A value, or none."""
        return value if self.draw.random() < share else None

    def write(self, table: str, values: Values, *changes: Callable[[Values], Values], on: date) -> None:
        """A row, and later versions of it that each change something, or nothing."""
        written_on, versions = on, [values]
        for change in changes:
            versions.append({**versions[-1], **change(versions[-1])})
        if table not in DATED and not self.rewrites_undated:
            # without a time of writing, the order of loads would decide which of the versions holds
            versions = versions[-1:]
        for version in versions:
            stamp = {"updated_at": self.at(written_on)} if table in DATED else {}
            self.rows.append(Row(table, self.source, {**version, **stamp}, written_on))
            written_on = self.later(written_on)

    def some(self, *changes: Callable[[Values], Values], most: int = 3) -> Sequence[Callable[[Values], Values]]:
        """A few of the changes, in any order, also the same again."""
        return [self.draw.choice(changes) for _ in range(self.draw.randint(0, most))]


def registered(told: Told) -> None:
    """A customer's record: moved, merged and parted again, tested, deleted, let go."""
    draw, day, customer_id = told.draw, told.day(), told.own_id()
    others = [told.customer, f"{told.customer}b", f"{told.customer}c", None, None]
    values = {
        "customer_id": customer_id,
        "customer_type": draw.choice(["person", "company"]),
        "country": draw.choice(COUNTRIES),
        "acquisition_channel": draw.choice(CHANNELS),
        "created_at": told.at(day) if not told.rewrites_undated else told.maybe(told.at(day), 0.8),
        "merged_into_id": draw.choice(others),
        "is_test": draw.random() < 0.1,
        "marketing_consent": told.maybe("true"),
    }
    told.write(
        "customers",
        values,
        *told.some(
            lambda _: {"country": draw.choice(COUNTRIES), "loyalty_tier": told.maybe("gold")},
            lambda _: {"acquisition_channel": draw.choice(CHANNELS)},
            lambda _: {"merged_into_id": draw.choice(others)},
            lambda _: {"merged_into_id": None},
            lambda version: {"is_test": not version["is_test"]},
            lambda _: {"deleted_at": told.maybe(told.at(told.day()))},
            lambda _: {"terminated_at": told.maybe(told.at(told.day())), "termination_reason": "fraud"},
            lambda _: {"company_customer_id": told.any_id(), "referred_by_customer_id": told.any_id()},
            lambda _: {"created_at": told.at(told.day()), "birth_date": told.maybe("1990-05-01")},
            lambda _: {},
            most=4,
        ),
        on=day,
    )


def ordered(told: Told) -> None:
    """An order with lines and refunds: corrected, moved, found to be somebody's, paid back late and less."""
    draw, day, order_id = told.draw, told.day(), told.new_id("O")
    amount = draw.choice([0, 10, 100, 250])
    values = {
        "order_id": order_id,
        "customer_id": told.any_id(),
        "ordered_at": told.at(day),
        "status": draw.choice(["completed", "completed", "completed", "pending", "returned"]),
        "net_amount": amount,
        "gross_amount": told.maybe(amount + 5),
        "cost_amount": told.maybe(amount // 2, 0.3),
        "currency": draw.choice(CURRENCIES),
        "channel": draw.choice(CHANNELS),
        "is_trial": told.maybe("true", 0.1),
        "is_test": told.maybe("true", 0.05),
        "due_on": told.maybe(day, 0.2),
    }
    told.write(
        "orders",
        values,
        *told.some(
            lambda _: {"status": draw.choice(["completed", "cancelled", "returned", "pending"])},
            lambda _: {"net_amount": draw.choice([5, 90, 300]), "gross_amount": None},
            lambda _: {"customer_id": told.any_id()},
            lambda version: {"is_test": None if version["is_test"] else "true"},
            lambda _: {"ordered_at": told.at(told.day())},
            lambda _: {"currency": draw.choice(CURRENCIES)},
            lambda _: {"paid_at": told.at(told.later(day))},
            lambda _: {"is_trial": told.maybe("true")},
        ),
        on=day,
    )
    for number in range(draw.choice([0, 0, 1, 2])):
        _line(told, order_id, number, told.later(day))
    for _ in range(draw.choice([0, 0, 1, 2])):
        _refund(told, draw.choice([order_id, order_id, order_id, None]), amount, told.later(day))


def _line(told: Told, order_id: str, number: int, day: date) -> None:
    draw = told.draw
    values = {
        "order_id": order_id,
        "line_number": number,
        "product_id": draw.choice(PRODUCTS),
        "quantity": draw.choice([1, 3]),
        "net_amount": draw.choice([5, 50, 120]),
        "cost_amount": told.maybe(3, 0.4),
    }
    told.write(
        "order_lines",
        values,
        *told.some(
            lambda _: {"product_id": draw.choice(PRODUCTS)},
            lambda _: {"net_amount": draw.choice([7, 70]), "cost_amount": told.maybe(4)},
            most=2,
        ),
        on=day,
    )


def _refund(told: Told, order_id: str | None, amount: int, day: date) -> None:
    draw = told.draw
    values = {
        "refund_id": told.new_id("R"),
        "order_id": order_id,
        "customer_id": told.any_id(),
        "refunded_at": told.at(day),
        "amount": draw.choice([amount or 1, amount or 1, 5, 400]),
        "currency": draw.choice(CURRENCIES),
    }
    told.write(
        "refunds",
        values,
        *told.some(
            lambda _: {"amount": draw.choice([2, 60, 500])},
            lambda _: {"refunded_at": told.at(told.later(day))},
            lambda _: {"order_id": draw.choice([order_id, None, f"O{told.number}.1"])},
            lambda _: {"customer_id": told.any_id()},
            most=2,
        ),
        on=day,
    )


def subscribed(told: Told) -> None:
    """A contract: tried, paid, dearer, cancelled and taken back, failed, deleted, another's."""
    draw, day = told.draw, told.day()
    values = {
        "subscription_id": told.new_id("S"),
        "customer_id": told.own_id(),
        "plan": draw.choice(["basic", "plus"]),
        "billing_period": draw.choice(["month", "quarter", "year"]),
        "recurring_amount": draw.choice([0, 10, 120]),
        "currency": draw.choice(CURRENCIES),
        "started_at": told.at(day),
        "trial_ends_at": told.maybe(told.at(told.later(day)), 0.3),
        "ends_at": told.maybe(told.at(told.later(day)), 0.3),
    }
    told.write(
        "subscriptions",
        values,
        *told.some(
            lambda _: {"recurring_amount": draw.choice([12, 24, 240]), "plan": draw.choice(["basic", "plus"])},
            lambda _: {"cancelled_at": told.maybe(told.at(told.later(day))), "cancel_reason": draw.choice(WHY)},
            lambda _: {"ends_at": told.maybe(told.at(told.later(told.later(day))))},
            lambda _: {"payment_failed_at": told.at(told.later(day)), "is_involuntary": "true"},
            lambda _: {"deleted_at": told.maybe(told.at(told.later(day)))},
            lambda _: {"customer_id": told.own_id()},
            lambda _: {"currency": draw.choice(CURRENCIES)},
            lambda _: {"started_at": told.at(told.later(day))},
            most=4,
        ),
        on=day,
    )


def pursued(told: Told) -> None:
    """A lead that becomes somebody's, its opportunity and the talks with it."""
    draw, day, lead_id = told.draw, told.day(), told.new_id("L")
    told.write(
        "leads",
        {
            "lead_id": lead_id,
            "customer_id": told.maybe(told.customer, 0.3),
            "channel": draw.choice(CHANNELS),
            "status": draw.choice(["new", "contacted"]),
            "created_at": told.at(day),
        },
        *told.some(
            lambda _: {"status": "contacted", "first_contacted_at": told.maybe(told.at(told.later(day)))},
            lambda _: {"status": "qualified", "qualified_at": told.maybe(told.at(told.later(day)))},
            lambda _: {"status": "converted", "converted_at": told.maybe(told.at(told.later(day)))},
            lambda _: {"customer_id": told.any_id()},
            lambda _: {"channel": draw.choice(CHANNELS), "owner_id": draw.choice(EMPLOYEES)},
            most=4,
        ),
        on=day,
    )
    if draw.random() < 0.6:
        _opportunity(told, lead_id, told.later(day))
    if draw.random() < 0.5:
        talked(told, draw.choice([lead_id, f"{lead_id}y"]))


def _opportunity(told: Told, lead_id: str, day: date) -> None:
    draw = told.draw
    told.write(
        "opportunities",
        {
            "opportunity_id": told.new_id("D"),
            "lead_id": draw.choice([lead_id, lead_id, f"{lead_id}x", None]),
            "customer_id": told.any_id(),
            "stage": "open",
            "amount": draw.choice([100, 900]),
            "currency": draw.choice(CURRENCIES),
            "created_at": told.at(day),
        },
        *told.some(
            lambda _: {"quoted_at": told.at(told.later(day))},
            lambda _: {"contract_signed_at": told.at(told.later(day))},
            lambda _: {
                "closed_at": told.maybe(told.at(told.later(day))),
                "is_won": draw.choice(["true", "false", None]),
            },
            lambda _: {"deleted_at": told.maybe(told.at(told.later(day)))},
            lambda _: {"customer_id": told.any_id(), "lead_id": told.maybe(lead_id)},
            lambda _: {"amount": 500, "currency": draw.choice(CURRENCIES), "lost_reason": "price"},
            most=4,
        ),
        on=day,
    )


def talked(told: Told, lead_id: str | None = None) -> None:
    """A contact between us and the person, dated anew or given to another."""
    draw, day = told.draw, told.day()
    told.write(
        "interactions",
        {
            "interaction_id": told.new_id("I"),
            "customer_id": None if lead_id else told.any_id(),
            "lead_id": lead_id,
            "channel": draw.choice(["phone", "email"]),
            "direction": draw.choice(["inbound", "outbound", None]),
            "outcome": told.maybe("price too high", 0.3),
            "occurred_at": told.at(day),
        },
        *told.some(
            lambda _: {"occurred_at": told.at(told.later(day))},
            lambda _: {"customer_id": told.any_id()},
            lambda _: {"direction": "inbound"},
            most=2,
        ),
        on=day,
    )


def browsed(told: Told) -> None:
    """Events of one browser, with and without a session, before and after signing in."""
    draw, day = told.draw, told.day()
    browser, session = told.maybe(f"A{told.number}", 0.8), told.maybe(f"V{told.number}.{draw.randrange(3)}", 0.6)
    for number in range(draw.randint(1, 4)):
        instant = datetime.combine(day, datetime.min.time()) + timedelta(
            minutes=draw.choice([0, 10, 29, 30, 31, 960]) * number
        )
        told.write(
            "web_events",
            {
                "event_id": told.new_id("W"),
                "customer_id": told.maybe(told.own_id(), 0.4),
                "anonymous_id": browser,
                "session_id": session,
                "event_name": "page",
                "occurred_at": f"{instant}",
                "utm_source": told.maybe("search", 0.3),
                "page": told.maybe("/", 0.5),
            },
            *told.some(
                lambda _: {"customer_id": told.any_id()},
                lambda _: {"session_id": session, "anonymous_id": told.maybe(browser)},
                lambda _: {"session_id": told.maybe(f"V{told.number}.{draw.randrange(3)}")},
                lambda _: {"occurred_at": told.at(told.later(day))},
                most=2,
            ),
            on=day,
        )


def complained(told: Told) -> None:
    """A case at the service desk, with its answer."""
    draw, day = told.draw, told.day()
    told.write(
        "tickets",
        {
            "ticket_id": told.new_id("T"),
            "customer_id": told.any_id(),
            "opened_at": told.at(day),
            "status": "open",
            "category": told.maybe("slow delivery", 0.3),
        },
        *told.some(
            lambda _: {"first_response_at": told.at(told.later(day))},
            lambda _: {"resolved_at": told.at(told.later(day)), "status": "closed"},
            lambda _: {"customer_id": told.any_id(), "is_complaint": draw.choice(["true", "false"])},
            lambda _: {"opened_at": told.at(told.later(day))},
        ),
        on=day,
    )


def asked(told: Told) -> None:
    """A question that is answered late, by somebody or nobody, and answered anew."""
    draw, day = told.draw, told.day()
    is_nps = draw.random() < 0.7
    told.write(
        "survey_responses",
        {
            "response_id": told.new_id("Q"),
            "survey_id": draw.choice(["yearly", "after_order"]),
            "question_type": "nps" if is_nps else draw.choice(["csat", "text"]),
            "customer_id": told.any_id(),
            "sent_at": told.at(day) if not told.rewrites_undated else told.maybe(told.at(day), 0.8),
            "score": told.maybe(draw.randint(0, 10), 0.7) if is_nps else None,
            "responded_at": told.maybe(told.at(told.later(day)), 0.7),
            "scale_min": 0,
            "scale_max": 10,
            "touchpoint": told.maybe("checkout"),
        },
        *told.some(
            lambda _: {"score": draw.randint(0, 10), "responded_at": told.at(told.later(day))},
            lambda _: {"customer_id": told.any_id()},
            lambda _: {"sent_at": told.at(told.later(day))},
            most=2,
        ),
        on=day,
    )


def reached(told: Told) -> None:
    """What a campaign did, and what the person did in return."""
    draw, day = told.draw, told.day()
    told.write(
        "campaign_touches",
        {
            "touch_id": told.new_id("U"),
            "campaign_id": draw.choice(CAMPAIGNS),
            "customer_id": told.any_id(),
            "action": draw.choice(["sent", "opened", "clicked", "converted", "unsubscribed"]),
            "touched_at": told.at(day),
            "channel": draw.choice(CHANNELS),
        },
        *told.some(
            lambda _: {"customer_id": told.any_id()},
            lambda _: {"action": draw.choice(["sent", "clicked"])},
            lambda _: {"touched_at": told.at(told.later(day))},
            most=2,
        ),
        on=day,
    )


def consented(told: Told) -> None:
    """A consent or its withdrawal, for a purpose or none, recorded in time or later."""
    draw, day = told.draw, told.day()
    told.write(
        "consents",
        {
            "consent_id": told.new_id("N"),
            "customer_id": told.own_id(),
            "purpose": draw.choice(["marketing", "marketing", "profiling", None]),
            "is_granted": draw.choice(["true", "false"]),
            "recorded_at": f"{day} 12:00:00",
        },
        *told.some(
            lambda _: {"is_granted": draw.choice(["true", "false"])},
            lambda _: {"customer_id": told.own_id(), "recorded_at": told.at(told.later(day))},
            most=2,
        ),
        on=day,
    )


def collected(told: Told) -> None:
    """Points, and their correction."""
    draw, day = told.draw, told.day()
    told.write(
        "loyalty_movements",
        {
            "movement_id": told.new_id("M"),
            "customer_id": told.own_id(),
            "kind": draw.choice(["earn", "redeem", "reverse"]),
            "points": draw.choice([10, -5]),
            "occurred_at": told.at(day),
        },
        *told.some(lambda _: {"points": 20}, lambda _: {"customer_id": told.own_id()}, most=1),
        on=day,
    )


def asked_to_be_forgotten(told: Told) -> None:
    """A request to be forgotten, by one of the ids or by one that nobody else named."""
    day = told.day()
    values = {"request_id": told.new_id("F"), "customer_id": told.any_id(), "requested_at": told.at(day)}
    told.write("erasure_requests", values, on=day)


CHAPTERS: Mapping[str, Callable[[Told], None]] = {
    chapter.__name__: chapter
    for chapter in (
        registered, ordered, subscribed, pursued, talked, browsed, complained, asked, reached, consented, collected,
        asked_to_be_forgotten,
    )
}  # fmt: skip
# What happens most is what most depends on.
LIKELY = (*CHAPTERS, *["ordered"] * 8, *["registered"] * 4, *["subscribed", "pursued"] * 2)


def company(draw: Random, *, rewrites_undated: bool) -> Sequence[Row]:
    """What customers share: products whose cost changes, rates that come late, campaigns, staff, spend."""
    tellers = [Told(0, source, rewrites_undated, draw) for source in SOURCES]
    for told in tellers:
        for table, key, ids, changed in _SHARED:
            for id_ in ids:
                _shared(told, table, {key: id_}, changed)
    rates = {(tellers[0].day(), draw.choice(PAIRS)) for _ in range(8)} | {(FIRST_DAY, draw.choice(PAIRS))}
    for day, pair in sorted(rates):
        key = {"rate_date": day, "from_currency": pair[0], "to_currency": pair[1]}
        _shared(tellers[0], "exchange_rates", key, lambda told: {"rate": told.draw.choice([5, 6, 7.5])})
    for day in sorted({tellers[0].day() for _ in range(5)}):
        key = {"spend_date": day, "channel": "web", "cost_type": "media", "currency": draw.choice(CURRENCIES)}
        _shared(tellers[0], "marketing_spend", key, lambda told: {"amount": told.draw.choice([10, 20])})
    return [row for told in tellers for row in told.rows]


def _shared(told: Told, table: str, key: Values, changed: Callable[[Told], Values]) -> None:
    told.write(table, {**key, **changed(told)}, *told.some(lambda _: changed(told), most=2), on=told.day())


def _product(told: Told) -> Values:
    draw = told.draw
    return {
        "name": "thing",
        "category": draw.choice(["tea", "cups", None]),
        "unit_cost": told.maybe(draw.choice([2, 4]), 0.7),
        "list_price": 10,
        "currency": draw.choice(CURRENCIES),
    }


def _campaign(told: Told) -> Values:
    draw = told.draw
    return {
        "name": draw.choice(["spring", "sale"]),
        "channel": draw.choice(CHANNELS),
        "objective": draw.choice(["acquire", "retain"]),
        "started_at": told.at(told.day()),
        "budget_amount": 100,
        "currency": draw.choice(CURRENCIES),
    }


def _employee(told: Told) -> Values:
    return {"full_name": "Li", "team": told.draw.choice(["sales", "care"]), "manager_id": told.maybe("E1")}


_SHARED: Sequence[tuple[str, str, Sequence[str], Callable[[Told], Values]]] = (
    ("products", "product_id", PRODUCTS, _product),
    ("campaigns", "campaign_id", CAMPAIGNS, _campaign),
    ("employees", "employee_id", EMPLOYEES, _employee),
)


def tell(histories: Sequence[Sequence[tuple[str, int]]], seed: int, *, rewrites_undated: bool) -> Sequence[Row]:
    """All rows of a company whose customers have these histories: chapters, each told from a number."""
    rows = list(company(Random(seed), rewrites_undated=rewrites_undated))
    for number, history in enumerate(histories, start=1):
        told = Told(number, SOURCES[number % len(SOURCES)], rewrites_undated)
        for chapter, chance in history:
            told.draw.seed(chance)
            CHAPTERS[chapter](told)
        rows += told.rows
    return rows
