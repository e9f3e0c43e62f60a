"""Pages of PDF files, and of Illustrator files that hold one, drawn by PDFium (extra pdf).

A page is as many pixels as its size at the dots an inch that are asked for, on white paper.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from cvkit.core.errors import InputError
from cvkit.core.values import Image
from cvkit.io.codecs import extras
from cvkit.io.codecs.asked import Asked
from cvkit.io.codecs.reading import page_out_of
from cvkit.io.codecs.stored import image
from cvkit.io.integrity import bounded, damaged

Bytes = bytes | memoryview

_POINTS = 72  # an inch
_TAIL = 4096
_WHITE = (255, 255, 255, 255)
_one_at_a_time = threading.Lock()  # PDFium must not be called by two threads


def read(data: Bytes, name: str, asked: Asked) -> Image:
    with _opened(data, name) as (pdfium, document):
        pages = len(document)
        if not asked.page < pages:
            raise page_out_of(name, asked.page, pages)
        try:
            page = document[asked.page]
        except pdfium.PdfiumError as error:
            raise damaged(name, f"its page {asked.page + 1} is broken") from error
        width, height = (round(side * asked.dpi / _POINTS) for side in page.get_size())
        size = (max(width, 1), max(height, 1))
        bounded(size, asked.max_pixels, name)
        return image(_drawn(pdfium, page, size))


def count(data: Bytes, name: str) -> int:
    with _opened(data, name) as (_, document):
        return len(document)


@contextmanager
def _opened(data: Bytes, name: str) -> Iterator[tuple[Any, Any]]:
    pdfium = extras.load("pdf")
    if b"startxref" not in bytes(data[-_TAIL:]):  # PDFium draws what is left of a cut file
        raise damaged(name, "the PDF is cut: the table of its parts, at its end, is missing")
    with _one_at_a_time:
        try:
            document = pdfium.PdfDocument(bytes(data))
        except pdfium.PdfiumError as error:
            if "password" in str(error).lower():
                raise InputError(
                    f"{name} cannot be read",
                    why="it is protected by a password",
                    remedy="save a copy without one: qpdf --decrypt --password=... in.pdf out.pdf",
                ) from error
            raise damaged(name, "the PDF is cut or broken") from error
        try:
            yield pdfium, document
        finally:
            document.close()


def _drawn(pdfium: Any, page: Any, size: tuple[int, int]) -> np.ndarray[Any, Any]:  # noqa: ANN401
    """(h, w, 3) BGR; annotations are drawn too."""
    bitmap = pdfium.PdfBitmap.new_native(*size, pdfium.raw.FPDFBitmap_BGR)
    bitmap.fill_rect(_WHITE, 0, 0, *size)
    pdfium.raw.FPDF_RenderPageBitmap(bitmap, page, 0, 0, *size, 0, pdfium.raw.FPDF_ANNOT)
    return np.ascontiguousarray(bitmap.to_numpy())
