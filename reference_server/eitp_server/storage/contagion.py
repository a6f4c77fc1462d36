"""What regions did minute by minute, and what was found to spread between them."""

from __future__ import annotations

import json
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from sqlalchemy import delete, func, select, text

from eitp_server.errors import OutOfRange, Reason
from eitp_server.storage.contagion_value import (
    Edge,
    Item,
    KeptProfile,
    Minute,
    Series,
    State,
    as_json,
    edge_from,
    snapshot_from,
)
from eitp_server.storage.tables import Meta, Record

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from sqlalchemy import Column, Connection, Executable
    from sqlalchemy.sql.elements import ColumnElement
    from sqlmodel import Session

    from eitp_server.storage.database import Database, Readable

OLDEST: Final = "oldest_contagion_item"
"""In `meta`: the lowest number from which on no item was forgotten."""
FORGOTTEN_AT_ONCE: Final = 2_000
"""Rows, at most, that are deleted before others may write."""
MINUTE_US: Final = 60_000_000

_TABLES = Record.metadata.tables
_MINUTES = _TABLES["contagion_minutes"]
_WINDOWS = _TABLES["contagion_windows"]
_STATES = _TABLES["contagion_states"]
_ITEMS = _TABLES["contagion_items"]
_PROFILES = _TABLES["contagion_profiles"]
_NAMES: Final = tuple(column.name for column in _MINUTES.columns)
# SQLAlchemy has a way of its own to say this for every kind of database.
_INSERT_MINUTE: Final = text(
    f"INSERT INTO {_MINUTES.name} ({', '.join(_NAMES)})"
    f" VALUES ({', '.join(f':{name}' for name in _NAMES)}) ON CONFLICT DO NOTHING"
)


class KeptContagion:
    """Reads what was found."""

    def __init__(self, database: Readable, estimator_version: str) -> None:
        """Read from `database` what was made of the states of one estimator."""
        self._database = database
        self.estimator_version = estimator_version

    async def series(self, since_us: int) -> list[Series]:
        """Return the series that have a minute after `since_us`."""
        table = _MINUTES.c
        statement = (
            select(table.tenant_id, table.vertical, table.feature)
            .where(table.at_us > since_us, table.estimator_version == self.estimator_version)
            .distinct()
        )
        rows = await self._all(statement)
        return sorted(Series(tenant_id=a, vertical=b, feature=c) for a, b, c in rows)

    async def series_with_edges(self) -> list[Series]:
        """Return the series that stand with edges which have not ended."""
        table = _STATES.c
        statement = select(table.tenant_id, table.vertical, table.feature).where(
            table.edges != as_json([]), table.estimator_version == self.estimator_version
        )
        return [
            Series(tenant_id=a, vertical=b, feature=c) for a, b, c in await self._all(statement)
        ]

    async def minutes(self, series: Series, after_us: int, through_us: int) -> list[Minute]:
        """Return the minutes that end after `after_us` and not after `through_us`, ascending."""
        table = _MINUTES.c
        statement = (
            select(table.at_us, table.regions, table.levels, table.sessions, table.reasons)
            .where(*self._of(_MINUTES, series), table.at_us > after_us, table.at_us <= through_us)
            .order_by(table.at_us)
        )

        def look(session: Session) -> list[Minute]:
            return list(_minutes(session.connection().execute(statement)))

        return await self._database.read(look)

    async def first_minute(self, series: Series) -> int | None:
        """Return when the first minute ended that is kept."""
        statement = select(func.min(_MINUTES.c.at_us)).where(*self._of(_MINUTES, series))
        return (await self._all(statement))[0][0]

    async def window_before(
        self, series: Series, end_us: int
    ) -> tuple[int, frozenset[tuple[str, str]]] | None:
        """Return the last window that ends at or before `end_us`, with its significant pairs."""
        table = _WINDOWS.c
        statement = (
            select(table.end_us, table.pairs)
            .where(*self._of(_WINDOWS, series), table.end_us <= end_us)
            .order_by(table.end_us.desc())
            .limit(1)
        )
        rows = await self._all(statement)
        if not rows:
            return None
        return rows[0][0], frozenset((source, target) for source, target in json.loads(rows[0][1]))

    async def state(self, series: Series) -> State | None:
        """Return where a series stands, None before its first analysis."""
        table = _STATES.c
        statement = select(table.snapshot, table.edges).where(*self._of(_STATES, series))
        rows = await self._all(statement)
        if not rows:
            return None
        edges = [(edge_from(row["edge"]), edge_from(row["told"])) for row in json.loads(rows[0][1])]
        return State(
            snapshot=snapshot_from(json.loads(rows[0][0])),
            edges=tuple(edge for edge, _ in edges),
            told={edge.pair: told for edge, told in edges},
        )

    async def profile(self, series: Series) -> KeptProfile | None:
        """Return the newest time-of-week profile."""
        table = _PROFILES.c
        statement = select(table.day_us, table.document).where(*self._of(_PROFILES, series))
        rows = await self._all(statement)
        return KeptProfile(day_us=rows[0][0], weights=json.loads(rows[0][1])) if rows else None

    async def last_number(self) -> int:
        """Return the number of the newest item, 0 when there is none."""
        return (await self._all(select(func.max(_ITEMS.c.number))))[0][0] or 0

    async def items(self, series: Series, after: int, limit: int) -> Sequence[Item]:
        """Return the items of a series with numbers above `after`, ascending.

        Raises `OutOfRange(CURSOR_COMPACTED)` with metadata `oldest` when some of them are gone.
        """
        table = _ITEMS.c
        statement = (
            select(*table)
            .where(*self._of(_ITEMS, series), table.number > after)
            .order_by(table.number)
            .limit(limit)
        )

        def look(session: Session) -> list[Item]:
            connection = session.connection()
            _require_kept(connection, after)
            return [_item(row) for row in connection.execute(statement)]

        return await self._database.read(look)

    async def unpublished(self, after: int, limit: int) -> Sequence[Item]:
        """Return the items of all series with numbers above `after`, ascending."""
        table = _ITEMS.c
        statement = (
            select(*table)
            .where(table.number > after, table.estimator_version == self.estimator_version)
            .order_by(table.number)
            .limit(limit)
        )
        return [_item(row) for row in await self._all(statement)]

    async def newest(self, series: Series, through: int) -> list[Item]:
        """Return of each pair, and of the snapshots, the last item up to number `through`."""
        table = _ITEMS.c
        last = (
            select(func.max(table.number))
            .where(*self._of(_ITEMS, series), table.number <= through)
            .group_by(table.source_region, table.target_region)
        )
        statement = select(*table).where(table.number.in_(last)).order_by(table.number)
        return [_item(row) for row in await self._all(statement)]

    def _of(self, table: Any, series: Series) -> tuple[ColumnElement[bool], ...]:
        return (
            table.c.tenant_id == series.tenant_id,
            table.c.vertical == series.vertical,
            table.c.feature == series.feature,
            table.c.estimator_version == self.estimator_version,
        )

    async def _all(self, statement: Any) -> Sequence[Any]:
        def look(session: Session) -> Sequence[Any]:
            return session.connection().execute(statement).all()

        return await self._database.read(look)


