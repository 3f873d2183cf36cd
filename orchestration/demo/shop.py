"""The shop's books: orders with their lines, and what was paid back."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from orchestration.demo.accounts import Accounts
from orchestration.demo.catalogue import unit_prices
from orchestration.demo.draws import Floats, Integers, chance, pick, positions, stream, where
from orchestration.demo.money import cents, decimals
from orchestration.demo.people import People
from orchestration.demo.period import DAY, Period, instants, local_dates
from orchestration.demo.purchases import NOBODY, Orders
from orchestration.demo.vocabulary import COUNTRIES, CURRENCIES, MONEY_PER_UNIT, WORDS

TAX_RATES = (0.13, 0.19, 0.07)
DISCOUNTS = (0.0, 0.05, 0.10, 0.20)
DISCOUNT_SHARES = (0.72, 0.12, 0.1, 0.06)
UNKNOWN_COST_SHARE = 0.02


@dataclass(frozen=True)
class Books:
    """The three tables of the shop's ledger, and what the others compute with: cents by order."""

    orders: pl.DataFrame
    lines: pl.DataFrame
    refunds: pl.DataFrame
    net_cents: Integers
    refunded_in_full_at: Floats


@dataclass(frozen=True)
class _Amounts:
    country: Integers
    net: Integers
    discount: Integers

    @property
    def currency(self) -> pl.Series:
        return pl.Series(CURRENCIES).gather(self.country).alias("currency")


def keep_books(
    orders: Orders,
    people: People,
    shop: Accounts,
    *,
    catalogue: pl.DataFrame,
    period: Period,
    seed: int,
) -> Books:
    """Write the orders down with lines and refunds."""
    rng = stream(seed, "shop")
    guest_country = positions(rng, len(COUNTRIES), orders.count)
    country = np.where(orders.person == NOBODY, guest_country, people.country[orders.person])
    factor = np.array([MONEY_PER_UNIT[code] for code in CURRENCIES])[country]
    # A purchase is worth at least a unit: a price of nothing would be another kind of order.
    net = cents(np.where(orders.is_trial, 0.0, np.maximum(orders.value, 1.0)) * factor)
    share = np.array(DISCOUNTS)[positions(rng, len(DISCOUNTS), orders.count, DISCOUNT_SHARES)]
    discount = np.rint(net * share / (1 - share)).astype(np.int64)
    amounts = _Amounts(country, net, discount)
    lines, cost = _lines(rng, orders, amounts, catalogue)
    refunds, updated_at, refunded_in_full_at = _refunds(rng, orders, amounts, period)
    table = _orders(rng, orders, amounts, people=people, shop=shop, cost=cost, updated_at=updated_at)
    return Books(table, lines, refunds, net, refunded_in_full_at)


def _orders(
    rng: np.random.Generator,
    orders: Orders,
    amounts: _Amounts,
    *,
    people: People,
    shop: Accounts,
    cost: Floats,
    updated_at: Floats,
) -> pl.DataFrame:
    count = orders.count
    customer_id = shop.ids(np.maximum(orders.person, 0), rng.random(count))
    is_known = pl.Series(orders.person != NOBODY)
    channel = pick(rng, ["web", "app", "wechat_mini", "store"], count, (0.45, 0.3, 0.15, 0.1))
    is_unpaid = orders.status.is_in(["pending", "cancelled"]).to_numpy()
    paid_at = where(~is_unpaid, np.minimum(orders.at + 60 + rng.exponential(1_800, count), updated_at))
    is_invoiced = where(people.is_company[orders.person] & (orders.person != NOBODY), orders.at + 30 * DAY)
    tax = np.array(TAX_RATES)[amounts.country] * amounts.net
    shipping = np.where(chance(rng, 0.4, count) & (amounts.net > 0), 990, 0)
    return pl.DataFrame({"order_id": orders.ids}).with_columns(
        pl.when(is_known).then(customer_id).alias("customer_id"),
        instants("ordered_at", orders.at),
        orders.status,
        decimals("gross_amount", amounts.net + amounts.discount),
        decimals("discount_amount", amounts.discount),
        decimals("tax_amount", np.rint(tax)),
        decimals("shipping_amount", shipping),
        decimals("net_amount", amounts.net),
        decimals("cost_amount", where(chance(rng, 0.9, count), cost)),
        amounts.currency,
        channel.alias("channel"),
        pl.when(channel == "store").then(pick(rng, ["SH-1", "HH-1", "NY-1"], count)).alias("store_id"),
        pl.when(pl.Series(amounts.discount > 0)).then(pl.lit("WELCOME")).alias("coupon_code"),
        pl.Series("is_trial", orders.is_trial),
        pl.Series("is_test", orders.is_test),
        local_dates("due_on", is_invoiced),
        instants("paid_at", paid_at),
        instants("updated_at", updated_at),
    )


