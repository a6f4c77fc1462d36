"""Create the schema."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_DIMENSIONS = (
    "valence",
    "arousal",
    "urgency",
    "confusion",
    "interest",
    "intent_strength",
    "session_phase",
)
_LIFTS = ("lift", "lower_bound", "fresh_lift", "fresh_lower_bound")


def upgrade() -> None:
    _create_log()
    _create_emotional_events()
    _create_decisions()
    _create_interventions()
    _create_outcomes()
    _create_tenancy()
    _create_knowledge()
    _create_bookkeeping()


def downgrade() -> None:
    for table in (
        *("api_keys", "tenants", "catalogue", "proven_patterns", "meta", "idempotency"),
        *("acknowledgements", "interventions", "outcomes", "decisions", "emotional_events"),
        *("dead_letters", "envelopes"),
    ):
        op.drop_table(table)


def _create_log() -> None:
    op.create_table(
        "envelopes",
        sa.Column(
            "tick", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False
        ),
        *_big("crc"),
        _blob("payload"),
        sa.PrimaryKeyConstraint("tick"),
    )
    op.create_table(
        "dead_letters",
        *_text("tenant_id"),
        sa.Column("tick", sa.BigInteger(), autoincrement=False),
        sa.Column("ordinal", sa.Integer(), autoincrement=False),
        _long_text("error"),
        _blob("payload"),
        sa.PrimaryKeyConstraint("tenant_id", "tick", "ordinal"),
    )


def _create_emotional_events() -> None:
    op.create_table(
        "emotional_events",
        *_text("tenant_id", "packet_id", "session_id"),
        *_big("number", "sequence", "emitted_at_us", "window_start_ms", "window_end_ms"),
        *(sa.Column(name, sa.Float()) for name in _DIMENSIONS),
        *(sa.Column(f"{name}_uncertainty", sa.Float()) for name in _DIMENSIONS),
        *_integer("label"),
        sa.Column("confidence", sa.Float()),
        *_integer("abstain_reason"),
        _long_text("evidence"),
        *_text("vertical"),
        *_integer("page_type", "page_section"),
        *_text("region"),
        *_integer("cart_bucket", "source"),
        *_text("model", "estimator_version", "degraded_reason"),
        *_big("suppressed", "valid_until_us"),
        sa.PrimaryKeyConstraint("tenant_id", "packet_id"),
        sa.UniqueConstraint("number"),
    )
    _index("emotional_events", "tenant_id", "number")
    _index("emotional_events", "tenant_id", "session_id", "number")


def _create_decisions() -> None:
    op.create_table(
        "decisions",
        *_text("tenant_id", "decision_id", "session_id", "visitor_hash", "vertical"),
        *_integer("label", "page_section"),
        *_text("packet_id"),
        *_big("decided_at_us"),
        _long_text("arms"),
        _long_text("probabilities"),
        *_text("chosen"),
        *_number("propensity", "draw"),
        sa.Column("holdout", sa.Boolean(), nullable=False),
        *_number("holdout_share"),
        *_text("snapshot_id", "policy_version"),
        sa.PrimaryKeyConstraint("tenant_id", "decision_id"),
    )
    _index("decisions", "tenant_id", "decided_at_us", "decision_id")
    _index("decisions", "tenant_id", "session_id", "decided_at_us")


def _create_interventions() -> None:
    op.create_table(
        "interventions",
        *_text("tenant_id", "intervention_id", "decision_id", "session_id", "definition_id"),
        *_big("definition_revision", "number", "created_at_us", "expires_at_us"),
        sa.PrimaryKeyConstraint("tenant_id", "intervention_id"),
        sa.UniqueConstraint("number"),
    )
    _index("interventions", "tenant_id", "number")
    _index("interventions", "tenant_id", "session_id", "number")
    _index("interventions", "tenant_id", "created_at_us", "intervention_id")
    _index("interventions", "tenant_id", "decision_id")
    op.create_table(
        "acknowledgements",
        *_text("tenant_id", "intervention_id"),
        sa.Column("disposition", sa.Integer(), autoincrement=False),
        *_big("at_us"),
        sa.PrimaryKeyConstraint("tenant_id", "intervention_id", "disposition"),
    )


def _create_outcomes() -> None:
    op.create_table(
        "outcomes",
        *_text("tenant_id", "outcome_id", "session_id", "decision_id"),
        *_integer("kind"),
        *_big("value_micros"),
        *_text("currency"),
        *_big("occurred_at_us", "received_at_us"),
        sa.PrimaryKeyConstraint("tenant_id", "outcome_id"),
    )
    _index("outcomes", "tenant_id", "received_at_us", "outcome_id")
    _index("outcomes", "tenant_id", "decision_id")


def _create_tenancy() -> None:
    op.create_table(
        "tenants",
        *_text("tenant_id", "display_name"),
        sa.Column("suspended", sa.Boolean(), nullable=False),
        *_big("revision"),
        *_text("vertical", "region"),
        *_number("holdout_share"),
        *_text("consent_policy"),
        *(_long_text(name) for name in ("allowed_origins", "policy", "limits")),
        *_big("created_at_us"),
        sa.PrimaryKeyConstraint("tenant_id"),
    )
    op.create_table(
        "api_keys",
        *_text("tenant_id", "key_id", "kind", "display_name", "prefix", "last_four", "sha256"),
        _long_text("scopes"),
        *_big("created_at_us"),
        *_time_or_null("expires_at_us", "last_used_at_us", "revoked_at_us"),
        *_text("replaced_by_key_id"),
        sa.PrimaryKeyConstraint("tenant_id", "key_id"),
        sa.UniqueConstraint("sha256"),
    )


def _create_knowledge() -> None:
    op.create_table(
        "catalogue",
        *_text("tenant_id", "definition_id"),
        sa.Column("revision", sa.BigInteger(), autoincrement=False),
        _long_text("document"),
        *_big("created_at_us"),
        *_time_or_null("retired_at_us"),
        sa.PrimaryKeyConstraint("tenant_id", "definition_id", "revision"),
    )
    op.create_table(
        "proven_patterns",
        *_text("tenant_id", "pattern_id"),
        sa.Column("version", sa.BigInteger(), autoincrement=False),
        *_integer("status"),
        sa.Column("vertical", sa.String()),
        sa.Column("label", sa.Integer()),
        sa.Column("page_section", sa.Integer()),
        *_text("definition_id"),
        *_integer("kind"),
        *_big("units"),
        *(sa.Column(name, sa.Float()) for name in _LIFTS),
        *_big("promoted_at_us", "expires_at_us"),
        _long_text("document"),
        sa.PrimaryKeyConstraint("tenant_id", "pattern_id", "version"),
    )
    _index("proven_patterns", "tenant_id", "promoted_at_us", "pattern_id")


def _create_bookkeeping() -> None:
    op.create_table("meta", *_text("key", "value"), sa.PrimaryKeyConstraint("key"))
    op.create_table(
        "idempotency",
        *_text("tenant_id", "request_id", "method", "digest"),
        _blob("reply"),
        *_big("created_at_us"),
        sa.PrimaryKeyConstraint("tenant_id", "request_id"),
    )
    _index("idempotency", "created_at_us")


def _text(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.String(), nullable=False) for name in names]


def _big(*names: str) -> list[sa.Column[int]]:
    return [sa.Column(name, sa.BigInteger(), nullable=False) for name in names]


def _time_or_null(*names: str) -> list[sa.Column[int]]:
    return [sa.Column(name, sa.BigInteger()) for name in names]


def _integer(*names: str) -> list[sa.Column[int]]:
    return [sa.Column(name, sa.Integer(), nullable=False) for name in names]


def _number(*names: str) -> list[sa.Column[float]]:
    return [sa.Column(name, sa.Float(), nullable=False) for name in names]


def _long_text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=False)


def _blob(name: str) -> sa.Column[bytes]:
    return sa.Column(name, sa.LargeBinary(), nullable=False)


def _index(table: str, *columns: str) -> None:
    op.create_index(op.f(f"ix_{table}_{'_'.join(columns)}"), table, list(columns))
