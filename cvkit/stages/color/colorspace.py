"""Write a picture's colours as other numbers: HSV, HLS, Lab, Luv, YCrCb, YUV, XYZ, RGB.

The result is a picture whose three channels hold these numbers in the order of the space's name,
so that other stages can work on them; looked at as a picture its colours are false, and JPEG would
change them. `--from` names the space that the numbers are in: what `--to lab` gave comes back by
`--from lab`. `--split` shows them instead: the picture and each channel beside it, by their names.

In 8 bits hue goes from 0 to 179 (degrees halved) and all else from 0 to 255: L is stretched to
that, and what can be negative (a, b, u, v, Cr, Cb) has its zero near 128, as OpenCV stores it.
Floats hold the same from 0 to 1, hue as 0–360°, and come back finer than any 8 bits. 16 bits are
taken where OpenCV does: RGB, grey, YCrCb, YUV, XYZ. White's Z is 1.09, cut by whole numbers.

CMYK has four channels and a picture three: it can be looked at with `--split`, and taken apart and
put together with `channels --space cmyk`.

Example: cvkit colorspace samples/coffee.jpg --split -o channels.png

Source: OpenCV cvtColor.
"""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import model_validator

from cvkit.core import sheet, spaces, values
from cvkit.core.errors import ParameterError
from cvkit.core.stage import Frame, Stage


class Colorspace(Stage):
    to: spaces.Name | None = None
    """The space to convert to; left out: hsv, or back to bgr where --from names another."""
    from_: spaces.Name = "bgr"
    """The space that the picture's numbers are in; pictures that are read are bgr."""
    split: bool = False
    """Show the picture and each channel of the space side by side, named."""

    @model_validator(mode="after")
    def _fits(self) -> Colorspace:
        four = "cmyk" in (self.from_, "" if self.split else self.to)
        if four:
            raise ParameterError(
                "colorspace: cmyk has four channels, and a picture has three",
                remedy="add --split to look at them, or use channels --space cmyk --op split",
            )
        return self

    def gives(self, taken: Mapping[str, values.Kind]) -> values.Kind:
        return values.Image

    def apply(self, frame: Frame) -> Frame:
        image = frame.picture("colorspace")
        picture = spaces.back(image.array, self.from_) if self.from_ != "bgr" else image.array
        to = self.to or ("hsv" if self.from_ == "bgr" else "bgr")
        if self.split:
            shown = values.Image.of(picture, frame.grid, image.alpha)
            return sheet.laid_out(frame, spaces.views(shown, to))
        return frame.put(values.Image.of(spaces.into(picture, to), frame.grid, image.alpha))
