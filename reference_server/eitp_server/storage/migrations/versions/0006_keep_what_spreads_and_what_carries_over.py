"""Keep what spreads between regions, and what carries over to other verticals."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_TABLES = (
    "contagion_minutes",
    "contagion_windows",
    "contagion_states",
    "contagion_items",
    "contagion_profiles",
    "transfers",
)


def upgrade() -> None:
    op.create_table(
        "contagion_minutes",
        *_series(),
        sa.Column("at_us", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("regions", sa.Text(), nullable=False),
        sa.Column("levels", sa.LargeBinary(), nullable=False),
        sa.Column("sessions", sa.LargeBinary(), nullable=False),
        sa.Column("reasons", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "vertical", "feature", "at_us"),
    )
    op.create_table(
        "contagion_windows",
        *_series(),
        sa.Column("end_us", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("pairs", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "vertical", "feature", "end_us"),
    )
    op.create_table(
        "contagion_states",
        *_series(),
        sa.Column("end_us", sa.BigInteger(), nullable=False),
        sa.Column("snapshot", sa.Text(), nullable=False),
        sa.Column("edges", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "vertical", "feature"),
    )
    op.create_table(
        "contagion_items",
        *_series(),
        sa.Column("number", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("end_us", sa.BigInteger(), nullable=False),
        sa.Column("source_region", sa.String(), nullable=False),
        sa.Column("target_region", sa.String(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "number"),
        sa.UniqueConstraint("number"),
    )
    op.create_index(
        "ix_contagion_items_tenant_id_vertical_feature_number",
        "contagion_items",
        ["tenant_id", "vertical", "feature", "number"],
    )
    op.create_index("ix_contagion_items_end_us", "contagion_items", ["end_us"])
    op.create_table(
        "contagion_profiles",
        *_series(),
        sa.Column("day_us", sa.BigInteger(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "vertical", "feature"),
    )
    op.create_table(
        "transfers",
        sa.Column("tenant_id", sa.String(), nullable=False),
        sa.Column("transfer_id", sa.String(), nullable=False),
        sa.Column("kind", sa.Integer(), nullable=False),
        sa.Column("label", sa.Integer(), nullable=False),
        sa.Column("page_section", sa.Integer(), nullable=False),
        sa.Column("verdict", sa.Integer(), nullable=False),
        sa.Column("probability_positive", sa.Float(), nullable=True),
        sa.Column("computed_at_us", sa.BigInteger(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "transfer_id"),
    )


def downgrade() -> None:
    for name in reversed(_TABLES):
        op.drop_table(name)


def _series() -> tuple[sa.Column[object], ...]:
    return (
        sa.Column("tenant_id", sa.String(), nullable=False),
        sa.Column("vertical", sa.String(), nullable=False),
        sa.Column("feature", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("estimator_version", sa.String(), nullable=False),
    )
