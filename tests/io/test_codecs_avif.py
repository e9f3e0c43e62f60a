"""AVIF: what its boxes say is applied, and a cut is found before it is decoded."""

from __future__ import annotations

import io

import cv2
import numpy as np
import PIL.Image
import PIL.ImageOps
import pytest

from cvkit.core.errors import DamagedError, InputError
from cvkit.core.values import Image
from cvkit.core.warp import Array
from cvkit.io.codecs.asked import Asked
from cvkit.io.codecs.reading import metadata_of, read_picture
from cvkit.io.codecs.writing import write_picture
from tests.io import making


def by_pillow(data: bytes) -> Array:
    """Upright BGR, decoded by Pillow, which turns `irot` and `imir` into EXIF."""
    opened = PIL.ImageOps.exif_transpose(PIL.Image.open(io.BytesIO(data)))
    return np.ascontiguousarray(np.asarray(opened.convert("RGB"))[:, :, ::-1])


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_turned_picture_is_upright(orientation: int):
    exif = PIL.Image.Exif()
    exif[0x0112] = orientation
    out = io.BytesIO()
    rgb = np.ascontiguousarray(making.photo()[:, :, ::-1])
    PIL.Image.fromarray(rgb).save(out, "AVIF", quality=95, subsampling="4:4:4", exif=exif)
    image = read_picture(out.getvalue(), "a.avif")
    assert image.size == ((48, 64) if orientation >= 5 else (64, 48))
    assert cv2.PSNR(np.asarray(image.bgr), by_pillow(out.getvalue())) > 45


def test_exif_is_found():
    exif = PIL.Image.Exif()
    exif[0x010F] = "a maker"
    out = io.BytesIO()
    PIL.Image.fromarray(making.photo()).save(out, "AVIF", exif=exif)
    assert metadata_of(out.getvalue(), "a.avif").exif == exif.tobytes().removeprefix(b"Exif\0\0")
    assert metadata_of(write_picture(Image.of(making.photo()), "avif"), "a.avif").exif == b""


@pytest.mark.parametrize(("bits", "top"), [(10, 1023), (12, 4095)])
def test_deep_pictures_are_read_in_sixteen_bits(bits: int, top: int):
    levels = np.rint(making.photo().astype(float) * top / 255).astype(np.uint16)
    options = [cv2.IMWRITE_AVIF_QUALITY, 100, cv2.IMWRITE_AVIF_DEPTH, bits]
    data = cv2.imencode(".avif", levels, options)[1].tobytes()
    image = read_picture(data, "a.avif")
    assert image.depth == "uint16"
    wanted = np.rint(levels * (65535 / top))
    assert np.abs(image.bgr - wanted).max() <= 2 * 65535 / top


def test_alpha_and_grey_come_back():
    rgba = np.dstack([making.photo(), making.photo()[:, ::-1, 0]])
    back = read_picture(write_picture(Image.of(rgba), "avif", quality=95), "a.avif")
    assert back.alpha is not None
    assert cv2.PSNR(np.asarray(back.alpha), np.ascontiguousarray(rgba[:, :, 3])) > 40
    grey = read_picture(write_picture(Image.of(making.photo()[:, :, 0]), "avif"), "a.avif")
    assert (grey.space, grey.alpha) == ("gray", None)


def test_a_profile_becomes_srgb():
    from PIL import ImageCms

    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("XYZ")).tobytes()
    out = io.BytesIO()
    PIL.Image.fromarray(making.photo()).save(out, "AVIF", icc_profile=profile)
    asked = Asked()
    read_picture(out.getvalue(), "a.avif", asked)
    assert "ICC profile" in asked.notes[0]


def test_no_cut_passes():
    data = write_picture(Image.of(making.photo()), "avif")
    for end in [*range(12, len(data), 23), len(data) - 1]:
        with pytest.raises(DamagedError):
            read_picture(data[:end], "a.avif")


def test_size_is_bounded_by_its_boxes():
    data = write_picture(Image.of(making.photo()), "avif")
    at = data.index(b"ispe") + 8
    huge = data[:at] + (90000).to_bytes(4, "big") * 2 + data[at + 8 :]
    with pytest.raises(InputError, match="--max-pixels"):
        read_picture(huge, "a.avif")
