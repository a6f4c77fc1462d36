"""The catalogue: the default eight, changes with revisions, and one tenant's nothing of another."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from eitp_server.classification.packet import Label
from eitp_server.errors import Conflict, Missing, Reason
from eitp_server.interventions.catalogue import Catalogue
from eitp_server.interventions.definition import InterventionKind, from_json, to_json
from interventions.shop import definition

PRESSURE = ("only", "hurry", "last chance", "running out", "left in stock", "now or never", "ends")


def text(catalogue: Catalogue) -> str:
    return json.dumps(catalogue.dump())


def test_a_new_tenant_has_one_definition_of_every_kind_but_custom() -> None:
    kinds = {item.kind for item in Catalogue().definitions("shop")}
    assert kinds == set(InterventionKind) - {InterventionKind.CUSTOM}


def test_the_default_texts_invent_neither_scarcity_nor_customers() -> None:
    for item in Catalogue().definitions("shop"):
        words = f"{item.title} {item.body}".lower()
        assert not any(phrase in words for phrase in PRESSURE)
        assert (item.fact, item.fact_source) == ("", "")


def test_every_trouble_has_an_intervention_in_the_default_catalogue() -> None:
    triggers = frozenset[Label]().union(*(d.labels for d in Catalogue().definitions("shop")))
    assert triggers == set(Label) - {Label.UNSPECIFIED, Label.NEUTRAL}


def test_help_is_the_most_urgent_of_the_defaults() -> None:
    by_priority = sorted(Catalogue().definitions("shop"), key=lambda item: -item.priority)
    first, second = by_priority[:2]
    assert first.kind is InterventionKind.HELP_CHAT
    assert first.labels >= {Label.FRUSTRATION, Label.CONFUSION}
    assert first.priority > second.priority


def test_definitions_come_by_identity() -> None:
    catalogue = Catalogue()
    catalogue.create(definition("aaa"))
    names = [item.definition_id for item in catalogue.definitions("shop")]
    assert names == sorted(names)
    assert names[0] == "aaa"


def test_what_is_created_can_be_read_at_revision_one() -> None:
    catalogue = Catalogue()
    kept = catalogue.create(replace(definition(), revision=77))
    assert kept.revision == 1
    assert catalogue.get("shop", "compare") == kept


def test_an_identity_is_created_once() -> None:
    catalogue = Catalogue()
    catalogue.create(definition())
    with pytest.raises(Conflict) as caught:
        catalogue.create(definition())
    assert caught.value.reason is Reason.DEFINITION_EXISTS


def test_a_default_takes_its_identity_too() -> None:
    with pytest.raises(Conflict):
        Catalogue().create(definition("help-chat"))


def test_replacing_counts_revisions_and_keeps_the_old_ones_readable() -> None:
    catalogue = Catalogue()
    first = catalogue.create(definition())
    second = catalogue.replace(replace(first, title="Side by side"))
    assert second.revision == 2
    assert catalogue.get("shop", "compare", 1) == first
    assert catalogue.get("shop", "compare") == second


def test_a_writer_who_read_an_older_revision_is_told() -> None:
    catalogue = Catalogue()
    first = catalogue.create(definition())
    catalogue.replace(replace(first, title="Side by side"))
    with pytest.raises(Conflict) as caught:
        catalogue.replace(replace(first, title="Overwritten"))
    assert caught.value.reason is Reason.REVISION_MISMATCH
    assert caught.value.metadata == {"definition_id": "compare", "sent": "1", "current": "2"}


def test_revision_zero_replaces_whatever_is_there() -> None:
    catalogue = Catalogue()
    catalogue.create(definition())
    assert catalogue.replace(replace(definition(), title="Side by side")).revision == 2


def test_a_deleted_definition_is_gone_but_what_was_shown_stays_known() -> None:
    catalogue = Catalogue()
    kept = catalogue.create(definition())
    catalogue.delete("shop", "compare")
    assert kept not in catalogue.definitions("shop")
    assert catalogue.get("shop", "compare", 1) == kept
    with pytest.raises(Missing):
        catalogue.get("shop", "compare")
    with pytest.raises(Missing):
        catalogue.delete("shop", "compare")
    with pytest.raises(Missing):
        catalogue.replace(kept)


def test_a_deleted_default_stays_deleted() -> None:
    catalogue = Catalogue()
    catalogue.delete("shop", "discount")
    copy = Catalogue()
    copy.load(json.loads(text(catalogue)))
    assert "discount" not in [item.definition_id for item in copy.definitions("shop")]


def test_an_identity_used_again_goes_on_counting() -> None:
    catalogue = Catalogue()
    catalogue.create(definition())
    catalogue.delete("shop", "compare")
    assert catalogue.create(definition()).revision == 2


@pytest.mark.parametrize("revision", [0, 1, 2, -1])
def test_an_unknown_identity_and_another_tenants_are_answered_alike(revision: int) -> None:
    catalogue = Catalogue()
    catalogue.create(definition(tenant_id="other"))
    catalogue.create(definition("mine", tenant_id="shop"))
    answers: list[tuple[Reason, str, dict[str, str]]] = []
    for tenant_id, definition_id in (("shop", "compare"), ("nobody", "compare")):
        with pytest.raises(Missing) as caught:
            catalogue.get(tenant_id, definition_id, revision)
        answers.append((caught.value.reason, caught.value.message, caught.value.metadata))
    assert answers[0] == answers[1]


def test_tenants_change_their_own_catalogue_only() -> None:
    catalogue = Catalogue()
    before = catalogue.definitions("other")
    catalogue.delete("shop", "discount")
    catalogue.create(definition())
    assert catalogue.definitions("other") == before


def test_reading_leaves_no_trace() -> None:
    catalogue = Catalogue()
    catalogue.definitions("shop")
    catalogue.get("shop", "discount")
    assert text(catalogue) == text(Catalogue())


def test_the_order_of_unrelated_changes_does_not_matter() -> None:
    one, other = Catalogue(), Catalogue()
    for catalogue, names in ((one, ("a", "b")), (other, ("b", "a"))):
        for name in names:
            catalogue.create(definition(name, tenant_id=f"shop-{name}"))
            catalogue.create(definition(name))
    assert text(one) == text(other)


def test_a_round_trip_changes_nothing() -> None:
    catalogue = Catalogue()
    first = catalogue.create(replace(definition(), page_types=frozenset({7, 4})))
    catalogue.replace(replace(first, title="Side by side"))
    catalogue.delete("shop", "discount")
    copy = Catalogue()
    copy.load(json.loads(text(catalogue)))
    assert text(copy) == text(catalogue)
    assert copy.definitions("shop") == catalogue.definitions("shop")


def test_a_definition_survives_json() -> None:
    for item in Catalogue().definitions("shop"):
        assert from_json(json.loads(json.dumps(to_json(item)))) == item


def test_a_state_of_another_format_is_refused() -> None:
    with pytest.raises(ValueError, match="format 99"):
        Catalogue().load({"format": 99, "tenants": []})
