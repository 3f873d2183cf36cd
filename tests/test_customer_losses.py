"""Losses of customers whose stories a person can follow: when, of what kind, why, and what was open."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from worlds import World

# An order of 2025-01-10 lapses on 2025-07-09.
ORDERS = """\
    order_id,customer_id,ordered_at,status,net_amount,due_on,paid_at
    silent_1,silent,2025-01-10,completed,100,,
    silent_2,silent,2025-02-01,completed,50,,
    returner_1,returner,2025-01-10,completed,10,,
    returner_2,returner,2025-12-01,completed,10,,
    complainer,complainer,2025-01-10,completed,10,,
    forgiver,forgiver,2025-01-10,completed,10,,
    debtor_1,debtor,2025-01-10,completed,70,2025-02-10,
    debtor_2,debtor,2025-01-10,completed,30,2025-02-10,2025-02-20
    expelled,expelled,2025-01-10,completed,10,,
    lapsed_and_expelled,lapsed_and_expelled,2025-01-10,completed,10,,
    detractor,detractor,2025-01-10,completed,10,,
    neutral,neutral,2025-01-10,completed,10,,
    caller,caller,2025-01-10,completed,10,,
    bidder,bidder,2025-01-10,completed,10,,
    haggler,haggler,2025-01-10,completed,10,,
    waiter,waiter,2025-01-10,completed,10,,
    subscriber_too,subscriber_too,2025-02-01,completed,10,,
    guest,,2025-01-10,completed,10,,
"""
SUBSCRIPTIONS = """\
    subscription_id,customer_id,recurring_amount,started_at,cancelled_at,ends_at,cancel_reason,is_involuntary,updated_at
    dear,dear,100,2025-01-10,2025-05-01,2025-06-01,Too expensive for us,false,2025-05-01
    moved,moved,100,2025-01-10,2025-05-01,2025-06-01,"Switched to Acme Tea, cheaper",false,2025-05-01
    moved_zh,moved_zh,100,2025-01-10,2025-05-01,2025-06-01,改用茶语，价格更低,false,2025-05-01
    rival,rival,100,2025-01-10,2025-05-01,2025-06-01,选择了竞争对手,false,2025-05-01
    failed,failed,100,2025-01-10,,2025-06-01,,true,2025-06-01
    dearer,dearer,100,2025-01-10,,2025-06-01,,,2025-01-10
    dearer,dearer,120,2025-01-10,,2025-06-01,,,2025-04-01
    subscriber_too,subscriber_too,100,2025-01-05,,2025-06-01,,,2025-01-05
    returned_1,returned,100,2025-01-05,,2025-06-01,,,2025-01-05
    returned_2,returned,100,2025-09-01,,,,,2025-09-01
    graced,graced,100,2025-01-05,,2026-06-20,,,2025-01-05
"""
CUSTOMERS = """\
    customer_id,terminated_at,termination_reason,created_at
    expelled,2025-03-01,长期拖欠货款,2025-01-01
    lapsed_and_expelled,2025-09-01,fraud,2025-01-01
    stranger,2025-09-01,spam,2025-01-01
"""
TICKETS = """\
    ticket_id,customer_id,opened_at,resolved_at,is_complaint,category
    open,complainer,2025-05-01,,true,delivery
    settled,forgiver,2025-01-10,2025-01-12,true,delivery
    asked,caller,2025-05-01,2025-05-02,false,客服问题
    waits,waiter,2024-12-01,,false,invoice
"""
ANSWERS = """\
    response_id,survey_id,question_type,customer_id,sent_at,responded_at,score,scale_min,scale_max
    low,s,nps,detractor,2025-05-01,2025-05-01,6,0,10
    middling,s,csat,neutral,2025-05-01,2025-05-01,3,1,5
"""
OPPORTUNITIES = """\
    opportunity_id,customer_id,stage,amount,created_at,closed_at,is_won,lost_reason
    lost,bidder,closed,100,2025-04-01,2025-05-01,false,lost to Zed; no budget
    pending,bidder,open,100,2025-05-01,,,
"""
INTERACTIONS = """\
    interaction_id,customer_id,channel,direction,occurred_at,outcome
    talk,haggler,phone,inbound,2025-05-01,found the price too high
