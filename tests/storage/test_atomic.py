import errno
import os
import time

import pytest

from exo2micro.errors import ImageWriteError
from exo2micro.storage import atomic, atomic_path, scratch_file
from exo2micro.storage.atomic import write_faults


def test_appears_under_its_final_name_at_the_end_only(tmp_path):
    final = tmp_path / "deep" / "image.tiff"
    with atomic_path(final) as temporary:
        assert temporary.parent == final.parent
        assert temporary.suffix == ".tiff"
        assert temporary.name.startswith(".")
        temporary.write_text("whole")
        assert not final.exists()
    assert final.read_text() == "whole"
    assert list(final.parent.iterdir()) == [final]


def write_half(final, fault):
    with atomic_path(final) as temporary:
        temporary.write_text("half")
        raise fault


@pytest.mark.parametrize("fault", [ValueError, KeyboardInterrupt, SystemExit])
def test_a_fault_leaves_nothing_behind_and_the_old_file_as_it_was(tmp_path, fault):
    final = tmp_path / "record.json"
    final.write_text("old")
    with pytest.raises(fault):
        write_half(final, fault)
    assert final.read_text() == "old"
    assert list(tmp_path.iterdir()) == [final]


def test_two_writers_of_one_file_do_not_meet(tmp_path):
    final = tmp_path / "a.txt"
    with atomic_path(final) as first, atomic_path(final) as second:
        assert first != second
        first.write_text("1")
        second.write_text("2")


def test_system_faults_are_explained(tmp_path):
    with (
        pytest.raises(ImageWriteError, match=r"x\.tiff: No space left .* 2\.00 GB"),
        write_faults(tmp_path / "x.tiff", 2_000_000_000),
    ):
        raise OSError(28, "No space left on device")


def test_scratch_file_has_no_name(tmp_path):
    with scratch_file(tmp_path) as scratch:
        scratch.write(b"pixels")
        scratch.seek(0)
        assert scratch.read() == b"pixels"
    assert list(tmp_path.iterdir()) == []


def test_a_large_file_comes_to_disk_while_it_is_written(tmp_path, monkeypatch):
    flushed = []
    monkeypatch.setattr(atomic, "FLUSH_S", 0.01)
    monkeypatch.setattr(atomic.os, "fsync", lambda descriptor: flushed.append(descriptor))
    with atomic_path(tmp_path / "a.bin", large=True) as temporary:
        time.sleep(0.05)
        assert not flushed  # there is nothing yet
        temporary.write_bytes(b"whole")
        end = time.monotonic() + 10
        while len(flushed) < 3:
            assert time.monotonic() < end
            time.sleep(0.01)
    assert (tmp_path / "a.bin").read_bytes() == b"whole"


def test_what_the_system_says_once_of_a_flush_is_not_lost(tmp_path, monkeypatch):
    said = []

    def fail_once(descriptor):
        if not said:
            said.append(descriptor)
            raise OSError(errno.EIO, "the disk is broken")

    def write():
        with atomic_path(tmp_path / "a", large=True) as temporary:
            temporary.write_bytes(b"half")
            end = time.monotonic() + 10
            while not said and time.monotonic() < end:
                time.sleep(0.01)

    monkeypatch.setattr(atomic, "FLUSH_S", 0.01)
    monkeypatch.setattr(atomic.os, "fsync", fail_once)
    with pytest.raises(OSError, match="broken"):
        write()
    assert list(tmp_path.iterdir()) == []


def _is_in_memory(path):
    """Whether the system has all of a file at hand."""
    with open(path, "rb") as file:
        size = os.fstat(file.fileno()).st_size
        try:
            return os.preadv(file.fileno(), [bytearray(size)], 0, os.RWF_NOWAIT) == size
        except BlockingIOError:
            return False


def test_a_large_file_can_leave_memory_once_it_is_on_disk(tmp_path):
    content = os.urandom(2**22)
    for forget in (False, True):
        path = tmp_path / f"{forget}.bin"
        with atomic_path(path, large=True, forget=forget) as temporary:
            temporary.write_bytes(content)
        try:
            assert _is_in_memory(path) is not forget
        except OSError as fault:
            if fault.errno != errno.EOPNOTSUPP:
                raise  # not every file system tells
        assert path.read_bytes() == content
