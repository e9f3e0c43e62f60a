"""Check: everything that can be known before any pixel, and the job that comes of it."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from cvkit.core.errors import CvkitError, InputError, MissingError, OutputError, UsageError
from cvkit.core.names import cli_name
from cvkit.core.options import RunOptions
from cvkit.core.signature import operand_fields
from cvkit.core.spec import Spec
from cvkit.core.spec_paths import path_of
from cvkit.core.values import Image
from cvkit.engine import plan, templates
from cvkit.engine.films import check_films
from cvkit.engine.idle import refuse_idle
from cvkit.engine.joining import joined, opened
from cvkit.engine.naming import (
    GATHERED,
    Placed,
    Source,
    check_labelled,
    check_labels,
    check_places,
    check_stream,
    holds_pages,
    overwrites,
    path_for,
)
from cvkit.engine.operands import load_operands
from cvkit.engine.outputs import Output, name_inputs, one_video, read_outputs, unsaid
from cvkit.engine.plan import Chain
from cvkit.engine.report import Item
from cvkit.engine.roi import Region, read_region
from cvkit.engine.upstream import NAME as STDIN
from cvkit.engine.upstream import Upstream, open_stdin
from cvkit.io.codecs.formats import FORMATS, SUFFIX_FORMAT
from cvkit.io.sources.files import Found, Walk, files_of, find, look

if TYPE_CHECKING:
    from cvkit.engine.profiling import Profile
    from cvkit.io.codecs.asked import Asked
    from cvkit.io.sources.opening import Moving
    from cvkit.models.origin import Origin


@dataclass
class Job:
    """A run that fits together: what to do with which inputs, and where it all goes."""

    spec: Spec
    options: RunOptions
    chain: Chain
    outputs: list[Output]
    items: list[Item]
    stdin: Upstream | None = None
    """Where the input is `-`."""
    region: Region | None = None
    not_media: int = 0
    rest: Chain | None = None
    """What follows a gather over the run, on the one frame that it gives."""
    files: list[Found] = field(default_factory=list)
    named: tuple[str, ...] = ()
    """The inputs one by one, as if lists and patterns had been written out."""
    protected: dict[str, str] = field(default_factory=dict)
    """Real paths of files that the run reads, by what they are to it: never written."""
    models: list[Origin] = field(default_factory=list)
    classes: list[dict[int, str]] = field(default_factory=list)
    """What each step that finds or recalls things can name, by number."""
    profile: Profile | None = None
    """The clocks of a run that is measured."""

    def close(self) -> None:
        """Let go of stdin and remove what was copied from it; harmless when repeated."""
        if self.stdin is not None:
            self.stdin.close()

    def leave(self, error: BaseException) -> None:
        """What failed with this error wants no more of stdin, unless other items follow there."""
        last = (OutputError, MissingError, UsageError)
        ends = not isinstance(error, CvkitError) or isinstance(error, last)
        if self.stdin is not None and (ends or self.stops or self.upstream is None):
            self.stdin.leave()

    def open_moving(self, item: Item, asked: Asked) -> Moving:
        """Raises DamagedError or InputError where it cannot be read."""
        if self.stdin is not None and self.stdin.opens is not None:
            return self.stdin.opens(asked)
        return opened(item, self.chain.joins, asked)

    @property
    def upstream(self) -> Upstream | None:
        """A frame stream on stdin, whose items are not known before they come."""
        return self.stdin if self.stdin is not None and self.stdin.reader is not None else None

    @property
    def stops(self) -> bool:
        if self.options.on_error is not None:
            return self.options.on_error == "stop"
        return len(self.items) == 1 and self.upstream is None

    @property
    def whole(self) -> Chain:
        """The chain whose end the outputs hold."""
        return self.rest if self.rest is not None else self.chain

    def pictures(self) -> list[Output]:
        return [o for o in self.outputs if o.kind == "picture"]

    def previews(self) -> list[Output]:
        return [o for o in self.outputs if o.kind == "preview"]

    @property
    def draws(self) -> bool:
        """Whether an output takes the picture at the end of the chain."""
        return any(o.takes_picture for o in self.outputs)

    def has(self, kind: str) -> bool:
        return any(o.kind == kind for o in self.outputs)

    def paths(self, source: Source) -> tuple[str, ...]:
        return tuple(path_for(o, source, self.whole, one=self.alone) for o in self.pictures())

    @property
    def alone(self) -> bool:
        """Whether one frame of each moving input is wanted, which is a picture like others."""
        return self.options.one_frame and not self.whole.changes_length

    def spare(self, path: str) -> None:
        """Raises UsageError for another file to be written that the run reads or writes."""
        real = os.path.realpath(path)
        if real in self.protected:
            raise overwrites(path, self.protected[real])
        fixed = (t for i in self.items for t in i.outputs if not templates.per_frame(t))
        results = (o.template for o in self.outputs if o.kind in ("results", "dataset"))
        if real in {os.path.realpath(p) for p in (*map(templates.whole, fixed), *results)}:
            raise UsageError(f"{path} is where a result goes", remedy="name another file")

    def lines(self) -> list[str]:
        """The plan in words, for --dry-run."""
        out = [f"{len(self.items)} inputs" if len(self.items) != 1 else self.items[0].shown]
        out += plan.lines(replace(self.chain, drawn=None) if self.rest else self.chain)
        if self.rest is not None:
            out += plan.lines(self.rest)
        shown = [(o, i) for i in self.items for o in i.outputs]
        out += [f"     {i.shown} → {_readable(path)}" for path, i in shown[:20]]
        if len(shown) > 20:
            out.append(f"     … and {len(shown) - 20} more")
        out += [f"     → {o.text or 'printed'}" for o in self.outputs if o.kind != "picture"]
        return out


def _readable(template: str) -> str:
    return template if templates.fields(template) else templates.whole(template)


def check(spec: Spec) -> Job:
    """Opens no pixel and no model.

    Raises UsageError, ParameterError, ChainError, InputError or MissingError.
    """
    options = RunOptions.model_validate(dict(spec.run))
    if not spec.inputs:
        raise UsageError("there is no input", remedy="name a file, a folder or - for stdin")
    if "-" in spec.inputs and len(spec.inputs) > 1:
        raise UsageError(
            "- is the only input where it is one",
            remedy="write what it carries to a file, and name that among the others",
        )
    stdin = open_stdin(options) if "-" in spec.inputs else None
    try:
        return _checked(spec, options, stdin)
    except BaseException:
        if stdin is not None:
            stdin.close()
        raise


def _checked(spec: Spec, options: RunOptions, stdin: Upstream | None) -> Job:
    start = stdin.known if stdin is not None and stdin.known is not None else plan.START
    chain = plan.fit(spec.steps, start)
    chain, rest = plan.split(chain, spec.steps)
    job = Job(spec, options, chain, [], [], stdin, rest=rest)
    if stdin is None:
        _find(job)
    else:
        stdin.joins = chain.joins is not None
        job.items = [] if job.upstream is not None else [_piped_in(stdin, options)]
    if chain.joins is not None and job.items and (stdin is None or stdin.opens is None):
        job.items = [joined(job.items, spec)]
    sources = [
        Source(i.name, i.path, i.moving and not chain.single, len(i.pages) or 1) for i in job.items
    ]
    job.outputs = _outputs(job, sources)
    items = len(sources) if job.upstream is None else job.upstream.items or 1
    several = job.rest is None and (items > 1 or any(s.pages > 1 for s in sources))
    if several and any(o.kind == "piped" and o.suffix == ".y4m" for o in job.outputs):
        raise one_video()
    if job.previews():
        from cvkit.engine import previews

        previews.check([o.text for o in job.previews()])
    _finish_chain(job)
    job.protected = _protected(job)
    if job.upstream is None:
        _place(job, sources)
    elif several:
        check_stream(job.pictures(), items)
    refuse_idle(job)
    check_films(job)
    return _loaded(job)


def _piped_in(stdin: Upstream, options: RunOptions) -> Item:
    """The one input that stdin holds where it is no frame stream."""
    name = f"{STDIN}{stdin.suffix}"
    if stdin.opens is not None:
        return Item(0, name, "-", True)
    form, kind = look(stdin.path)
    pages = () if kind == "video" else _pages(Found(stdin.path, name), form, options)
    return Item(0, name, stdin.path, kind == "video", pages=pages, copied=True)


def check_chain(spec: Spec) -> Job:
    """The job of a runner: a chain and its outputs, whose items come with their paths."""
    options = RunOptions.model_validate(dict(spec.run))
    chain, rest = plan.split(plan.fit(spec.steps), spec.steps)
    job = Job(spec, options, chain, [], [], rest=rest)
    job.outputs = _outputs(job, [])
    _finish_chain(job)
    return _loaded(job)


def _loaded(job: Job) -> Job:
    """With the files that its options and parameters name."""
    if job.options.roi is not None:
        job.region = read_region(job.options.roi, job.chain)
    job.chain = load_operands(job.chain, job.options)
    return job


def _find(job: Job) -> None:
    options, spec = job.options, job.spec
    own = tuple(o.rstrip("/") for o in spec.outputs if o.endswith("/") or os.path.isdir(o))
    walk = find(spec.inputs, include=options.include, exclude=options.exclude, own=own)
    if not walk.files:
        raise InputError(
            f"{' '.join(spec.inputs)} holds no picture and no video",
            why=_left(walk),
        )
    job.files, job.not_media, job.named = walk.files, walk.not_media, walk.named
    seen: dict[str, Found] = {}
    for number, file in enumerate(walk.files):
        form, kind = look(file.path)
        if not file.folder and form in FORMATS and FORMATS[form].extra:
            from cvkit.io.codecs.extras import require  # start-up: few formats need one

            require(form)
        moving = (kind or file.by_suffix) == "video"
        pages = () if moving else _pages(file, form, options)
        job.items.append(Item(number, file.name, file.path, moving, pages=pages))
        if file.name in seen and name_inputs(spec.outputs) and job.chain.joins is None:
            raise UsageError(
                f"{seen[file.name].path} and {file.path} have one name in the results",
                remedy="name the folder above them as the input",
            )
        seen[file.name] = file


def _left(walk: Walk) -> str:
    """What a folder without pictures holds."""
    held = {
        "that --include and --exclude leave out": walk.left_out,
        "of other kinds": walk.not_media,
    }
    told = [f"{many} files {kind}" for kind, many in held.items() if many]
    return " and ".join(told) or "it is empty"


def _pages(file: Found, form: str | None, options: RunOptions) -> tuple[int, ...]:
    """Of a document those that are read; nothing where it is the only one, or the first."""
    unasked = FORMATS[form].pages if form in FORMATS else ""
    if options.page is None and unasked != "all":
        return ()
    from cvkit.io.sources.opening import pages_of

    count = pages_of(file.path, file.name) if unasked else 1
    chosen = range(count) if options.page is None else options.page.of(count)
    return () if list(chosen) == [0] else tuple(chosen)


def _outputs(job: Job, sources: list[Source]) -> list[Output]:
    if job.options.in_place:
        if job.spec.outputs or job.stdin is not None:
            raise UsageError("--in-place goes without -o, and with files")
        return [Output("in place", "picture", "{path}")]
    whole = plan.with_draw(job.whole)
    if job.spec.outputs:
        return read_outputs(job.spec.outputs, whole)
    if job.upstream is not None:
        return unsaid(whole, ["-"] * (job.upstream.items or 1), many=False)
    many = any(s.pages > 1 for s in sources)
    return unsaid(whole, job.named or job.spec.inputs, many=many)


def _finish_chain(job: Job) -> None:
    """Add the final draw, and the views that outputs need."""
    whole = job.whole
    if job.draws:
        whole = plan.with_draw(whole)
        if whole.final.source:
            whole = replace(whole, views=whole.views | {"bgr"})
    if job.has("stream"):
        whole = plan.keeping_photo(whole)
        whole = replace(
            whole, views=whole.views | ({"bgr", "gray"} if _source_lives(whole) else set())
        )
    if job.options.roi is not None:
        whole = plan.keeping_photo(replace(whole, views=whole.views | {"bgr"}))
    if job.rest is not None:
        job.rest = whole
    else:
        job.chain = whole


def _source_lives(chain: Chain) -> bool:
    return Image in chain.final.kinds or chain.final.source


def _place(job: Job, sources: list[Source]) -> None:
    """Give each item its paths, and refuse what would clash."""
    if job.options.in_place:
        job.items = [replace(i, outputs=(templates.escaped(i.path),)) for i in job.items]
        for item, source in zip(job.items, sources, strict=True):
            _same_format(item, source, job)
        return
    if job.rest is not None:
        check_places(_results(job), job.protected, overwrite=job.options.overwrite)
        return
    placed = []
    check_labelled(job.outputs, sources, job.whole)
    for number, source in enumerate(sources):
        paths = job.paths(source)
        job.items[number] = replace(job.items[number], outputs=paths)
        several = source.moving or source.pages > 1 or job.whole.several
        placed += [
            Placed(o, source, path, several) for o, path in zip(job.pictures(), paths, strict=True)
        ]
    check_places([*placed, *_results(job)], job.protected, overwrite=job.options.overwrite)


def _results(job: Job) -> list[Placed]:
    """Files that belong to the whole run."""
    run = Source("", "", False)
    placed = [
        Placed(o, run, templates.escaped(o.template))
        for o in job.outputs
        if o.kind in ("results", "dataset") and not o.on_stdout and not o.folder
    ]
    videos = sum(item.moving for item in job.items)
    overwrite = job.options.overwrite
    check_labels(job.outputs, job.protected, overwrite=overwrite, videos=videos)
    if job.rest is not None:
        placed += [Placed(o, run, path_for(o, GATHERED, job.rest)) for o in job.pictures()]
    return placed


def _protected(job: Job) -> dict[str, str]:
    """Real paths of files that the run reads, by what they are to it."""
    inputs = (part for i in job.items for part in i.parts or (i,))
    paths = (p for i in inputs if i.path != "-" for p in files_of(i.path))
    read = {os.path.realpath(p): "an input" for p in paths}
    for step in job.chain.steps:
        for field_name in operand_fields(type(step.stage)):
            text = getattr(step.stage, field_name) or ""
            path = path_of(text)  # a folder is one where a scheme says so
            if os.path.isfile(path) or path != text:
                read[os.path.realpath(path)] = f"an input (--{cli_name(field_name)})"
    if job.options.roi is not None and os.path.isfile(job.options.roi):
        read[os.path.realpath(job.options.roi)] = "an input (--roi)"
    return read


def _same_format(item: Item, source: Source, job: Job) -> None:
    suffix = os.path.splitext(item.path)[1].lower()
    if not item.moving and suffix not in SUFFIX_FORMAT:
        name = os.path.basename(item.path)
        raise UsageError(
            f"{item.path} cannot be written in place",
            why=f"cvkit writes no {suffix}" if suffix else "its name says no format",
            remedy=f"leave it out: --exclude '{name}'",
        )
    if job.options.page is not None:
        raise UsageError("--in-place goes without --page", why="the other pages would be lost")
    if job.whole.several and not holds_pages(templates.escaped(item.path)):
        raise UsageError(f"several results cannot take the place of {item.path}")
    plan.written(job.chain)
