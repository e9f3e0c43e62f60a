"""What is said at the end of a run in which a model looked for things: how many, how fast, by
what."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cvkit.cli import terminal

if TYPE_CHECKING:
    from cvkit.engine.tally import Detected

_NAMED = 8
"""Labels that are named; the rest are counted."""


def lines(found: Detected) -> list[str]:
    """Two lines: things by label; and what a frame's time went into, by what it ran."""
    if not found.frames:
        return []
    return [_things(found), _pace(found)]


def _things(found: Detected) -> str:
    if not found.objects:
        return "found nothing; a lower --score finds more, and more that is not there"
    several = found.frames > 1
    named = [
        f"{count:,} {terminal.plain(label)}" + (f" (at most {most} a frame)" if several else "")
        for label, count, most in found.objects[:_NAMED]
    ]
    rest = found.objects[_NAMED:]
    if rest:
        others = f"{len(rest)} other labels" if len(rest) > 1 else "another label"
        named.append(f"{sum(count for _, count, _ in rest):,} with {others}")
    return f"found {', '.join(named)}" + (f" in {found.frames:,} frames" if several else "")


def _pace(found: Detected) -> str:
    parts = [f"{name} {_ms(ms)}" for name, ms in found.ms if ms >= 0.05]
    each = " a frame" if found.frames > 1 else ""
    ran = "; ".join(dict.fromkeys(text.partition(": ")[2] or text for text in found.ran))
    return f"ms{each}: {', '.join(parts)}" + (f"; ran on {ran}" if ran else "")


def _ms(value: float) -> str:
    return f"{value:.1f}" if value < 10 else f"{value:.0f}"
