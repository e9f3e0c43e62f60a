"""What a run found, in numbers: things by label, and how fast they were found."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cvkit.core.frame import Frame
from cvkit.core.values import Objects

if TYPE_CHECKING:
    from cvkit.engine.profiling import Found
    from cvkit.engine.report import Report


class Tally:
    """Counts the things in frames, in whatever thread these come."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.most: Counter[str] = Counter()
        """Of each label, how many one frame had at most."""
        self._lock = threading.Lock()

    def add(self, frames: Iterable[Frame]) -> None:
        for frame in frames:
            objects = frame.get(Objects)
            if objects is None or not len(objects):
                continue
            seen = Counter(objects.labels or ("object",) * len(objects))
            with self._lock:
                self.counts += seen
                self.most |= seen


@dataclass(frozen=True, slots=True)
class Detected:
    """What is said at the end of a run in which a model looked for things."""

    objects: tuple[tuple[str, int, int], ...]
    """Label, how many in all, how many in one frame at most; the most first."""
    frames: int
    per_second: float
    ms: tuple[tuple[str, float], ...]
    """Of a frame, by step."""
    ran: tuple[str, ...]
    """What really ran: library, provider, precision."""

    @classmethod
    def of(cls, tally: Tally, profile: Found, report: Report) -> Detected:
        counts = sorted(tally.counts.items(), key=lambda row: (-row[1], row[0]))
        objects = tuple((label, count, tally.most[label]) for label, count in counts)
        ms = tuple((row[0].partition(" ")[2] or row[0], row[3]) for row in profile.rows)
        return cls(objects, profile.frames, profile.per_second, ms, tuple(report.ran))

    def plain(self) -> dict[str, object]:
        """As JSON has it."""
        return {
            "objects": {label: {"count": n, "most": most} for label, n, most in self.objects},
            "frames": self.frames,
            "frames_per_second": round(self.per_second, 3),
            "ms_per_frame": {name: round(ms, 3) for name, ms in self.ms},
            "ran": list(self.ran),
        }
