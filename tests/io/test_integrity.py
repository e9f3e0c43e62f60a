"""Bad input is told apart before a pixel is taken, and decoders keep their words to themselves."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import cv2
import pytest

from cvkit.core.errors import DamagedError, InputError
from cvkit.io.integrity import bounded, quiet, read_bytes, refuse


def test_a_file_is_read_whole(tmp_path: Path):
    (tmp_path / "a").write_bytes(b"x" * 3_000_000)
    assert read_bytes(tmp_path / "a", "a") == b"x" * 3_000_000


def test_a_file_that_cannot_be_opened_says_why(tmp_path: Path):
    (tmp_path / "circle").symlink_to(tmp_path / "circle")
    cases = {"none.png": "no such file", ".": "it is a folder", "a" * 300: "name is too long",
             "circle": "in a circle"}  # fmt: skip
    for name, said in cases.items():
        with pytest.raises(InputError, match=f"cannot be read: .*{said}") as error:
            read_bytes(tmp_path / name, name)
        assert not isinstance(error.value, DamagedError)


def test_a_closed_file_says_so(tmp_path: Path):
    path = tmp_path / "a"
    path.write_bytes(b"x")
    path.chmod(0)
    if os.geteuid() == 0:
        pytest.skip("root may read everything")
    with pytest.raises(InputError, match="no permission to read it"):
        read_bytes(path, "a")


def test_pixels_are_bounded_by_their_number():
    bounded((1000, 500), 500_000, "a.png")
    with pytest.raises(InputError, match=r"a.png is too big: .*1001×500.*--max-pixels 500500"):
        bounded((1001, 500), 500_000, "a.png")
    with pytest.raises(DamagedError, match="0×5"):
        bounded((0, 5), 500_000, "a.png")


def test_unknown_bytes_are_damage_only_where_the_name_promises_a_format():
    assert isinstance(refuse(None, b"\x93\x01\xfa", "a.PNG"), DamagedError)
    assert not isinstance(refuse(None, b"\x93\x01\xfa", "a.xyz"), DamagedError)


def test_the_log_is_as_before_when_the_last_decoder_is_done():
    log = cv2.utils.logging
    before = log.getLogLevel()
    inside, leave = threading.Event(), threading.Event()

    def decode() -> None:
        with quiet():
            inside.set()
            leave.wait(10)

    other = threading.Thread(target=decode)
    other.start()
    inside.wait(10)
    with quiet():
        pass
    assert log.getLogLevel() == log.LOG_LEVEL_SILENT
    leave.set()
    other.join()
    assert log.getLogLevel() == before
