"""EXIF and resolution: found in every format, carried into every format, and true of the result."""

from __future__ import annotations

import io
import shlex
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cvkit.core.values import Image
from cvkit.io.codecs import embedding, exif, ifd
from cvkit.io.codecs.formats import FORMATS, NAMES, WRITE
from cvkit.io.codecs.metadata import Metadata, density
from cvkit.io.codecs.reading import metadata_of, read_picture
from cvkit.io.codecs.writing import write_picture
from tests.conftest import Command
from tests.io import making, profiles

HOLDING = ["jpeg", "png", "webp", "tiff"]
SUFFIX = {"jpeg": "jpg", "tiff": "tif"}
MAKE, ORIENTATION, DATE, LENS, EXIF, GPS = 271, 274, 36867, 42036, 34665, 34853
NOTE = b"Canon" + bytes(range(40))


def block(
    order: str = "<", *, turned: int = 6, thumbnail: bytes = b"", note: bytes = NOTE
) -> bytes:
    """EXIF as a camera writes it: two directories below, a maker's note, a small copy."""
    mark = b"II" if order == "<" else b"MM"
    out = bytearray(mark + struct.pack(f"{order}HI", 42, 8))

    def directory(fields: list[tuple[int, int, int, bytes]], following: int = 0) -> None:
        behind = len(out) + 2 + 12 * len(fields) + 4
        body, values = b"", b""
        for tag, kind, count, value in fields:
            field = value.ljust(4, b"\0")
            if len(value) > 4:
                field = struct.pack(f"{order}I", behind + len(values))
                values += value
            body += struct.pack(f"{order}HHI", tag, kind, count) + field
        head, tail = struct.pack(f"{order}H", len(fields)), struct.pack(f"{order}I", following)
        out.extend(head + body + tail + values)

    def short(value: int) -> bytes:
        return struct.pack(f"{order}H", value)

    def long(*values: int) -> bytes:
        return struct.pack(f"{order}{len(values)}I", *values)

    first = 2 + 12 * 6 + 4 + 8 + 16
    below = 8 + first
    inner = 2 + 12 * 5 + 4 + 20 + len(note) + 8
    place = 2 + 12 * 1 + 4 + 24
    small = below + inner + place
    directory(
        [
            (MAKE, 2, 8, b"Testcam\0"),
            (ORIENTATION, 3, 1, short(turned)),
            (282, 5, 1, long(300, 1)),
            (283, 5, 1, long(300, 1)),
            (EXIF, 4, 1, long(below)),
            (GPS, 4, 1, long(below + inner)),
        ],
        small if thumbnail else 0,
    )
    directory(
        [
            (DATE, 2, 20, b"2024:05:06 07:08:09\0"),
            (37500, 7, len(note), note),
            (40962, 4, 1, long(64)),
            (40963, 3, 1, short(48)),
            (LENS, 2, 8, b"50mm/2.\0"),
        ]
    )
    directory([(2, 5, 3, long(52, 1, 30, 1, 0, 1))])
    if thumbnail:
        at = small + 2 + 12 * 2 + 4
        directory([(513, 4, 1, long(at)), (514, 4, 1, long(len(thumbnail)))])
        out.extend(thumbnail)
    return bytes(out)


def seen(data: bytes) -> dict[int, object]:
    """What Pillow finds, in one dictionary."""
    told = PIL.Image.open(io.BytesIO(data)).getexif()
    return {**told, **told.get_ifd(EXIF), **told.get_ifd(GPS)}


def photo_with(fmt: str, told: Metadata) -> bytes:
    return write_picture(Image.of(making.photo()), fmt, metadata=told)


def test_the_formats_that_hold_metadata_are_those_that_the_table_names():
    assert sorted(HOLDING) == sorted(n for n in WRITE if FORMATS[n].metadata)
    assert sorted(HOLDING) == sorted(embedding._PUT)


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("target", HOLDING)
@pytest.mark.parametrize("source", HOLDING)
def test_what_a_camera_wrote_goes_from_any_format_into_any_other(
    source: str, target: str, order: str
):
    first = photo_with(source, Metadata(block(order), density=(300, 300)))
    told = metadata_of(first, "a")
    data = write_picture(Image.of(making.photo(32, 24)), target, metadata=told)
    found = seen(data)
    assert found[MAKE] == "Testcam"
    assert found[DATE] == "2024:05:06 07:08:09"
    assert found[LENS] == "50mm/2."
    assert found[2] == (52.0, 30.0, 0.0)
    assert (found[40962], found[40963]) == (32, 24)
    assert found.get(ORIENTATION, 1) == 1
    if "tiff" not in (source, target):
        assert found[37500] == NOTE
    assert told.density == pytest.approx((300, 300))
    assert metadata_of(data, "a").density == pytest.approx((300, 300), abs=0.05)
    assert np.array_equal(read_picture(data, "a").bgr, read_picture(write_plain(target), "a").bgr)


