"""Several results of an input in one TIFF: a document goes in and a document comes out."""

from __future__ import annotations

import io
import shlex
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import PIL.Image
import PIL.TiffImagePlugin
import pytest
import tifffile

from cvkit.core.errors import OutputError
from cvkit.core.values import Image
from cvkit.core.warp import Array
from cvkit.io.codecs import tiff_pages
from cvkit.io.codecs.asked import Asked
from cvkit.io.codecs.metadata import Metadata
from cvkit.io.codecs.reading import count_pages, metadata_of, read_picture
from cvkit.io.codecs.writing import write_picture
from tests.conftest import Command
from tests.invariant.media import photo

SIZES = [(40, 31), (33, 20), (64, 48)]
SHOTS = [photo(size) for size in SIZES]


@pytest.fixture(autouse=True)
def scan(tmp_path: Path) -> Path:
    """Three pages of different sizes at 300 dots an inch."""
    path = tmp_path / "scan.tif"
    with tifffile.TiffWriter(path) as file:
        for number, shot in enumerate(SHOTS):
            file.write(
                shot[:, :, ::-1], photometric="rgb", metadata=None, resolution=(300, 300),
                resolutionunit=2, description=f"page {number}",
            )  # fmt: skip
    return path


def pages(path: Path) -> list[Array]:
    data = path.read_bytes()
    count = count_pages(data, path.name)
    return [read_picture(data, path.name, Asked(page=n)).array for n in range(count)]


def same(found: list[Array], wanted: list[Array]) -> bool:
    pairs = zip(found, wanted, strict=True)
    return all(np.array_equal(one, other) for one, other in pairs)


def test_every_page_goes_into_one_tiff_with_what_it_says(cvkit: Command, tmp_path: Path):
    done = cvkit("flip", "scan.tif", "-o", "out.tif")
    assert done.code == 0, done.err
    assert same(pages(tmp_path / "out.tif"), [cv2.flip(s, 1) for s in SHOTS])
    data = (tmp_path / "out.tif").read_bytes()
    assert [metadata_of(data, "a", n).density for n in range(3)] == [(300, 300)] * 3
    with PIL.TiffImagePlugin.TiffImageFile(tmp_path / "out.tif") as other:
        assert other.n_frames == 3
        for number, shot in enumerate(SHOTS):
            other.seek(number)
            assert other.tag_v2[270] == f"page {number}"
            assert np.array_equal(np.asarray(other)[:, ::-1, ::-1], shot)


def test_some_pages_and_masks_too(cvkit: Command, tmp_path: Path):
    assert cvkit("flip", "scan.tif", "--page", "2-3", "-o", "two.tif").code == 0
    assert same(pages(tmp_path / "two.tif"), [cv2.flip(s, 1) for s in SHOTS[1:]])
    assert cvkit("threshold", "scan.tif", "-o", "masks.tiff").code == 0
    masks = pages(tmp_path / "masks.tiff")
    assert [m.shape[::-1] for m in masks] == SIZES
    assert {int(v) for m in masks for v in np.unique(m)} == {0, 255}


def test_a_template_that_no_page_fills_gives_a_document_an_input(cvkit: Command, tmp_path: Path):
    (tmp_path / "b.tif").write_bytes((tmp_path / "scan.tif").read_bytes())
    assert cvkit("flip", "scan.tif", "b.tif", "-o", "out/{stem}.tif").code == 0
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["b.tif", "scan.tif"]
    assert len(pages(tmp_path / "out" / "b.tif")) == 3
    assert cvkit("flip", "scan.tif", "-o", "p{index}.tif").code == 0
    assert len(list(tmp_path.glob("p*.tif"))) == 3


def test_what_crops_cuts_out_goes_into_one_tiff(cvkit: Command, tmp_path: Path):
    cv2.imwrite(str(tmp_path / "dots.png"), dots())
    done = cvkit("contours", "dots.png", "then", "crops", "-o", "cut.tif")
    assert done.code == 0, done.err
    assert len(pages(tmp_path / "cut.tif")) == 4


def dots() -> Array:
    picture = np.zeros((60, 200), np.uint8)
    for x in (25, 75, 125, 175):
        cv2.circle(picture, (x, 30), 15, 255, -1)
    return picture


