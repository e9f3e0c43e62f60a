"""See what a picture is made of: red, green and blue, or the parts of another colour space.

By default a sheet: the picture and each channel beside it, under its name, alpha too; what stands
for colours is tinted so. `--channel` gives one as a grey picture. `--op split` gives each as a grey
picture of its own: 00000 is the first that the space's name has (red of rgb), then alpha.

`--op merge` puts grey pictures together: the one that comes in is the first channel, `--second` and
`--third` (and `--fourth` of cmyk) are the others, and `--alpha` makes it transparent. The channels
hold the numbers of `--space`, as `colorspace` has them; merging them gives the picture back.

Example: cvkit channels samples/coffee.jpg -o sheet.png
Example: cvkit channels samples/cells.jpg --channel saturation -o stained.png

Source: OpenCV split, merge, cvtColor.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal

import cv2
import numpy as np
from pydantic import field_validator, model_validator

from cvkit.core import sheet, spaces, values
from cvkit.core.errors import InputError, ParameterError
from cvkit.core.stage import Frame, Operand, Picture, Stage
from cvkit.core.warp import Array

_SPACES = ("rgb", "hsv", "lab", "ycrcb", "yuv", "hls", "luv", "xyz", "cmyk")
"""Where a channel is looked for that names no space, in this order."""
_OTHERS = ("second", "third", "fourth")
_WORDS = {
    "red": "r", "green": "g", "blue": "b", "hue": "h", "saturation": "s", "value": "v",
    "lightness": "l", "luma": "y", "cyan": "c", "magenta": "m", "black": "k",
}  # fmt: skip


class Channels(Stage):
    op: Literal["view", "split", "merge"] = "view"
    """Look at them on one sheet, take them apart, or put them together."""
    space: Literal["rgb", "hsv", "hls", "lab", "luv", "ycrcb", "yuv", "xyz", "cmyk"] | None = None
    """The colour space; left out: rgb, or the one that has --channel."""
    channel: Literal[
        "r", "g", "b", "h", "s", "v", "l", "a", "u", "y", "cr", "cb", "x", "z",
        "c", "m", "k", "alpha",
    ] | None = None  # fmt: skip
    """Only this one, as a grey picture; words are taken too (red, hue, lightness)."""
    second: Operand[Picture] | None = None
    """Merge: the second channel, green of rgb."""
    third: Operand[Picture] | None = None
    """Merge: the third channel, blue of rgb."""
    fourth: Operand[Picture] | None = None
    """Merge: the fourth channel, black of cmyk."""
    alpha: Operand[Picture] | None = None
    """Merge: how opaque each pixel is."""

    @field_validator("channel", mode="before")
    @classmethod
    def _short(cls, channel: object) -> object:
        return _WORDS.get(channel.lower(), channel.lower()) if isinstance(channel, str) else channel

    @model_validator(mode="after")
    def _fits(self) -> Channels:
        if self.channel is not None and self.op != "view":
            raise ParameterError(f"channels: {self.op} takes no channel", remedy="leave --op away")
        if self.channel not in (None, "alpha", *spaces.SPACES[self._space].channels):
            has = ", ".join(spaces.SPACES[self._space].channels)
            raise ParameterError(f"channels: {self._space} has {has}, and no {self.channel}")
        wanted = _OTHERS[: len(spaces.SPACES[self._space].channels) - 1]
        for name in _OTHERS:
            given = getattr(self, name) is not None
            if self.op == "merge" and given != (name in wanted):
                verb = "has no" if given else "needs --"
                raise ParameterError(f"channels: merge to {self._space} {verb}{' ' * given}{name}")
        if self.op != "merge" and (self.alpha or any(getattr(self, n) for n in _OTHERS)):
            raise ParameterError("channels: other pictures are merged", remedy="add --op merge")
        return self

    @property
    def _space(self) -> str:
        known = (s for s in _SPACES if self.channel in spaces.SPACES[s].channels)
        return self.space or next(known, "rgb")

    def several(self) -> bool:
        return self.op == "split"

    def gives(self, taken: Mapping[str, values.Kind]) -> values.Kind:
        return values.Image

    def apply(
        self,
        frame: Frame,
        second: Picture | None = None,
        third: Picture | None = None,
        fourth: Picture | None = None,
        alpha: Picture | None = None,
    ) -> Iterator[Frame]:
        image = frame.picture("channels")
        if self.op == "merge":
            given = [image.array, *(p for p in (second, third, fourth) if p is not None)]
            yield frame.put(self._merged(frame, given, alpha))
        elif self.op == "split":
            for plane in self._planes(image):
                yield frame.put(values.Image.of(plane, frame.grid))
        elif self.channel is not None:
            yield frame.put(values.Image.of(self._one(image), frame.grid))
        else:
            yield sheet.laid_out(frame, spaces.views(image, self._space))

    def _planes(self, image: values.Image) -> list[Array]:
        planes = spaces.planes(image.array, self._space)
        return planes if image.alpha is None else [*planes, image.alpha]

    def _one(self, image: values.Image) -> Array:
        if self.channel != "alpha":
            return spaces.plane(image.array, self._space, str(self.channel))
        if image.alpha is None:
            raise InputError("there is no alpha: this picture is opaque")
        return image.alpha

    def _merged(self, frame: Frame, given: list[Array], alpha: Array | None) -> values.Image:
        depth = given[0].dtype.name
        planes = [values.at_depth(_grey(p), depth) for p in given]
        opaque = None if alpha is None else values.at_depth(_grey(alpha), depth)
        picture = spaces.back(cv2.merge(planes), self._space)
        return values.Image.of(picture, frame.grid, opaque)


def _grey(picture: Array) -> Array:
    """The one channel of a grey picture, which may be stored as three equal ones."""
    if picture.ndim == 2:
        return picture
    if not (picture == picture[..., :1]).all():
        raise InputError(
            "a channel is a grey picture, and one of these has colours",
            remedy="take one of its channels, or put gray before it",
        )
    return np.ascontiguousarray(picture[..., 0])
