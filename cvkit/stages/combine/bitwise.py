"""Combine two pictures bit by bit: and, or, xor; or invert one.

`--op and` with a mask cuts out: what the mask does not cover gets black. A mask applies to all
channels of the other picture, and a grey picture is taken as a colour one where the other has
colour. Both must have one size. `not` takes one picture and needs no `--with`.

Example: cvkit keep samples/cat.jpg --name cat then threshold then bitwise --with cat -o cut.png

Source: OpenCV bitwise_and, bitwise_or, bitwise_xor, bitwise_not.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

import cv2
import numpy as np
from pydantic import model_validator

from cvkit.core import values
from cvkit.core.errors import InputError, ParameterError
from cvkit.core.stage import Image, Operand, Picture, Stage

_OPS = {"and": cv2.bitwise_and, "or": cv2.bitwise_or, "xor": cv2.bitwise_xor}


class Bitwise(Stage):
    depths: ClassVar[frozenset[str]] = frozenset({"uint8", "uint16"})

    op: Literal["and", "or", "xor", "not"] = "and"
    """Bits of both (and), of either (or), of one only (xor); or the inverse (not)."""
    with_: Operand[Picture] | None = None
    """The other picture."""

    @model_validator(mode="after")
    def _fits(self) -> Bitwise:
        if self.op == "not" and self.with_ is not None:
            raise ParameterError("bitwise: not takes one picture; leave --with away")
        if self.op != "not" and self.with_ is None:
            raise ParameterError(f"bitwise: {self.op} needs --with, the other picture")
        return self

    def gives(self, taken: Mapping[str, values.Kind]) -> values.Kind:
        masks = all(taken.get(k, values.Mask) is values.Mask for k in ("picture", "with_"))
        return values.Mask if masks else values.Image

    def apply(self, picture: Picture, with_: Picture | None = None) -> Image | values.Mask:
        for array in (picture, with_):
            if array is not None and array.dtype not in (np.uint8, np.uint16):
                raise InputError(f"bitwise takes uint8 and uint16 pictures, got {array.dtype}")
        if with_ is None:
            return np.asarray(cv2.bitwise_not(picture))
        if picture.shape[:2] != with_.shape[:2]:
            (h, w), (other_h, other_w) = picture.shape[:2], with_.shape[:2]
            raise InputError(
                f"bitwise takes two pictures of one size, got {w}×{h} and {other_w}×{other_h}",
                remedy="resize or crop one of them first",
            )
        one, two = _alike(picture, with_)
        return np.asarray(_OPS[self.op](one, two))


def _alike(one: Picture, two: Picture) -> tuple[Picture, Picture]:
    """Both with as many channels and bits as the richer one."""
    if one.ndim != two.ndim:
        one, two = (cv2.cvtColor(a, cv2.COLOR_GRAY2BGR) if a.ndim == 2 else a for a in (one, two))
    if one.dtype != two.dtype:
        one, two = (values.at_depth(a, "uint16") for a in (one, two))
    return one, two
