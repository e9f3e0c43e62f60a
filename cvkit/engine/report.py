"""What a run tells while it goes, and what it says at its end."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol

from cvkit.core.errors import PRECEDENCE, CvkitError
from cvkit.core.values import Cell

if TYPE_CHECKING:
    from cvkit.models.origin import Origin


@dataclass(frozen=True, slots=True)
class Event:
    """Progress: `done` of `total` inputs, `failed` of them, and `frames` of the one in work.

    Of a `fetch`, `name` is the file that comes and the numbers are bytes.
    """

    kind: Literal["start", "item", "frames", "note", "fetch"]
    name: str = ""
    done: int = 0
    total: int | None = None
    failed: int = 0
    frames: int = 0
    frames_total: int | None = None
    text: str = ""


Tell = Callable[[Event], None]


@dataclass(frozen=True)
class Item:
    """One input, as plain JSON would hold it."""

    number: int
    name: str
    path: str
    moving: bool
    outputs: tuple[str, ...] = ()
    """A path, or a template that frames fill, for each picture output."""
    pages: tuple[int, ...] = ()
    """Of a document those that are read, from 0; nothing where it holds one picture."""
    copied: bool = False
    """Whether `path` is a copy of what came on stdin."""
    parts: tuple[Item, ...] = ()
    """The inputs that follow each other in this one."""

    @property
    def shown(self) -> str:
        """What people know it by."""
        if self.parts:
            first, more = self.parts[0].shown, len(self.parts) - 1
            return f"{first} and {more} more" if more else first
        return self.name if self.copied or self.path == "-" else self.path

    @classmethod
    def of(cls, plain: Mapping[str, Any]) -> Item:
        """From what JSON holds."""
        lists = {name: tuple(plain.get(name, ())) for name in ("outputs", "pages")}
        parts = tuple(cls.of(part) for part in plain.get("parts", ()))
        return cls(**{**plain, **lists, "parts": parts})


@dataclass
class Outcome:
    """What became of an input. `code` is the exit code of its error."""

    item: Item
    state: Literal["done", "failed", "skipped", "pending"] = "pending"
    outputs: list[str] = field(default_factory=list)
    error: str = ""
    code: int = 0
    seconds: float = 0.0
    frames: int = 0
    """How many frames came out of the chain."""
    frames_read: int = 0
    """How many of a moving input went in."""
    gaps: list[dict[str, object]] = field(default_factory=list)
    """Of a damaged input that was salvaged, what it lacks, as results hold it."""
    rows: str = ""
    """A file of frames for a gather, in the frame stream's encoding."""
    records: str = ""
    """A file of result records."""
    notes: list[str] = field(default_factory=list)


class Rows(Protocol):
    """Rows of a table, as many as there are; they need not be in memory."""

    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator[list[Cell]]: ...


@dataclass(frozen=True)
class Table:
    """Something to print where no file is written."""

    title: str
    columns: list[str]
    rows: Rows
    stream: Literal["stdout", "stderr"]


@dataclass
class Report:
    """inputs = done + skipped + failed + pending, always."""

    outcomes: list[Outcome] = field(default_factory=list)
    outputs: list[str] = field(default_factory=list)
    """Files that belong to the whole run: results, a gather's picture."""
    notes: list[str] = field(default_factory=list)
    ran: list[str] = field(default_factory=list)
    """What really ran each step that opened something: library, provider, precision."""
    models: list[Origin] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    error: CvkitError | None = None
    """What ended the run early."""
    not_media: int = 0
    seconds: float = 0.0
    upstream: int = 0
    """The exit code that a frame stream's writer ended with."""

    def count(self, state: str) -> int:
        return sum(o.state == state for o in self.outcomes)

    @property
    def inputs(self) -> int:
        return len(self.outcomes)

    @property
    def done(self) -> int:
        return self.count("done")

    @property
    def failed(self) -> int:
        return self.count("failed")

    @property
    def skipped(self) -> int:
        return self.count("skipped")

    @property
    def pending(self) -> int:
        return self.count("pending")

    @property
    def exit_code(self) -> int:
        codes = {0}
        if self.error is not None:
            codes.add(self.error.exit_code)
        if self.upstream:
            codes.add(self.upstream)
        failed = [o for o in self.outcomes if o.state == "failed"]
        if failed:
            codes |= {o.code for o in failed if o.code not in (3, 6)}
            codes.add(6 if self.done else 3)
        elif self.skipped and not (self.done or self.pending):
            codes.add(3)  # damaged, all of them
        return next(code for code in PRECEDENCE if code in codes)
