"""A tenant's own thresholds: set in bounds, kept by a session, and told with the evidence."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest
from classification.floor import new_reducer, opening
from eitp.v1.admin_pb2 import SignalRules
from eitp_server.classification.citation import SETTABLE
from eitp_server.classification.packet import Label
from eitp_server.errors import Invalid
from eitp_server.services.validation import violations
from eitp_server.signals.event import Kind
from eitp_server.signals.fold import evidence, fold
from eitp_server.signals.rule import Thresholds, thresholds_from
from eitp_server.signals.signal import Signal
from eitp_server.signals.tables import SignalTables
from eitp_server.storage.tenant import RULE_BOUNDS, Tenant
from ingest.test_recheck import BURST, Visit
from signals.stream import Row, answer, clicks, columns

TENANT = Tenant(
    tenant_id="shop", display_name="Shop", vertical="retail", holdout_share=0.1, created_at_us=0
)


def burst_under(rules: dict[str, int]) -> Visit:
    """Return a visit whose shopper clicks in vain, judged by the tenant's rules."""
    visit = Visit()
    visit.reducer = new_reducer()
    command = opening("s")
    command = replace(command, document={**command.document, "rules": rules})
    visit.reducer.apply([command], 1_790_000_000_000_000)
    for at_ms, payload in zip((1100, 2300, 5700), BURST, strict=True):
        visit.send(at_ms, payload)
    visit.wait_until(9_000)
    return visit


def rage_versions(visit: Visit) -> set[str]:
    return {
        item.rule_version
        for packet in visit.packets
        for item in packet.evidence
        if item.signal is Signal.RAGE_CLICK
    }


def test_the_published_rules_hold_without_others() -> None:
    visit = burst_under({})
    assert visit.packets[-1].label == Label.FRUSTRATION
    assert rage_versions(visit) == {"rage_click/2"}


def test_a_tenants_own_rule_decides_and_is_named() -> None:
    assert burst_under({"rage_clicks": 2}).packets[-1].label == Label.FRUSTRATION
    assert rage_versions(burst_under({"rage_clicks": 2})) == {"rage_click/2+own"}
    assert Label.FRUSTRATION not in {p.label for p in burst_under({"rage_clicks": 6}).packets}


def test_own_rules_survive_a_snapshot() -> None:
    visit, other = burst_under({"rage_clicks": 6}), Visit()
    arrays, document = visit.reducer.dump()
    other.reducer = new_reducer()
    other.reducer.load(arrays, document)
    assert other.reducer.digest() == visit.reducer.digest()


@pytest.mark.parametrize("name", RULE_BOUNDS)
def test_the_bounds_are_those_of_the_schema(name: str) -> None:
    def broken(value: int) -> bool:
        rule: Any = {name: value}
        return bool(violations(SignalRules(**rule)))

    low, high = RULE_BOUNDS[name]
    assert not broken(low)
    assert not broken(high)
    assert broken(low - 1)
    assert broken(high + 1)


def test_every_threshold_can_be_set_and_none_is_forgotten() -> None:
    names = [item.name for item in fields(Thresholds)]
    assert list(RULE_BOUNDS) == names
    assert [field.name for field in SignalRules.DESCRIPTOR.fields] == names
    assert thresholds_from({name: low for name, (low, _) in RULE_BOUNDS.items()}) != Thresholds()


@pytest.mark.parametrize(
    ("rules", "told"),
    [
        ({"rage_clicks": 1}, "rage_clicks is 1; it must lie between 2 and 20"),
        ({"rage_click": 3}, "rage_click is no threshold; there are rage_clicks"),
    ],
)
def test_what_cannot_be_a_threshold_is_refused_by_name(rules: dict[str, int], told: str) -> None:
    with pytest.raises(Invalid, match=told):
        TENANT.with_rules(rules)


def test_setting_rules_keeps_the_rest_of_the_policy() -> None:
    changed = TENANT.with_rules({"slow_click_ms": 1500})
    assert changed.rules == {"slow_click_ms": 1500}
    assert changed.revision == TENANT.revision + 1
    assert changed.with_rules({}).rules == {}


TROUBLE = [
    *clicks(0, 100, 200),
    answer(1300, 1100),
    *clicks(5000),
    answer(8000, 3000),
    *(Row(t, Kind.BACK) for t in (9000, 9400, 12_500)),
]


def moved_by(thresholds: Thresholds) -> set[Signal]:
    """Return the signals that read another value than under the published rules."""
    tables = SignalTables.allocate(2)
    tables.rule.set(1, thresholds)
    fold(tables, columns([replace(row, slot=slot) for row in TROUBLE for slot in (0, 1)]))
    published, own = evidence(tables, np.array([0, 1]), np.full(2, 12_500)).value
    same = (published == own) | (np.isnan(published) & np.isnan(own))
    return {signal for signal in Signal if not same[signal.column]}


def test_every_signal_that_a_threshold_moves_says_whose_rule_it_follows() -> None:
    bounds = [(name, bound) for name, both in RULE_BOUNDS.items() for bound in both]
    moved = set[Signal]().union(*(moved_by(thresholds_from(dict([each]))) for each in bounds))
    assert moved == SETTABLE
