"""The samples of a TIFF page: its strips or tiles, checked, unpacked and laid side by side.

Each is unpacked for itself, since the readers at hand lose tiles at edges (OpenCV, 8 bits), mix up
planes (OpenCV, 16 bits and float) or know no second channel. libtiff's byte codecs and fax codes
are reached through OpenCV and Pillow: the segments go to it as the strips of a plain grey picture.
Deflate, LZMA, Zstandard and JPEG tell their damage; LZW most of it, PackBits and fax codes cannot.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
import simplejpeg

from cvkit.core.warp import Array
from cvkit.io.codecs.deflate import inflated
from cvkit.io.codecs.tiff_directory import Directory
from cvkit.io.integrity import damaged, quiet, unsupported

NONE, FAX, LZW, JPEG = 1, (2, 3, 4), 5, 7
DEFLATE, PACKBITS, LZMA, ZSTD = (8, 32946), 32773, 34925, (50000, 50013)
WHOLE = (50001, 34712, 33003, 33005)  # each segment is a WebP or a JPEG 2000 file
COMPRESSIONS = frozenset((NONE, *FAX, LZW, JPEG, *DEFLATE, PACKBITS, LZMA, *ZSTD, *WHOLE))
_PREDICTED = (LZW, *DEFLATE, LZMA, *ZSTD)

_FILL, _STRIPS, _ROWS, _STRIP_BYTES, _PLANAR = 266, 273, 278, 279, 284
_T4, _T6, _PREDICTOR, _WIDE, _HIGH, _TILES, _TILE_BYTES = 292, 293, 317, 322, 323, 324, 325
_TABLES, _YCBCR = 347, 6
_DIFFERENCES, _FLOATS, _REVERSED, _SEPARATE = 2, 3, 2, 2
_WIDEST, _BATCH = 1 << 20, 1 << 26
_SHRINKS = {NONE: 1, PACKBITS: 64, **dict.fromkeys(DEFLATE, 1032)}


@dataclass(frozen=True, slots=True)
class Layout:
    """How the samples of a page lie in its file. `dtype` is None for samples of odd bits."""

    page: Directory
    size: tuple[int, int]
    samples: int
    bits: int
    dtype: np.dtype[np.generic] | None
    compression: int
    separate: bool
    wide: int
    high: int
    tiled: bool

    @classmethod
    def of(
        cls, page: Directory, size: tuple[int, int], samples: int, bits: int, letter: str
    ) -> Layout:
        """`letter` is NumPy's for the kind of number: u or f."""
        width, height = size
        tiled = _TILES in page.entries
        wide = page.one(_WIDE, 0) if tiled else width
        high = page.one(_HIGH, 0) if tiled else min(page.one(_ROWS, height) or height, height)
        if wide < 1 or high < 1 or (tiled and (wide - width > 65536 or high - height > 65536)):
            raise damaged(page.name, f"the TIFF has tiles of {wide}×{high} pixels")
        whole = bits in (8, 16, 32, 64)
        dtype = np.dtype(f"{page.order}{letter}{bits // 8}") if whole else None
        separate = page.one(_PLANAR, 1) == _SEPARATE and samples > 1
        compression = page.one(259, NONE)
        return cls(page, size, samples, bits, dtype, compression, separate, wide, high, tiled)

    @property
    def together(self) -> int:
        """Samples of a pixel in one segment."""
        return 1 if self.separate else self.samples

    @property
    def row(self) -> int:
        """Bytes of a segment's row."""
        return -(-self.wide * self.together * self.bits // 8)

    def places(self) -> Iterator[tuple[int, int, int]]:
        """x, y and first sample of each segment, in the file's order."""
        for sample in range(self.samples if self.separate else 1):
            for y in range(0, self.size[1], self.high):
                for x in range(0, self.size[0], self.wide):
                    yield x, y, sample

    def rows(self, y: int) -> int:
        """Rows of the segment at `y`: the last strip has fewer, tiles never."""
        return self.high if self.tiled else min(self.high, self.size[1] - y)


def samples(layout: Layout) -> Array:
    """(h, w, n) in the file's order of channels: uint8, uint16 or float of 16, 32 or 64 bits.

    Odd bits come as they are counted, 10 to 14 of them in uint16. Raises DamagedError.
    """
    places = list(layout.places())
    segments = _segments(layout, len(places), [layout.rows(y) for _, y, _ in places])
    width, height = layout.size
    dtype = layout.dtype or np.dtype(np.uint8 if layout.bits <= 8 else np.uint16)
    out = np.empty((height, width, layout.samples), dtype.newbyteorder("="))
    for (x, y, sample), part in zip(places, segments, strict=True):
        rows, columns = min(layout.rows(y), height - y), min(layout.wide, width - x)
        if part.shape[0] < rows:
            raise damaged(layout.page.name, "a part of the TIFF has fewer rows than it should")
        into = out[y : y + rows, x : x + columns, sample : sample + layout.together]
        into[...] = part[:rows, :columns]
    return out


def _segments(layout: Layout, wanted: int, rows: list[int]) -> Iterator[Array]:
    """(rows, wide, together) of each."""
    pieces = _pieces(layout, wanted, rows)
    kind = layout.compression
    if kind == JPEG:
        yield from (_jpeg(layout, piece) for piece in pieces)
    elif kind in WHOLE:
        yield from (_picture(layout, piece) for piece in pieces)
    elif kind in FAX:
        for held in _unpacked(layout, pieces, rows, layout.wide):
            yield (held > 0).astype(np.uint8)[:, :, None]
    elif kind in (LZW, PACKBITS, *ZSTD):
        for held in _unpacked(layout, pieces, rows, layout.row):
            yield _numbers(layout, held)
    else:
        for piece, many in zip(pieces, rows, strict=True):
            data = np.frombuffer(_plain(layout, piece), np.uint8)
            if data.size < many * layout.row:
                raise damaged(layout.page.name, "the TIFF's picture data ends too early")
            yield _numbers(layout, data[: many * layout.row].reshape(many, layout.row))


def _pieces(layout: Layout, wanted: int, rows: list[int]) -> list[memoryview]:
    """The compressed segments, after all were held against the file. No pixel memory is taken."""
    page = layout.page
    starts = page.many(_TILES if layout.tiled else _STRIPS)
    lengths = page.many(_TILE_BYTES if layout.tiled else _STRIP_BYTES)
    if not starts:
        raise damaged(page.name, "the TIFF does not say where its pixels are")
    if not lengths and layout.compression == NONE:  # old writers leave them out
        lengths = tuple(many * layout.row for many in rows)
    if len(starts) < wanted or len(lengths) < wanted:
        raise damaged(
            page.name, f"the TIFF names {min(len(starts), len(lengths))} of {wanted} parts"
        )
    ends = [start + length for start, length in zip(starts, lengths, strict=False)]
    missing = max(ends[:wanted]) - len(page.data)
    if missing > 0:
        raise damaged(page.name, f"the TIFF is cut: {missing} bytes of its pixels are missing")
    view = memoryview(page.data)
    pieces = [view[s:e] for s, e in zip(starts[:wanted], ends[:wanted], strict=True)]
    most = _SHRINKS.get(layout.compression, 4096)
    for piece, many in zip(pieces, rows, strict=True):
        if not piece or (layout.dtype and len(piece) * most < many * layout.row):
            raise damaged(page.name, "the TIFF has too little data for its size")
    return pieces


def _plain(layout: Layout, piece: memoryview) -> bytes | memoryview:
    name = layout.page.name
    if layout.compression in DEFLATE:
        return b"".join(inflated([piece], name, "the TIFF's compressed data"))
    if layout.compression == LZMA:
        import lzma

        try:
            return lzma.decompress(piece)
        except (lzma.LZMAError, EOFError) as error:
            raise damaged(name, f"the TIFF's compressed data is broken ({error})") from error
    if layout.page.one(_FILL, 1) == _REVERSED and layout.bits < 8:
        order = np.packbits(np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], 1)[:, ::-1], 1)
        return order[:, 0][np.frombuffer(piece, np.uint8)].tobytes()
    return piece


