"""Frames on disk meanwhile: what went in comes out, and the disk is given back."""

from __future__ import annotations

import errno
import tempfile
from pathlib import Path
from typing import IO, Any

import numpy as np
import pytest

from cvkit.core.errors import OutputError
from cvkit.core.frame import Frame
from cvkit.core.time import Time
from cvkit.core.values import Image, Objects
from cvkit.io.stream import spool as spooling
from cvkit.io.stream.spool import FrameSpool


def frames() -> list[Frame]:
    rng = np.random.default_rng(4)
    out = []
    for i in range(5):  # of different sizes, so that none lies where the same number of bytes would
        picture = Image.of(rng.integers(0, 255, (10 + i, 20, 3)).astype(np.uint8))
        frame = Frame.of(picture, index=i, time=Time(i * 7))
        out.append(frame.found(Objects.of([[i, 0, i + 3, 4]], frame.grid, labels=["a"])))
    return out


def test_frames_come_back_as_they_were_in_any_order() -> None:
    given = frames()
    with FrameSpool() as spool:
        for frame in given[:3]:
            spool.add(frame)
        assert same(spool[1], given[1])
        for frame in given[3:]:  # reading does not lose the place where writing goes on
            spool.add(frame)
        assert len(spool) == 5
        for number in (4, 0, 2, 4, 3, 1):
            assert same(spool[number], given[number])
        for number in (5, -1):
            with pytest.raises(IndexError):
                spool[number]


def same(one: Frame, two: Frame) -> bool:
    a, b = one.get(Objects), two.get(Objects)
    assert one.photo is not None and two.photo is not None and a is not None and b is not None  # noqa: PT018
    alike = np.array_equal(one.photo.bgr, two.photo.bgr) and np.array_equal(a.boxes, b.boxes)
    return alike and (one.index, one.time, a.labels) == (two.index, two.time, b.labels)


def test_no_file_is_left_and_none_is_made_for_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[IO[Any]] = []
    real = tempfile.TemporaryFile

    def opening(**words: Any) -> IO[Any]:
        opened.append(real(dir=tmp_path, **words))
        return opened[-1]

    monkeypatch.setattr(tempfile, "TemporaryFile", opening)
    with FrameSpool():
        pass
    assert opened == []
    with FrameSpool() as spool:
        spool.add(frames()[0])
        assert list(tmp_path.iterdir()) == []  # it has no name
    assert [file.closed for file in opened] == [True]


def test_a_full_disk_is_said_with_the_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(spooling, "write_row", full)
    with FrameSpool() as spool, pytest.raises(OutputError, match=r"no space left.*TMPDIR"):
        spool.add(frames()[0])
