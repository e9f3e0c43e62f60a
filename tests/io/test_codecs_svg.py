"""SVG: drawn at the size asked for, and nothing outside the file is opened."""

from __future__ import annotations

import base64
import gzip
import threading
from pathlib import Path

import numpy as np
import pytest

from cvkit.core.errors import DamagedError, InputError
from cvkit.core.values import Image
from cvkit.core.warp import Size
from cvkit.io.codecs.asked import Asked
from cvkit.io.codecs.reading import read_picture
from cvkit.io.codecs.sniff import sniff
from tests.io import making

pytest.importorskip("resvg_py")

RED = '<rect width="50" height="50" fill="red"/>'


def svg(inside: str, said: str = 'width="100" height="50"') -> bytes:
    names = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
    return f"<svg {names} {said}>{inside}</svg>".encode()


def drawn(data: bytes, dpi: float = 96) -> Image:
    return read_picture(data, "a.svg", Asked(dpi=dpi))


@pytest.mark.parametrize("dpi", [48, 96, 192])
def test_twice_the_dots_are_twice_the_pixels(dpi: int):
    image = drawn(svg(RED), dpi)
    assert image.size == (100 * dpi // 96, 50 * dpi // 96)
    middle = image.size[0] // 4
    assert image.bgr[middle // 2, middle].tolist() == [0, 0, 255]


def test_what_is_not_drawn_on_is_clear_and_a_full_drawing_has_no_alpha():
    image = drawn(svg(RED))
    assert image.alpha is not None
    assert (image.alpha[25, 25], image.alpha[25, 75]) == (255, 0)
    assert drawn(svg(RED, 'width="50" height="50"')).alpha is None


@pytest.mark.parametrize(
    ("said", "size"),
    [
        ('width="1in" height="2.54cm"', (96, 96)),
        ('width="72pt" height="25.4mm"', (96, 96)),
        ('viewBox="0 0 30 20"', (30, 20)),
        ('viewBox="0 0 30 20" width="60"', (60, 40)),
        ('viewBox="0 0 30 20" width="100%" height="100%"', (30, 20)),
        ('viewBox="5 5 30 20" height="40px"', (60, 40)),
        ("", (300, 150)),
        ('width="0" height="0"', (300, 150)),
    ],
)
def test_a_drawings_size_is_what_it_says(said: str, size: Size):
    assert drawn(svg(RED, said)).size == size


def test_nothing_outside_the_file_is_opened(tmp_path: Path):
    secret = tmp_path / "secret.png"
    secret.write_bytes(making.png(np.full((50, 50, 3), 200, np.uint8)))
    inside = ""
    for link in (str(secret), secret.as_uri(), "secret.png", "http://127.0.0.1:9/a.png"):
        inside += f'<image xlink:href="{link}" width="50" height="50"/>'
        inside += f'<image href="{link}" width="50" height="50"/>'
        inside += f'<filter id="f"><feImage href="{link}"/></filter>'
        inside += '<rect width="50" height="50" filter="url(#f)"/>'
    alpha = drawn(svg(inside)).alpha
    assert alpha is not None
    assert not alpha.any()
    packed = base64.b64encode(svg(inside)).decode()
    nested = svg(f'<image href="data:image/svg+xml;base64,{packed}" width="50" height="50"/>')
    alpha = drawn(nested).alpha
    assert alpha is not None
    assert not alpha.any()


def test_pictures_that_lie_in_the_file_are_drawn():
    packed = base64.b64encode(making.png(making.photo(50, 50))).decode()
    image = drawn(svg(f'<image href="data:image/png;base64,{packed}" width="50" height="50"/>'))
    assert np.array_equal(image.bgr[:, :50], making.photo(50, 50))


def test_entities_open_no_file_and_do_not_swell():
    outside = b'<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/hostname">]>'
    with pytest.raises(DamagedError):
        drawn(outside + svg("<text>&x;</text>"))
    swell = "".join(f'<!ENTITY a{i} "{f"&a{i - 1};" * 10}">' for i in range(1, 10))
    laughs = f'<!DOCTYPE svg [<!ENTITY a0 "ha">{swell}]>'.encode()
    with pytest.raises(DamagedError, match="amplification"):
        drawn(laughs + svg("<text>&a9;</text>"))


def patterns(count: int, filled: str) -> str:
    """Each drawn with the next; `filled` says so of the rectangle in it."""
    one = '<pattern id="m{}" width="2" height="2"><rect {} width="2" height="2"/></pattern>'
    return "".join(one.format(i, filled.format(i + 1)) for i in range(count))


NESTED = {
    "groups": '<g opacity="0.5">' * 3000 + RED + "</g>" * 3000,
    "drawings": '<svg opacity="0.5">' * 300 + RED + "</svg>" * 300,
    "uses": "".join(f'<g id="m{i}"><use xlink:href="#m{i + 1}"/></g>' for i in range(300)),
    "patterns": patterns(400, 'fill="url(#m{})"') + '<rect width="4" height="4" fill="url(#m0)"/>',
    "styles": "<style>"
    + "".join(f"#r{i} {{ fill: url(#m{i}) }}" for i in range(400))
    + "</style>"
    + patterns(400, 'id="r{}"')
    + '<rect id="r0" width="4" height="4"/>',
}


@pytest.mark.parametrize("kind", NESTED)
def test_what_would_exhaust_the_decoders_stack_is_refused(kind: str):
    errors: list[Exception] = []

    def draw() -> None:
        try:
            drawn(svg(NESTED[kind]))
        except DamagedError as error:
            errors.append(error)

    thread = threading.Thread(target=draw)  # the stack of a worker
    thread.start()
    thread.join()
    assert "nested too deeply" in str(errors[0])


def test_circles_are_drawn_without_them():
    inside = '<g id="a"><use xlink:href="#a"/></g><mask id="m" mask="url(#m)">' + RED + "</mask>"
    assert drawn(svg(inside + '<g mask="url(#m)">' + RED + "</g>")).size == (100, 50)


def test_compressed_drawings_are_read():
    data = gzip.compress(svg(RED))
    assert read_picture(data, "a.svgz", Asked(dpi=96)).size == (100, 50)
    with pytest.raises(DamagedError):
        read_picture(data[:-20], "a.svgz")


def test_an_svg_is_told_from_other_xml():
    assert sniff(b"\xef\xbb\xbf\n" + svg(RED)) == "svg"
    assert sniff(b'<?xml version="1.0"?>\n<!-- by hand -->\n' + svg(RED)) == "svg"
    assert sniff(b'<?xml version="1.0"?><html/>') is None
    with pytest.raises(DamagedError, match="no SVG"):
        drawn(b'<?xml version="1.0"?><!-- <svg --><note/>')


def test_cut_and_huge_drawings_are_refused():
    with pytest.raises(DamagedError):
        drawn(svg(RED)[:-4])
    with pytest.raises(InputError, match="--max-pixels"):
        drawn(svg(RED, 'width="1e6" height="1e6"'))
