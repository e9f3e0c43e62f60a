"""Videos and animations: one file of all frames, or a new one at each cut."""

from __future__ import annotations

import os
from contextlib import ExitStack
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cvkit.core.errors import OutputError, UsageError
from cvkit.core.frame import Frame
from cvkit.core.options import RunOptions
from cvkit.core.time import Time
from cvkit.core.values import Event
from cvkit.engine import templates
from cvkit.engine.naming import frame_path
from cvkit.engine.outputs import FILMS, VIDEO, Output
from cvkit.engine.sinks import Claims, Made, Medium, picture_of, shown
from cvkit.engine.stretches import Stretch, lasting
from cvkit.io.codecs.formats import ANIMATION_SUFFIXES, NAMES

if TYPE_CHECKING:
    from cvkit.engine.check import Job
    from cvkit.io.sinks.encoding import Encoding
    from cvkit.io.sound import Stretches

_ENCODER = ("codec", "crf", "preset", "bitrate", "pix_fmt")
_LEAST_BITS = 1000
CUT = "cut"
"""The event at which a new file begins."""


def is_film(template: str, *, moving: bool) -> bool:
    """Whether frames go into films of this name: all into one, or with {index} those of a scene."""
    suffix = os.path.splitext(template)[1].lower()
    holds = suffix in ANIMATION_SUFFIXES or suffix == ".png"
    return suffix in FILMS or (moving and holds and not templates.per_frame(template))


def film_of(
    output: Output,
    template: str,
    options: RunOptions,
    medium: Medium,
    notes: list[str],
    claims: Claims,
) -> Film | Scenes:
    """The sink of a film's frames."""
    if templates.per_frame(template):
        return Scenes(output, template, options, medium, notes, claims)
    return Film(output, templates.whole(template), options, medium, notes)


def check_films(job: Job) -> None:
    """Raises ParameterError where a video that would be written cannot be encoded so, and
    UsageError where scenes are asked for that nothing finds."""
    paths = {path for item in job.items for path in item.outputs}
    if job.upstream is not None:
        paths |= {output.template for output in job.pictures() if output.suffix in VIDEO}
    films = sorted(p for p in paths if os.path.splitext(p)[1].lower() in VIDEO)
    if any(getattr(job.options, name) is not None for name in _ENCODER):
        from cvkit.io.sinks.encoding import checked

        for suffix in sorted({os.path.splitext(path)[1].lower() for path in films}):
            checked(encoding_of(job.options), suffix[1:])
    scenes = [path for path in films if templates.per_frame(path)]
    if scenes and job.upstream is None and Event not in job.whole.final.kinds:
        raise UsageError(
            f"-o {scenes[0]} begins a video at each cut, and no step finds any",
            remedy="begin with scene-cut, or name one video without {index}",
        )


def encoding_of(options: RunOptions) -> Encoding:
    """What a run's options say of the encoder. Raises ParameterError."""
    from cvkit.io.sinks.encoding import Encoding

    return Encoding(
        options.codec,
        options.crf,
        options.preset,
        _bits(options.bitrate),
        options.pix_fmt,
        Fraction(options.fps).limit_denominator(1001) if options.fps else None,
    )


