"""Keep which patterns were put into the prompts of a session and which were withheld."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "pattern_offers",
        sa.Column("tenant_id", sa.String(), nullable=False),
        sa.Column("session_id", sa.String(), nullable=False),
        sa.Column("pattern_id", sa.String(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("given", sa.Boolean(), nullable=False),
        sa.Column("withheld_probability", sa.Float(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "session_id", "pattern_id"),
    )
    name = op.f("ix_pattern_offers_pattern_id_at_us")
    op.create_index(name, "pattern_offers", ["pattern_id", "at_us"])


def downgrade() -> None:
    op.drop_table("pattern_offers")
