"""Whose records a report reads, and where they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from eitp_server.cli.console import require_data
from eitp_server.config import Settings

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def data_directory(given: Path | None) -> Path:
    """Return the data directory that was named, or else that of the settings.

    Raises FileNotFoundError when it holds no server's data.
    """
    directory = given or Settings().data_dir
    if directory is None:
        raise typer.BadParameter(
            "name a data directory: a server that keeps everything in memory leaves none",
            param_hint="--data-dir",
        )
    require_data(directory, "--data-dir or EITP_DATA_DIR")
    return directory


def require_tenant(tenant_id: str, known: Sequence[str], named_by: str = "--tenant") -> None:
    """Refuse a tenant that there is not, naming some that there are.

    `named_by` is the parameter that names the tenant.
    """
    if tenant_id in known:
        return
    there = ", ".join(known[:5]) + (f" and {len(known) - 5} more" if len(known) > 5 else "")
    raise typer.BadParameter(
        f"no such tenant: {tenant_id}; there are: {there or 'none'}", param_hint=named_by
    )
