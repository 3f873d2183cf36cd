"""The stages of the demo company's buyers, held against what nobody sees: on which day each of them left for good."""

from collections.abc import Callable, Sequence

import pytest
from worlds import World

pytestmark = pytest.mark.slow

# The stage of a buyer without a contract, for how many days the buyer has been gone, and who it is.
Buyer = tuple[str, int | None, str]


@pytest.fixture(scope="module")
def world(new_world: Callable[[str], World]) -> World:
    world = new_world("stages_of_the_company")
    assert world.command("demo", "--customers", "300", "--out", ".").exit_code == 0
    world.build()
    return world


@pytest.fixture(scope="module")
def buyers(world: World) -> Sequence[Buyer]:
    truth = world.folder / "truth"
    return world.published(f"""
        select distinct
            stages.stage,
            datediff('day', truth.dropped_out_at::timestamp, stages.as_of_date),
            truth.person_id
        from read_csv('{truth / "buyers.csv"}', all_varchar = true) as truth
        inner join read_csv('{truth / "identities.csv"}', all_varchar = true) as identities using (person_id)
        inner join core.bridge_customer_identities as bridge
            on bridge.source_system = identities.source_system
            and bridge.source_customer_id = identities.customer_id
            and bridge.identity_type = 'customer'
        inner join core.dim_customers using (customer_key)
        inner join marts.fct_lifecycle_stages as stages
            on bridge.customer_key = stages.customer_key and stages.is_current
        where dim_customers.acquired_on is not null
            and bridge.customer_key not in (select customer_key from core.fct_subscriptions)
    """)


def test_nobody_who_left_half_a_year_ago_or_more_is_taken_for_a_customer(buyers: Sequence[Buyer]) -> None:
    gone = [stage for stage, days, _ in buyers if days is not None and days > 180]
    assert len(gone) > 30
    assert set(gone) <= {"churned", "terminated"}


def test_nobody_who_left_lately_is_churned_before_the_time_is_up(buyers: Sequence[Buyer]) -> None:
    """The last purchase is the last sign: who left right after it lapses half a year later."""
    lately = [stage for stage, days, _ in buyers if days is not None and days < 30]
    assert lately
    assert set(lately) <= {"new", "developing", "loyal", "reactivated", "declining", "terminated"}


def test_most_of_the_loyal_are_still_there(buyers: Sequence[Buyer]) -> None:
    loyal = [days is None for stage, days, _ in buyers if stage == "loyal"]
    assert len(loyal) > 10
    assert sum(loyal) / len(loyal) > 0.7
