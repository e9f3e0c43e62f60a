"""What a video's container says of all of it: title, author and the like, and chapters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from av.container import InputContainer, OutputContainer

_TAGS = ("title", "artist", "album", "genre", "date", "comment", "description", "copyright")
"""What is carried on; where and with what a film was taken is not, nor who encoded it."""
_LONGEST = 10_000
_MOST = 10_000
_TICK = Fraction(1, 1_000_000)


@dataclass(frozen=True, slots=True)
class Chapter:
    """From when to when, in seconds, and what it is called."""

    start: Fraction
    end: Fraction
    title: str


@dataclass(frozen=True, slots=True)
class About:
    """Tags, lower case, and chapters in order."""

    tags: tuple[tuple[str, str], ...] = ()
    chapters: tuple[Chapter, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.tags or self.chapters)

    def untimed(self) -> About:
        """Without what holds only where frames keep their times."""
        return replace(self, chapters=())

    def until(self, end: Fraction | None) -> About:
        """Of the part that ends there, at the times of the whole."""
        if end is None:
            return self
        chapters = (replace(c, end=min(c.end, end)) for c in self.chapters if c.start < end)
        return replace(self, chapters=tuple(chapters))

    def since(self, start: Fraction) -> About:
        """Of the part that begins there, at its own times."""
        chapters = (
            replace(c, start=max(c.start - start, Fraction(0)), end=c.end - start)
            for c in self.chapters
            if c.end > start
        )
        return replace(self, chapters=tuple(chapters))

    def told(self) -> dict[str, object]:
        """As JSON has it, times in whole millionths of a second."""
        rows = [[round(c.start / _TICK), round(c.end / _TICK), c.title] for c in self.chapters]
        return {"tags": dict(self.tags), "chapters": rows}

    def write(self, container: OutputContainer) -> None:
        """Into a container whose header is not written yet, as far as it can hold it."""
        container.metadata.update(dict(self.tags))
        if self.chapters:
            container.set_chapters(
                [
                    {
                        "id": number,
                        "start": round(chapter.start / _TICK),
                        "end": round(chapter.end / _TICK),
                        "time_base": _TICK,
                        "metadata": {"title": chapter.title} if chapter.title else {},
                    }
                    for number, chapter in enumerate(self.chapters)
                ]
            )


UNSAID = About()


def about_of(container: InputContainer, origin: Fraction) -> About:
    """`origin` is the instant of the file's clock, in seconds, that counts as 0."""
    found = {name.lower(): text for name, text in container.metadata.items()}
    tags = tuple((name, found[name][:_LONGEST]) for name in _TAGS if found.get(name))
    chapters = []
    for row in container.chapters()[:_MOST]:
        base = row["time_base"] or _TICK
        start, end = (row[edge] * base - origin for edge in ("start", "end"))
        title = row.get("metadata", {}).get("title", "")[:_LONGEST]
        chapters.append(Chapter(max(start, Fraction(0)), end, title))
    return About(tags, tuple(c for c in chapters if c.end > c.start))


def about_from(told: Mapping[str, Any]) -> About:
    """What `told` gave elsewhere. Raises TypeError, KeyError or ValueError where it is no such."""
    tags = {name: str(told["tags"][name])[:_LONGEST] for name in _TAGS if name in told["tags"]}
    rows = [(int(a) * _TICK, int(b) * _TICK, str(c)[:_LONGEST]) for a, b, c in told["chapters"]]
    return About(tuple(tags.items()), tuple(Chapter(*row) for row in rows[:_MOST]))


def subtitles_of(container: InputContainer) -> list[str]:
    """The codecs of its subtitles, as far as FFmpeg knows them."""
    contexts: list[Any] = [stream.codec_context for stream in container.streams.subtitles]
    return [context.name if context is not None else "unknown" for context in contexts]