def write_plain(fmt: str) -> bytes:
    return write_picture(Image.of(making.photo(32, 24)), fmt)


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("turned", range(1, 9))
def test_a_block_is_upright_and_without_the_small_copy(turned: int, order: str):
    small = making.jpeg(making.photo(16, 12))
    cleaned = exif.cleaned(block(order, turned=turned, thumbnail=small), (70000, 500))
    assert exif.orientation(cleaned) == 1
    assert small[:3] not in cleaned
    assert len(cleaned) < len(block(order)) + 40
    data = making.png(making.photo())
    put, _ = embedding.embedded(data, "png", Metadata(exif=cleaned), making.photo())
    assert seen(put)[MAKE] == "Testcam"
    told = PIL.Image.open(io.BytesIO(making.png(making.photo())))
    assert told.size == (64, 48)
    assert (70000).to_bytes(4, "little" if order == "<" else "big") in cleaned


def test_a_makers_note_that_holds_a_picture_goes_with_it():
    note = NOTE + making.jpeg(making.photo(16, 12))
    note += bytes(len(note) % 2)
    cleaned = exif.cleaned(block(note=note), (64, 48))
    assert b"\xff\xd8\xff" not in cleaned
    put, _ = embedding.embedded(write_plain("png"), "png", Metadata(cleaned), making.photo())
    found = seen(put)
    assert 37500 not in found
    assert found[LENS] == "50mm/2."


@given(st.binary(max_size=40), st.data())
def test_no_block_crashes(tail: bytes, draw: st.DataObject):
    bad = bytearray(block(thumbnail=making.jpeg(making.photo(8, 8))) + tail)
    for at in draw.draw(st.lists(st.integers(0, 250), max_size=5)):
        bad[at] = draw.draw(st.integers(0, 255))
    told = bytes(bad[: draw.draw(st.integers(0, len(bad)))])
    assert 1 <= exif.orientation(told) <= 8
    exif.density(told)
    for fmt in HOLDING:
        data, _ = embedding.embedded(write_plain(fmt), fmt, Metadata(told), making.photo(32, 24))
        assert read_picture(data, "a").size == (32, 24)


@pytest.mark.parametrize("fmt", ["jpeg", "png", "tiff"])
def test_dots_an_inch_are_read_and_written(fmt: str):
    data = photo_with(fmt, Metadata(density=(300.0, 150.0)))
    assert metadata_of(data, "a").density == pytest.approx((300, 150), abs=0.05)
    info = PIL.Image.open(io.BytesIO(data)).info
    assert info["dpi"] == pytest.approx((300, 150), abs=0.05)


def test_a_density_that_is_none_is_passed_over():
    assert density(300, 300) == (300, 300)
    for wrong in ((0, 300), (float("nan"), 300), (1e9, 300), (-1, 2)):
        assert density(*wrong) is None
    assert density(300, 300, None) is None


def test_exif_too_big_for_a_jpeg_is_left_out_and_said():
    big = block() + bytes(70000)
    data, notes = embedding.embedded(
        write_plain("jpeg"), "jpeg", Metadata(big), making.photo(32, 24)
    )
    assert data == write_plain("jpeg")
    assert notes == ["its EXIF is too big for a JPEG: left out"]
    kept, _ = embedding.embedded(write_plain("png"), "png", Metadata(big), making.photo(32, 24))
    assert seen(kept)[MAKE] == "Testcam"


def test_a_big_profile_is_split_over_segments():
    profile = profiles.rgb() + bytes(200_000)
    data = photo_with("jpeg", Metadata(icc=profile))
    assert metadata_of(data, "a").icc == profile
    assert PIL.Image.open(io.BytesIO(data)).info["icc_profile"] == profile


@pytest.mark.parametrize("alpha", [False, True])
@pytest.mark.parametrize("quality", [80, None])
def test_an_extended_webp_is_one_that_pillow_reads(quality: int | None, alpha: bool):
    picture = making.photo(33, 21)
    picture = np.dstack([picture, picture[:, :, 0]]) if alpha else picture
    plain = write_picture(Image.of(picture), "webp", quality=quality)
    told = Metadata(block(), profiles.rgb())
    data = write_picture(Image.of(picture), "webp", quality=quality, metadata=told)
    ours, theirs = (PIL.Image.open(io.BytesIO(d)) for d in (data, plain))
    assert ours.mode == theirs.mode
    assert np.array_equal(np.asarray(ours), np.asarray(theirs))


