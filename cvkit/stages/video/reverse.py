"""Play a video backwards.

The last frame comes first, and each is shown for as long as before. Frames keep the number that
they have in the source. All frames wait on disk until the video has ended: 1.5 bytes a pixel and
frame, 5.6 GB for a minute of 1080p, in the folder that TMPDIR names. Sound cannot be turned around
without decoding it, and is left out.

Example: cvkit reverse samples/coin.mp4 -o back.mp4
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import ClassVar

from cvkit.core.spool import Held, Spool
from cvkit.core.stage import Frame, Stage
from cvkit.core.time import Time, ends


@dataclass
class Taken:
    """The frames of one stream, and when they were."""

    spool: Spool
    times: list[Time] = field(default_factory=list)


class Reverse(Stage):
    changes_length: ClassVar[bool] = True
    spools: ClassVar[bool] = True

    def start(self, spool: Spool | None = None) -> Taken:
        return Taken(spool if spool is not None else Held())

    def apply(self, frame: Frame, state: Taken) -> Iterator[Frame]:
        state.spool.add(frame)
        state.times.append(frame.time)
        return iter(())

    def flush(self, state: Taken) -> Iterator[Frame]:
        if not state.times:
            return
        base, over = state.times[0].base, ends(state.times)
        begun, whole = state.times[0].pts * base, over[-1]
        for number in reversed(range(len(state.times))):
            start = begun + whole - over[number]
            time = replace(state.times[number], pts=round(start / base), base=base)
            yield state.spool[number].at(time)
