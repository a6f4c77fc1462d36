"""Tenants, origins and keys."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from hashlib import sha256
from typing import TYPE_CHECKING

import pytest
from eitp_server.errors import Conflict, Invalid, Missing, Reason
from eitp_server.storage import tables
from eitp_server.storage.accounts import Accounts
from eitp_server.storage.api_key import PATTERN, KeyKind, compose, is_well_formed, mint
from eitp_server.storage.api_keys import OPERATOR
from eitp_server.storage.tenant import Tenant, canonical_origin
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import select

if TYPE_CHECKING:
    from eitp_server.storage.sqlite_database import SQLiteDatabase
    from sqlmodel import Session

NOW = 1_700_000_000_000_000
MINUTE = 60_000_000
TENANT = Tenant(
    tenant_id="shop",
    display_name="Shop",
    vertical="automotive",
    region="DE",
    holdout_share=0.1,
    consent_policy="explicit",
    allowed_origins=("https://shop.example", "http://localhost:5173"),
    policy='{"pooling":true}',
    created_at_us=NOW,
)


@pytest.fixture
async def accounts(database: SQLiteDatabase) -> Accounts:
    """Accounts with one tenant."""
    accounts = await Accounts.open(database)
    await accounts.tenants.create(TENANT)
    return accounts


async def test_a_tenant_is_found_again_after_a_restart(
    database: SQLiteDatabase, accounts: Accounts
) -> None:
    reopened = await Accounts.open(database)

    assert reopened.tenants.get("shop") == TENANT
    assert reopened.tenants.all() == [TENANT]
    assert reopened.tenants.get("rival") is None


async def test_the_name_of_a_tenant_is_taken_once(accounts: Accounts) -> None:
    with pytest.raises(Conflict, match="shop is taken"):
        await accounts.tenants.create(replace(TENANT, display_name="Another"))
    assert accounts.tenants.get("shop") == TENANT


async def test_a_tenant_can_be_changed(database: SQLiteDatabase, accounts: Accounts) -> None:
    changed = await accounts.tenants.change(
        "shop", lambda tenant: replace(tenant, suspended=True, revision=tenant.revision + 1)
    )

    assert changed == replace(TENANT, suspended=True, revision=2)
    assert accounts.tenants.get("shop") == changed
    assert (await Accounts.open(database)).tenants.get("shop") == changed


async def test_changes_that_come_together_are_both_made(accounts: Accounts) -> None:
    def count(tenant: Tenant) -> Tenant:
        return replace(tenant, revision=tenant.revision + 1)

    await asyncio.gather(*(accounts.tenants.change("shop", count) for _ in range(10)))

    tenant = accounts.tenants.get("shop")
    assert tenant is not None
    assert tenant.revision == 11


async def test_a_change_that_is_refused_leaves_the_tenant_as_it_was(accounts: Accounts) -> None:
    def refuse(tenant: Tenant) -> Tenant:
        raise Conflict(Reason.REVISION_MISMATCH, "There is a newer revision.")

    with pytest.raises(Conflict):
        await accounts.tenants.change("shop", refuse)
    assert accounts.tenants.get("shop") == TENANT


async def test_what_does_not_exist_is_missing(accounts: Accounts) -> None:
    with pytest.raises(Missing):
        await accounts.tenants.change("rival", lambda tenant: tenant)
    with pytest.raises(Missing):
        await accounts.keys.create("rival", KeyKind.SECRET, environment="live", now_us=NOW)
    with pytest.raises(Missing):
        await accounts.keys.revoke("shop", "no key", NOW)


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        ("https://shop.example", True),
        ("https://SHOP.example", True),
        ("https://shop.example:443", True),
        ("http://localhost:5173", True),
        ("http://shop.example", False),
        ("https://shop.example:8443", False),
        ("https://www.shop.example", False),
        ("https://shop.example.evil.example", False),
        ("https://evil.example/https://shop.example", False),
        ("https://shop.example/", False),
        ("https://user@shop.example", False),
        ("http://localhost", False),
        ("null", False),
        ("", False),
    ],
)
async def test_only_the_very_origins_of_a_tenant_are_allowed(
    accounts: Accounts, origin: str, allowed: bool
) -> None:
    assert accounts.tenants.allow_origin("shop", origin) is allowed
    assert not accounts.tenants.allow_origin("rival", origin)


def test_an_origin_has_one_form() -> None:
    assert canonical_origin("HTTPS://Shop.Example:443") == "https://shop.example"
    assert canonical_origin("http://[::1]:80") == "http://[::1]"
    assert canonical_origin("https://*.shop.example") is None


async def test_an_origin_that_is_none_is_refused_by_its_place(accounts: Accounts) -> None:
    origins = ("https://shop.example", "shop.example")

    with pytest.raises(Invalid) as refused:
        await accounts.tenants.change(
            "shop", lambda tenant: replace(tenant, allowed_origins=origins)
        )
    assert [violation.field for violation in refused.value.violations] == ["allowed_origins[1]"]


async def test_a_key_opens_what_it_was_made_for(accounts: Accounts) -> None:
    issued = await accounts.keys.create(
        "shop", KeyKind.SECRET, environment="live", scopes=["packets.read"], now_us=NOW
    )

    found = accounts.keys.authenticate(issued.secret, NOW)
    assert found == issued.key
    assert found is not None
    assert (found.tenant_id, found.kind) == ("shop", KeyKind.SECRET)
    assert found.scopes == {"packets.read"}
    assert issued.secret.startswith(found.prefix)
    assert issued.secret.endswith(found.last_four)


async def test_a_key_opens_the_same_after_a_restart(
    database: SQLiteDatabase, accounts: Accounts
) -> None:
    issued = await accounts.keys.create(
        OPERATOR, KeyKind.SECRET, environment="test", scopes=["tenants.read"], now_us=NOW
    )

    reopened = await Accounts.open(database)
    assert reopened.keys.authenticate(issued.secret, NOW) == issued.key


@pytest.mark.parametrize("change", ["", "x", "é", "\udcff"])
async def test_what_is_not_a_key_opens_nothing(accounts: Accounts, change: str) -> None:
    issued = await accounts.keys.create("shop", KeyKind.PUBLISHABLE, environment="live", now_us=NOW)

    assert accounts.keys.authenticate(issued.secret[:-1] + change, NOW) is None
    assert accounts.keys.authenticate(change, NOW) is None


async def test_the_key_itself_is_nowhere_in_the_database(
    database: SQLiteDatabase, accounts: Accounts
) -> None:
    issued = await accounts.keys.create("shop", KeyKind.SECRET, environment="live", now_us=NOW)

    def look(session: Session) -> dict[str, object]:
        return session.exec(select(tables.ApiKey)).one().model_dump()

    row = await database.read(look)
    assert issued.secret[len(issued.key.prefix) : -4] not in str(row)
    assert row["sha256"] == sha256(issued.secret.encode()).hexdigest()


async def test_a_revoked_key_opens_nothing_and_stays_listed(
    database: SQLiteDatabase, accounts: Accounts
) -> None:
    issued = await accounts.keys.create("shop", KeyKind.SECRET, environment="live", now_us=NOW)
    await accounts.keys.revoke("shop", issued.key.key_id, NOW + 1)
    again = await accounts.keys.revoke("shop", issued.key.key_id, NOW + 2)

    assert again.revoked_at_us == NOW + 1
    for each in (accounts, await Accounts.open(database)):
        assert each.keys.authenticate(issued.secret, NOW + 3) is None
        assert each.keys.of("shop") == [again]
        assert each.keys.get("shop", issued.key.key_id) == again


async def test_a_key_of_one_tenant_cannot_be_revoked_by_another(accounts: Accounts) -> None:
    await accounts.tenants.create(replace(TENANT, tenant_id="rival"))
    issued = await accounts.keys.create("shop", KeyKind.SECRET, environment="live", now_us=NOW)

    with pytest.raises(Missing):
        await accounts.keys.revoke("rival", issued.key.key_id, NOW)
    assert accounts.keys.get("rival", issued.key.key_id) is None
    assert accounts.keys.of("rival") == []


async def test_a_key_ends_when_its_time_is_over(accounts: Accounts) -> None:
    issued = await accounts.keys.create(
        "shop", KeyKind.SECRET, environment="live", now_us=NOW, expires_at_us=NOW + 10
    )

    assert accounts.keys.authenticate(issued.secret, NOW + 9)
    assert accounts.keys.authenticate(issued.secret, NOW + 10) is None


async def test_a_rotated_key_works_until_the_overlap_is_over(accounts: Accounts) -> None:
    old = await accounts.keys.create(
        "shop", KeyKind.SECRET, environment="live", scopes=["packets.read"], now_us=NOW
    )
    new, replaced = await accounts.keys.rotate(
        "shop", old.key.key_id, ends_at_us=NOW + 10, now_us=NOW + 1
    )

    assert replaced.replaced_by_key_id == new.key.key_id
    assert (new.key.kind, new.key.scopes) == (old.key.kind, old.key.scopes)
    assert new.key.prefix == old.key.prefix
    assert accounts.keys.authenticate(old.secret, NOW + 9)
    assert accounts.keys.authenticate(old.secret, NOW + 10) is None
    assert accounts.keys.authenticate(new.secret, NOW + 10) == new.key
    assert [key.key_id for key in accounts.keys.of("shop")] == [new.key.key_id, old.key.key_id]


async def test_a_rotation_never_makes_the_old_key_live_longer(accounts: Accounts) -> None:
    old = await accounts.keys.create(
        "shop", KeyKind.SECRET, environment="live", now_us=NOW, expires_at_us=NOW + 5
    )
    _, replaced = await accounts.keys.rotate(
        "shop", old.key.key_id, ends_at_us=NOW + 10, now_us=NOW + 1
    )

    assert replaced.expires_at_us == NOW + 5


async def test_the_last_use_is_known_to_the_minute_and_saved_on_request(
    database: SQLiteDatabase, accounts: Accounts
) -> None:
    issued = await accounts.keys.create("shop", KeyKind.SECRET, environment="live", now_us=NOW)
    for at in (NOW, NOW + MINUTE - 1, NOW + MINUTE, NOW + MINUTE + 1):
        accounts.keys.authenticate(issued.secret, at)

    (shown,) = accounts.keys.of("shop")
    assert shown.last_used_at_us == NOW + MINUTE
    assert (await Accounts.open(database)).keys.of("shop")[0].last_used_at_us is None
    await accounts.keys.save_use()
    assert accounts.keys.of("shop") == [shown]
    assert (await Accounts.open(database)).keys.of("shop") == [shown]


async def test_saving_the_last_use_never_revives_a_key(accounts: Accounts) -> None:
    issued = await accounts.keys.create("shop", KeyKind.SECRET, environment="live", now_us=NOW)
    accounts.keys.authenticate(issued.secret, NOW)

    await asyncio.gather(
        accounts.keys.revoke("shop", issued.key.key_id, NOW), accounts.keys.save_use()
    )

    assert accounts.keys.authenticate(issued.secret, NOW) is None
    await accounts.refresh()
    assert accounts.keys.authenticate(issued.secret, NOW) is None


async def test_a_rotation_that_comes_with_a_revocation_does_not_undo_it(accounts: Accounts) -> None:
    old = await accounts.keys.create("shop", KeyKind.SECRET, environment="live", now_us=NOW)

    await asyncio.gather(
        accounts.keys.revoke("shop", old.key.key_id, NOW),
        accounts.keys.rotate("shop", old.key.key_id, ends_at_us=NOW + 10, now_us=NOW),
    )

    assert accounts.keys.authenticate(old.secret, NOW) is None
    await accounts.refresh()
    assert accounts.keys.authenticate(old.secret, NOW) is None


async def test_a_fixed_key_is_the_one_that_was_given(accounts: Accounts) -> None:
    known = compose(KeyKind.SECRET, "dev", "0" * 30)
    issued = await accounts.keys.create(
        "shop", KeyKind.SECRET, environment="dev", now_us=NOW, fixed=known
    )

    assert is_well_formed(known)
    assert accounts.keys.authenticate(known, NOW) == issued.key


@given(kind=st.sampled_from(KeyKind), environment=st.sampled_from(["live", "test", "dev2"]))
def test_a_key_is_recognised_by_its_form(kind: KeyKind, environment: str) -> None:
    key = mint(kind, environment)

    assert is_well_formed(key)
    assert PATTERN.search(f'const key = "{key}";')
    assert key.startswith(f"eitp_{'pk' if kind is KeyKind.PUBLISHABLE else 'sk'}_{environment}_")


@given(place=st.integers(min_value=0), letter=st.sampled_from("aZ9_"))
def test_a_key_with_a_wrong_letter_is_not_well_formed(place: int, letter: str) -> None:
    key = mint(KeyKind.SECRET, "live")
    place %= len(key)
    mistyped = key[:place] + letter + key[place + 1 :]

    assert is_well_formed(mistyped) is (mistyped == key)
