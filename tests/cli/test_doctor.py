"""`cvkit doctor` on picture formats: what is read and written, what an extra adds, what is not."""

from __future__ import annotations

import json

import pytest

from cvkit.cli import doctor
from cvkit.core.errors import InputError
from cvkit.io.codecs import extras
from cvkit.io.codecs.formats import FORMATS
from cvkit.io.codecs.reading import read_picture
from tests.conftest import Command


def test_every_format_is_told(cvkit: Command):
    found = {one["name"]: one for one in json.loads(cvkit("doctor", "--json").out)}
    for row in FORMATS.values():
        if row.reader and not row.extra:
            assert row.title in found["reads"]["told"].split(", ")
        if row.writer:
            assert row.title in found["writes"]["told"].split(", ")
        if row.extra:
            assert found[f"reads {row.extra}"]["told"].startswith(f"{row.title} pictures")


def test_a_missing_extra_is_a_warning_with_its_line(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(extras, "there", lambda extra: extra != "raw")
    (warned,) = (one for one in doctor.pictures() if one.state == "warning")
    assert (warned.name, warned.remedy) == ("reads raw", 'pip install "cvkit-cli[raw]"')
    assert warned.told == "RAW pictures are not read: rawpy is not installed"


def test_a_refusal_gives_the_same_reason():
    (refused,) = (one for one in doctor.pictures() if one.name == "does not read")
    with pytest.raises(InputError) as error:
        read_picture(b"%!PS-Adobe-3.0\n", "a.eps")
    assert error.value.why
    assert refused.told.endswith(error.value.why)


def test_an_opencv_without_avif_is_warned_of(monkeypatch: pytest.MonkeyPatch):
    import cv2

    monkeypatch.setattr(cv2, "haveImageWriter", lambda name: not name.endswith(".avif"))
    (warned,) = (one for one in doctor.pictures() if one.state == "warning")
    assert "AVIF is not in this OpenCV" in warned.told
