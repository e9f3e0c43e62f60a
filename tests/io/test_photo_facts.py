"""What cameras wrote, in blocks made here and in photographs."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image as Pillow
from PIL.TiffImagePlugin import IFDRational

from cvkit.io.codecs.reading import metadata_of
from cvkit.io.photo_facts import photo_facts


def block() -> Pillow.Exif:
    exif = Pillow.Exif()
    exif[0x010F], exif[0x0110] = "NIKON CORPORATION", "NIKON Z 6"
    exif[0x0131], exif[0x013B] = "edit\x1b[31mor", "Ann"
    inner = exif.get_ifd(0x8769)
    inner[0x829A] = IFDRational(1, 250)
    inner[0x829D] = IFDRational(28, 10)
    inner[0x8827], inner[0x9003], inner[0x9011] = 400, "2024:05:17 08:09:10", "+02:00"
    inner[0x9204], inner[0x920A] = IFDRational(-2, 3), IFDRational(355, 10)
    inner[0xA405], inner[0x9209], inner[0x8822], inner[0x9207] = 53, 0x19, 3, 5
    inner[0xA434] = "NIKKOR Z 24-70mm f/4 S"
    place = exif.get_ifd(0x8825)
    place[1], place[2] = "S", (IFDRational(33), IFDRational(51), IFDRational(3120, 100))
    place[3], place[4] = "E", (IFDRational(151), IFDRational(12), IFDRational(36))
    place[5], place[6] = b"\x00", IFDRational(58)
    return exif


EXPECTED = {
    "camera": "NIKON Z 6",
    "lens": "NIKKOR Z 24-70mm f/4 S",
    "software": "edit [31mor",
    "artist": "Ann",
    "date": "2024-05-17T08:09:10+02:00",
    "exposure": "1/250 s",
    "exposure_seconds": 0.004,
    "aperture": 2.8,
    "iso": 400,
    "bias": -0.666667,
    "focal_length": 35.5,
    "focal_length_35mm": 53,
    "flash": True,
    "program": "aperture priority",
    "metering": "pattern",
    "gps": {"latitude": -33.858667, "longitude": 151.21, "altitude": 58},
}


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_every_format_that_carries_it_says_the_same(form: str) -> None:
    written = io.BytesIO()
    Pillow.fromarray(np.zeros((8, 8, 3), np.uint8)).save(written, form, exif=block())
    facts = photo_facts(metadata_of(written.getvalue(), f"a.{form.lower()}").exif)
    assert facts == EXPECTED


def test_long_exposures_and_mixed_up_cameras_are_said_as_people_do() -> None:
    exif = Pillow.Exif()
    exif[0x010F], exif[0x0110] = "Apple", "iPhone 12"
    exif.get_ifd(0x8769)[0x829A] = IFDRational(5, 2)
    facts = photo_facts(exif.tobytes())
    assert (facts["camera"], facts["exposure"]) == ("Apple iPhone 12", "2.5 s")
    assert "date" not in facts


@pytest.mark.parametrize("parts", [8000, 32000, 4_000_000])
def test_the_shortest_exposures_are_told_as_they_are(parts: int) -> None:
    exif = Pillow.Exif()
    exif.get_ifd(0x8769)[0x829A] = IFDRational(1, parts)
    facts = photo_facts(exif.tobytes())
    assert facts["exposure"] == f"1/{parts} s"
    assert facts["exposure_seconds"] == pytest.approx(1 / parts, rel=1e-5)


def test_nothing_and_nonsense_say_nothing() -> None:
    assert photo_facts(b"") == {}
    assert photo_facts(b"II*\0\xff\xff\xff\xff") == {}
    exif = Pillow.Exif()
    exif[0x0132] = "yesterday"
    inner = exif.get_ifd(0x8769)
    inner[0x829A], inner[0x829D] = IFDRational(1, 0), IFDRational(0, 5)
    exif.get_ifd(0x8825)[2] = (IFDRational(200), IFDRational(0), IFDRational(0))
    assert photo_facts(exif.tobytes()) == {}


@given(st.data())
def test_no_broken_block_is_an_error(data: st.DataObject) -> None:
    whole = bytearray(block().tobytes())
    for _ in range(data.draw(st.integers(1, 12))):
        whole[data.draw(st.integers(8, len(whole) - 1))] = data.draw(st.integers(0, 255))
    facts = photo_facts(bytes(whole[: data.draw(st.integers(8, len(whole)))]))
    assert all(v.isprintable() for v in facts.values() if isinstance(v, str))


@pytest.mark.parametrize(
    ("name", "camera", "date", "exposure", "aperture", "iso"),
    [
        ("plate_us.jpg", "Canon PowerShot SD750", "1980-01-01T00:00:32", "1/320 s", 3.5, 80),
        ("sign_dark.jpg", "MINOLTA CO.,LTD DiMAGE X", "2002-07-30T19:46:04", "1/90 s", 3.6, 200),
        ("sign_parking.jpg", "Canon PowerShot S50", "2004-08-16T13:23:49", "1/125 s", 4.9, None),
    ],
)
def test_photographs_tell_their_camera(
    shared: Path, name: str, camera: str, date: str, exposure: str, aperture: float, iso: int | None
) -> None:
    data = (shared / "images" / name).read_bytes()
    facts = photo_facts(metadata_of(data, name).exif)
    told = tuple(facts.get(k) for k in ("camera", "date", "exposure", "aperture", "iso"))
    assert told == (camera, date, exposure, aperture, iso)
