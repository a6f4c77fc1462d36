"""The share of visitors that is held out: a tenant's own, and as the log has it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from eitp_server.bandit.choice import Experiment
from eitp_server.errors import Invalid
from eitp_server.interventions.holdout import Holdouts
from eitp_server.interventions.policy import Policy
from eitp_server.storage.tenant import Learning, Tenant
from interventions.shop import HELD_OUT, SETTINGS, open_shop, shopper, text

USUAL = Experiment(key=b"a key of this test", holdout_share=0.1)
TENANT = Tenant(
    tenant_id="shop", display_name="Shop", vertical="shoes", holdout_share=0.1, created_at_us=0
)


def test_a_tenant_without_a_share_of_its_own_has_the_usual_one() -> None:
    holdouts = Holdouts(USUAL)
    holdouts.tell("other", 0.4)
    assert holdouts.of("shop") == USUAL
    assert holdouts.of("other") == replace(USUAL, holdout_share=0.4)


def test_what_the_log_told_outlives_another_setting_of_the_server() -> None:
    told = open_shop(SETTINGS)
    told.holdouts.tell("shop", 0.5)
    restarted = Policy(HELD_OUT)
    restarted.load(told.dump())
    visitors = [shopper(f"session-{number}") for number in range(100)]
    held_out = [told.held_out(visitor) for visitor in visitors]
    assert 20 < sum(held_out) < 80
    assert [restarted.held_out(visitor) for visitor in visitors] == held_out
    assert text(restarted) == text(told)


def test_another_tenants_share_changes_nothing() -> None:
    policy = open_shop(SETTINGS)
    policy.holdouts.tell("other", 0.5)
    assert not any(policy.held_out(shopper(f"session-{number}")) for number in range(100))


def test_a_share_of_its_own_is_kept_with_the_tenant_and_checked() -> None:
    changed = TENANT.with_learning(Learning(holdout_share=0.25))
    assert changed.learning.holdout_share == 0.25
    assert TENANT.learning.holdout_share is None
    with pytest.raises(Invalid, match=r"between 0 and 0\.5"):
        TENANT.with_learning(Learning(holdout_share=0.7))
