"""Runner: from items to outcomes, in this process; both are plain JSON for those that are not."""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from dataclasses import asdict, replace
from functools import partial
from itertools import chain, islice
from typing import TYPE_CHECKING

from cvkit.core.errors import CvkitError, UsageError
from cvkit.core.frame import Frame
from cvkit.core.spec import Spec
from cvkit.engine.flow import Flow
from cvkit.engine.items import Workshop
from cvkit.engine.joining import streamed
from cvkit.engine.lent import Lent
from cvkit.engine.naming import Source
from cvkit.engine.report import Item, Outcome
from cvkit.engine.resources import Resources
from cvkit.engine.segments import closing, prefetch
from cvkit.engine.templates import per_frame
from cvkit.io.safe import SafeFiles

if TYPE_CHECKING:
    from concurrent.futures import Future


def run(spec: Spec, items: Iterable[Mapping[str, object]]) -> Iterator[dict[str, object]]:
    """Each item as JSON holds it, done; its outcome likewise, in the order of the items.

    An item has number, name, path, moving and outputs (a path for each picture output of the
    spec); it has been checked by whoever sends it. Errors that end a run are raised.
    """
    from cvkit.engine.check import check_chain

    job = check_chain(spec)
    lent, resources = (
        Lent(job.options.jobs or os.cpu_count() or 1),
        Resources(job.options),
    )
    flow = Flow(job.chain, resources, job.options, job.draws and job.rest is None)
    made = map(Item.of, items)
    try:
        with SafeFiles(overwrite=job.options.overwrite) as files:
            shop = Workshop(job, flow, files, lent, lambda event: None)
            for outcome in outcomes(shop, made):
                yield asdict(outcome)
    finally:
        resources.close()
        lent.close()


def outcomes(shop: Workshop, items: Iterator[Item]) -> Generator[Outcome, None, None]:
    """Stills in the pool, ahead of their turn; a moving input when its turn comes."""
    if shop.job.upstream is not None:
        still = shop.job.chain.joins
        if still is None:
            yield from _from_stream(shop)
            return
        item, head, frames = streamed(shop.job.upstream, still, shop.job.spec)
        silent = replace(head, sound=None)
        outcome = shop.streamed(_placed(shop, item, {}), silent, frames)
        if head.sound is not None and outcome.state == "done":
            outcome.notes.append("sound left out: of a frame stream it cannot be joined")
        yield outcome
        return
    ahead: deque[Callable[[], Outcome]] = deque()
    waiting: deque[Future[Outcome]] = deque()
    alone = len(shop.job.items) == 1
    try:
        for item in items:
            if item.moving or alone:
                ahead.append(partial(shop.moving if item.moving else shop.still, item))
            else:
                waiting.append(shop.lent.stills.submit(shop.still, item))
                ahead.append(waiting[-1].result)
            if len(ahead) >= shop.lent.jobs * 2 + 2:
                yield ahead.popleft()()
        while ahead:
            yield ahead.popleft()()
    finally:
        for future in waiting:
            future.cancel()


_Work = Callable[[], Outcome]


def _from_stream(shop: Workshop) -> Generator[Outcome, None, None]:
    """Items as they come, each at once when it is done and it is its turn."""
    stdin, turn = shop.job.stdin, threading.Event()
    assert stdin is not None
    arriving = prefetch(_arriving(shop, turn), shop.lent.jobs * 2 + 2)
    try:
        for work, alone in arriving:
            yield work()
            if alone:
                turn.set()
    finally:
        stdin.leave()
        turn.set()
        closing(arriving)


def _arriving(shop: Workshop, turn: threading.Event) -> Iterator[tuple[_Work, bool]]:
    """The work on each item, in the thread that reads: a picture of one frame is given to the pool
    when it was read. What has more frames is read as it is worked on, so it is `alone`: until its
    `turn` is over nothing else is read."""
    assert shop.job.upstream is not None
    taken: dict[str, str] = {}
    for number, (found, frames) in enumerate(shop.job.upstream.each()):
        head, alone = found.head, True
        item = Item(number, head.name, head.name, head.moving)
        if found.error is not None:
            failed = Outcome(item, "failed", error=found.error, code=found.code or 3)
            yield partial(_same, failed), False
            continue
        if not head.moving:
            frames, item, alone = _counted(frames, item)
        item = _placed(shop, item, taken)
        if not alone:
            yield shop.lent.stills.submit(shop.streamed, item, head, frames).result, False
            continue
        yield partial(shop.streamed, item, head, frames), True
        turn.wait()
        turn.clear()


def _same(outcome: Outcome) -> Outcome:
    return outcome


def _placed(shop: Workshop, item: Item, taken: dict[str, str]) -> Item:
    """With its paths. Raises UsageError where another item of the stream has one of them."""
    if shop.job.rest is not None:  # what is gathered has one output, at the end
        return item
    moving = item.moving and not shop.job.chain.single
    source = Source(item.name, item.name, moving, len(item.pages) or 1)
    item = replace(item, outputs=shop.job.paths(source))
    for path in item.outputs:
        if not per_frame(path) and path in taken:
            raise UsageError(
                f"{taken[path]} and {item.name} would both write {path}",
                remedy="name a folder: -o out/",
            )
        taken[path] = item.name
    return item


def _counted(frames: Iterator[Frame], item: Item) -> tuple[Iterator[Frame], Item, bool]:
    """Whether one still gives several results, which decides their names, by looking ahead."""
    try:
        ahead = list(islice(frames, 2))
    except CvkitError as error:
        return map(_raised, [error]), item, False
    if len(ahead) < 2:
        return iter(ahead), item, False
    return chain(ahead, frames), replace(item, pages=tuple(range(len(ahead)))), True


def _raised(error: CvkitError) -> Frame:
    """A frame that could not be read."""
    raise error


def pass_on(shop: Workshop, outcome: Outcome) -> None:
    """What previews and stdout hold of this item, in its turn."""
    if shop.previews is not None:
        shop.previews.turn(outcome.item)
    pipe = shop.downstream
    if pipe is None or shop.job.rest is not None:
        return
    held = shop.held.pop(outcome.item.number, None)
    if outcome.state in ("failed", "skipped"):
        pipe.failed(outcome)
    elif held is not None:
        held.pass_on()