def test_in_place_keeps_every_page_or_refuses(cvkit: Command, tmp_path: Path):
    before = (tmp_path / "scan.tif").read_bytes()
    done = cvkit("flip", "scan.tif", "--in-place", "--page", "2")
    assert done.code == 2
    assert "other pages would be lost" in done.err
    assert (tmp_path / "scan.tif").read_bytes() == before
    assert cvkit("flip", "scan.tif", "--in-place").code == 0
    assert same(pages(tmp_path / "scan.tif"), [cv2.flip(s, 1) for s in SHOTS])
    cv2.imwrite(str(tmp_path / "dots.png"), dots())
    done = cvkit("contours", "dots.png", "then", "crops", "--in-place")
    assert done.code == 2
    assert "several results cannot take the place" in done.err


def test_a_pipe_gives_the_same_document(cvkit: Command, tmp_path: Path):
    assert cvkit("gray", "scan.tif", "then", "blur", "-o", "one.tif").code == 0
    run = f"{shlex.quote(sys.executable)} -m cvkit"
    line = f"{run} gray scan.tif -o - | {run} blur - -o two.tif"
    subprocess.run(["bash", "-c", line], cwd=tmp_path, env=cvkit.env(), check=True)
    assert (tmp_path / "two.tif").read_bytes() == (tmp_path / "one.tif").read_bytes()


def test_a_page_that_fails_leaves_no_file(cvkit: Command, tmp_path: Path):
    data = bytearray((tmp_path / "scan.tif").read_bytes())
    with tifffile.TiffFile(tmp_path / "scan.tif") as file:
        at = file.pages[2].tags[273].valueoffset
    data[at : at + 4] = b"\xff\xff\xff\x7f"  # the last page's pixels lie outside
    (tmp_path / "bad.tif").write_bytes(data)
    done = cvkit("flip", "bad.tif", "-o", "out.tif")
    assert done.code == 3
    assert not (tmp_path / "out.tif").exists()
    assert not [p for p in tmp_path.iterdir() if p.name.startswith(".cvkit")]


def test_a_png_still_refuses_several(cvkit: Command):
    done = cvkit("flip", "scan.tif", "-o", "out.png")
    assert done.code == 2
    assert "holds several pictures" in done.err


@pytest.mark.parametrize("depth", ["uint8", "uint16", "float32"])
def test_pages_of_every_depth_keep_their_numbers(depth: str):
    out = io.BytesIO()
    writer = tiff_pages.PageWriter(out)
    told = Metadata(b"", b"", (72.0, 36.0))
    deep = [(shot * 1.0).astype(depth) for shot in SHOTS]
    rgba = np.dstack([deep[0], deep[0][:, :, 0]])
    for array in (*deep, rgba, deep[1][:, :, 0]):
        writer.add(write_picture(Image.of(array), "tiff", metadata=told))
        assert count_pages(out.getvalue(), "a") >= 1
    data = out.getvalue()
    assert count_pages(data, "a") == 5
    for number, array in enumerate((*deep, deep[0], deep[1][:, :, 0])):
        image = read_picture(data, "a", Asked(page=number))
        assert np.array_equal(image.array, array)
        assert (image.alpha is not None) == (number == 3)
        assert metadata_of(data, "a", number).density == (72, 36)


def test_a_file_longer_than_its_offsets_reach_is_refused(monkeypatch: pytest.MonkeyPatch):
    page = write_picture(Image.of(SHOTS[0]), "tiff")
    monkeypatch.setattr(tiff_pages, "_MOST", len(page) * 7 // 4)
    writer = tiff_pages.PageWriter(io.BytesIO())
    writer.add(page)
    with pytest.raises(OutputError, match="4 GB"):
        writer.add(page)


def test_what_a_cut_document_has_lost_is_no_other_page(cvkit: Command, tmp_path: Path):
    data = (tmp_path / "scan.tif").read_bytes()
    whole = count_pages(data, "scan.tif")
    assert whole == len(SHOTS)
    for share in (0.2, 0.4, 0.6, 0.8, 0.95):
        (tmp_path / "cut.tif").write_bytes(data[: int(len(data) * share)])
        done = cvkit("gray", "cut.tif", "-o", "cut/", "--overwrite")
        assert done.code == 3, (share, done.err)
        assert "damaged" in done.err


def test_a_document_on_stdin_has_its_pages(cvkit: Command, tmp_path: Path):
    data = (tmp_path / "scan.tif").read_bytes()
    done = cvkit("gray", "-", "--page", "3", "-o", "p_{index}.png", stdin=data)
    assert done.code == 0, done.err
    assert sorted(p.name for p in tmp_path.glob("p_*")) == ["p_2.png"]
    done = cvkit("gray", "-", "-o", "all_{index}.png", stdin=data)
    assert done.code == 0, done.err
    assert len(list(tmp_path.glob("all_*"))) == len(SHOTS)
    assert cvkit("gray", "-", "--page", "9", "-o", "x.png", stdin=data).code == 3