def _lines(
    rng: np.random.Generator,
    orders: Orders,
    amounts: _Amounts,
    catalogue: pl.DataFrame,
) -> tuple[pl.DataFrame, Floats]:
    """Lines that add up to their orders to the cent, and each order's cost if every line's is known."""
    number_of = positions(rng, 4, orders.count, (0.5, 0.3, 0.15, 0.05)) + 1
    order = np.repeat(np.arange(orders.count), number_of)
    first = np.concatenate(([0], np.cumsum(number_of)[:-1]))
    weight = rng.uniform(0.2, 1.0, len(order))
    weight /= np.add.reduceat(weight, first)[order]
    net = np.floor(amounts.net[order] * weight).astype(np.int64)
    net[first] += amounts.net - np.add.reduceat(net, first)
    quantity = positions(rng, 3, len(order), (0.75, 0.18, 0.07)) + 1
    gross = net * (1 + amounts.discount / np.maximum(amounts.net, 1))[order]
    factor = np.array([MONEY_PER_UNIT[code] for code in CURRENCIES])[amounts.country[order]]
    wanted = np.searchsorted(unit_prices(catalogue), gross / quantity / factor / 100)
    product = np.clip(wanted + rng.integers(-4, 5, len(order)), 0, catalogue.height - 1)
    price = catalogue.get_column("list_price").cast(pl.Float64).to_numpy()
    margin = catalogue.get_column("unit_cost").cast(pl.Float64).to_numpy() / price
    cost = where(~chance(rng, UNKNOWN_COST_SHARE, len(order)), np.rint(gross * margin[product]))
    frame = pl.DataFrame({"order_id": orders.ids.gather(order)}).with_columns(
        pl.Series("line_number", np.arange(len(order)) - first[order] + 1, dtype=pl.Int32),
        catalogue.get_column("product_id").gather(product),
        pl.Series("quantity", quantity, dtype=pl.Int32),
        decimals("unit_price", np.rint(gross / quantity * 100), places=4),
        decimals("net_amount", net),
        decimals("cost_amount", cost),
    )
    return frame, np.add.reduceat(cost, first)


def _refunds(
    rng: np.random.Generator,
    orders: Orders,
    amounts: _Amounts,
    period: Period,
) -> tuple[pl.DataFrame, Floats, Floats]:
    """Refunds, partial and full, some a year late; when each order last changed and was repaid in full."""
    count = orders.count
    is_returned = (orders.status == "returned").to_numpy()
    # A few returned goods are never repaid, and a few that were kept are.
    is_repaid = np.where(is_returned, chance(rng, 0.93, count), chance(rng, 0.03, count))
    is_repaid &= orders.is_bought & (amounts.net > 100)
    is_full = np.where(is_returned, chance(rng, 0.85, count), chance(rng, 0.2, count))
    delay = np.where(chance(rng, 0.08, count), rng.uniform(360, 420, count), rng.uniform(2, 40, count))
    refunded_at = period.known(where(is_repaid, np.floor(orders.at + delay * DAY)))
    repaid = np.flatnonzero(~np.isnan(refunded_at))
    part = np.rint(amounts.net[repaid] * rng.uniform(0.1, 0.7, len(repaid)))
    amount = np.where(is_full[repaid], amounts.net[repaid], np.maximum(part, 1))
    number = pl.Series(np.arange(len(repaid)) + 1).cast(pl.String).str.zfill(7)
    frame = pl.DataFrame({"order_id": orders.ids.gather(repaid)}).with_columns(
        instants("refunded_at", refunded_at[repaid]),
        decimals("amount", amount),
        amounts.currency.gather(repaid),
        pick(rng, WORDS["reasons"]["refund"], len(repaid)).alias("reason"),
    )
    frame = frame.select(pl.format("R{}", number).alias("refund_id"), pl.all())
    handled_at = np.minimum(np.floor(orders.at + rng.uniform(0.2, 4, count) * DAY), period.closes_at)
    updated_at = np.where(is_returned & ~np.isnan(refunded_at), refunded_at, handled_at)
    return frame, updated_at, where(is_full, refunded_at)