def _numbers(layout: Layout, rows: Array) -> Array:
    """(rows, wide, together) of the bytes (rows, row)."""
    shape = (rows.shape[0], layout.wide, layout.together)
    if layout.dtype is None:
        bits = np.unpackbits(rows, axis=1)[:, : shape[1] * shape[2] * layout.bits]
        if layout.bits == 1:
            return bits.reshape(shape)
        weights = 1 << np.arange(layout.bits - 1, -1, -1, dtype=np.uint16)
        numbers = bits.reshape(*shape, layout.bits).astype(np.uint16) @ weights
        return numbers if layout.bits > 8 else numbers.astype(np.uint8)
    predictor = layout.page.one(_PREDICTOR, 1) if layout.compression in _PREDICTED else 1
    if predictor == _FLOATS:
        return _summed_floats(layout, rows).reshape(shape)
    numbers = np.ascontiguousarray(rows).view(layout.dtype).reshape(shape)
    if predictor != _DIFFERENCES:
        return numbers
    whole = numbers.view(numbers.dtype.str.replace("f", "u"))
    native = whole.astype(whole.dtype.newbyteorder("="), copy=False)
    summed = np.cumsum(native, axis=1, dtype=native.dtype)
    return summed.view(numbers.dtype.newbyteorder("="))


