"""The server's configuration: one frozen object, read once from the environment."""

from __future__ import annotations

from pathlib import Path
from typing import Final, Literal

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

DEVELOPMENT_TENANT: Final = "demo"


class Settings(BaseSettings):
    """What an operator can choose; each field is read from EITP_ and its name in capitals."""

    model_config = SettingsConfigDict(
        env_prefix="EITP_", frozen=True, extra="ignore", use_attribute_docstrings=True
    )

    host: str = "127.0.0.1"
    """Address to listen on; 0.0.0.0 for all."""
    grpc_port: int = Field(default=50051, ge=0, le=65535)
    """Port of gRPC; 0 takes a free one."""
    web_port: int = Field(default=8080, ge=0, le=65535)
    """Port of Connect, gRPC-Web and JSON; 0 takes a free one."""
    data_dir: Path | None = Path("eitp-data")
    """Where the log, the tables, the snapshots and the signing keys live.

    None keeps everything in memory: acknowledged data is gone with the process, and the server
    says so (durability PROCESS).
    """
    synchronous: Literal["FULL", "NORMAL", "OFF"] = "FULL"
    """SQLite's promise at a commit. Anything but FULL loses acknowledged data in a power cut and is
    declared as durability PROCESS."""
    holdout_share: float = Field(default=0.1, ge=0, le=0.5)
    """Share of visitors that never get an intervention, so that its effect can be measured. Tenants
    may choose another one."""
    max_pause_ms: float = Field(default=50, gt=0, le=1000)
    """Longest wait of an input for its tick."""
    max_queued_batches: int = Field(default=65_536, ge=1)
    """Batches in the inbox beyond which requests are refused as OVERLOADED."""
    snapshot_work_seconds: float = Field(default=0.7, gt=0)
    """Time spent on inputs after which a snapshot is written: a restart does that work again."""
    snapshot_batches: int = Field(default=100_000, ge=1)
    """Batches after which a snapshot is written, however little work they were."""
    snapshot_seconds: float = Field(default=60, gt=0)
    """Time after which a snapshot is written when anything changed."""
    learning_seconds: float = Field(default=60, gt=0)
    """Time after which the policy learns from whatever came in."""
    learning_events: int = Field(default=200, ge=1)
    """Decisions and outcomes that are worth learning from at any time."""
    proving_seconds: float = Field(default=3600, gt=0)
    """Time between two looks for what is proven to help, and for what does harm."""
    index_tick_seconds: int = Field(default=5, ge=1, le=60)
    """Time between two ticks of a tenant's own volatility feeds; must divide a minute."""
    index_tick_days: float = Field(default=7, gt=0)
    """Time for which ticks of the volatility index are kept, and so can be resumed."""
    index_bar_days: float = Field(default=400, ge=30)
    """Time for which one-minute bars are kept; bases need 29 days of them."""
    log_retention_seconds: float = Field(default=3600, ge=0)
    """Time for which raw telemetry stays in the log, so that a state can be recomputed from it."""
    token_lifetime_seconds: int = Field(default=900, ge=60, le=900)
    """Life of a session token."""
    drain_seconds: float = Field(default=10, ge=0)
    """Longest time that calls in flight get to finish at shutdown."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """Least important messages to log."""

    @field_validator("index_tick_seconds")
    @classmethod
    def _divides_a_minute(cls, seconds: int) -> int:
        if 60 % seconds:
            raise ValueError(f"{seconds} does not divide a minute; take 1, 5, 10, 15 or 60")
        return seconds
