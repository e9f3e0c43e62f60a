"""Values with units, one parser each: what people type, how it is kept, how it is printed.

A unit type is immutable, made from text (or a bare number), and prints as canonical text. Bad
text raises ValueError with what would be right; a stage's model turns that into its own error.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, ClassVar, Literal, TypeVar

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler
    from pydantic_core.core_schema import CoreSchema

_U = TypeVar("_U", bound="Unit")
_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"


class Unit:
    """A type that pydantic builds from text by `parse` and writes with `str`."""

    expected: ClassVar[str] = ""
    """What to type, for help and errors: `5`, `3px` or `2%`."""

    @classmethod
    def parse(cls: type[_U], text: str) -> _U:
        raise ValueError(f"expected {cls.expected}, got {text!r}")

    @classmethod
    def coerce(cls: type[_U], value: object) -> _U:
        if isinstance(value, cls):
            return value
        if isinstance(value, (tuple, list)):
            return cls.parse(",".join(str(v) for v in value))
        if isinstance(value, (str, int, float)) and not isinstance(value, bool):
            return cls.parse(str(value).strip())
        raise ValueError(f"expected {cls.expected}, got {value!r}")

    @classmethod
    def __get_pydantic_core_schema__(
        cls, source: object, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        from pydantic_core import core_schema

        return core_schema.no_info_plain_validator_function(
            cls.coerce,
            json_schema_input_schema=core_schema.str_schema(),
            serialization=core_schema.to_string_ser_schema(),
        )


def number(value: float) -> str:
    """A number as people write it: `5`, `0.25`."""
    return str(int(value)) if value == int(value) else repr(value)


@dataclass(frozen=True, slots=True)
class Length(Unit):
    """A distance in the picture: pixels, or a share of its shorter side."""

    value: float
    unit: Literal["px", "%"] = "px"
    expected: ClassVar[str] = "pixels (5, 3px) or a share of the shorter side (2%)"

    @classmethod
    def parse(cls, text: str) -> Length:
        match = re.fullmatch(rf"({_NUMBER})\s*(px|%)?", text)
        if not match:
            raise ValueError(f"expected {cls.expected}, got {text!r}")
        return cls(float(match[1]), "%" if match[2] == "%" else "px")

    def pixels(self, size: tuple[float, float]) -> float:
        return self.value * min(size) / 100 if self.unit == "%" else self.value

    def __str__(self) -> str:
        return number(self.value) + ("%" if self.unit == "%" else "")


@dataclass(frozen=True, slots=True)
class Level(Unit):
    """A grey level in the input's own units (0–255, 0–65535, 0–1), or a share of its range."""

    value: float
    unit: Literal["", "%"] = ""
    expected: ClassVar[str] = "a level in the picture's own units (127) or a share of its range"

    @classmethod
    def parse(cls, text: str) -> Level:
        match = re.fullmatch(rf"({_NUMBER})\s*(%)?", text)
        if not match:
            raise ValueError(f"expected {cls.expected} (50%), got {text!r}")
        value = float(match[1])
        if value < 0 or (match[2] and value > 100):
            raise ValueError(f"a level is 0 or more, a share 0% to 100%, got {text!r}")
        return cls(value, "%" if match[2] else "")

    def on(self, top: float) -> float:
        """The level where the range ends at `top` (255, 65535, 1)."""
        return self.value * top / 100 if self.unit == "%" else self.value

    def scaled(self, factor: float) -> Level:
        return self if self.unit == "%" else Level(self.value * factor)

    def __str__(self) -> str:
        return number(self.value) + self.unit


@dataclass(frozen=True, slots=True)
class Angle(Unit):
    """Degrees counter-clockwise."""

    degrees: float
    expected: ClassVar[str] = "an angle in degrees counter-clockwise (30, 30deg)"

    @classmethod
    def parse(cls, text: str) -> Angle:
        match = re.fullmatch(rf"({_NUMBER})\s*(?:deg|°)?", text)
        if not match:
            raise ValueError(f"expected {cls.expected}, got {text!r}")
        return cls(float(match[1]))

    def __str__(self) -> str:
        return number(self.degrees) + "deg"


@dataclass(frozen=True, slots=True)
class Duration(Unit):
    """A time or a time span: seconds, a clock, or frames."""

    value: Fraction
    unit: Literal["s", "f"] = "s"
    expected: ClassVar[str] = "seconds (1.5s), a clock (00:01:30.5) or frames (25f)"

    @classmethod
    def parse(cls, text: str) -> Duration:
        if match := re.fullmatch(r"(-?)(?:(\d+):)?(\d+):(\d+(?:\.\d+)?)", text):
            sign, hours, minutes, seconds = match.groups()
            total = int(hours or 0) * 3600 + int(minutes) * 60 + Fraction(seconds)
            return cls(-total if sign else total)
        match = re.fullmatch(r"(-?\d+(?:\.\d+)?|-?\.\d+)\s*(ms|s|f)?", text)
        if not match:
            raise ValueError(f"expected {cls.expected}, got {text!r}")
        value = Fraction(match[1])
        if match[2] == "f":
            if value.denominator != 1:
                raise ValueError(f"frames are whole, got {text!r}")
            return cls(value, "f")
        return cls(value / 1000 if match[2] == "ms" else value)

    def __str__(self) -> str:
        return number(float(self.value)) + self.unit