def _summed_floats(layout: Layout, rows: Array) -> Array:
    """Bytes are summed along a row, and lie sorted by their weight. Source: Adobe's TIFF note 3."""
    assert layout.dtype is not None
    step, size = layout.together, layout.dtype.itemsize
    summed = np.cumsum(rows.reshape(rows.shape[0], -1, step), axis=1, dtype=np.uint8)
    planes = summed.reshape(rows.shape[0], size, -1)
    big = np.ascontiguousarray(planes.transpose(0, 2, 1)).view(f">f{size}")
    return big.reshape(rows.shape[0], -1)


def _unpacked(
    layout: Layout, pieces: list[memoryview], rows: list[int], width: int
) -> Iterator[Array]:
    """(rows, width): what libtiff makes of each piece as a strip of a grey picture."""
    across = next(d for d in range(1, width + 1) if width % d == 0 and width // d <= _WIDEST)
    at = 0
    while at < len(pieces):
        end, total = at + 1, rows[at]
        room = min(_BATCH // width, _WIDEST // across)
        while end < len(pieces) and rows[end - 1] == rows[at] and total + rows[end] <= room:
            if rows[end] > rows[at]:  # the first strip of the next plane
                break
            total += rows[end]
            end += 1
        held = _by_libtiff(layout, pieces[at:end], (rows[at], total, width), across)
        start = 0
        for many in rows[at:end]:
            yield held[start : start + many]
            start += many
        at = end


def _by_libtiff(
    layout: Layout, pieces: list[memoryview], shape: tuple[int, int, int], across: int
) -> Array:
    """(total, width); `shape` has the rows of a piece before these. Raises DamagedError."""
    high, total, width = shape
    columns, high, rows, bits = width // across, high * across, total * across, 1
    if layout.compression not in FAX:
        # OpenCV looks at libtiff's errors where it has 16 bits, and passes over them at 8.
        bits = 16 if columns % 2 == 0 or high % 2 == rows % 2 == 0 else 8
        if bits == 16 and columns % 2:
            high, rows = high // 2, rows // 2
        elif bits == 16:
            columns //= 2
    file = _as_grey(layout, pieces, (columns, high, rows), bits)
    array = None
    if bits == 8 or layout.compression in ZSTD:
        array = _by_pillow(file)
    else:
        try:
            with quiet():
                array = cv2.imdecode(np.frombuffer(file, np.uint8), cv2.IMREAD_UNCHANGED)
        except cv2.error:
            array = None
    if array is None or array.shape != (rows, columns):
        raise damaged(layout.page.name, "the TIFF's compressed data is broken")
    return array.view(np.uint8).reshape(total, width)


def _as_grey(
    layout: Layout, pieces: list[memoryview], size: tuple[int, int, int], bits: int
) -> bytes:
    """A TIFF file whose strips are the pieces, in this machine's order; `size` is its width, the
    rows of a strip, and all of them."""
    page, (width, high, height) = layout.page, size
    tags = {
        256: width, 257: height, 258: bits, 259: layout.compression, 262: 1,
        _FILL: page.one(_FILL, 1), 277: 1, _ROWS: high,
    }  # fmt: skip
    for tag in (_T4, _T6):
        if bits == 1 and tag in page.entries:
            tags[tag] = page.one(tag, 0)
    many = len(pieces)
    table = 8 + 2 + 12 * (len(tags) + 2) + 4
    first = table + 8 * many if many > 1 else table
    starts = np.cumsum([first, *map(len, pieces)])[:-1].tolist()
    lengths = [len(p) for p in pieces]
    entries = {tag: struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags.items()}
    for tag, values, at in ((_STRIPS, starts, table), (_STRIP_BYTES, lengths, table + 4 * many)):
        entries[tag] = struct.pack("<HHII", tag, 4, many, at if many > 1 else values[0])
    body = b"".join(entry for _, entry in sorted(entries.items()))
    lists = struct.pack(f"<{2 * many}I", *starts, *lengths) if many > 1 else b""
    head = b"II*\0" + struct.pack("<IH", 8, len(entries))
    return b"".join([head, body, bytes(4), lists, *pieces])


def _by_pillow(file: bytes) -> Array | None:
    import io

    from PIL import TiffImagePlugin

    try:
        return np.asarray(TiffImagePlugin.TiffImageFile(io.BytesIO(file)))
    except (OSError, ValueError, SyntaxError):
        return None


def _jpeg(layout: Layout, piece: memoryview) -> Array:
    """A segment that is a JPEG, whose tables may lie in the page; RGB where it has colours."""
    page, name = layout.page, layout.page.name
    tables = page.raw(_TABLES)
    ycc = page.one(262, 1) == _YCBCR
    # Without Adobe's mark, three channels would be taken for YCbCr whatever the page says.
    mark = b"\xff\xee\0\x0eAdobe\0\x64\0\0\0\0" + bytes([1 if ycc else 0])
    data = b"\xff\xd8" + mark + tables[2:-2] + bytes(piece[2:])
    space = {1: "GRAY", 3: "RGB", 4: "CMYK"}.get(layout.together)
    if space is None:
        raise unsupported(name, f"TIFF pictures of {layout.together} channels in JPEG are not read")
    try:
        array: Array = simplejpeg.decode_jpeg(
            data, space, fastdct=False, fastupsample=False, strict=True
        )
    except ValueError as error:
        raise damaged(name, f"the TIFF's JPEG data is broken ({error})") from error
    return _held(layout, array)


def _picture(layout: Layout, piece: memoryview) -> Array:
    try:
        with quiet():
            array = cv2.imdecode(np.frombuffer(piece, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error:
        array = None
    if array is None:
        raise damaged(layout.page.name, "the TIFF's compressed data is broken")
    order = {3: [2, 1, 0], 4: [2, 1, 0, 3]}.get(array.shape[2] if array.ndim == 3 else 1)
    return _held(layout, array[:, :, order] if order else array)


def _held(layout: Layout, array: Array) -> Array:
    array = array if array.ndim == 3 else array[:, :, None]
    high, wide, depth = array.shape
    if wide < layout.wide or depth < layout.together or array.dtype != layout.dtype:
        raise damaged(layout.page.name, "a part of the TIFF has another size than it should")
    return array[:, : layout.wide, : layout.together] if high else array
