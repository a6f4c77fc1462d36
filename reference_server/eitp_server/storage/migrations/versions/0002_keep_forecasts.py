"""Keep forecasts and how they ended, and with every packet its risk of abandonment."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_EVENT_COLUMNS = (("abandonment_risk", sa.Float()), ("calibration_version", sa.String()))


def upgrade() -> None:
    # Both may be NULL, so that a table of millions of packets need not be written anew.
    for name, kind in _EVENT_COLUMNS:
        op.add_column("emotional_events", sa.Column(name, kind, nullable=True))
    op.create_table(
        "forecasts",
        *(sa.Column(name, sa.String(), nullable=False) for name in _NAMES),
        sa.Column("forecast_at_us", sa.BigInteger(), nullable=False),
        sa.Column("label", sa.Integer(), nullable=False),
        *(sa.Column(name, sa.Float(), nullable=False) for name in _NUMBERS),
        *(sa.Column(name, sa.String(), nullable=False) for name in _VERSIONS),
        *(sa.Column(name, sa.Boolean(), nullable=False) for name in ("holdout", "treated")),
        sa.Column("abandoned", sa.Boolean(), nullable=True),
        sa.Column("resolution", sa.Integer(), nullable=False),
        sa.Column("resolved_at_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "packet_id"),
    )
    for column in _INDEXED:
        name = op.f(f"ix_forecasts_tenant_id_{column}")
        op.create_index(name, "forecasts", ["tenant_id", column])


def downgrade() -> None:
    op.drop_table("forecasts")
    with op.batch_alter_table("emotional_events") as table:
        for name, _ in _EVENT_COLUMNS:
            table.drop_column(name)


_NAMES = ("tenant_id", "packet_id", "session_id")
_NUMBERS = ("risk_logit", "page_only_logit", "duration_only_logit", "risk")
_VERSIONS = ("risk_model", "estimator_version")
_INDEXED = ("resolved_at_us", "session_id")
