"""Keep how far the running experiment of each tenant has come, and whom it has met."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "study_checkpoints",
        sa.Column("tenant_id", sa.String(), nullable=False),
        sa.Column("methodology", sa.String(), nullable=False),
        sa.Column("margins", sa.Text(), nullable=False),
        sa.Column("window_us", sa.BigInteger(), nullable=False),
        sa.Column("through_us", sa.BigInteger(), nullable=False),
        sa.Column("saved_at_us", sa.BigInteger(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id"),
    )
    op.create_table(
        "study_visitors",
        sa.Column("tenant_id", sa.String(), nullable=False),
        sa.Column("visitor", sa.String(), nullable=False),
        sa.Column("counted", sa.LargeBinary(), nullable=False),
        sa.Column("held_out", sa.Float(), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "visitor"),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    op.drop_table("study_visitors")
    op.drop_table("study_checkpoints")
