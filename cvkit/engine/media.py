"""What the sinks of a moving input have to know of it: timing, sound, title and chapters."""

from __future__ import annotations

import os
from fractions import Fraction
from typing import TYPE_CHECKING

from cvkit.core.options import RunOptions
from cvkit.engine.films import is_film
from cvkit.engine.plan import Chain
from cvkit.engine.report import Item
from cvkit.engine.selection import ends_at, is_unbroken, is_whole
from cvkit.engine.sinks import Medium
from cvkit.io.about import UNSAID
from cvkit.io.codecs.metadata import Album

if TYPE_CHECKING:
    from cvkit.io.sources.opening import Moving
    from cvkit.io.stream import Head


def medium_of(
    clip: Moving, item: Item, chain: Chain, options: RunOptions, notes: list[str], *, piped: bool
) -> Medium:
    """Of a file; `notes` takes what of it goes nowhere. `piped`: frames go to stdout, too.

    Raises DamagedError where the start of its sound is broken.
    """
    from cvkit.io.sources.video import Clip

    moving = not chain.single
    carried = piped or any(is_film(path, moving=moving) for path in item.outputs)
    keeps = is_unbroken(options) and not chain.changes_length
    sound = clip.sound if carried and not options.no_audio else None
    if sound is not None and not keeps:
        sound = None
        notes.append("sound left out: not every frame is kept at its time")
    about = UNSAID
    if isinstance(clip, Clip) and carried:
        about = UNSAID if options.strip else clip.about.until(ends_at(clip, options))
        about = about if keeps else about.untimed()
        if clip.subtitles and moving:
            notes.append(f"{item.name}: subtitles left out ({', '.join(clip.subtitles)})")
    rate, base = chain.timing(clip.rate, clip.time_base)
    return Medium(
        *(item.name, moving, os.path.splitext(item.name)[1][1:].lower(), rate, base, sound),
        aspect=clip.aspect,
        cut=not is_whole(options),
        about=about,
    )


def medium_of_head(
    head: Head, item: Item, chain: Chain, options: RunOptions, base: Fraction
) -> Medium:
    """Of an item of a frame stream; `base` is that of its first frame."""
    keeps = not chain.changes_length
    about = UNSAID if options.strip else head.about
    known = ((page, told.kept(strip=options.strip)) for page, told in head.metadata)
    rate, base = chain.timing(head.rate, base)
    return Medium(
        *(item.name, head.moving and not chain.single, head.format, rate, base),
        sound=head.sound if keeps and not options.no_audio else None,
        several=len(item.pages) > 1,
        album=Album.of(known),
        aspect=head.aspect,
        cut=head.cut,
        about=about if keeps else about.untimed(),
    )
