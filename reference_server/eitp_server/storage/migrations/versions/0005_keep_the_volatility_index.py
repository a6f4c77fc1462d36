"""Keep the volatility index: feeds, bases, ticks, one-minute bars and corrections."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_TABLES = ("index_corrections", "index_bars", "index_ticks", "index_bases", "index_feeds")


def upgrade() -> None:
    op.create_table(
        "index_feeds",
        sa.Column("tenant_id", sa.String(), nullable=False),
        sa.Column("feed_id", sa.String(), nullable=False),
        sa.Column("vertical", sa.String(), nullable=False),
        sa.Column("region", sa.String(), nullable=False),
        sa.Column("page_section", sa.Integer(), nullable=False),
        sa.Column("parent_feed_id", sa.String(), nullable=False),
        sa.Column("tick_us", sa.BigInteger(), nullable=False),
        sa.Column("base_kind", sa.Integer(), nullable=False),
        sa.Column("methodology_id", sa.String(), nullable=False),
        sa.Column("estimator_version", sa.String(), nullable=False),
        sa.Column("started_us", sa.BigInteger(), nullable=False),
        sa.Column("ends_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "feed_id"),
    )
    op.create_table(
        "index_bases",
        sa.Column("tenant_id", sa.String(), nullable=False),
        sa.Column("feed_id", sa.String(), nullable=False),
        sa.Column("base_id", sa.String(), nullable=False),
        sa.Column("kind", sa.Integer(), nullable=False),
        sa.Column("source", sa.Integer(), nullable=False),
        sa.Column("median", sa.Float(), nullable=False),
        sa.Column("spread", sa.Float(), nullable=False),
        sa.Column("start_us", sa.BigInteger(), nullable=False),
        sa.Column("end_us", sa.BigInteger(), nullable=False),
        sa.Column("valid_minutes", sa.BigInteger(), nullable=False),
        sa.Column("effective_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "feed_id", "base_id"),
    )
    op.create_table(
        "index_ticks",
        sa.Column("tenant_id", sa.String(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("feed_id", sa.String(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.Column("base_id", sa.String(), nullable=False),
        sa.Column("reason", sa.Integer(), nullable=False),
        sa.Column("index", sa.Float(), nullable=True),
        sa.Column("band_low", sa.Float(), nullable=True),
        sa.Column("band_high", sa.Float(), nullable=True),
        sa.Column("smoothed_index", sa.Float(), nullable=True),
        sa.Column("step", sa.Float(), nullable=True),
        sa.Column("min_sessions", sa.BigInteger(), nullable=True),
        sa.Column("max_sessions", sa.BigInteger(), nullable=True),
        sa.Column("low_precision", sa.Boolean(), nullable=True),
        sa.Column("coverage", sa.Float(), nullable=False),
        sa.Column("late_sessions", sa.BigInteger(), nullable=False),
        sa.Column("level", sa.Float(), nullable=True),
        sa.Column("standard_error", sa.Float(), nullable=True),
        sa.Column("level_index", sa.Float(), nullable=True),
        sa.Column("unweighted_level", sa.Float(), nullable=True),
        sa.Column("effective_sessions", sa.Float(), nullable=True),
        sa.Column("largest_share", sa.Float(), nullable=True),
        sa.Column("smoothed_z", sa.Float(), nullable=True),
        sa.Column("smoothed_us", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "number"),
        sa.UniqueConstraint("number"),
    )
    _index("index_ticks", "tenant_id", "feed_id", "at_us", unique=True)
    op.create_table(
        "index_bars",
        sa.Column("tenant_id", sa.String(), nullable=False),
        sa.Column("feed_id", sa.String(), nullable=False),
        sa.Column("start_us", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("base_id", sa.String(), nullable=False),
        sa.Column("tick_us", sa.BigInteger(), nullable=False),
        sa.Column("ticks", sa.Integer(), nullable=False),
        sa.Column("min_sessions", sa.BigInteger(), nullable=False),
        sa.Column("level_open", sa.Float(), nullable=False),
        sa.Column("level_high", sa.Float(), nullable=False),
        sa.Column("level_low", sa.Float(), nullable=False),
        sa.Column("level_close", sa.Float(), nullable=False),
        sa.Column("index_open", sa.Float(), nullable=True),
        sa.Column("index_high", sa.Float(), nullable=True),
        sa.Column("index_low", sa.Float(), nullable=True),
        sa.Column("index_close", sa.Float(), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "feed_id", "start_us", "base_id"),
    )
    op.create_table(
        "index_corrections",
        sa.Column("tenant_id", sa.String(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("feed_id", sa.String(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.Column("issued_us", sa.BigInteger(), nullable=False),
        sa.Column("explanation", sa.Text(), nullable=False),
        sa.Column("original", sa.Text(), nullable=False),
        sa.Column("corrected", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "number"),
        sa.UniqueConstraint("number"),
    )
    _index("index_corrections", "tenant_id", "feed_id", "at_us")


def downgrade() -> None:
    for table in _TABLES:
        op.drop_table(table)


def _index(table: str, *columns: str, unique: bool = False) -> None:
    name = op.f(f"ix_{table}_{'_'.join(columns)}")
    op.create_index(name, table, list(columns), unique=unique)