@dataclass(frozen=True, slots=True)
class Color(Unit):
    """A colour, kept as red, green, blue 0–255."""

    red: int
    green: int
    blue: int
    expected: ClassVar[str] = "a CSS name (tomato), #rrggbb or r,g,b"

    @classmethod
    def parse(cls, text: str) -> Color:
        from cvkit.core.color import CSS

        name = text.lower().replace(" ", "")
        if name in CSS:
            return cls.parse(CSS[name])
        if match := re.fullmatch(r"#([0-9a-f]{6})", name):
            value = int(match[1], 16)
            return cls(value >> 16, value >> 8 & 255, value & 255)
        if match := re.fullmatch(r"#([0-9a-f]{3})", name):
            return cls.parse("#" + "".join(c * 2 for c in match[1]))
        parts = name.split(",")
        if len(parts) == 3 and all(re.fullmatch(r"\d{1,3}", p) and int(p) < 256 for p in parts):
            return cls(*(int(p) for p in parts))
        import difflib

        near = difflib.get_close_matches(name, CSS, 1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise ValueError(f"expected {cls.expected}, got {text!r}{hint}")

    @property
    def bgr(self) -> tuple[int, int, int]:
        return (self.blue, self.green, self.red)

    def __str__(self) -> str:
        return f"#{self.red:02x}{self.green:02x}{self.blue:02x}"


@dataclass(frozen=True, slots=True)
class Point(Unit):
    """A place in the picture, from the left and from the top; each in pixels or in percent."""

    x: str
    y: str
    expected: ClassVar[str] = "a point x,y in pixels (120,80) or percent (50%,50%)"

    @classmethod
    def parse(cls, text: str) -> Point:
        match = re.fullmatch(rf"({_NUMBER})(%?)\s*,\s*({_NUMBER})(%?)", text)
        if not match:
            raise ValueError(f"expected {cls.expected}, got {text!r}")
        return cls(number(float(match[1])) + match[2], number(float(match[3])) + match[4])

    def on(self, size: tuple[int, int]) -> tuple[float, float]:
        """Box coordinates in a picture of this size."""
        x, y = (
            float(text.rstrip("%")) * (whole / 100 if text.endswith("%") else 1)
            for text, whole in zip((self.x, self.y), size, strict=True)
        )
        return x, y

    def __str__(self) -> str:
        return f"{self.x},{self.y}"


@dataclass(frozen=True, slots=True)
class Box(Unit):
    """A rectangle: its top left pixel, width and height; each in pixels or in percent."""

    x: str
    y: str
    width: str
    height: str
    expected: ClassVar[str] = "a box x,y,w,h in pixels (10,20,300,200) or percent (25%,25%,50%,50%)"

    @classmethod
    def parse(cls, text: str) -> Box:
        parts = [p.strip() for p in text.split(",")]
        good = len(parts) == 4 and all(re.fullmatch(r"-?\d+(\.\d+)?%|-?\d+", p) for p in parts)
        if not good or any(float(p.rstrip("%")) <= 0 for p in parts[2:]):
            raise ValueError(f"expected {cls.expected}, got {text!r}")
        return cls(*parts)

    def on(self, size: tuple[int, int]) -> tuple[int, int, int, int]:
        """x, y, width, height in pixels in a picture of this size; not clipped."""

        def pixels(text: str, whole: int) -> int:
            return round(float(text[:-1]) * whole / 100) if text.endswith("%") else int(text)

        x, y = pixels(self.x, size[0]), pixels(self.y, size[1])
        return x, y, max(1, pixels(self.width, size[0])), max(1, pixels(self.height, size[1]))

    def __str__(self) -> str:
        return f"{self.x},{self.y},{self.width},{self.height}"


@dataclass(frozen=True, slots=True)
class Extent(Unit):
    """A size to reach: `640x480`, one side (`640x`, `x480`), or a share of the present one."""

    width: int | None = None
    height: int | None = None
    percent: float | None = None
    expected: ClassVar[str] = "a size (640x480, 640x, x480) or a share (50%)"

    @classmethod
    def parse(cls, text: str) -> Extent:
        if match := re.fullmatch(r"(\d+(?:\.\d+)?)%", text):
            if float(match[1]) > 0:
                return cls(percent=float(match[1]))
        elif (match := re.fullmatch(r"(\d+)?[x×](\d+)?", text)) and (match[1] or match[2]):
            sides = tuple(None if s is None else int(s) for s in match.groups())
            if 0 not in sides:
                return cls(*sides)
        elif re.fullmatch(r"\d+", text):
            raise ValueError(f"is {text!r} the width ({text}x) or the height (x{text})?")
        raise ValueError(f"expected {cls.expected}, got {text!r}")

    def on(self, size: tuple[int, int]) -> tuple[int, int]:
        """Width and height for a picture of this size; a missing side keeps the aspect."""
        w, h = size
        if self.percent is not None:
            return max(1, round(w * self.percent / 100)), max(1, round(h * self.percent / 100))
        if self.height is None:
            assert self.width is not None
            return self.width, max(1, round(h * self.width / w))
        if self.width is None:
            return max(1, round(w * self.height / h)), self.height
        return self.width, self.height

    def __str__(self) -> str:
        if self.percent is not None:
            return number(self.percent) + "%"
        return f"{self.width or ''}x{self.height or ''}"


@dataclass(frozen=True, slots=True)
class FrameRange(Unit):
    """`A:B:STEP`: 0-based, B excluded; either may be a time; negative counts from the end."""

    start: Duration | None = None
    stop: Duration | None = None
    step: int = 1

    @property
    def single(self) -> bool:
        """Whether it holds one frame at most, whatever the video."""
        start, stop = self.start, self.stop
        if start is None or start.unit != "f":
            return stop is not None and start is None and stop == Duration(Fraction(1), "f")
        if stop is None:
            return start.value == -1
        alike = stop.unit == "f" and (start.value < 0) == (stop.value < 0)
        return alike and stop.value - start.value <= self.step

    expected: ClassVar[str] = "A:B or A:B:STEP in frames (10:50) or times (2s:5.5s)"

    @classmethod
    def parse(cls, text: str) -> FrameRange:
        parts = _split_range(text)
        if parts is None:
            raise ValueError(f"expected {cls.expected}, got {text!r}")
        start, stop, step = parts
        count = int(step) if re.fullmatch(r"\d+", step) else (1 if not step else 0)
        if count < 1:
            raise ValueError(f"STEP is a whole number from 1, not {step!r}")
        first, last = _edge(start), _edge(stop)
        if first is not None and last is not None and first.unit == last.unit:
            alike = (first.value < 0) == (last.value < 0)
            if alike and first.value >= last.value:
                raise ValueError(f"{start} is not before {stop}")
        return cls(first, last, count)

    def __str__(self) -> str:
        def edge(at: Duration | None) -> str:
            return "" if at is None else (number(float(at.value)) if at.unit == "f" else str(at))

        return f"{edge(self.start)}:{edge(self.stop)}" + (f":{self.step}" if self.step > 1 else "")


def _split_range(text: str) -> tuple[str, str, str] | None:
    clock = r"-?(?:\d+:)?\d{1,2}:\d{2}(?:\.\d+)?"  # a clock has colons of its own
    plain = r"-?\d+(?:\.\d+)?(?:ms|s|f)?"
    edge = rf"(?:{clock}|{plain})?"
    for one in (plain, clock):
        if re.fullmatch(one, text) and one is plain:
            start = Duration.parse(text if text[-1] in "sf" else text + "f")
            if start.unit == "f":  # one frame
                n = int(start.value)
                return f"{n}f", "" if n == -1 else f"{n + 1}f", ""
            return None
    match = re.fullmatch(rf"({plain}|):({plain}|)(?::(\d*))?", text)
    match = match or re.fullmatch(rf"({edge}):({edge})(?::(\d*))?", text)
    return None if not match else (match[1] or "", match[2] or "", match[3] or "")


def _edge(text: str) -> Duration | None:
    if not text:
        return None
    return Duration.parse(text + "f" if re.fullmatch(r"-?\d+", text) else text)


@dataclass(frozen=True, slots=True)
class Pages(Unit):
    """Pages of a document, from 1: `3`, `2-5`, `1,3,7-`, `all`."""

    expected: ClassVar[str] = "pages from 1 (3, 2-5, 1,4,7-) or all"
    ranges: tuple[tuple[int, int | None], ...]
    """First and last, both counted in; None is the last there is."""

    @classmethod
    def parse(cls, text: str) -> Pages:
        if text == "all":
            return cls(((1, None),))
        ranges = []
        for part in text.split(","):
            match = re.fullmatch(r"\s*(\d+)\s*(?:(-)\s*(\d+)?)?\s*", part)
            if not match:
                raise ValueError(f"expected {cls.expected}, got {text!r}")
            first = int(match[1])
            last = first if not match[2] else int(match[3]) if match[3] else None
            if first < 1 or (last is not None and last < first):
                raise ValueError(f"expected {cls.expected}, got {text!r}")
            ranges.append((first, last))
        return cls(tuple(ranges))

    def of(self, count: int) -> list[int]:
        """Those of a document of `count` pages, from 0, each once, in the order asked for.

        May name pages that the document does not have, where they were asked for by number.
        """
        pages = [
            page - 1
            for first, last in self.ranges
            for page in range(first, (max(count, first) if last is None else last) + 1)
        ]
        return list(dict.fromkeys(pages))

    def __str__(self) -> str:
        if self.ranges == ((1, None),):
            return "all"
        return ",".join(
            str(a) if a == b else f"{a}-{'' if b is None else b}" for a, b in self.ranges
        )
