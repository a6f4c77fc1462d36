"""Catalogue changes that carry a request id: each is made once, and answered as often as asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from eitp_server.errors import Conflict, Reason
from eitp_server.interventions.definition import to_json
from eitp_server.interventions.desk import Desk
from eitp_server.interventions.policy import Policy
from interventions.shop import HOUR, SETTINGS, START_US, definition, text

if TYPE_CHECKING:
    from eitp_server.interventions.definition import Definition


def change(
    name: str = "compare", *, request_id: str = "r-1", replace: bool = False, **others: Any
) -> dict[str, Any]:
    document = {**to_json(definition(name)), **others}
    return {"definition": document, "replace": replace, "request_id": request_id}


def fresh() -> Desk:
    return Desk(Policy(SETTINGS))


def restarted(desk: Desk) -> Desk:
    copy = fresh()
    copy.load(desk.dump())
    return copy


def revisions(desk: Desk, tenant_id: str = "shop") -> int:
    return desk.policy.catalogue.get(tenant_id, "compare").revision


def test_the_same_request_again_gets_the_first_answer_and_changes_nothing() -> None:
    desk = fresh()
    first = desk.put_definition("shop", change(), START_US)
    desk.put_definition(
        "shop", change(request_id="", replace=True, title="Changed since"), START_US
    )
    before = text(desk.policy)
    assert desk.put_definition("shop", change(), START_US) == first
    assert text(desk.policy) == before


def test_the_first_answer_outlives_the_entry_and_a_restart() -> None:
    desk = fresh()
    first = desk.put_definition("shop", change(), START_US)
    desk.delete_definition("shop", "compare")
    desk.expire(START_US)
    assert restarted(desk).put_definition("shop", change(), START_US) == first
    assert text(restarted(desk).policy) == text(desk.policy)


@pytest.mark.parametrize(
    "other", [change("another"), change(title="Another"), change(replace=True)]
)
def test_the_same_id_for_another_change_is_a_conflict(other: dict[str, Any]) -> None:
    desk = fresh()
    desk.put_definition("shop", change(), START_US)
    before = text(desk.policy)
    with pytest.raises(Conflict) as caught:
        desk.put_definition("shop", other, START_US)
    assert caught.value.reason is Reason.REQUEST_ID_REUSED
    assert text(desk.policy) == before


def test_an_id_belongs_to_its_tenant() -> None:
    desk = fresh()
    answers: list[Definition] = [
        desk.put_definition(tenant_id, change(title=tenant_id), START_US)
        for tenant_id in ("shop", "other")
    ]
    assert [answer.title for answer in answers] == ["shop", "other"]


def test_changes_without_an_id_are_each_made() -> None:
    desk = fresh()
    desk.put_definition("shop", change(request_id=""), START_US)
    for _ in range(2):
        desk.put_definition("shop", change(request_id="", replace=True), START_US)
    assert revisions(desk) == 3


def test_a_change_that_failed_may_be_asked_for_again_under_its_id() -> None:
    desk = fresh()
    desk.put_definition("shop", change(request_id=""), START_US)
    with pytest.raises(Conflict):
        desk.put_definition("shop", change(), START_US)
    desk.delete_definition("shop", "compare")
    assert desk.put_definition("shop", change(), START_US).revision == 2


def test_a_request_is_forgotten_a_day_after_it_was_made() -> None:
    desk = fresh()
    desk.put_definition("shop", change(replace=False), START_US)
    desk.expire(START_US)
    desk.put_definition("shop", change(request_id="r-2", replace=True), START_US)
    desk.expire(START_US + HOUR)
    desk.expire(START_US + 24 * HOUR)
    desk.put_definition("shop", change(), START_US)
    assert revisions(desk) == 2
    desk.expire(START_US + 24 * HOUR + 1)
    desk.put_definition("shop", change(replace=True, request_id="r-2"), START_US)
    assert revisions(desk) == 2
    desk.put_definition("shop", change(replace=True), START_US)
    assert revisions(desk) == 3
