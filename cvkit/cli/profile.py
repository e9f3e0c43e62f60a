"""What `--profile` prints: where the time of a run went, and what bounds it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from cvkit.cli import terminal

if TYPE_CHECKING:
    from cvkit.engine.profiling import Found

_HEADS = ("calls", "seconds", "ms/frame", "share")


def lines(found: Found) -> list[str]:
    """A table of steps in the order of the chain, then two lines on the whole."""
    if not found.frames:
        return ["profile: no frame was read"]
    width = max(len("step"), *(len(name) for name, *_ in found.rows))
    head = "  ".join(["step".ljust(width), *(f"{text:>9}" for text in _HEADS)])
    out = [terminal.styled(head, "bold", sys.stderr)]
    for name, calls, seconds, ms, share in found.rows:
        cells = (f"{calls:,}", f"{seconds:.3f}", _ms(ms), f"{share:.0%}")
        out.append("  ".join([name.ljust(width), *(f"{cell:>9}" for cell in cells)]))
    word = "frame" if found.frames == 1 else "frames"
    out.append(
        f"{found.frames:,} {word} in {found.seconds:.2f} s: {found.per_second:.4g} frames/s,"
        f" {_ms(found.ms)} ms a frame; {found.busy:.1f} of {found.processors} processors busy"
    )
    if found.bound:
        out.append(f"bound by {found.bound}")
    return out


def _ms(value: float) -> str:
    return f"{value:.2f}" if value < 100 else f"{value:.0f}"
