"""A snapshot is whole or it is not there."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

import numpy as np
import pytest
from eitp_server.errors import Exhausted, Reason
from eitp_server.storage.snapshot import Snapshot, Snapshots
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from typing import Any

    Array = np.ndarray[Any, np.dtype[Any]]

ARRAYS: Mapping[str, Array] = {
    "slots": np.arange(12, dtype=np.float64).reshape(3, 4),
    "flags": np.array([True, False, True]),
    "counts": np.array([1, 2, 2**40], dtype=np.int64),
    "bytes": np.arange(7, dtype=np.uint8),
    "big endian": np.arange(5, dtype=">i4"),
    "names": np.array(["a", "längst"]),
    "columns first": np.asfortranarray(np.arange(6, dtype=np.float32).reshape(2, 3)),
    "every second": np.arange(10, dtype=np.int16)[::2],
    "scalar": np.array(2.5),
    "nothing": np.zeros((0, 3), dtype=np.float32),
    "not finite": np.array([np.nan, np.inf, -0.0]),
}
DOCUMENT = {"sessions": {"a": [1, 2.5, None]}, "share": 0.1 + 0.2, "name": "längst"}


def snapshots(directory: Path, incarnation: str = "log-1", version: str = "1") -> Snapshots:
    return Snapshots(directory, incarnation=incarnation, reducer_version=version)


def latest(store: Snapshots) -> Snapshot:
    found = store.latest()
    assert found is not None
    return found


def files(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def test_a_new_directory_has_no_snapshot(tmp_path: Path) -> None:
    assert snapshots(tmp_path / "new").latest() is None


def test_a_snapshot_comes_back_to_the_byte(tmp_path: Path) -> None:
    snapshots(tmp_path).write(7, ARRAYS, DOCUMENT)

    found = latest(snapshots(tmp_path))
    assert (found.tick, found.document) == (7, DOCUMENT)
    assert list(found.arrays) == list(ARRAYS)
    for name, array in ARRAYS.items():
        assert found.arrays[name].dtype == array.dtype
        assert found.arrays[name].shape == array.shape
        assert found.arrays[name].tobytes() == array.tobytes()


def test_a_loaded_array_can_be_changed(tmp_path: Path) -> None:
    store = snapshots(tmp_path)
    store.write(1, {"slots": np.zeros(3)}, {})

    found = latest(store)
    found.arrays["slots"][1] = 5.0
    assert latest(store).arrays["slots"][1] == 0.0


def test_the_two_newest_are_kept(tmp_path: Path) -> None:
    store = snapshots(tmp_path)
    for tick in (9, 10, 100):
        store.write(tick, ARRAYS, {})

    assert latest(store).tick == 100
    assert files(tmp_path) == ["00000000000000000010.snapshot", "00000000000000000100.snapshot"]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of two snapshots, the newer one a little file."""
    directory = tmp_path_factory.mktemp("snapshots")
    store = snapshots(directory)
    store.write(1, ARRAYS, DOCUMENT)
    store.write(2, {"slots": np.arange(20.0)}, {"a": 1})
    return directory


_on_one_directory = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


@_on_one_directory
@given(data=st.data())
def test_a_torn_file_is_skipped_for_the_one_before(written: Path, data: st.DataObject) -> None:
    newest = written / "00000000000000000002.snapshot"
    whole = newest.read_bytes()
    length = data.draw(st.integers(min_value=0, max_value=len(whole) - 1))
    try:
        newest.write_bytes(whole[:length])
        assert latest(snapshots(written)).tick == 1
    finally:
        newest.write_bytes(whole)
    assert latest(snapshots(written)).tick == 2


@_on_one_directory
@given(data=st.data(), change=st.integers(min_value=1, max_value=255))
def test_a_changed_byte_is_noticed_wherever_it_is(
    written: Path, data: st.DataObject, change: int
) -> None:
    newest = written / "00000000000000000002.snapshot"
    whole = newest.read_bytes()
    place = data.draw(st.integers(min_value=0, max_value=len(whole) - 1))
    damaged = bytearray(whole)
    damaged[place] ^= change
    try:
        newest.write_bytes(damaged)
        assert latest(snapshots(written)).tick == 1
    finally:
        newest.write_bytes(whole)


@pytest.mark.parametrize(("incarnation", "version"), [("log-2", "1"), ("log-1", "2")])
def test_a_snapshot_of_another_log_or_reducer_is_not_used(
    tmp_path: Path, incarnation: str, version: str
) -> None:
    snapshots(tmp_path).write(5, ARRAYS, {})

    other = snapshots(tmp_path, incarnation, version)
    assert other.latest() is None
    other.write(6, ARRAYS, {})
    assert latest(other).tick == 6


def test_a_log_that_began_anew_outlives_the_snapshots_of_its_predecessor(tmp_path: Path) -> None:
    old = snapshots(tmp_path, "log-1")
    old.write(1_000, ARRAYS, {})
    old.write(2_000, ARRAYS, {})

    new = snapshots(tmp_path, "log-2")
    new.write(1, ARRAYS, {})
    assert latest(new).tick == 1
    new.write(2, ARRAYS, {})
    assert files(tmp_path) == ["00000000000000000001.snapshot", "00000000000000000002.snapshot"]


def test_what_a_crash_left_half_written_is_ignored_and_swept(tmp_path: Path) -> None:
    store = snapshots(tmp_path)
    store.write(1, ARRAYS, {})
    (tmp_path / "00000000000000000002.partial").write_bytes(b"EITPSNP1 half")

    assert latest(store).tick == 1
    store.write(3, ARRAYS, {})
    assert files(tmp_path) == ["00000000000000000001.snapshot", "00000000000000000003.snapshot"]


def test_a_full_disk_leaves_the_snapshot_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = snapshots(tmp_path)
    store.write(1, ARRAYS, {})

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(Exhausted) as refused:
            store.write(2, ARRAYS, {})
    assert refused.value.reason is Reason.STORAGE_FULL
    assert files(tmp_path) == ["00000000000000000001.snapshot"]
    assert latest(store).tick == 1


@pytest.mark.parametrize(
    "array", [np.array([object()]), np.zeros(2, dtype=[("a", "i4")])], ids=["objects", "records"]
)
def test_an_array_without_a_plain_type_is_refused(tmp_path: Path, array: Array) -> None:
    with pytest.raises(TypeError, match="cannot hold"):
        snapshots(tmp_path).write(1, {"odd": array}, {})
    assert snapshots(tmp_path).latest() is None
