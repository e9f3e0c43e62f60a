"""Segments: every part of a running plan is a function from an iterator of frames to one.

Errors, Ctrl-C and the end travel by `raise` and `close`; there are no other threads, queues or
sentinels. Closing the last iterator closes every one before it.
"""

from __future__ import annotations

import queue
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from concurrent.futures import Executor

_T = TypeVar("_T")
_S = TypeVar("_S")


def closing(items: Iterable[object]) -> None:
    """Close an iterator that can be closed."""
    close = getattr(items, "close", None)
    if close is not None:
        close()


def prefetch(items: Iterator[_T], depth: int) -> Iterator[_T]:
    """The same, worked out in a thread of its own at most `depth` ahead."""
    waiting: queue.Queue[tuple[_T | None, BaseException | None, bool]] = queue.Queue(depth)
    stop = threading.Event()

    def put(entry: tuple[_T | None, BaseException | None, bool]) -> bool:
        while not stop.is_set():
            try:
                waiting.put(entry, timeout=0.05)
                return True
            except queue.Full:
                continue
        return False

    def work() -> None:
        try:
            for item in items:
                if not put((item, None, False)):
                    return
            put((None, None, True))
        except BaseException as error:  # noqa: BLE001 - handed on to whoever iterates
            put((None, error, True))
        finally:
            closing(items)

    thread = threading.Thread(target=work, name="cvkit-prefetch", daemon=True)
    thread.start()
    try:
        while True:
            item, error, last = waiting.get()
            if error is not None:
                raise error
            if last:
                return
            yield item  # type: ignore[misc]
            del item
    finally:
        stop.set()
        thread.join()


def pooled(
    work: Callable[[_T], list[_S]], items: Iterator[_T], pool: Executor, depth: int
) -> Iterator[_S]:
    """`work` on each item in the pool, submitted `depth` ahead, results in order."""
    ahead: deque[object] = deque()
    try:
        for item in items:
            ahead.append(pool.submit(work, item))
            del item
            if len(ahead) >= depth:
                yield from ahead.popleft().result()  # type: ignore[attr-defined]
        while ahead:
            yield from ahead.popleft().result()  # type: ignore[attr-defined]
    finally:
        for future in ahead:
            future.cancel()  # type: ignore[attr-defined]
        for future in ahead:
            if not future.cancelled():  # type: ignore[attr-defined]
                future.exception()  # type: ignore[attr-defined]
        closing(items)


def batched(work: Callable[[list[_T]], list[_S]], items: Iterator[_T], size: int) -> Iterator[_S]:
    """`work` on lists of `size` items (the last may be shorter): the same lists in every run."""
    held: list[_T] = []
    try:
        for item in items:
            held.append(item)
            if len(held) == size:
                done, held = work(held), []
                yield from done
        if held:
            yield from work(held)
    finally:
        closing(items)


def serial(
    start: Callable[[], object],
    work: Callable[[_T, object], list[_S]],
    flush: Callable[[object], Iterable[_S]],
    items: Iterator[_T],
) -> Iterator[_S]:
    """A stream stage: in order, with a state of its own; at the end what it held back."""
    try:
        state = start()
        for item in items:
            yield from work(item, state)
        yield from flush(state)
    finally:
        closing(items)
