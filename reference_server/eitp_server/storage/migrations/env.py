"""Run by Alembic for every command: ties our tables to the connection of the caller."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, cast

from alembic import context
from sqlmodel.sql.sqltypes import AutoString

from eitp_server.storage.tables import Record

if TYPE_CHECKING:
    from sqlalchemy import Connection


def _render(_kind: str, item: object, _context: object) -> str | Literal[False]:
    return "sa.String()" if isinstance(item, AutoString) else False


connection = cast("Connection", context.config.attributes["connection"])
context.configure(
    connection=connection,
    target_metadata=Record.metadata,
    render_as_batch=connection.dialect.name == "sqlite",
    render_item=_render,
    compare_server_default=True,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
