"""By which models buyers are foretold is decided by what came, at both cut-offs, and not by chance."""

import numpy as np
import pytest

from orchestration.value import segments
from orchestration.value.cells import cells_of
from orchestration.value.holdout import Foretold, is_better

NUMBER = 4000
MEANS = np.tile([0.2, 2.0], NUMBER // 2)


def foretold(expected: np.ndarray, *, seed: int = 3, means: np.ndarray = MEANS) -> Foretold:
    """What is expected of buyers whose orders are drawn around these means."""
    actual = np.random.default_rng(seed).poisson(means).astype(np.float64)
    nothing = np.zeros(NUMBER)
    return Foretold(expected, nothing, nothing, nothing, actual, np.ones(NUMBER))


TRUE, MIXED = MEANS, np.full(NUMBER, MEANS.mean())


def test_who_knows_the_means_is_better_and_who_does_not_is_not() -> None:
    assert is_better(foretold(TRUE), foretold(MIXED))
    assert not is_better(foretold(MIXED), foretold(TRUE))


def test_nobody_is_better_than_the_same() -> None:
    assert not is_better(foretold(TRUE), foretold(TRUE))


def test_what_chance_may_have_brought_is_not_better() -> None:
    # So near to the truth that the one or the other side of it is no merit.
    low, high = foretold(TRUE * 0.999), foretold(TRUE * 1.001)
    assert not is_better(low, high)
    assert not is_better(high, low)


def test_who_is_much_further_off_for_a_few_is_not_better_for_being_nearer_to_many() -> None:
    off_for_few = np.where(np.arange(NUMBER) % 100 == 1, 16.0, TRUE)
    nearer, further = foretold(off_for_few), foretold(MIXED)
    assert ((nearer.expected - nearer.actual) ** 2).mean() > ((further.expected - further.actual) ** 2).mean()
    assert not is_better(nearer, further)


def test_what_is_no_number_is_not_better() -> None:
    assert not is_better(foretold(np.where(np.arange(NUMBER) == 7, np.nan, TRUE)), foretold(MIXED))


def trial(segment_type: str, *expected: np.ndarray) -> segments.Trial:
    told = tuple(foretold(of, seed=seed) for seed, of in enumerate(expected))
    return segments.Trial(segment_type, told, {})


@pytest.mark.parametrize(
    ("channel", "country", "chosen"),
    [
        ((MIXED, MIXED), (MIXED, MIXED), "all"),
        ((TRUE, TRUE), (MIXED, MIXED), "channel"),
        ((MIXED, TRUE), (MIXED, MIXED), "all"),
        ((TRUE, MIXED), (MIXED, MIXED), "all"),
        ((TRUE * 1.3, TRUE * 1.3), (TRUE, TRUE), "country"),
        ((TRUE, TRUE), (TRUE, TRUE), "channel"),
    ],
)
def test_a_type_is_chosen_that_is_better_at_both_cut_offs_and_of_several_the_best(
    channel: tuple, country: tuple, chosen: str
) -> None:
    plain = trial("all", MIXED, MIXED)
    trials = trial("channel", *channel), trial("country", *country)
    choice = segments.chosen(plain, trials)
    assert choice.segment_type == chosen
    reason = segments.reason(plain, trials, choice) or ""
    assert f"{trials[0].deviance:.4f} per channel and {trials[1].deviance:.4f} per country" in reason
    assert reason.startswith("One model foretells all buyers" if chosen == "all" else f"Each {chosen} of enough buyers")


def test_cells_are_the_same_whether_histories_come_in_order_or_not() -> None:
    draw = np.random.default_rng(1)
    age = draw.integers(0, 9, 500)
    frequency = draw.integers(0, 3, 500)
    recency = np.where(frequency > 0, age // 2, 0)
    counts = draw.integers(1, 5, 500)
    order = np.lexsort((age, recency, frequency))
    shuffled = cells_of(frequency, recency, age, counts)
    in_order = cells_of(frequency[order], recency[order], age[order], counts[order])
    for name in ("frequency", "recency", "age", "customer_count"):
        np.testing.assert_array_equal(getattr(shuffled, name), getattr(in_order, name))
    again = cells_of(in_order.frequency, in_order.recency, in_order.age, in_order.customer_count)
    np.testing.assert_array_equal(again.customer_count, in_order.customer_count)
    assert in_order.total == counts.sum()