class Film:
    """One video or animation of all frames; it appears when it is whole."""

    def __init__(
        self, output: Output, path: str, options: RunOptions, medium: Medium, notes: list[str]
    ) -> None:
        self._output, self._path, self._notes = output, path, notes
        self._suffix = os.path.splitext(path)[1].lower()
        self._encoding = encoding_of(options)
        self._medium, self._options = medium, options
        self._replace = options.overwrite or options.in_place or not output.named
        self._stack = ExitStack()
        self._writer: Any = None
        self._stretch = Stretch(medium, moved=True)

    def write(self, made: Made, number: int) -> None:
        self.put(made, made.frame.time)

    def put(self, made: Made, time: Time) -> None:
        """Add a frame at that time of this file."""
        raster = shown(picture_of(self._output, made))
        try:
            if self._writer is None:
                self._medium = self._stretch.begin(time)
                self._writer = self._open(made.frame)
            self._writer.write(self._stretch.shows(time), raster)
        except OutputError as error:
            raise error.about(self._path) from error

    def close(self, end: Fraction | None = None) -> list[str]:
        """Finish; `end` is when the last frame is no longer shown, where that is known."""
        if self._writer is None:
            return []
        try:
            if end is not None and self._suffix in VIDEO:
                self._writer.end = end
            self._writer.close()
        except BaseException as error:
            self._fail(error)
            raise
        self._say(*self._writer.notes)
        self._stack.close()
        return [self._path]

    def abort(self) -> None:
        if self._writer is not None:
            self._fail(OutputError("dropped"))

    def _open(self, first: Frame) -> Any:  # noqa: ANN401 - writers have no common class
        from cvkit.io.safe import appearing

        temporary = self._stack.enter_context(appearing(Path(self._path), overwrite=self._replace))
        suffix = self._suffix
        medium, background = self._medium, self._options.background.bgr
        if suffix in VIDEO:
            from cvkit.io.sinks.video import VideoWriter

            return VideoWriter(
                *(temporary, suffix[1:]),
                rate=medium.rate,
                time_base=medium.time_base,
                sound=medium.sound,
                encoding=self._encoding,
                background=background,
                aspect=medium.aspect,
                about=medium.about,
            )
        if suffix == ".y4m":
            from cvkit.io.sinks.raw import RawFile

            self._say(*(["sound left out: y4m holds none"] if medium.sound is not None else []))
            return RawFile(
                temporary,
                rate=medium.rate,
                aspect=medium.aspect,
                encoding=self._encoding,
                background=background,
            )
        from cvkit.io.sinks.animation import AnimationWriter

        # An APNG that is written in place of its input may be called .png.
        fmt = ANIMATION_SUFFIXES.get(suffix, "apng")
        if medium.sound is not None:
            self._say(f"sound left out: {NAMES[fmt]} holds none")
        rate, fps, quality = medium.rate, self._encoding.fps, self._options.quality
        return AnimationWriter(temporary, fmt, rate=rate, fps=fps, quality=quality)

    def _say(self, *notes: str) -> None:
        self._notes.extend(note for note in notes if note not in self._notes)

    def _fail(self, error: BaseException) -> None:
        """Leave the file's context as on an error, so that nothing appears."""
        self._writer.abort()
        try:
            self._stack.__exit__(type(error), error, None)
        except BaseException as raised:
            if raised is not error:
                raise


class Scenes:
    """A film that goes on in a new file at each cut: times begin at 0 in each, and the sound is cut
    where the picture is. Each file appears when it is whole, and stays whatever comes later."""

    def __init__(
        self,
        output: Output,
        template: str,
        options: RunOptions,
        medium: Medium,
        notes: list[str],
        claims: Claims,
    ) -> None:
        self._told = (output, options, notes)
        # Each begins at 0, whatever it is a part of; chapters would not be those of one scene.
        self._medium = replace(medium, cut=False, about=medium.about.untimed())
        self._cut, self._lasts = medium.cut, Fraction(0)
        self._template, self._claims = template, claims
        self._paths: list[str] = []
        self._begun = 0
        self._film: Film | None = None
        self._start = Time()
        self._sound: Stretches | None = None
        if medium.sound is not None:
            from cvkit.io.sound import Stretches

            self._sound = Stretches(medium.sound)

    def write(self, made: Made, number: int) -> None:
        time = made.frame.time
        self._lasts = time.exact + lasting(time, self._medium.rate)
        if self._sound is not None:
            self._sound.reach = time.exact
        events = made.frame.get(Event)
        cut = events is not None and any(row.get("event") == CUT for row in events.rows)
        if self._film is None or cut:
            self._end(time.exact)
            self._begin(time)
        assert self._film is not None
        self._film.put(made, replace(time, pts=time.pts - self._start.pts))

    def close(self) -> list[str]:
        if self._sound is not None:
            self._sound.reach = self._lasts if self._cut else None
        self._end(None)
        return self._paths

    def abort(self) -> None:
        """Files that are written stay: each is whole."""
        if self._film is not None:
            self._film.abort()

    def _begin(self, time: Time) -> None:
        output, options, notes = self._told
        path = frame_path(self._template, index=self._begun, time=time.seconds)
        self._claims.take(path)
        self._begun += 1
        self._start, medium = time, self._medium
        if self._sound is not None:
            medium = replace(medium, sound=self._sound.begin(time.exact))
        self._film = Film(output, path, options, medium, notes)

    def _end(self, at: Fraction | None) -> None:
        film, self._film = self._film, None
        if film is None:
            return
        try:
            self._paths += film.close(None if at is None else at - self._start.exact)
        except BaseException:
            film.abort()
            raise


def _bits(text: str | None) -> int | None:
    if text is None:
        return None
    import re

    from cvkit.core.errors import ParameterError

    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([kKmM]?)", text)
    if not match:
        raise ParameterError(f"--bitrate {text}", why="it is bits a second", remedy="try 4M")
    bits = round(float(match[1]) * {"": 1, "k": 1e3, "m": 1e6}[match[2].lower()])
    if bits < _LEAST_BITS:
        why = f"that is {bits} bits a second, too few for any picture"
        raise ParameterError(f"--bitrate {text}", why=why, remedy=f"try {match[1]}M or {match[1]}k")
    return bits
