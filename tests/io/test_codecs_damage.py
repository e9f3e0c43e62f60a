"""Any cut and any changed byte of a picture file: an error, or the right picture; never a crash."""

from __future__ import annotations

from contextlib import suppress

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cvkit.core.errors import CvkitError, DamagedError
from cvkit.core.values import Image
from cvkit.core.warp import Array
from cvkit.io.codecs.asked import Asked
from cvkit.io.codecs.metadata import Metadata
from cvkit.io.codecs.reading import count_pages, metadata_of, read_picture
from cvkit.io.codecs.writing import write_picture
from tests.io import making, profiles

BOUND = Asked(max_pixels=1_000_000, views=frozenset({"gray", "bgr"}))
TOLD = Metadata(b"II*\0" + bytes([8, 0, 0, 0, 0, 0, 0, 0, 0, 0]), profiles.rgb(), (72.0, 72.0))
PHOTO = making.photo(61, 47)
RGBA = np.dstack([PHOTO, PHOTO[:, ::-1, 0]])


def files() -> dict[str, bytes]:
    return {
        "jpeg": write_picture(Image.of(PHOTO), "jpeg"),
        "jpeg with notes": write_picture(Image.of(PHOTO), "jpeg", metadata=TOLD),
        "progressive jpeg": making.jpeg(PHOTO, cv2.IMWRITE_JPEG_PROGRESSIVE, 1),
        "png": write_picture(Image.of(PHOTO), "png"),
        "png with notes": write_picture(Image.of(RGBA), "png", metadata=TOLD),
        "deep png": write_picture(Image.of(PHOTO.astype(np.uint16) * 257), "png"),
        "webp": write_picture(Image.of(PHOTO), "webp"),
        "webp with notes": write_picture(Image.of(RGBA), "webp", metadata=TOLD),
        "lossless webp": cv2.imencode(".webp", PHOTO, [cv2.IMWRITE_WEBP_QUALITY, 101])[1].tobytes(),
        "bmp": write_picture(Image.of(PHOTO), "bmp"),
        "tiff": write_picture(Image.of(PHOTO), "tiff", metadata=TOLD),
        "deflated tiff": making.tiff(PHOTO, 2, deflate=True),
    }


FILES = files()
SUMMED = ["png", "png with notes", "deep png"]


def pixels(data: bytes) -> tuple[Array, Array | None]:
    image = read_picture(data, "a", BOUND)
    return image.bgr, image.alpha


@pytest.mark.parametrize("kind", [k for k in FILES if "tiff" not in k])
@given(share=st.floats(0, 1, exclude_max=True))
def test_every_cut_is_damage(kind: str, share: float):
    data = FILES[kind]
    with pytest.raises(CvkitError):
        pixels(data[: int(len(data) * share)])


@pytest.mark.parametrize("kind", FILES)
@given(st.data())
def test_no_changed_byte_crashes(kind: str, draw: st.DataObject):
    copy = bytearray(FILES[kind])
    for at in draw.draw(st.lists(st.integers(0, len(copy) - 1), min_size=1, max_size=4)):
        copy[at] = draw.draw(st.integers(0, 255))
    try:
        count_pages(bytes(copy), "a")
        pixels(bytes(copy))
        metadata_of(bytes(copy), "a")
    except CvkitError:
        pass


@pytest.mark.parametrize("kind", SUMMED)
@given(at=st.integers(8, 10_000), mask=st.integers(1, 255))
def test_where_there_are_checksums_no_change_gives_a_wrong_picture(kind: str, at: int, mask: int):
    data = FILES[kind]
    with pytest.raises(DamagedError):
        pixels(making.flipped(data, at % len(data), mask))


@given(at=st.integers(0, 10_000), mask=st.integers(1, 255))
def test_the_checksum_of_deflated_strips_holds(at: int, mask: int):
    data = FILES["deflated tiff"]
    end = int.from_bytes(data[4:8], "little")  # the directory lies behind the strip
    strip = data.index(b"\x78\x9c")
    at = strip + at % (min(end, len(data)) - strip - 40)
    wanted = pixels(data)[0]
    with suppress(DamagedError):
        assert np.array_equal(pixels(making.flipped(data, at, mask))[0], wanted)


@given(
    st.sampled_from(["jpeg", "webp"]), st.integers(1, 70), st.integers(1, 70),
    st.sampled_from(["gray", "bgr", "alpha"]), st.integers(60, 100),
)  # fmt: skip
def test_what_is_lost_is_little(fmt: str, width: int, height: int, kind: str, quality: int):
    picture = cv2.GaussianBlur(making.photo(width, height), (0, 0), 2)
    array = {
        "gray": picture[:, :, 0],
        "bgr": picture,
        "alpha": np.dstack([picture, picture[:, :, 1]]),
    }
    image = Image.of(array[kind])
    back = read_picture(write_picture(image, fmt, quality=quality), "a")
    assert back.size == (width, height)
    if fmt == "jpeg" and kind == "gray":
        assert back.space == "gray"
    if kind == "alpha" and fmt == "webp" and int(picture[:, :, 1].min()) < 255:
        assert back.alpha is not None
        assert image.alpha is not None
        assert np.array_equal(back.alpha, image.alpha)  # WebP's alpha loses nothing
    if kind != "alpha":
        assert np.abs(back.bgr.astype(int) - image.bgr).mean() < 14
