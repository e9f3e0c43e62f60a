"""The table of formats, and every real file held against it."""

from __future__ import annotations

import json
import warnings
from importlib import import_module
from pathlib import Path

import cv2
import numpy as np
import pytest

from cvkit.core.depths import eight_bit
from cvkit.core.errors import CvkitError, DamagedError, InputError
from cvkit.core.values import Image
from cvkit.io.codecs import extras
from cvkit.io.codecs.asked import Asked
from cvkit.io.codecs.formats import FORMATS, KEPT_SUFFIXES, SUFFIX_FORMAT
from cvkit.io.codecs.reading import count_pages, read_picture

CLOSE = {  # PSNR in dB to rgb.png, which the file was made from; infinite where it loses nothing
    "avif": 32, "codestream.j2k": 32, "heic": 35, "jp2": 32, "jxl": 33, "pcx": 300, "ppm": 300,
}  # fmt: skip
HDR = ("linear.exr", "photo.pfm", "radiance.hdr")


def read(path: Path, asked: Asked | None = None) -> Image:
    return read_picture(path.read_bytes(), path.name, asked)


def lacks_an_extra(name: str) -> bool:
    extra = Path(name).suffix[1:]
    return extra in extras.MODULES and not extras.there(extra)


@pytest.mark.parametrize("name", FORMATS)
def test_a_row_names_modules_that_have_what_it_says(name: str):
    row = FORMATS[name]
    if row.reader:
        module = import_module(f"cvkit.io.codecs.{row.reader}")
        assert callable(module.read)
        assert not row.pages or callable(module.count)
    if row.writer:
        assert callable(import_module(f"cvkit.io.codecs.{row.writer}").encode)
        assert row.holds
    assert row.reader or row.why or name == "apng"  # APNG is read as PNG


def test_a_suffix_belongs_to_one_format():
    suffixes = [suffix for row in FORMATS.values() for suffix in row.suffixes]
    assert len(suffixes) == len(set(suffixes))


def test_results_inherit_suffixes_of_formats_for_all_kinds_of_picture():
    assert {".jpg", ".png", ".tif", ".webp", ".bmp", ".ppm", ".exr", ".npy"} <= KEPT_SUFFIXES
    assert set(SUFFIX_FORMAT) - KEPT_SUFFIXES == {".csv", ".ico", ".pbm", ".pgm"}


def test_postscript_is_refused_with_its_reason():
    for head in (b"%!PS-Adobe-3.0 EPSF-3.0\n", b"\xc5\xd0\xd3\xc6" + bytes(30)):
        with pytest.raises(InputError, match="a program, and cvkit runs no program") as error:
            read_picture(head, "logo.eps")
        assert not isinstance(error.value, DamagedError)


def test_every_real_file_is_read_or_refused_in_one_sentence(
    shared: Path, capfd: pytest.CaptureFixture[str]
):
    sizes = {
        name: entry["expect"]["size"]
        for name, entry in json.loads((shared / "expected.json").read_text())["files"].items()
        if name.startswith("formats/")
    }
    assert len(sizes) > 60
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for name, size in sizes.items():
            if lacks_an_extra(name):
                continue
            image = read(shared / name)
            turned = name == "formats/avif_irot.avif"  # as stored in that list; its boxes turn it
            assert list(image.size) == (size[::-1] if turned else size), name
    assert capfd.readouterr() == ("", "")


def test_real_files_look_like_what_they_were_made_from(shared: Path):
    wanted = read(shared / "formats" / "rgb.png").array
    for kind, least in CLOSE.items():
        if lacks_an_extra(f"a.{kind}"):
            continue
        path = shared / "formats" / (kind if "." in kind else f"photo.{kind}")
        path = shared / "formats" / "rgb.ppm" if kind == "ppm" else path
        assert cv2.PSNR(np.asarray(read(path).array), wanted) > least, kind


def test_linear_files_agree_with_each_other_and_go_up_to_eight(shared: Path):
    exr, pfm, hdr = (read(shared / "formats" / name).array for name in HDR)
    assert np.array_equal(exr, pfm)
    assert exr.max() == hdr.max() == 8
    assert (np.abs(hdr - exr) <= exr.max(axis=2, keepdims=True) / 100 + 1e-6).all()
    # Made as 8 · (level / 255)^2.2 in some order of rounding: brightness follows the photograph.
    wanted = read(shared / "formats" / "rgb.png").gray.astype(float)
    assert np.corrcoef(exr.mean(axis=2).ravel() ** (1 / 2.2), wanted.ravel())[0, 1] > 0.98


def test_verdicts_on_rarer_stills_hold(shared: Path, capfd: pytest.CaptureFixture[str]):
    seen = 0
    for name, entry in json.loads((shared / "corrupt/expected.json").read_text())["files"].items():
        if Path(name).suffix not in (".avif", ".heic", ".sgi", ".j2k") or lacks_an_extra(name):
            continue
        seen += 1
        assert entry["verdict"] == "damaged"
        with pytest.raises(DamagedError):
            read(shared / "corrupt" / name)
    assert seen == (4 if extras.there("heic") else 3)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("share", [0.02, 0.3, 0.6, 0.95])
def test_no_cut_real_file_is_read(share: float, shared: Path):
    exempt = {".gif", ".webp", ".png", ".jpg", ".tif", ".bmp", ".mpo"}  # have tests of their own
    for path in sorted((shared / "formats").iterdir()):
        if path.suffix in exempt:
            continue
        data = path.read_bytes()
        with pytest.raises(CvkitError):
            read_picture(data[: int(len(data) * share)], path.name)


def test_pages_are_counted(shared: Path):
    counted = {
        name: count_pages((shared / "formats" / name).read_bytes(), name)
        for name in ("icon.ico", "photo.avif", "rgb.ppm", "multipage.tif")
    }
    assert counted == {"icon.ico": 1, "photo.avif": 1, "rgb.ppm": 1, "multipage.tif": 6}


def test_float_files_show_as_eight_bits(shared: Path):
    shown = eight_bit(read(shared / "formats" / "linear.exr").array)
    assert shown.max() == 255
