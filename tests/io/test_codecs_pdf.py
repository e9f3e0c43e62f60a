"""PDF pages: as many pixels as the dots an inch ask for, and nothing without its password."""

from __future__ import annotations

import io

import numpy as np
import PIL.Image
import pytest

from cvkit.core.errors import DamagedError, InputError
from cvkit.core.values import Image
from cvkit.io.codecs.asked import Asked
from cvkit.io.codecs.reading import count_pages, read_picture

pytest.importorskip("pypdfium2")

COLOURS = [(200, 0, 0), (0, 200, 0), (0, 0, 200)]  # RGB


def pdf(pages: int = 3) -> bytes:
    """Pages of 3 by 2 inches, each in one colour."""
    pictures = [PIL.Image.new("RGB", (216, 144), colour) for colour in COLOURS[:pages]]
    out = io.BytesIO()
    pictures[0].save(out, "PDF", save_all=True, append_images=pictures[1:], resolution=72)
    return out.getvalue()


# An empty page behind a password that nobody knows.
LOCKED = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
    b"2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
    b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 72 72]>>endobj\n"
    b"4 0 obj<</Filter/Standard/V 1/R 2/P -4/O<"
    + b"11" * 32
    + b">/U<"
    + b"22" * 32
    + b">>>endobj\n"
    b"trailer<</Size 5/Root 1 0 R/Encrypt 4 0 R/ID[<00><00>]>>\nstartxref\n0\n%%EOF\n"
)


def page(number: int, dpi: float = 72) -> Image:
    return read_picture(pdf(), "a.pdf", Asked(page=number, dpi=dpi))


@pytest.mark.parametrize("number", [0, 1, 2])
def test_each_page_is_its_own_picture(number: int):
    assert count_pages(pdf(), "a.pdf") == 3
    colour = page(number).bgr[60:80, 60:80].reshape(-1, 3).mean(0)
    assert np.abs(colour[::-1] - COLOURS[number]).max() < 8


@pytest.mark.parametrize(("dpi", "size"), [(72, (216, 144)), (150, (450, 300)), (300, (900, 600))])
def test_twice_the_dots_are_twice_the_pixels(dpi: float, size: tuple[int, int]):
    assert page(0, dpi).size == size


def test_an_illustrator_file_that_holds_a_pdf_is_read():
    assert read_picture(pdf(1), "logo.ai", Asked(dpi=72)).size == (216, 144)


def test_pages_that_are_not_there_are_refused():
    with pytest.raises(InputError, match="no page 4: it has 3 pages"):
        page(3)


def test_a_password_is_asked_for():
    with pytest.raises(InputError, match=r"protected by a password.*qpdf") as error:
        read_picture(LOCKED, "a.pdf")
    assert not isinstance(error.value, DamagedError)


def test_size_is_bounded_before_a_page_is_drawn():
    with pytest.raises(InputError, match="--max-pixels"):
        read_picture(pdf(), "a.pdf", Asked(dpi=10000))


def test_a_cut_file_is_damaged():
    data = pdf()
    for end in (10, 200, len(data) // 2, len(data) - 40):
        with pytest.raises(DamagedError):
            read_picture(data[:end], "a.pdf")
