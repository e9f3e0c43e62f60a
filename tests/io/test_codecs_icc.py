"""Colour profiles: what is not sRGB becomes it, what is sRGB is left as it is."""

from __future__ import annotations

import io
import subprocess
import sys
import zlib
from pathlib import Path

import cv2
import numpy as np
import PIL.Image
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import ImageCms

from cvkit.core.errors import CvkitError
from cvkit.core.values import Image
from cvkit.core.warp import Array
from cvkit.io.codecs import icc
from cvkit.io.codecs.asked import Asked
from cvkit.io.codecs.embedding import embedded
from cvkit.io.codecs.metadata import Metadata
from cvkit.io.codecs.reading import metadata_of, read_picture
from cvkit.io.codecs.writing import write_picture
from tests.conftest import Command
from tests.io import making, profiles

HOLDING = ["jpeg", "png", "webp", "tiff"]


def tagged(array: Array, fmt: str, profile: bytes) -> bytes:
    told = Metadata(icc=profile)
    return write_picture(Image.of(array), fmt, quality=100, metadata=told)


def by_littlecms(rgb: Array, profile: bytes) -> Array:
    done = ImageCms.profileToProfile(
        PIL.Image.fromarray(rgb), io.BytesIO(profile), ImageCms.createProfile("sRGB")
    )
    assert done is not None
    return np.asarray(done)


@pytest.mark.parametrize("fmt", HOLDING)
@pytest.mark.parametrize("primaries", [profiles.ADOBE_RGB, profiles.DISPLAY_P3])
def test_colours_become_those_that_pillow_makes(fmt: str, primaries: tuple[tuple[float, float]]):
    profile = profiles.rgb(primaries)
    data = tagged(making.photo(), fmt, profile)
    as_stored = read_picture(data, "a", Asked(keep_icc=True)).bgr
    image = read_picture(data, "a")
    wanted = by_littlecms(np.ascontiguousarray(as_stored[:, :, ::-1]), profile)
    assert np.array_equal(image.bgr[:, :, ::-1], wanted)
    assert np.abs(image.bgr.astype(int) - as_stored).max() > 20
    assert np.array_equal(image.gray, cv2.cvtColor(image.bgr, cv2.COLOR_BGR2GRAY))


def test_a_known_colour_of_adobe_rgb():
    # Full green of Adobe RGB lies outside sRGB; a mid green by the standards' formulas.
    green = np.full((2, 2, 3), (100, 150, 100), np.uint8)  # BGR
    image = read_picture(tagged(green, "png", profiles.rgb()), "a.png")
    linear = (np.array([100, 150, 100]) / 255) ** (563 / 256)
    adobe = np.array([[0.57667, 0.18556, 0.18823], [0.29734, 0.62736, 0.07529],
                      [0.02703, 0.07069, 0.99134]])  # fmt: skip
    srgb = np.array([[3.24097, -1.53738, -0.49861], [-0.96924, 1.87597, 0.04156],
                     [0.05563, -0.20398, 1.05697]])  # fmt: skip
    light = srgb @ adobe @ linear
    wanted = np.where(light > 0.0031308, 1.055 * light.clip(0) ** (1 / 2.4) - 0.055, 12.92 * light)
    assert np.abs(image.bgr[0, 0, ::-1] - wanted * 255).max() <= 1


@pytest.mark.parametrize("depth", ["uint16", "float32"])
def test_deep_pictures_become_what_eight_bits_become(depth: str):
    profile, picture = profiles.rgb(profiles.DISPLAY_P3), making.photo()
    top = {"uint16": 257, "float32": np.float32(1 / 255)}[depth]
    deep = (picture * np.asarray(top)).astype(depth)
    image = read_picture(tagged(deep, "tiff", profile), "a.tif")
    eight = by_littlecms(np.ascontiguousarray(picture[:, :, ::-1]), profile)
    assert image.depth == depth
    assert np.abs(image.bgr[:, :, ::-1] / float(np.asarray(top)) - eight).max() < 1.6


