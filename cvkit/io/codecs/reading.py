"""Read a still picture from its bytes: content decides, size is bounded, damage is an error."""

from __future__ import annotations

from importlib import import_module
from typing import Any, Protocol

from cvkit.core.values import Image
from cvkit.io.codecs import jpeg
from cvkit.io.codecs.asked import MAX_PIXELS, Asked
from cvkit.io.codecs.formats import FORMATS, READ
from cvkit.io.codecs.metadata import NOTHING, Metadata
from cvkit.io.codecs.sniff import HEAD, told
from cvkit.io.integrity import damaged, refuse
from cvkit.io.integrity import page_out_of as page_out_of

Bytes = bytes | memoryview


class Reader(Protocol):
    """What a module that reads a format has; one with pages has `count(data, name)` too, and one
    whose files hold more than pixels `metadata(data, name, page)`."""

    def read(self, data: Bytes, name: str, asked: Asked) -> Image: ...


def read_picture(
    data: Bytes,
    name: str,
    asked: Asked | None = None,
    *,
    max_pixels: int = MAX_PIXELS,
    views: frozenset[str] = frozenset(),
) -> Image:
    """An untouched Image, upright, from the bytes of a picture in a format of `FORMATS`.

    The keywords are for those who ask for no more. Views that were not asked for follow when they
    are wanted, and are the same. `name` is used in messages only.

    Raises DamagedError where bytes are missing or wrong, InputError where the content is no
    picture, of a kind that is not read, or too big by its header; MissingError where an extra
    would read it.
    """
    asked = asked or Asked(max_pixels, views)
    if not len(data):
        raise damaged(name, "the file is empty")
    head = bytes(data[:HEAD])
    kind = told(head, name)
    if kind == "jpeg":  # most pictures are
        return jpeg.read(data, name, asked)
    return reader(kind, head, name).read(data, name, asked)


def count_pages(data: Bytes, name: str) -> int:
    """How many pictures the file holds; 1 for formats that hold one."""
    head = bytes(data[:HEAD])
    kind = told(head, name)
    row = FORMATS.get(kind or "")
    if row is None or not row.pages:
        return 1
    module: Any = reader(kind, head, name)
    return int(module.count(data, name))


def metadata_of(data: Bytes, name: str, page: int = 0) -> Metadata:
    """What a picture that was read holds beside its pixels; nothing where its format has none."""
    head = bytes(data[:HEAD])
    kind = told(head, name)
    if kind not in READ:
        return NOTHING
    find: Any = getattr(reader(kind, head, name), "metadata", None)
    found: Metadata = NOTHING if find is None else find(data, name, page)
    return found


def reader(kind: str | None, head: bytes, name: str) -> Reader:
    """The one module that knows the format; imported here, since most runs need one or none.

    Raises InputError where there is none.
    """
    row = FORMATS.get(kind or "")
    if row is None or not row.reader:
        raise refuse(kind, head, name)
    module: Any = import_module(f"cvkit.io.codecs.{row.reader}")
    return module  # type: ignore[no-any-return]
