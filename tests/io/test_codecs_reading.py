"""Stills in: right pixels in every depth, and no damage that goes unsaid."""

from __future__ import annotations

import io
import json
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import PIL.Image
import pytest

from cvkit.core.errors import DamagedError, InputError
from cvkit.core.values import Image
from cvkit.core.warp import Array
from cvkit.io.codecs import png
from cvkit.io.codecs.asked import Asked
from cvkit.io.codecs.reading import count_pages, read_picture
from tests.io import making

BOTH = frozenset({"gray", "bgr"})


def as_opencv(data: bytes, flag: int) -> Array:
    array = cv2.imdecode(np.frombuffer(data, np.uint8), flag)
    assert array is not None
    return array


def equals_opencv(image: Image, data: bytes) -> bool:
    colour, gray = (as_opencv(data, f) for f in (cv2.IMREAD_COLOR, cv2.IMREAD_GRAYSCALE))
    return np.array_equal(image.bgr, colour) and np.array_equal(image.gray, gray)


# JPEG


@pytest.mark.parametrize("sampling", [0x411111, 0x221111, 0x211111, 0x121111, 0x111111])
@pytest.mark.parametrize("progressive", [0, 1])
def test_a_jpeg_has_opencvs_pixels_in_both_views(sampling: int, progressive: int):
    options = (cv2.IMWRITE_JPEG_SAMPLING_FACTOR, sampling)
    data = making.jpeg(making.photo(61, 47), *options, cv2.IMWRITE_JPEG_PROGRESSIVE, progressive)
    assert equals_opencv(read_picture(data, "a.jpg", views=BOTH), data)


def test_views_not_asked_for_come_later_and_are_the_same():
    data = making.jpeg(making.photo())
    image = read_picture(memoryview(data), "a.jpg", views=frozenset({"gray"}))
    assert list(image._views) == ["gray"]
    assert equals_opencv(image, data)
    assert image.untouched
    assert image.space == "bgr"


def test_a_grey_jpeg_is_grey():
    data = making.jpeg(making.photo()[:, :, 0])
    image = read_picture(data, "a.jpg")
    assert image.space == "gray"
    assert equals_opencv(image, data)


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("value", range(1, 9))
def test_every_orientation_is_applied(value: int, order: str):
    data = making.with_orientation(making.jpeg(making.photo()), value, order)
    image = read_picture(data, "a.jpg", views=BOTH)
    assert image.size == ((48, 64) if value >= 5 else (64, 48)) == image.grid.size
    assert equals_opencv(image, data)  # OpenCV turns these two views as well


@pytest.mark.parametrize("value", [0, 9, 77])
def test_an_orientation_that_does_not_exist_is_none(value: int):
    data = making.with_orientation(making.jpeg(making.photo()), value)
    assert read_picture(data, "a.jpg").size == (64, 48)


def test_a_broken_exif_note_does_not_cost_the_picture():
    data = making.with_orientation(making.jpeg(making.photo()), 6)
    at = data.index(b"II*\0") + 4
    assert read_picture(data[:at] + b"\xff\xff\xff\x7f" + data[at + 4 :], "a.jpg").size == (64, 48)


@pytest.mark.parametrize("share", [0.02, 0.1, 0.5, 0.9, 0.99])
@pytest.mark.parametrize("view", ["gray", "bgr"])
def test_a_cut_jpeg_is_damaged_when_it_is_read(share: float, view: str):
    data = making.jpeg(making.photo())
    with pytest.raises(DamagedError):
        read_picture(data[: int(len(data) * share)], "a.jpg", views=frozenset({view}))


def test_a_jpeg_without_its_end_is_damaged_and_one_with_more_behind_is_not():
    data = making.jpeg(making.photo())
    with pytest.raises(DamagedError, match="the JPEG is cut"):
        read_picture(data[:-2], "a.jpg")
    assert equals_opencv(read_picture(data + b"more" * 100, "a.jpg"), data)


