"""Keep what lift is measured with: epochs of arms, censored decisions, stopped interventions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # It may be NULL, so that a table of millions of decisions need not be written anew.
    op.add_column("decisions", sa.Column("epochs", sa.Text(), nullable=True))
    op.create_table(
        "censored_decisions",
        sa.Column("tenant_id", sa.String(), nullable=False),
        sa.Column("decision_id", sa.String(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "decision_id"),
    )
    op.create_table(
        "stopped_interventions",
        sa.Column("tenant_id", sa.String(), nullable=False),
        sa.Column("definition_id", sa.String(), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("metric", sa.Integer(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "definition_id", "epoch"),
    )


def downgrade() -> None:
    op.drop_table("stopped_interventions")
    op.drop_table("censored_decisions")
    with op.batch_alter_table("decisions") as table:
        table.drop_column("epochs")
