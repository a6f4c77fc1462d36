"""The draws: repeatable anywhere, uniform, and independent of each other."""

from __future__ import annotations

import subprocess
import sys
from itertools import accumulate, pairwise

import numpy as np
import pytest
from eitp_server.bandit.digest import digest, identifier
from eitp_server.bandit.draw import draw, held_out, pick
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest, kstest

KEY = b"0123456789abcdef0123456789abcdef"
VISITORS = 50_000


def drawn(decision_id: str, *, visitor: str = "v", snapshot_id: str = "s") -> float:
    return draw(
        KEY, tenant_id="shop", visitor=visitor, decision_id=decision_id, snapshot_id=snapshot_id
    )


def share_held_out(salt: str, share: float) -> list[bool]:
    return [
        held_out(tenant_id="shop", salt=salt, visitor=f"visitor-{i}", share=share)
        for i in range(VISITORS)
    ]


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        (("shop-a", "v1s1t0r", "dec_1", "snp_1"), "2936da6211f7b152"),
        (("Läden", "", "dec_2", "snp_2"), "43ed1fc7a015813a"),
    ],
)
def test_hash_is_the_one_that_openssl_computes(parts: tuple[str, ...], expected: str) -> None:
    """`openssl mac -macopt size:8 -macopt custom:eitp.draw -macopt hexkey:… BLAKE2BMAC`."""
    assert digest("eitp.draw", *parts, key=KEY).hex() == expected


def test_draw_is_the_hash_as_a_fraction() -> None:
    u = draw(KEY, tenant_id="shop-a", visitor="v1s1t0r", decision_id="dec_1", snapshot_id="snp_1")
    assert u == pytest.approx(0x2936DA6211F7B152 / 2**64, abs=2.0**-53)


@pytest.mark.parametrize("seed", ["0", "1", "4711"])
def test_another_process_draws_the_same(seed: str) -> None:
    script = (
        "from eitp_server.bandit.draw import draw, held_out\n"
        f"print(draw({KEY!r}, tenant_id='shop', visitor='v', decision_id='d', snapshot_id='s'),"
        " held_out(tenant_id='shop', salt='x', visitor='v', share=0.5))"
    )
    answer = subprocess.run(
        [sys.executable, "-c", script],
        env={"PYTHONHASHSEED": seed},
        capture_output=True,
        text=True,
        check=True,
    )
    here = held_out(tenant_id="shop", salt="x", visitor="v", share=0.5)
    assert answer.stdout.split() == [str(drawn("d")), str(here)]


def test_moving_a_letter_from_one_part_to_the_next_changes_the_hash() -> None:
    assert digest("eitp.draw", "ab", "c") != digest("eitp.draw", "a", "bc")
    assert identifier("dec_", "x") != identifier("int_", "x")


def test_identifiers_are_short_and_safe_in_a_url() -> None:
    names = [identifier("dec_", str(i)) for i in range(1000)]
    assert len(set(names)) == 1000
    assert all(
        len(name) == 20 and name.replace("-", "").replace("_", "").isalnum() for name in names
    )


def test_draws_are_uniform() -> None:
    assert kstest([drawn(str(i)) for i in range(20_000)], "uniform").pvalue > 0.001


def test_a_draw_tells_nothing_about_the_next() -> None:
    values = np.array([drawn(str(i)) for i in range(20_001)])
    assert abs(np.corrcoef(values[:-1], values[1:])[0, 1]) < 4.0 / np.sqrt(20_000)


def test_every_part_of_a_draw_matters() -> None:
    assert len({drawn("d"), drawn("e"), drawn("d", visitor="w"), drawn("d", snapshot_id="t")}) == 4


@pytest.mark.parametrize("share", [0.05, 0.1, 0.5])
def test_the_holdout_has_its_share_of_visitors(share: float) -> None:
    held = sum(share_held_out("autumn", share))
    assert binomtest(held, VISITORS, share).pvalue > 0.001


def test_a_larger_holdout_keeps_everybody_that_a_smaller_one_held() -> None:
    small, large = share_held_out("autumn", 0.1), share_held_out("autumn", 0.2)
    assert all(wide for narrow, wide in zip(small, large, strict=True) if narrow)


def test_another_salt_draws_an_independent_holdout() -> None:
    autumn, winter = share_held_out("autumn", 0.1), share_held_out("winter", 0.1)
    both = sum(a and b for a, b in zip(autumn, winter, strict=True))
    assert binomtest(both, sum(autumn), 0.1).pvalue > 0.001


def test_nobody_is_held_out_of_nothing_and_everybody_of_all() -> None:
    assert not any(share_held_out("autumn", 0.0))
    assert all(share_held_out("autumn", 1.0))


@given(
    st.lists(st.floats(0.001, 1.0), min_size=1, max_size=30), st.floats(0.0, 1.0, exclude_max=True)
)
def test_the_picked_arm_holds_the_draw(raw: list[float], u: float) -> None:
    edges = [0.0, *accumulate(weight / sum(raw) for weight in raw)]
    index = pick(edges[1:], u)
    low, high = list(pairwise(edges))[index]
    assert low <= u
    assert u < high or index == len(raw) - 1
