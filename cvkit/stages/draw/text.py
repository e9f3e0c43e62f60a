r"""Write words on a picture, legible on anything.

Letters are white with a dark edge, or on a `--ground`. `\n` begins a new line. `--at` is a corner,
an edge or the `center`, or the point of the text's top left corner. Letters get smaller where they
would be wider than the picture.

In the text `{name}` is the file's name, `{stem}` the same without its suffix, `{index}` the frame's
number from 0 and `{time}` its time in seconds; `{index:05d}` and `{time:.1f}` say how. A grey
picture becomes a colour one where a colour has a hue.

The font is Pillow's own (Aileron), which has ASCII and a few signs; letters beyond are taken from
the font of the system's that lacks the fewest (DejaVu, Noto, Liberation, Arial), so that they may
look otherwise on another machine; what that lacks too loses its accents or becomes `?`. `--font`
takes a .ttf or .otf of your own.

Example: cvkit text samples/cat.jpg --text "Hello, cat" -o greeted.jpg
Example: cvkit text samples/portrait.mp4 --text "{time:.1f} s" --at top-right -o timed.mp4

Source: Pillow ImageFont (FreeType); Aileron by Sora Sagano (CC0).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Annotated, ClassVar

import numpy as np
from pydantic import AfterValidator, Field

from cvkit.core import compose, values
from cvkit.core.color import edge_of
from cvkit.core.errors import InputError
from cvkit.core.lettering import typeset
from cvkit.core.place import Place
from cvkit.core.stage import Asset, Frame, Image, Layer, Stage
from cvkit.core.units import Color, Length

_FIELD = re.compile(r"\{(name|stem|index|time)(:[^{}]*)?\}")
_WIDEST = 200
_LARGEST = 2000
"""Pixels of a capital at most."""


def _filled(text: str, facts: Mapping[str, object]) -> str:
    """The text with its fields; braces around anything else stay as they are."""
    return _FIELD.sub(lambda m: format(facts[m[1]], (m[2] or ":")[1:]), text)


def _readable(text: str) -> str:
    """Raises ValueError where a field's format does not fit it."""
    if any(int(n) > _WIDEST for m in _FIELD.finditer(text) for n in re.findall(r"\d+", m[2] or "")):
        raise ValueError(f"a field is at most {_WIDEST} letters wide")
    try:
        _filled(text, {"name": "", "stem": "", "index": 0, "time": 0.0})
    except (ValueError, OverflowError) as error:
        raise ValueError(f"{text!r} has a field that cannot be written: {error}") from error
    return text


def _positive(length: Length) -> Length:
    if length.value <= 0:
        raise ValueError(f"must be above 0, got {length}")
    return length


class Text(Stage):
    depths: ClassVar[frozenset[str]] = frozenset({"uint8", "uint16", "float32"})

    text: Annotated[str, Field(min_length=1, max_length=2000), AfterValidator(_readable)]
    """What is written; \\n begins a new line, {name}, {index} and {time} are filled in."""
    at: Place = Place("bottom-left")
    """Where: an anchor, or the point of its top left corner."""
    size: Annotated[Length, AfterValidator(_positive)] = Length(5, "%")
    """Height of a capital letter (14px, 5%)."""
    color: Color = Color(255, 255, 255)
    """Colour of the letters."""
    ground: Color | None = None
    """Colour of a box behind the text; left out, the letters have an edge instead."""
    opacity: Annotated[float, Field(ge=0, le=1)] = 1
    """How much it hides what lies below, 0 to 1."""
    font: Asset | None = None
    """A font file, .ttf or .otf."""

    def gives(self, taken: Mapping[str, values.Kind]) -> values.Kind:
        grey = compose.is_grey(self.color) and compose.is_grey(self.ground or self.color)
        return taken["picture"] if grey else values.Image

    def apply(self, picture: Layer, frame: Frame, font: bytes | None = None) -> Image | values.Mask:
        h, w = picture.shape[:2]
        height = min(_LARGEST, max(4, round(self.size.pixels((w, h)))))
        path = PurePosixPath(frame.source)
        facts = {"name": path.name, "stem": path.stem, "index": frame.index}
        words = _filled(self.text.replace("\\n", "\n"), {**facts, "time": frame.time.seconds})
        align = next((s for s in ("left", "right") if s in self.at.anchor.split("-")), "center")
        align = "left" if self.at.point is not None else align
        try:
            block = typeset(words, height, align=align, width=round(w * 0.95), file=font or b"")
        except InputError as error:
            raise error.about(str(self.font)) from error
        margin = round(block.height * 0.6)
        x, y = self.at.corner(block.letters.shape[1::-1], (w, h), margin)
        pad = margin // 2 if self.ground is not None else 0
        letters = np.pad(block.letters, pad)
        back = np.full((*letters.shape, 3), self._behind(), np.uint8)
        cover = np.full(letters.shape, 1, np.float32)
        if self.ground is None:
            cover = np.maximum(block.edged, letters).astype(np.float32) / np.float32(255)
        canvas = compose.channelled(picture, self.color)
        canvas = compose.channelled(canvas, self.ground or self.color)
        above = compose.paint(back, letters, self.color)
        return compose.lay(canvas, above, cover * np.float32(self.opacity), (x - pad, y - pad))

    def _behind(self) -> tuple[int, int, int]:
        return edge_of(self.color.bgr) if self.ground is None else self.ground.bgr
