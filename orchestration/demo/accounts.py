"""Which of the three systems knows whom, and under which customer numbers."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from orchestration.demo.draws import Booleans, Floats, Integers, chance, stream
from orchestration.demo.people import People

SYSTEMS = ("crm", "shop", "service")
SHOP_SHARE, CRM_SHARE, SERVICE_SHARE = 0.86, 0.40, 0.45
# Of those in the shop: one more account, and two more that were merged in a chain.
TWICE_SHARE, THRICE_SHARE = 0.015, 0.01
_FIRST_NUMBER: Mapping[str, tuple[str, int]] = {
    "crm": ("KH", 100_000),
    "shop": ("", 5_000_000),
    "service": ("u-", 30_000),
}


@dataclass(frozen=True)
class Accounts:
    """The customer records of one system, sorted by person.

    `merged_into` is the position of the surviving record, -1 where there is none; `first` and
    `number_of` give each person's records.
    """

    person: Integers
    customer_id: pl.Series
    merged_into: Integers
    first: Integers
    number_of: Integers

    @property
    def knows(self) -> Booleans:
        """For each person whether the system knows them."""
        known: Booleans = self.number_of > 0
        return known

    def position_of(self, person: Integers, draw: Floats | None = None) -> Integers:
        """A record of each person: the first, or any by the draw (0 to 1)."""
        shift = 0 if draw is None else np.floor(draw * self.number_of[person]).astype(np.int64)
        found: Integers = self.first[person] + shift
        return found

    def ids(self, person: Integers, draw: Floats | None = None) -> pl.Series:
        """The customer number of a record of each person; nothing for those not known."""
        is_known = pl.Series(self.number_of[person] > 0)
        found = self.customer_id.gather(np.minimum(self.position_of(person, draw), len(self.person) - 1))
        return pl.select(pl.when(is_known).then(found)).to_series().alias("customer_id")


def register(people: People, seed: int) -> Mapping[str, Accounts]:
    """The accounts of all systems."""
    rng = stream(seed, "accounts")
    count = people.count
    in_crm = chance(rng, CRM_SHARE, count) | people.is_company | people.is_contact
    in_service = chance(rng, SERVICE_SHARE, count)
    in_shop = (chance(rng, SHOP_SHARE, count) & ~people.is_contact) | people.is_company | people.is_test
    in_shop |= ~(in_crm | in_service)
    draw = rng.random(count)
    several = np.where(draw < THRICE_SHARE, 3, np.where(draw < THRICE_SHARE + TWICE_SHARE, 2, 1))
    return {
        "crm": _accounts(rng, "crm", in_crm.astype(np.int64)),
        "shop": _accounts(rng, "shop", np.where(in_shop, several, 0)),
        "service": _accounts(rng, "service", in_service.astype(np.int64)),
    }


def _accounts(rng: np.random.Generator, system: str, number_of: Integers) -> Accounts:
    person = np.repeat(np.arange(len(number_of)), number_of)
    first = np.concatenate(([0], np.cumsum(number_of)[:-1]))
    prefix, start = _FIRST_NUMBER[system]
    # Numbers are dealt out shuffled, so that a chain of merges runs up and down them.
    numbers = pl.Series(start + rng.permutation(len(person)))
    rank = np.arange(len(person)) - first[person]
    is_last = rank == number_of[person] - 1
    return Accounts(
        person=person,
        customer_id=pl.select(pl.format(prefix + "{}", numbers)).to_series().alias("customer_id"),
        merged_into=np.where(is_last, -1, np.arange(len(person)) + 1),
        first=first,
        number_of=number_of,
    )
