"""Pictures that follow each other in a pipe: each is found by its structure, and none is lost."""

from __future__ import annotations

import io
import shutil
import subprocess
from collections.abc import Iterable
from fractions import Fraction

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cvkit.core.errors import DamagedError, InputError
from cvkit.io.codecs.asked import Asked
from cvkit.io.codecs.reading import read_picture
from cvkit.io.codecs.sniff import sniff
from cvkit.io.sources.together import Parts, Together, alone, may_follow
from tests.invariant.media import photo

SUFFIXES = (".jpg", ".png", ".bmp", ".ppm", ".pgm", ".pbm")


class Drips(io.RawIOBase):
    """Bytes in small parts, as a slow writer sends them."""

    def __init__(self, data: bytes, sizes: Iterable[int]) -> None:
        self._data, self._sizes = io.BytesIO(data), iter(sizes)

    def readable(self) -> bool:
        return True

    def readinto(self, into: object) -> int:
        view = memoryview(into)  # type: ignore[arg-type]
        part = self._data.read(min(len(view), next(self._sizes, 1 << 16)))
        view[: len(part)] = part
        return len(part)


def pictures(suffix: str, count: int = 3) -> list[bytes]:
    """Different pictures of one size and format."""
    made = []
    for number in range(count):
        shot = np.roll(photo((61, 47)), number * 9, axis=1)
        shot = shot if suffix not in (".pgm", ".pbm") else cv2.cvtColor(shot, cv2.COLOR_BGR2GRAY)
        made.append(cv2.imencode(suffix, shot)[1].tobytes())
    return made


def parts(data: bytes, sizes: Iterable[int] = ()) -> Parts:
    return Parts(io.BufferedReader(Drips(data, sizes)), sniff(data[:1024]) or "")


def taken(split: Parts) -> list[bytes]:
    found = []
    while (part := split.next()) is not None:
        found.append(part)
    return found


@pytest.mark.parametrize("suffix", SUFFIXES)
@given(st.lists(st.integers(1, 400), max_size=60))
def test_each_is_found_however_the_bytes_come(suffix: str, sizes: list[int]):
    made = pictures(suffix)
    assert taken(parts(b"".join(made), sizes)) == made


def test_jpegs_of_every_kind_end_where_they_end():
    shot = photo((61, 47))
    flags: tuple[list[int], ...] = (
        [],
        [cv2.IMWRITE_JPEG_PROGRESSIVE, 1],
        [cv2.IMWRITE_JPEG_RST_INTERVAL, 1],
    )
    made = [cv2.imencode(".jpg", shot, [*f, cv2.IMWRITE_JPEG_QUALITY, 100])[1] for f in flags]
    datas = [m.tobytes() for m in made]
    # A thumbnail in EXIF is a JPEG in a JPEG.
    thumb = b"Exif\0\0" + datas[0]
    nested = datas[1][:2] + b"\xff\xe1" + (len(thumb) + 2).to_bytes(2, "big") + thumb + datas[1][2:]
    filled = datas[2] + b"\0" * 37  # as some cameras send them
    assert taken(parts(b"".join([*datas, nested, filled, datas[0]]))) == [
        *datas, nested, datas[2], datas[0],
    ]  # fmt: skip


def test_what_ffmpeg_sends_is_what_it_sent():
    if shutil.which("ffmpeg") is None:
        pytest.skip("needs ffmpeg")
    for codec in ("mjpeg", "png", "ppm", "pgm", "bmp"):
        words = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc=s=64x48:d=0.2:r=25"]
        words += ["-c:v", codec, "-f", "image2pipe", "-"]
        data = subprocess.run(words, stdout=subprocess.PIPE, check=True, timeout=60).stdout
        split = parts(data)
        clip = Together(split.next() or b"", split, "stdin", Asked())
        frames = list(clip)
        assert [time.pts for time, _ in frames] == [0, 1, 2, 3, 4]
        assert (clip.size, clip.rate) == ((64, 48), Fraction(25))
        assert b"".join(taken(parts(data))) == data
        wanted = [read_picture(part, "a", Asked()).bgr for part in taken(parts(data))]
        assert all(np.array_equal(image.bgr, w) for (_, image), w in zip(frames, wanted))  # noqa: B905


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_cut_anywhere_names_the_picture(suffix: str):
    made = pictures(suffix)
    whole = b"".join(made[:2])
    for length in range(len(whole) + 1, len(whole) + len(made[2]), 61):
        split = parts((whole + made[2])[:length])
        clip = Together(split.next() or b"", split, "stdin", Asked())
        with pytest.raises(DamagedError, match=r"stdin, picture 3"):
            list(clip)


def test_other_sizes_and_nonsense_are_refused():
    one, other = pictures(".png")[0], cv2.imencode(".png", photo((9, 9)))[1].tobytes()
    split = parts(one + other)
    clip = Together(split.next() or b"", split, "stdin", Asked())
    with pytest.raises(InputError, match="picture 2 is 9×9, and the first is 61×47"):
        list(clip)
    split = parts(one + b"rubbish" * 99)
    assert split.next() == one
    assert not split.more()
    assert b"".join(split.rest()) == b"rubbish" * 99


def test_the_rate_is_as_asked():
    split = parts(b"".join(pictures(".jpg")))
    clip = Together(split.next() or b"", split, "stdin", Asked(fps=Fraction(10)))
    assert [float(time.seconds) for time, _ in clip] == [0.0, 0.1, 0.2]


def test_a_list_of_pictures_in_one_file_is_one_file():
    jpeg = pictures(".jpg")[0]
    listed = jpeg[:2] + b"\xff\xe2\x00\x08MPF\0II" + jpeg[2:]
    assert alone(listed)
    assert not alone(jpeg)
    assert not may_follow("ppm", b"P3\n1 1\n255\n1 2 3\n")
    assert not may_follow("tiff", b"II*\0")


@given(st.binary(max_size=300), st.sampled_from([".jpg", ".png", ".bmp", ".ppm"]))
def test_rubbish_behind_a_picture_ends_or_is_refused(data: bytes, suffix: str):
    made = pictures(suffix, 1)[0]
    for head in (made, made[: len(made) // 2]):
        split = parts(head + data)
        try:
            found = taken(split)
        except DamagedError:
            continue
        assert sum(map(len, found)) <= len(head + data)