@pytest.mark.parametrize("fmt", HOLDING)
def test_what_is_srgb_is_left_alone_without_pillow(fmt: str, tmp_path: Path):
    made = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    steps = np.linspace(0, 1, 1024)
    curve = np.where(steps <= 0.04045, steps / 12.92, ((steps + 0.055) / 1.055) ** 2.4)
    for profile in (
        made,
        profiles.rgb(profiles.SRGB, profiles.SRGB_CURVE),
        profiles.rgb(profiles.SRGB, profiles.table(curve)),
    ):
        assert icc.is_srgb(profile)
        data = tagged(making.photo(), fmt, profile)
        plain = write_picture(Image.of(making.photo()), fmt, quality=100)
        assert np.array_equal(read_picture(data, "a").bgr, read_picture(plain, "a").bgr)
    (tmp_path / "a").write_bytes(data)
    code = (
        "import sys; from cvkit.io.codecs.reading import read_picture\n"
        "read_picture(open(sys.argv[1], 'rb').read(), 'a').bgr\n"
        "sys.exit('PIL' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code, tmp_path / "a"], check=False).returncode == 0


def test_others_are_not_taken_for_srgb():
    for profile in (
        profiles.rgb(),
        profiles.rgb(profiles.DISPLAY_P3, profiles.SRGB_CURVE),
        profiles.rgb(profiles.SRGB, profiles.gamma(1.8)),
        profiles.grey(profiles.gamma(1.8)),
    ):
        assert not icc.is_srgb(profile)
    assert icc.is_srgb(profiles.grey(profiles.SRGB_CURVE))


@pytest.mark.parametrize("depth", ["uint8", "uint16", "float32"])
def test_grey_with_a_curve_becomes_srgbs_grey(depth: str):
    top = {"uint8": 255, "uint16": 65535, "float32": 1}[depth]
    ramp = np.linspace(0, 1, 256)
    stored = (ramp * top).astype(depth) if top == 1 else np.rint(ramp * top).astype(depth)
    fmt = "tiff" if depth == "float32" else "png"
    image = read_picture(tagged(stored[None], fmt, profiles.grey(profiles.gamma(1.0))), "a")
    wanted = np.where(ramp <= 0.0031308, 12.92 * ramp, 1.055 * ramp ** (1 / 2.4) - 0.055)
    assert image.space == "gray"
    assert np.abs(image.gray[0] / top - wanted).max() < 0.003


def test_alpha_is_no_colour():
    rgba = np.dstack([making.photo(), making.photo()[:, ::-1, 0]])
    for fmt in ("png", "tiff"):
        image = read_picture(tagged(rgba, fmt, profiles.rgb()), "a")
        assert image.alpha is not None
        assert np.array_equal(image.alpha, rgba[:, :, 3])
        assert not np.array_equal(image.bgr, rgba[:, :, :3])


def test_orientation_and_profile_are_both_applied():
    upright = tagged(making.photo(), "jpeg", profiles.rgb())
    turned = making.with_orientation(upright, 6)
    wanted = cv2.rotate(read_picture(upright, "a").bgr, cv2.ROTATE_90_CLOCKWISE)
    assert np.array_equal(read_picture(turned, "a").bgr, wanted)


def test_ink_goes_through_its_profile():
    found = Path("/usr/share/color/icc/ghostscript/default_cmyk.icc")
    if not found.exists():
        pytest.skip("needs a CMYK profile, as Ghostscript brings one")
    profile = found.read_bytes()
    ink = PIL.Image.fromarray(making.photo()).convert("CMYK")
    for fmt, suffix in (("JPEG", "jpg"), ("TIFF", "tif")):
        out = io.BytesIO()
        ink.save(out, fmt, quality=100, icc_profile=profile)
        data = out.getvalue()
        stored = PIL.Image.open(io.BytesIO(data))
        wanted = ImageCms.profileToProfile(
            stored, io.BytesIO(profile), ImageCms.createProfile("sRGB"), outputMode="RGB",
            flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )  # fmt: skip
        image = read_picture(data, f"a.{suffix}")
        assert np.abs(image.bgr[:, :, ::-1].astype(int) - np.asarray(wanted)).max() <= 3


@pytest.mark.parametrize("fmt", HOLDING)
def test_a_broken_profile_costs_no_picture_and_is_said_once(fmt: str):
    profile = profiles.rgb()
    for broken in (profile[:200], profile[:132] + b"\xff" * 300, b"no profile" * 20):
        broken = broken[:16] + b"RGB " + broken[20:]
        asked = Asked()
        data = tagged(making.photo(), fmt, broken)
        plain = write_picture(Image.of(making.photo()), fmt, quality=100)
        assert np.array_equal(read_picture(data, "a", asked).bgr, read_picture(plain, "a").bgr)
        assert asked.notes == ["its ICC profile is broken: colours left alone"]


def test_a_png_whose_profile_does_not_unpack_is_read_and_said():
    header, rows = making.png_parts(making.png(making.photo()))
    for body in (b"x\0\0no zlib", b"x\0\0" + zlib.compress(profiles.rgb())[:-20]):
        asked = Asked()
        data = making.png_of(header, rows, making.chunk(b"iCCP", body))
        assert np.array_equal(read_picture(data, "a.png", asked).bgr, making.photo())
        assert len(asked.notes) == 1


def test_a_profile_of_another_kind_of_picture_is_left_alone_and_said():
    grey = making.photo()[:, :, 0]
    asked = Asked()
    data = making.png(grey)
    at = 33
    chunk = making.chunk(b"iCCP", b"x\0\0" + zlib.compress(profiles.rgb()))
    image = read_picture(data[:at] + chunk + data[at:], "a.png", asked)
    assert np.array_equal(image.gray, grey)
    assert "another kind" in asked.notes[0]


@pytest.mark.parametrize("fmt", HOLDING)
def test_kept_numbers_are_written_with_their_profile(cvkit: Command, tmp_path: Path, fmt: str):
    profile = profiles.rgb()
    (tmp_path / "a.png").write_bytes(tagged(making.photo(), "png", profile))
    suffix = {"jpeg": "jpg", "tiff": "tif"}.get(fmt, fmt)
    assert cvkit("flip", "a.png", "--keep-icc", "-o", f"kept.{suffix}").code == 0
    assert cvkit("flip", "a.png", "-o", f"srgb.{suffix}").code == 0
    kept, srgb = ((tmp_path / f"{n}.{suffix}").read_bytes() for n in ("kept", "srgb"))
    assert metadata_of(kept, "a").icc == profile
    assert metadata_of(srgb, "a").icc == b""
    close = {"jpeg": 12, "webp": 24}.get(fmt, 1)
    shown = read_picture(kept, "a").bgr.astype(int) - read_picture(srgb, "a").bgr
    assert np.abs(shown).mean() < close / 4
    assert PIL.Image.open(io.BytesIO(kept)).info["icc_profile"] == profile


def test_a_format_without_profiles_says_what_is_lost():
    array = making.photo()
    data, notes = embedded(b"BM", "bmp", Metadata(icc=profiles.rgb()), array)
    assert data == b"BM"
    assert notes == ["BMP holds no ICC profile: its colours will look wrong"]
    data, notes = embedded(b"BM", "bmp", Metadata(exif=b"II*\0"), array)
    assert (data, len(notes)) == (b"BM", 1)
    assert notes[0].startswith("BMP is written without EXIF")


@given(st.data())
def test_no_profile_crashes(draw: st.DataObject):
    profile = bytearray(profiles.rgb(curve=profiles.SRGB_CURVE))
    for at in draw.draw(st.lists(st.integers(0, len(profile) - 1), max_size=6)):
        profile[at] = draw.draw(st.integers(0, 255))
    cut = bytes(profile[: draw.draw(st.integers(20, len(profile)))])
    for array in (making.photo(8, 6), making.photo(8, 6).astype(np.float32)):
        try:
            made = icc.to_srgb(array, cut, Asked())
        except CvkitError:
            raise AssertionError("a profile failed its picture") from None
        assert made.shape == array.shape
        assert made.dtype == array.dtype