"""
REFUNDS = "refund_id,order_id,refunded_at,amount\nr1,silent_1,2025-03-01,20\nr2,silent_1,2026-01-01,5\n"
COLUMNS = (
    "loss_kind", "stated_reason", "derived_reason", "reason_evidence", "competitor", "open_ticket_count",
    "open_opportunity_count", "days_since_complaint", "value_at_loss_amount::double", "unpaid_amount::double",
    "is_recovered", "lost_on::varchar", "recognised_on::varchar", "recovered_on::varchar",
)  # fmt: skip
LAPSE: Mapping[str, Any] = {
    "loss_kind": "lapse",
    "derived_reason": "unknown",
    "reason_evidence": "none",
    "value_at_loss_amount": 10,
    "lost_on": "2025-07-09",
    "recognised_on": "2025-07-09",
}
END: Mapping[str, Any] = {
    "loss_kind": "voluntary",
    "derived_reason": "unknown",
    "reason_evidence": "none",
    "lost_on": "2025-06-01",
    "recognised_on": "2025-07-01",
}


@pytest.fixture(scope="module")
def losses(new_world: Callable[[str], World]) -> Mapping[str, list[Mapping[str, Any]]]:
    """The losses of each customer, each with the columns that say something."""
    world = new_world("losses")
    world.configure(reporting_timezone="Asia/Shanghai", reporting_currency="CNY")
    tables = {
        "customers": CUSTOMERS, "orders": ORDERS, "subscriptions": SUBSCRIPTIONS, "tickets": TICKETS,
        "survey_responses": ANSWERS, "opportunities": OPPORTUNITIES, "interactions": INTERACTIONS, "refunds": REFUNDS,
    }  # fmt: skip
    for table, rows in tables.items():
        world.write(f"shop/{table}.csv", rows)
    world.build(as_of="2026-06-30")
    rows = world.published(f"""
        select source_customer_id, {", ".join(COLUMNS)} from marts.fct_customer_losses
        inner join core.bridge_customer_identities using (customer_key)
        where identity_type = 'customer' and valid_to is null order by lost_on
    """)
    told: dict[str, list[Mapping[str, Any]]] = {}
    for customer, *values in rows:
        named = zip((column.partition("::")[0] for column in COLUMNS), values, strict=True)
        told.setdefault(customer, []).append({name: value for name, value in named if value})
    return told


@pytest.mark.parametrize(
    ("customer", "expected"),
    [
        pytest.param(
            "silent",
            {**LAPSE, "value_at_loss_amount": 130, "lost_on": "2025-07-31", "recognised_on": "2025-07-31"},
            id="worth what was paid less what was paid back by the loss",
        ),
        pytest.param("returner", {**LAPSE, "is_recovered": True, "recovered_on": "2025-12-01"}, id="an order later"),
        pytest.param(
            "complainer",
            {
                **LAPSE,
                "derived_reason": "complaints",
                "reason_evidence": "complaint",
                "open_ticket_count": 1,
                "days_since_complaint": 69,
            },
            id="a complaint that is open",
        ),
        pytest.param("forgiver", {**LAPSE, "days_since_complaint": 180}, id="a complaint too long ago"),
        pytest.param(
            "debtor",
            {
                **LAPSE,
                "derived_reason": "payment",
                "reason_evidence": "unpaid_order",
                "value_at_loss_amount": 100,
                "unpaid_amount": 70,
            },
            id="an order that was never paid",
        ),
        pytest.param(
            "expelled",
            {
                "loss_kind": "terminated",
                "stated_reason": "长期拖欠货款",
                "derived_reason": "payment",
                "reason_evidence": "stated",
                "value_at_loss_amount": 10,
                "lost_on": "2025-03-01",
                "recognised_on": "2025-03-01",
            },
            id="let go",
        ),
        pytest.param("lapsed_and_expelled", LAPSE, id="let go when lost already"),
        pytest.param(
            "detractor", {**LAPSE, "derived_reason": "service", "reason_evidence": "answer"}, id="a bad answer"
        ),
        pytest.param("neutral", LAPSE, id="a middling answer"),
        pytest.param(
            "caller", {**LAPSE, "derived_reason": "service", "reason_evidence": "words"}, id="words of a ticket"
        ),
        pytest.param("haggler", {**LAPSE, "derived_reason": "price", "reason_evidence": "words"}, id="words of a talk"),
        pytest.param(
            "waiter",
            {**LAPSE, "derived_reason": "service", "reason_evidence": "open_ticket", "open_ticket_count": 1},
            id="a ticket open ever since",
        ),
        pytest.param(
            "bidder",
            {
                **LAPSE,
                "stated_reason": "lost to Zed; no budget",
                "derived_reason": "competitor",
                "reason_evidence": "stated",
                "competitor": "Zed",
                "open_opportunity_count": 1,
            },
            id="a bid lost to a competitor, another one open",
        ),
        pytest.param(
            "dear",
            {
                **END,
                "stated_reason": "Too expensive for us",
                "derived_reason": "price",
                "reason_evidence": "stated",
            },
            id="the price as stated",
        ),
        pytest.param(
            "moved",
            {
                **END,
                "stated_reason": "Switched to Acme Tea, cheaper",
                "derived_reason": "competitor",
                "reason_evidence": "stated",
                "competitor": "Acme Tea",
            },
            id="a competitor by name",
        ),
        pytest.param(
            "moved_zh",
            {
                **END,
                "stated_reason": "改用茶语，价格更低",
                "derived_reason": "competitor",
                "reason_evidence": "stated",
                "competitor": "茶语",
            },
            id="a competitor by name in Chinese",
        ),
        pytest.param(
            "rival",
            {
                **END,
                "stated_reason": "选择了竞争对手",
                "derived_reason": "competitor",
                "reason_evidence": "stated",
            },
            id="a competitor without a name",
        ),
        pytest.param(
            "failed",
            {**END, "loss_kind": "involuntary", "derived_reason": "payment", "reason_evidence": "failed_payment"},
            id="a failed payment",
        ),
        pytest.param("dearer", {**END, "derived_reason": "price", "reason_evidence": "price_rise"}, id="a price rise"),
        pytest.param(
            "subscriber_too", {**END, "value_at_loss_amount": 10}, id="who also bought is lost once, with the contract"
        ),
        pytest.param("returned", {**END, "is_recovered": True, "recovered_on": "2025-09-01"}, id="a contract later"),
    ],
)
def test_a_customer_is_lost_once(
    losses: Mapping[str, list[Mapping[str, Any]]], customer: str, expected: Mapping[str, Any]
) -> None:
    assert losses[customer][:1] == [expected]


def test_who_came_back_can_be_lost_again(losses: Mapping[str, list[Mapping[str, Any]]]) -> None:
    assert [loss["lost_on"] for loss in losses["returner"]] == ["2025-07-09", "2026-05-30"]
    assert {customer for customer, of in losses.items() if len(of) > 1} == {"returner"}


def test_nobody_is_lost_who_never_was_a_customer_or_may_yet_renew(
    losses: Mapping[str, list[Mapping[str, Any]]],
) -> None:
    assert not {"stranger", "graced", "guest"} & losses.keys()