class Contagion(KeptContagion):
    """Reads and writes what was found."""

    def __init__(self, database: Database, estimator_version: str) -> None:
        """Keep everything in `database`."""
        super().__init__(database, estimator_version)
        self._writable = database

    async def keep_minutes(self, minutes: Iterable[tuple[Series, Minute]]) -> None:
        """Write minutes of series; one that is there already stays as it is."""
        rows = [
            {
                **self._named(series),
                "at_us": minute.at_us,
                "regions": json.dumps(minute.regions),
                "levels": minute.levels.astype("<f8").tobytes(),
                "sessions": minute.sessions.astype("<i4").tobytes(),
                "reasons": minute.reasons.astype("u1").tobytes(),
            }
            for series, minute in minutes
        ]

        def job(session: Session) -> None:
            if rows:
                session.connection().execute(_INSERT_MINUTE, rows)

        await self._writable.write(job)

    async def keep_profile(self, series: Series, profile: KeptProfile) -> None:
        """Write the profile of a series in the place of the one before."""
        row = {
            **self._named(series),
            "day_us": profile.day_us,
            "document": json.dumps(dict(profile.weights)),
        }

        def job(session: Session) -> None:
            _put(session.connection(), _PROFILES, row)

        await self._writable.write(job)

    async def keep_analysis(
        self, series: Series, state: State, changed: Sequence[Edge], *, made: bool
    ) -> list[Item]:
        """Write an analysis: where the series stands, the edges that changed, and the snapshot.

        Returns the items of the feed with their numbers, the snapshot last. An analysis that is
        there already is not written again, and nothing is returned.
        """
        snapshot = state.snapshot
        end_us = snapshot.basis.end_us

        def job(session: Session) -> list[Item]:
            connection = session.connection()
            known = select(_STATES.c.end_us).where(*self._of(_STATES, series))
            if (connection.execute(known).scalar() or 0) >= end_us:
                return []
            number = connection.execute(select(func.max(_ITEMS.c.number))).scalar() or 0
            items = [
                Item(
                    number=number + place,
                    series=series,
                    estimator_version=self.estimator_version,
                    content=content,
                )
                for place, content in enumerate((*changed, snapshot), start=1)
            ]
            named = self._named(series)
            for item in items:
                connection.execute(_ITEMS.insert().values(**_item_row(item, named, end_us)))
            _put(connection, _STATES, {**named, **_state_row(state, end_us)})
            if made:
                pairs = json.dumps([edge.pair for edge in state.edges])
                _put(connection, _WINDOWS, {**named, "end_us": end_us, "pairs": pairs})
            return items

        return await self._writable.write(job)

    async def forget(self, before_us: int, windows_before_us: int) -> None:
        """Forget minutes and items of before `before_us`, and windows that ended earlier.

        The last item of each edge and the last snapshot stay, so that who begins now is told what
        holds.
        """
        await self._forget_rows(_MINUTES.c.at_us, before_us, FORGOTTEN_AT_ONCE * MINUTE_US)
        await self._forget_rows(_WINDOWS.c.end_us, windows_before_us, FORGOTTEN_AT_ONCE * MINUTE_US)
        await self._forget_items(before_us)

    async def _forget_rows(self, time: Column[int], before_us: int, step_us: int) -> None:
        """Forget rows of before `before_us` in steps, each of the oldest `step_us` of a series.

        There is one writer, and all that the tick stores would wait for a single long step.
        """
        table = time.table
        whose = (table.c.tenant_id, table.c.vertical, table.c.feature)
        oldest = select(*whose, func.min(time)).group_by(*whose)
        for *key, first in await self._all(oldest):
            own = [column == value for column, value in zip(whose, key, strict=True)]
            for start in range(first, before_us, step_us):
                rows = delete(table).where(*own, time < min(start + step_us, before_us))
                await self._writable.write(partial(_execute, rows))

    async def _forget_items(self, before_us: int) -> None:
        table = _ITEMS.c
        last = select(func.max(table.number)).group_by(
            table.tenant_id,
            table.vertical,
            table.feature,
            table.estimator_version,
            table.source_region,
            table.target_region,
        )
        old = select(table.number).where(table.end_us < before_us, table.number.not_in(last))
        # What is not the last one now will not be it later, so this can be looked up beforehand.
        numbers = sorted(number for (number,) in await self._all(old))
        for start in range(0, len(numbers), FORGOTTEN_AT_ONCE):
            some = numbers[start : start + FORGOTTEN_AT_ONCE]
            await self._writable.write(partial(_forget_numbers, some))

    def _named(self, series: Series) -> dict[str, Any]:
        return {
            "tenant_id": series.tenant_id,
            "vertical": series.vertical,
            "feature": series.feature,
            "estimator_version": self.estimator_version,
        }