def test_a_jpeg_whose_scan_stops_early_is_damaged():
    data = making.jpeg(making.photo())
    with pytest.raises(DamagedError):
        read_picture(data[: len(data) * 2 // 3] + b"\xff\xd9", "a.jpg")


def test_jpegs_of_kinds_that_are_not_read_say_so():
    data = making.jpeg(making.photo())
    frame = data.index(b"\xff\xc0")
    with pytest.raises(InputError, match="12 bits") as twelve:
        read_picture(data[: frame + 4] + b"\x0c" + data[frame + 5 :], "a.jpg")
    with pytest.raises(InputError, match="lossless") as lossless:
        read_picture(data[:frame] + b"\xff\xc3" + data[frame + 2 :], "a.jpg")
    assert not isinstance(twelve.value, DamagedError)
    assert not isinstance(lossless.value, DamagedError)


def several() -> tuple[bytes, list[Array]]:
    """A JPEG that holds three pictures, as cameras of two lenses write them."""
    shots = [making.photo(40 + i, 30) for i in range(3)]
    frames = [PIL.Image.fromarray(np.ascontiguousarray(s[:, :, ::-1])) for s in shots]
    out = io.BytesIO()
    frames[0].save(out, "MPO", save_all=True, append_images=frames[1:], quality=95)
    return out.getvalue(), shots


def test_of_a_jpeg_that_holds_several_pictures_each_is_read():
    data, shots = several()
    assert count_pages(data, "a.mpo") == 3
    assert read_picture(data, "a.mpo").size == (40, 30)
    for number, shot in enumerate(shots):
        image = read_picture(data, "a.mpo", Asked(page=number))
        assert cv2.PSNR(np.asarray(image.bgr, np.uint8), shot) > 24
    with pytest.raises(InputError, match=r"no page 4.*3 pages"):
        read_picture(data, "a.mpo", Asked(page=3))


def test_a_broken_index_of_pictures_costs_only_those():
    data, _ = several()
    at = data.index(b"MPF\0") + 4
    for bad in (data[: at + 4] + b"\xff\xff\xff\x7f" + data[at + 8 :],
                data[:at] + b"XX" + data[at + 2 :]):  # fmt: skip
        assert count_pages(bad, "a.mpo") == 1
        assert read_picture(bad, "a.mpo").size == (40, 30)


# PNG


PNG_DEPTHS: list[Callable[[], Array]] = [
    making.photo,
    lambda: making.photo()[:, :, 0],
    lambda: making.photo().astype(np.uint16) * 251,
    lambda: making.photo()[:, :, 1].astype(np.uint16) * 251,
]


@pytest.mark.parametrize("make", PNG_DEPTHS)
def test_a_png_keeps_every_bit(make: Callable[[], Array]):
    picture = make()
    image = read_picture(making.png(picture), "a.png")
    assert image.array.dtype == picture.dtype
    assert np.array_equal(image.array, picture)
    assert image.alpha is None
    assert image.untouched


@pytest.mark.parametrize("depth", [np.uint8, np.uint16])
def test_alpha_is_told_from_the_colours(depth: type[np.generic]):
    picture = np.dstack([making.photo(), making.photo()[:, ::-1, 0]]).astype(depth)
    image = read_picture(making.png(picture), "a.png")
    assert np.array_equal(image.bgr, picture[:, :, :3])
    assert image.alpha is not None
    assert np.array_equal(image.alpha, picture[:, :, 3])
    assert not image.alpha.flags.writeable


def test_grey_with_alpha_stays_grey():
    pairs = np.arange(24, dtype=np.uint8).reshape(3, 4, 2)  # 3 rows of 4 (grey, alpha)
    rows = b"".join(b"\0" + row.tobytes() for row in pairs)
    data = making.png_of(struct.pack(">IIBBBBB", 4, 3, 8, 4, 0, 0, 0), zlib.compress(rows))
    image = read_picture(data, "a.png")
    assert image.space == "gray"
    assert np.array_equal(image.array, pairs[:, :, 0])
    assert image.alpha is not None
    assert np.array_equal(image.alpha, pairs[:, :, 1])


def test_a_palette_with_a_transparent_entry_is_colour_and_alpha():
    palette = making.chunk(b"PLTE", bytes([255, 0, 0, 0, 255, 0, 0, 0, 255]))
    clear = making.chunk(b"tRNS", bytes([255, 0]))
    header = struct.pack(">IIBBBBB", 3, 1, 8, 3, 0, 0, 0)
    image = read_picture(making.png_of(header, zlib.compress(b"\0\0\1\2"), palette, clear), "a.png")
    assert image.bgr.tolist() == [[[0, 0, 255], [0, 255, 0], [255, 0, 0]]]
    assert image.alpha is not None
    assert image.alpha.tolist() == [[255, 0, 255]]


@pytest.mark.parametrize(("colour", "bits"), [(0, 1), (0, 8), (0, 16), (2, 8), (2, 16)])
def test_one_grey_or_colour_may_be_clear(colour: int, bits: int):
    samples = 3 if colour == 2 else 1
    levels = np.array([[0] * samples, [1] * samples, [0] * samples])
    body = np.packbits(levels[:, 0]) if bits == 1 else levels.astype(f">u{bits // 8}")
    clear = making.chunk(b"tRNS", struct.pack(f">{samples}H", *[1] * samples))
    header = struct.pack(">IIBBBBB", 3, 1, bits, colour, 0, 0, 0)
    image = read_picture(
        making.png_of(header, zlib.compress(b"\0" + body.tobytes()), clear), "a.png"
    )
    top = 65535 if bits == 16 else 255
    assert image.space == ("bgr" if colour == 2 else "gray")
    assert image.alpha is not None
    assert image.alpha.tolist() == [[top, 0, top]]


@pytest.mark.parametrize("fmt", ["png", "webp"])
@pytest.mark.parametrize("turned", range(1, 9))
def test_orientation_of_png_and_webp_is_applied(fmt: str, turned: int):
    picture = making.photo(20, 12)
    block = b"II*\0" + struct.pack("<IHHHIII", 8, 1, 0x0112, 3, 1, turned, 0)
    plain = cv2.imencode(f".{fmt}", picture, [cv2.IMWRITE_WEBP_QUALITY, 101])[1].tobytes()
    if fmt == "png":
        data = plain[:33] + making.chunk(b"eXIf", block) + plain[33:]
    else:
        head = b"VP8X" + struct.pack("<I4B", 10, 8, 0, 0, 0) + b"\x13\0\0" + b"\x0b\0\0"
        body = b"WEBP" + head + plain[12:] + b"EXIF" + struct.pack("<I", len(block)) + block
        data = b"RIFF" + struct.pack("<I", len(body)) + body
    seen = as_opencv(making.with_orientation(making.jpeg(picture), turned), cv2.IMREAD_COLOR)
    image = read_picture(data, f"a.{fmt}")
    assert image.size == seen.shape[1::-1]
    assert cv2.PSNR(np.asarray(image.bgr, np.uint8), seen) > 25


def test_a_png_with_a_strange_profile_says_nothing_on_stderr(capfd: pytest.CaptureFixture[str]):
    header, rows = making.png_parts(making.png(making.photo()))
    profile = making.chunk(b"iCCP", b"x\0\0" + zlib.compress(b"no profile"))
    picture = read_picture(making.png_of(header, rows, profile), "a.png")
    assert np.array_equal(picture.bgr, making.photo())
    assert capfd.readouterr() == ("", "")


def broken_pngs() -> dict[str, bytes]:
    data = making.png(making.photo())
    header, rows = making.png_parts(data)
    raw = zlib.decompress(rows)
    note = making.chunk(b"tEXt", b"Title\0a picture")
    return {
        "cut": data[: len(data) // 2],
        "cut before its end": data[:-12],
        "cut in its end": data[:-1],
        "only a signature": data[:8],
        "bit flipped": making.flipped(data, len(data) // 2),
        "bit flipped in a note": making.flipped(making.png_of(header, rows, note), 50),
        "rows flipped, checksum made right": making.png_of(
            header, making.flipped(rows, len(rows) // 2)
        ),
        "sum of the rows wrong": making.png_of(header, making.flipped(rows, -1)),
        "no sum of the rows": making.png_of(header, rows[:-4]),
        "rows missing": making.png_of(header, zlib.compress(raw[: len(raw) // 2])),
        "rows too many": making.png_of(header, zlib.compress(raw + raw)),
        "rows stop": making.png_of(header, rows[: len(rows) // 2]),
        "no zlib": making.png_of(header, b"\0" * 600),
        "no rows": making.png_of(header, b""),
        "no palette": making.png_of(header[:9] + b"\x03" + header[10:], rows),
        "no such depth": making.png_of(header[:8] + b"\x07" + header[9:], rows),
        "no pixels": making.png_of(struct.pack(">II", 0, 4) + header[8:], rows),
    }


@pytest.mark.parametrize("kind", broken_pngs())
def test_a_broken_png_is_damaged_and_silent(kind: str, capfd: pytest.CaptureFixture[str]):
    with pytest.raises(DamagedError):
        read_picture(broken_pngs()[kind], "a.png")
    assert capfd.readouterr() == ("", "")


def test_a_very_big_png_is_checked_and_read_without_being_held_twice(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(png, "_HELD", 0)
    picture = making.photo()
    assert np.array_equal(read_picture(making.png(picture), "a.png").bgr, picture)
    for kind, data in broken_pngs().items():
        with pytest.raises(DamagedError):
            read_picture(data, kind)


# WebP, BMP, TIFF


def test_a_cut_webp_is_damaged_and_a_whole_one_has_opencvs_pixels():
    data = cv2.imencode(".webp", making.photo(), [cv2.IMWRITE_WEBP_QUALITY, 101])[1].tobytes()
    assert np.array_equal(read_picture(data, "a.webp").bgr, making.photo())
    for share in (0.1, 0.5, 0.99):
        with pytest.raises(DamagedError):
            read_picture(data[: int(len(data) * share)], "a.webp")
    inside = struct.pack("<I", len(data) // 2 - 8)
    with pytest.raises(DamagedError):
        read_picture(data[:4] + inside + data[8 : len(data) // 2], "a.webp")


def test_a_cut_bmp_is_damaged_and_a_whole_one_is_read():
    data = cv2.imencode(".bmp", making.photo())[1].tobytes()
    assert np.array_equal(read_picture(data, "a.bmp").bgr, making.photo())
    with pytest.raises(DamagedError, match="10 bytes are missing"):
        read_picture(data[:-10], "a.bmp")
    with pytest.raises(DamagedError):
        read_picture(data[:30], "a.bmp")


TOP = {np.dtype(np.uint8): 255, np.dtype(np.uint16): 65535, np.dtype(np.float32): 1}


@pytest.mark.parametrize("depth", [np.uint8, np.uint16])
def test_a_tiff_whose_zero_is_white_is_turned(depth: type[np.generic]):
    picture = making.photo()[:, :, 0].astype(depth)
    inverted = (TOP[np.dtype(depth)] - picture.astype(np.int64)).astype(depth)
    assert np.array_equal(read_picture(making.tiff(inverted, 0), "a.tif").gray, picture)
    assert np.array_equal(read_picture(making.tiff(picture, 1), "a.tif").gray, picture)


@pytest.mark.parametrize("depth", [np.uint8, np.uint16])
@pytest.mark.parametrize("extra", [None, 0, 2])
def test_a_tiffs_alpha_leaves_the_colours_as_they_are(depth: type[np.generic], extra: int | None):
    rgba = np.dstack([making.photo(), making.photo()[:, ::-1, 0]]).astype(depth)
    image = read_picture(making.tiff(rgba, 2, extra=extra), "a.tif")
    assert np.array_equal(image.bgr, rgba[:, :, 2::-1])
    assert image.alpha is not None
    assert np.array_equal(image.alpha, rgba[:, :, 3])


def test_a_tiffs_alpha_that_was_multiplied_in_is_divided_out():
    alpha = np.full((48, 64), 51, np.uint8)  # a fifth
    alpha[0] = 0
    shown = np.rint(making.photo() * (alpha / 255.0)[:, :, None]).astype(np.uint8)
    image = read_picture(making.tiff(np.dstack([shown, alpha]), 2, extra=1), "a.tif")
    wanted = making.photo()[:, :, ::-1].astype(int)
    assert np.abs(image.bgr[1:].astype(int) - wanted[1:]).max() <= 3  # half of five, rounded
    assert not image.bgr[0].any()


def test_a_float_tiff_is_read_as_it_is():
    picture = making.photo().astype(np.float32) / 100 - 0.5
    image = read_picture(making.tiff(picture, 2, sample_format=3, deflate=True), "a.tif")
    assert image.depth == "float32"
    assert np.array_equal(image.bgr, picture[:, :, ::-1])


@pytest.mark.parametrize(
    ("depth", "form", "said"),
    [("int8", 2, "8-bit signed"), ("int32", 2, "32-bit signed"), ("uint32", 1, "32-bit unsigned")],
)
def test_a_tiff_of_another_depth_is_refused_by_name(depth: str, form: int, said: str):
    picture = making.photo()[:, :, 0].astype(depth)
    with pytest.raises(InputError, match=said) as error:
        read_picture(making.tiff(picture, 1, sample_format=form), "a.tif")
    assert not isinstance(error.value, DamagedError)


def test_a_tiffs_orientation_is_applied():
    picture = making.photo()[:, :, 0]
    image = read_picture(making.tiff(picture, 1, orientation=6), "a.tif")
    assert np.array_equal(image.gray, np.rot90(picture, -1))


def test_a_broken_tiff_is_damaged_and_silent(capfd: pytest.CaptureFixture[str]):
    picture = making.photo()[:, :, 0]
    data, small = making.tiff(picture, 1), making.tiff(picture, 1, deflate=True)
    at = int.from_bytes(data[4:8], "little")
    broken = [
        data[:-30],
        data[:6],
        data[:4] + struct.pack("<I", 1 << 30) + data[8:],
        data[: at + 10] + struct.pack("<I", 1 << 20) + data[at + 14 :],
        small[:20] + small[:20] + small[40:],
        making.flipped(small, int.from_bytes(small[4:8], "little") - 8),
    ]
    for number, bad in enumerate(broken):
        with pytest.raises(DamagedError):
            read_picture(bad, f"{number}.tif")
    assert capfd.readouterr() == ("", "")


# Bounds, refusals


def huge() -> dict[str, bytes]:
    header, rows = making.png_parts(making.png(making.photo()))
    jpeg = making.jpeg(making.photo())
    frame = jpeg.index(b"\xff\xc0") + 5
    bmp = cv2.imencode(".bmp", making.photo())[1].tobytes()
    webp = b"VP8X" + struct.pack("<I", 10) + bytes(4) + b"\xff\xff\0" * 2
    one = making.tiff(making.photo()[:, :, 0], 1)
    at = int.from_bytes(one[4:8], "little") + 2
    sized = struct.pack("<HHII", 256, 4, 1, 60000) + struct.pack("<HHII", 257, 4, 1, 60000)
    return {
        "png": making.png_of(struct.pack(">II", 60000, 60000) + header[8:], rows),
        "jpeg": jpeg[:frame] + struct.pack(">HH", 60000, 60000) + jpeg[frame + 4 :],
        "bmp": bmp[:18] + struct.pack("<ii", 60000, -60000) + bmp[26:],
        "webp": b"RIFF" + struct.pack("<I", 4 + len(webp)) + b"WEBP" + webp,
        "tiff": one[:at] + sized + one[at + 24 :],
    }


@pytest.mark.parametrize("kind", huge())
def test_a_header_that_says_too_much_is_refused(kind: str):
    with pytest.raises(InputError, match="--max-pixels") as error:
        read_picture(huge()[kind], f"a.{kind}")
    assert not isinstance(error.value, DamagedError)


def test_max_pixels_is_the_most_that_is_read():
    data = making.png(making.photo())
    assert read_picture(data, "a.png", max_pixels=64 * 48).size == (64, 48)
    with pytest.raises(InputError, match="--max-pixels 3072"):
        read_picture(data, "a.png", max_pixels=64 * 48 - 1)


def test_a_png_that_claims_more_than_its_data_can_hold_takes_no_memory():
    header, _ = making.png_parts(making.png(making.photo()))
    data = making.png_of(struct.pack(">II", 20000, 20000) + header[8:], zlib.compress(bytes(9999)))
    with pytest.raises(DamagedError, match="too little data"):
        read_picture(data, "a.png")


BOMB = """
import resource, sys
from cvkit.core.errors import InputError
from cvkit.io.codecs import png
from cvkit.io.codecs.asked import Asked
from cvkit.io.codecs.reading import count_pages, read_picture
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for path in sys.argv[1:]:
    try:
        read_picture(open(path, "rb").read(), path)
    except InputError:
        pass
    else:
        sys.exit(f"{path} was read")
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def test_bombs_take_no_memory(tmp_path: Path, shared: Path):
    bombs = [shared / "corrupt" / name for name, said in verdicts(shared) if said == "bomb"]
    for kind, data in huge().items():
        (tmp_path / kind).write_bytes(data)
        bombs.append(tmp_path / kind)
    done = subprocess.run(
        [sys.executable, "-c", BOMB, *map(str, bombs)], capture_output=True, text=True, check=True
    )
    assert int(done.stdout) < 20_000  # kB


def test_content_decides_over_the_name():
    assert read_picture(making.png(making.photo()), "a.jpg").size == (64, 48)


@pytest.mark.parametrize(
    ("data", "name", "said"),
    [
        (b"Dear all,\nsee you.\n", "a.png", "it begins like text"),
        (b"<!DOCTYPE html>\n<html>", "a.jpg", "it begins like HTML"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n", "a.eps", "PostScript is a program"),
        (b"\0\0\0\x18ftypisom\0\0\0\0isomavc1", "a.png", "it is a video"),
        (b"\x93\x01\xfa\x90" * 9, "a.xyz", "no known picture"),
    ],
)
def test_what_is_no_picture_is_refused_with_what_it_looks_like(data: bytes, name: str, said: str):
    with pytest.raises(InputError, match=said) as error:
        read_picture(data, name)
    assert not isinstance(error.value, DamagedError)
    assert name in str(error.value)


def test_empty_files_and_noise_are_damaged():
    with pytest.raises(DamagedError, match="empty"):
        read_picture(b"", "a.jpg")
    with pytest.raises(DamagedError, match="not those of a JPEG"):
        read_picture(b"\x93\x01\xfa\x90" * 9, "a.jpg")


# Real files


def verdicts(shared: Path) -> list[tuple[str, str]]:
    listed = json.loads((shared / "corrupt" / "expected.json").read_text())["files"]
    return [(name, entry["verdict"]) for name, entry in listed.items()]


def test_every_verdict_on_a_still_of_a_read_format_holds(
    shared: Path, capfd: pytest.CaptureFixture[str]
):
    seen = 0
    for name, verdict in verdicts(shared):
        if Path(name).suffix not in (".jpg", ".png", ".webp", ".bmp", ".tif", ".gif"):
            continue
        data = (shared / "corrupt" / name).read_bytes()
        seen += 1
        if verdict == "good" or name == "png_named.jpg":
            assert read_picture(data, name, views=BOTH).size == (320, 240)
            continue
        if name == "gif_named.png":
            assert read_picture(data, name).size == (192, 144)
            continue
        kind = DamagedError if verdict == "damaged" else InputError
        if name == "pillow_libtiff_segfault.tif":  # says 65535 channels before it breaks
            kind = InputError
        with pytest.raises(kind):
            read_picture(data, name, views=BOTH)
    assert seen >= 30
    assert capfd.readouterr() == ("", "")


def test_every_real_jpeg_has_opencvs_pixels(shared: Path):
    paths = sorted((shared / "images").glob("*.jpg")) + sorted((shared / "formats").glob("*.jpg"))
    assert len(paths) > 30
    for path in paths:
        data = path.read_bytes()
        assert equals_opencv(read_picture(data, path.name, views=BOTH), data), path.name


def test_every_file_of_the_four_great_formats_is_read(shared: Path):
    suffixes = {".jpg", ".mpo", ".png", ".webp", ".bmp", ".tif"}
    paths = [p for p in sorted((shared / "formats").iterdir()) if p.suffix in suffixes]
    told = json.loads((shared / "expected.json").read_text())["files"]
    assert len(paths) >= 44
    for path in paths:
        image = read_picture(path.read_bytes(), path.name)
        assert image.size == tuple(told[f"formats/{path.name}"]["expect"]["size"]), path.name
    assert count_pages((shared / "formats" / "stereo.mpo").read_bytes(), "a") == 2
    assert count_pages((shared / "formats" / "multipage.tif").read_bytes(), "a") == 6


def test_one_picture_in_many_formats_is_one_picture(shared: Path):
    folder = shared / "formats"
    wanted = as_opencv((folder / "rgb.png").read_bytes(), cv2.IMREAD_COLOR)
    same = ["interlaced.png", "rgb24.bmp", "lossless.webp", "bigendian.tif", "bigtiff.tif",
            "planar.tif", "tiled_lzw.tif", "cmyk.tif"]  # fmt: skip
    for name in same:
        image = read_picture((folder / name).read_bytes(), name)
        assert np.array_equal(image.bgr, wanted), name
        assert image.alpha is None, name
    for name in ("group4.tif", "bilevel.png"):
        bits = read_picture((folder / name).read_bytes(), name)
        assert np.array_equal(bits.gray, as_opencv((folder / "bilevel.png").read_bytes(), 0))
    cmyk = read_picture((folder / "cmyk.jpg").read_bytes(), "cmyk.jpg", views=BOTH)
    assert np.abs(cmyk.bgr.astype(int) - wanted).mean() < 3
    assert np.abs(cmyk.gray.astype(int) - cv2.cvtColor(wanted, cv2.COLOR_BGR2GRAY)).mean() < 3
    deep = read_picture((folder / "rgb16.png").read_bytes(), "rgb16.png")
    assert np.abs(deep.bgr / 257.0 - wanted).max() <= 1
    turned = read_picture((folder / "tiff_orientation_6.tif").read_bytes(), "turned.tif")
    assert turned.size == (590, 88)
