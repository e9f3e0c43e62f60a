"""Place: where something is laid on a picture, by a word or by a point."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import ClassVar

from cvkit.core.units import Point, Unit
from cvkit.core.warp import Size

_SHARES = {"left": 0.0, "top": 0.0, "center": 0.5, "right": 1.0, "bottom": 1.0}
ANCHORS = (
    *("top-left", "top", "top-right", "left", "center", "right"),
    *("bottom-left", "bottom", "bottom-right"),
)


@dataclass(frozen=True, slots=True)
class Place(Unit):
    """An anchor (`top-left`, `center`, `bottom`), or a point, which is the top left corner."""

    anchor: str = ""
    point: Point | None = None
    expected: ClassVar[str] = "top-left, top, …, center, …, bottom-right, or a point x,y (10,10)"

    @classmethod
    def parse(cls, text: str) -> Place:
        word = text.lower().replace(" ", "-").replace("centre", "center")
        if word in ANCHORS:
            return cls(word)
        if "," not in text:
            near = difflib.get_close_matches(word, ANCHORS, 1)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise ValueError(f"expected one of {', '.join(ANCHORS)}, or x,y, got {text!r}{hint}")
        return cls(point=Point.parse(text))

    def corner(self, inner: Size, outer: Size, margin: int = 0) -> tuple[int, int]:
        """The top left pixel of what is `inner` large, in a picture of size `outer`.

        From edges that the anchor names it stays `margin` away, as far as there is room.
        """
        if self.point is not None:
            x, y = self.point.on(outer)
            return round(x), round(y)
        words = self.anchor.split("-")
        across = next((_SHARES[w] for w in words if w in ("left", "right")), 0.5)
        down = next((_SHARES[w] for w in words if w in ("top", "bottom")), 0.5)
        x, y = (
            _along(share, inner[axis], outer[axis], margin)
            for axis, share in enumerate((across, down))
        )
        return x, y

    def __str__(self) -> str:
        return self.anchor or str(self.point)


def _along(share: float, inner: int, outer: int, margin: int) -> int:
    margin = min(margin, max(0, (outer - inner) // 2))
    return round(margin + share * (outer - inner - 2 * margin))
