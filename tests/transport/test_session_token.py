"""Session tokens: issued for a while, verified strictly, renewed in time."""

from __future__ import annotations

from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from eitp_server.errors import Reason, Unauthenticated
from eitp_server.services.caller import Caller, CredentialKind
from eitp_server.services.token import SESSION_SCOPES, Claims, SigningKey, Tokens
from hypothesis import given
from hypothesis import strategies as st

SECOND = 1_000_000
NOW_US = 1_800_000_000 * SECOND
LIFE_US = 900 * SECOND
OLD, NEW, ALIEN = (SigningKey.from_seed(bytes([i]) * 32) for i in range(3))
WHO: dict[str, Any] = {
    "tenant_id": "shop",
    "key_id": "key",
    "session_id": "ses_1",
    "origin": "https://shop.example",
}
TOKENS = Tokens([NEW, OLD])


def refusal(token: str, now_us: int = NOW_US, tokens: Tokens = TOKENS) -> Reason:
    with pytest.raises(Unauthenticated) as caught:
        tokens.verify(token, now_us)
    return caught.value.reason


def forged(key: object, payload: dict[str, Any], **header: str) -> str:
    algorithm = header.pop("alg", "EdDSA")
    headers = {"kid": NEW.kid, "typ": "eitp-session+jwt"} | header
    return jwt.encode(payload, key, algorithm=algorithm, headers=headers)  # pyright: ignore[reportArgumentType] (any key)


def payload(token: str) -> dict[str, Any]:
    return jwt.decode(token, options={"verify_signature": False})


def test_a_token_says_what_it_was_issued_for() -> None:
    issued = TOKENS.issue(**WHO, now_us=NOW_US + 999_999)

    assert TOKENS.verify(issued.token, NOW_US) == Claims(
        **WHO,
        scopes=SESSION_SCOPES,
        issued_at_us=NOW_US,
        expires_at_us=NOW_US + LIFE_US,
    )
    assert issued.expires_at_us == NOW_US + LIFE_US


@pytest.mark.parametrize("seen_before", [False, True])
def test_a_token_ends_half_a_minute_after_its_time(seen_before: bool) -> None:
    tokens = Tokens([NEW])
    token = tokens.issue(**WHO, now_us=NOW_US).token
    if seen_before:
        tokens.verify(token, NOW_US)
    end = NOW_US + LIFE_US + 30 * SECOND

    assert tokens.verify(token, end).session_id == "ses_1"
    assert refusal(token, end + 1, tokens) is Reason.TOKEN_EXPIRED


def test_an_ended_token_still_names_its_session_for_a_day() -> None:
    token = TOKENS.issue(**WHO, now_us=NOW_US).token
    end = NOW_US + LIFE_US + 24 * 3600 * SECOND

    assert TOKENS.verify_for_resume(token, end).session_id == "ses_1"
    with pytest.raises(Unauthenticated) as caught:
        TOKENS.verify_for_resume(token, end + 1)
    assert caught.value.reason is Reason.TOKEN_EXPIRED


def test_a_token_from_the_future_is_none() -> None:
    token = TOKENS.issue(**WHO, now_us=NOW_US + 31 * SECOND).token

    assert refusal(token) is Reason.CREDENTIAL_INVALID


def test_tokens_of_the_key_before_are_accepted_until_it_goes() -> None:
    token = Tokens([OLD]).issue(**WHO, now_us=NOW_US).token

    assert TOKENS.verify(token, NOW_US).tenant_id == "shop"
    assert refusal(token, tokens=Tokens([ALIEN, NEW])) is Reason.CREDENTIAL_INVALID


def test_a_token_cannot_be_forged() -> None:
    genuine = payload(TOKENS.issue(**WHO, now_us=NOW_US).token)
    without_end = {name: value for name, value in genuine.items() if name != "exp"}
    forgeries = [
        forged(ALIEN.private, genuine),
        forged(NEW.private, genuine, kid="unknown"),
        forged(NEW.private, genuine, kid=OLD.kid),
        forged(NEW.private, genuine, typ="JWT"),
        forged(NEW.private, without_end),
        forged(NEW.private, genuine | {"exp": "soon"}),
        forged(NEW.private, genuine | {"scopes": 7}),
        forged(b"s" * 32, genuine, alg="HS256"),
        forged(None, genuine, alg="none"),
        forged(NEW.private, genuine | {"origin": "x" * 4_000}),
    ]

    assert [refusal(token) for token in forgeries] == [Reason.CREDENTIAL_INVALID] * len(forgeries)


@given(st.text() | st.binary().map(lambda data: data.decode("latin-1")))
def test_any_other_text_is_no_token(text: str) -> None:
    assert refusal(text) is Reason.CREDENTIAL_INVALID


@given(st.integers(0, 2_000), st.characters(codec="ascii"))
def test_a_token_with_one_character_changed_says_the_same_or_nothing(at: int, new: str) -> None:
    token = TOKENS.issue(**WHO, now_us=NOW_US).token
    at %= len(token)
    changed = token[:at] + new + token[at + 1 :]

    try:
        claims = TOKENS.verify(changed, NOW_US)
    except Unauthenticated:
        return
    assert claims == TOKENS.verify(token, NOW_US)


def test_verified_tokens_are_kept_in_a_bounded_number() -> None:
    tokens = Tokens([NEW], max_verified=2)
    who: list[dict[str, Any]] = [{**WHO, "session_id": f"ses_{i}"} for i in range(5)]
    issued = [tokens.issue(**one, now_us=NOW_US).token for one in who]

    sessions = [tokens.verify(token, NOW_US).session_id for token in issued * 2]

    assert sessions == [f"ses_{i}" for i in range(5)] * 2
    assert tokens.remembered == 2


@pytest.mark.parametrize(
    ("kind", "left_us", "due"),
    [
        (CredentialKind.SESSION, LIFE_US // 3, False),
        (CredentialKind.SESSION, LIFE_US // 3 - 1, True),
        (CredentialKind.SESSION, -1, True),
        (CredentialKind.SECRET, 0, False),
    ],
)
def test_a_session_gets_a_fresh_token_in_the_last_third(
    kind: CredentialKind, left_us: int, due: bool
) -> None:
    caller = Caller(
        kind=kind, **WHO, scopes=frozenset({"packets.read"}), token_expires_at_us=NOW_US + left_us
    )

    fresh = TOKENS.refreshed(caller, NOW_US)

    assert bool(fresh) == due
    if due:
        claims = TOKENS.verify(fresh, NOW_US)
        assert (claims.session_id, claims.scopes) == ("ses_1", caller.scopes)
        assert claims.expires_at_us == NOW_US + LIFE_US


def test_the_same_seed_is_the_same_key() -> None:
    again = SigningKey.from_seed(bytes([1]) * 32)

    assert again.kid == NEW.kid
    assert isinstance(again.private, Ed25519PrivateKey)
    assert len({OLD.kid, NEW.kid, ALIEN.kid}) == 3


@pytest.mark.parametrize("count", [0, 3])
def test_one_or_two_keys_are_live(count: int) -> None:
    with pytest.raises(ValueError, match="one or two signing keys"):
        Tokens([OLD, NEW, ALIEN][:count])


def test_no_token_lives_longer_than_a_quarter_of_an_hour() -> None:
    with pytest.raises(ValueError, match="at most"):
        Tokens([NEW], lifetime_us=LIFE_US + 1)
