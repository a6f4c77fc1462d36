"""What a tenant decides about learning: kept with its policy, refused where out of bounds."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from eitp_server.bandit.policy_table import Goal
from eitp_server.errors import Invalid
from eitp_server.storage.accounts import Accounts
from eitp_server.storage.tenant import GUARDRAIL_METRICS, Learning, Tenant
from hypothesis import given
from hypothesis import strategies as st

if TYPE_CHECKING:
    from eitp_server.storage.sqlite_database import SQLiteDatabase

TENANT = Tenant(
    tenant_id="shop",
    display_name="Shop",
    vertical="automotive",
    holdout_share=0.1,
    created_at_us=1_700_000_000_000_000,
)
WISHES = Learning(
    pooling=True,
    exploration_floor=0.02,
    selection_goal=Goal.FIND_BEST,
    promotion_margin=0.01,
    guardrails={"bounce": 0.02, "dismissal": 0.05},
)


def test_a_tenant_that_decided_nothing_shares_nothing_and_has_the_defaults() -> None:
    assert TENANT.learning == Learning()
    assert not TENANT.learning.pooling
    assert TENANT.learning.exploration_floor is None
    assert TENANT.learning.selection_goal is Goal.MOST_SUCCESSES


def test_terms_of_learning_stand_beside_the_rules() -> None:
    changed = TENANT.with_rules({"rage_clicks": 4}).with_learning(WISHES)
    assert changed.learning == WISHES
    assert changed.rules == {"rage_clicks": 4}
    assert changed.with_rules({}).learning == WISHES
    assert changed.revision == TENANT.revision + 2
    assert TENANT.learning == Learning()


def test_reading_the_terms_changes_nothing() -> None:
    changed = TENANT.with_learning(WISHES)
    assert changed.learning == changed.learning
    assert json.loads(changed.policy)["learning"]["selection_goal"] == "find_best"


async def test_terms_of_learning_outlive_a_restart(database: SQLiteDatabase) -> None:
    accounts = await Accounts.open(database)
    await accounts.tenants.create(TENANT)
    await accounts.tenants.change("shop", lambda tenant: tenant.with_learning(WISHES))

    kept = (await Accounts.open(database)).tenants.get("shop")
    assert kept is not None
    assert kept.learning == WISHES


@given(
    st.builds(
        Learning,
        pooling=st.booleans(),
        exploration_floor=st.none() | st.floats(0.0, 0.5),
        selection_goal=st.sampled_from(Goal),
        promotion_margin=st.floats(0.0, 1.0),
        guardrails=st.dictionaries(
            st.sampled_from(GUARDRAIL_METRICS), st.floats(0.0, 1.0), max_size=5
        ),
    )
)
def test_any_terms_within_their_bounds_come_back_as_they_were_set(learning: Learning) -> None:
    assert TENANT.with_learning(learning).learning == learning


@pytest.mark.parametrize(
    ("learning", "fields"),
    [
        (replace(WISHES, exploration_floor=0.6), ["policy.exploration_floor"]),
        (replace(WISHES, exploration_floor=-0.1), ["policy.exploration_floor"]),
        (replace(WISHES, exploration_floor=float("nan")), ["policy.exploration_floor"]),
        (replace(WISHES, promotion_margin=1.5), ["policy.promotion_margin"]),
        (replace(WISHES, guardrails={"smell": 0.1}), ["policy.guardrails.smell"]),
        (replace(WISHES, guardrails={"bounce": float("inf")}), ["policy.guardrails.bounce"]),
        (replace(WISHES, guardrails={"complaint": 1.01}), ["policy.guardrails.complaint"]),
        (replace(WISHES, holdout_share=0.6), ["policy.holdout_share"]),
        (
            Learning(exploration_floor=2.0, promotion_margin=-1.0, guardrails={"bounce": -1.0}),
            ["policy.exploration_floor", "policy.promotion_margin", "policy.guardrails.bounce"],
        ),
    ],
)
def test_terms_out_of_bounds_are_refused_by_their_field(
    learning: Learning, fields: list[str]
) -> None:
    with pytest.raises(Invalid) as refused:
        TENANT.with_learning(learning)
    assert [violation.field for violation in refused.value.violations] == fields