def _execute(statement: Executable, session: Session) -> None:
    session.connection().execute(statement)


def _forget_numbers(numbers: Sequence[int], session: Session) -> None:
    session.connection().execute(delete(_ITEMS).where(_ITEMS.c.number.in_(numbers)))
    session.merge(Meta(key=OLDEST, value=str(numbers[-1] + 1)))


def _put(connection: Connection, table: Any, row: Mapping[str, Any]) -> None:
    key: Collection[str] = [column.name for column in table.primary_key]
    same = [table.c[name] == row[name] for name in key]
    if connection.execute(select(1).select_from(table).where(*same)).first() is None:
        connection.execute(table.insert().values(**row))
    else:
        connection.execute(table.update().where(*same).values(**row))


def _require_kept(connection: Connection, after: int) -> None:
    meta = _TABLES["meta"].c
    mark = connection.execute(select(meta.value).where(meta.key == OLDEST)).scalar()
    # From nothing on everything that is kept may be read, what lies before the mark included.
    if mark is not None and 0 < after < int(mark) - 1:
        raise OutOfRange(
            Reason.CURSOR_COMPACTED,
            "What follows the cursor is no longer kept; start without one, or at `oldest`.",
            metadata={"oldest": mark},
        )


def _minutes(rows: Iterable[Any]) -> Iterable[Minute]:
    text, regions = "", tuple[str, ...]()
    for at_us, named, levels, sessions, reasons in rows:
        if named != text:
            text, regions = named, tuple(json.loads(named))
        yield Minute(
            at_us=at_us,
            regions=regions,
            levels=np.frombuffer(levels, "<f8").astype(np.float64),
            sessions=np.frombuffer(sessions, "<i4").astype(np.int32),
            reasons=np.frombuffer(reasons, "u1").astype(np.uint8),
        )


def _item_row(item: Item, named: Mapping[str, Any], end_us: int) -> dict[str, Any]:
    content = item.content
    source, target = content.pair if isinstance(content, Edge) else ("", "")
    return {
        **named,
        "number": item.number,
        "end_us": end_us,
        "source_region": source,
        "target_region": target,
        "document": as_json(asdict(content)),
    }


def _state_row(state: State, end_us: int) -> dict[str, Any]:
    edges = [{"edge": asdict(edge), "told": asdict(state.told[edge.pair])} for edge in state.edges]
    return {"end_us": end_us, "snapshot": as_json(asdict(state.snapshot)), "edges": as_json(edges)}


def _item(row: Any) -> Item:
    document = json.loads(row.document)
    return Item(
        number=row.number,
        series=Series(tenant_id=row.tenant_id, vertical=row.vertical, feature=row.feature),
        estimator_version=row.estimator_version,
        content=edge_from(document) if row.source_region else snapshot_from(document),
    )