def test_a_tiffs_own_description_of_its_layout_is_not_carried():
    out = io.BytesIO()
    import tifffile

    tifffile.imwrite(out, making.photo(), photometric="rgb")  # {"shape": …}
    assert b"shape" in out.getvalue()
    assert b"shape" not in metadata_of(out.getvalue(), "a").exif
    out = io.BytesIO()
    tifffile.imwrite(out, making.photo(), photometric="rgb", description="a cat", metadata=None)
    told = metadata_of(out.getvalue(), "a")
    assert seen(photo_with("jpeg", told))[270] == "a cat"


# The command


@pytest.fixture
def camera(tmp_path: Path) -> Path:
    small = making.jpeg(making.photo(16, 12))
    stored = making.jpeg(making.photo(61, 47))
    body = b"Exif\0\0" + block(thumbnail=small)
    segment = b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body
    path = tmp_path / "shot.jpg"
    path.write_bytes(stored[:2] + segment + stored[2:])
    return path


def test_a_resized_photograph_keeps_its_exif_and_a_stripped_one_does_not(
    cvkit: Command, camera: Path, tmp_path: Path
):
    for name, more in (("kept.jpg", []), ("bare.jpg", ["--strip"]), ("mask.png", [])):
        stage = ["threshold"] if name == "mask.png" else ["resize", "--to", "50%"]
        done = cvkit(stage[0], "shot.jpg", *stage[1:], *more, "-o", name)
        assert done.code == 0, done.err
    found = seen((tmp_path / "kept.jpg").read_bytes())
    assert (found[MAKE], found[40962], found[40963], found[ORIENTATION]) == ("Testcam", 24, 30, 1)
    assert seen((tmp_path / "bare.jpg").read_bytes()) == {}
    assert not metadata_of((tmp_path / "bare.jpg").read_bytes(), "a")
    assert seen((tmp_path / "mask.png").read_bytes()) == {}
    assert (tmp_path / "kept.jpg").read_bytes().count(b"\xff\xd8\xff") == 1


def test_a_sheet_of_several_pictures_carries_none(cvkit: Command, camera: Path, tmp_path: Path):
    assert cvkit("montage", "shot.jpg", "-o", "sheet.jpg").code == 0
    assert seen((tmp_path / "sheet.jpg").read_bytes()) == {}


@pytest.mark.parametrize("more", ["", "--strip", "--keep-icc"])
@pytest.mark.parametrize("out", ["o.jpg", "o.png", "o.webp", "o.tif"])
def test_a_pipe_gives_the_same_bytes_as_the_chain(
    cvkit: Command, camera: Path, tmp_path: Path, out: str, more: str
):
    data = camera.read_bytes()
    tagged, _ = embedding.embedded(data, "jpeg", Metadata(icc=profiles.rgb()), making.photo())
    told = Metadata(block(), profiles.rgb(), (300, 300))
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.png").write_bytes(photo_with("png", told))
    (tmp_path / "in" / "b.tif").write_bytes(photo_with("tiff", told))
    (tmp_path / "in" / "c.jpg").write_bytes(data)
    assert tagged != data
    suffix = Path(out).suffix
    done = cvkit("resize", "in", "--to", "40x", "then", "blur", *shlex.split(more),
                 "-o", "one/{name}" + suffix)  # fmt: skip
    assert done.code == 0, done.err
    run = f"{shlex.quote(sys.executable)} -m cvkit"
    line = f"{run} resize in --to 40x {more} -o - | {run} blur - -o 'two/{{name}}{suffix}'"
    piped = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {line}"], cwd=tmp_path, env=cvkit.env(), check=False,
        capture_output=True,
    )  # fmt: skip
    assert piped.returncode == 0, piped.stderr
    names = sorted(p.name for p in (tmp_path / "one").iterdir())
    assert len(names) == 3
    for name in names:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
        found = metadata_of((tmp_path / "one" / name).read_bytes(), name)
        assert bool(found.exif) == (more != "--strip")
    assert ifd.order_of(block(">")) == ">"


@pytest.mark.parametrize("target", ["avif", "gif", "bmp", "jp2"])
def test_a_format_that_loses_exif_says_so(target: str):
    told = metadata_of(photo_with("jpeg", Metadata(block("<"), density=(300, 300))), "a")
    notes: list[str] = []
    write_picture(Image.of(making.photo(32, 24)), target, metadata=told, notes=notes)
    assert notes == [f"{NAMES[target]} is written without EXIF: JPEG, PNG, WebP and TIFF keep it"]
