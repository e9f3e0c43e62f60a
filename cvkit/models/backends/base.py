"""What every backend does alike: types, fixed batches, and memory that does not suffice."""

from __future__ import annotations

import os
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from math import prod
from pathlib import Path
from threading import Semaphore
from typing import ClassVar

import numpy as np

from cvkit.core.errors import InputError, MissingError
from cvkit.core.warp import Array, Size
from cvkit.models.backends.formats import TITLES, ModelFile, damaged
from cvkit.models.device import Device
from cvkit.models.network import Facts, element

MOST_THREADS = 8
"""More threads than this gain nothing on one picture of a small network."""
_ALONE = 4
"""On so many processors or fewer each picture has one thread: side by side that takes a sixth
less of the processors than one picture on all of them."""

_MOST_VALUES = 1 << 28
"""A network that takes more is damaged or means harm."""

_OPENCV = re.compile(r"error: \(-\d+:[^)]*\) (.+)")
"""`OpenCV(4.14.0) a.cpp:12: error: (-2:Name) what in function 'f'`, one in the other."""
_PLACES = ("Exception from", "Check '")
_SAYS_NOTHING = re.compile(
    r"[Ff]ailed to parse|PROTOBUF|GeneralFailure|[Aa]vailable frontends|Flatbuffer|is incorrect"
    r"|has_raw_data|_index <|_size <|nodeIds\.|codec can't decode|layer_id|parse error|"
    r"offset \d+$|blobs|Incorrect weights in bin|std::|Inconsistent shape|StateFromModelFile"
    r"|&&|\(\)|friendly_name|inconsistent|Loading input model|\[\d\]|miniz"
)
_NO_MEMORY = (
    *("out of memory", "outofmemory", "failed to allocate", "cannot allocate", "can't allocate"),
    *("can not allocate", "bad_alloc", "insufficient memory", "bad allocation"),
    *("allocation of", "cublas_status_alloc_failed", "cuda_error_out_of_memory"),
)
"""Said by ONNX Runtime, OpenVINO, torch, OpenCV or CUDA, each in a class of error of its own."""


@dataclass(frozen=True, slots=True)
class How:
    """Where and how exactly a network is to run; `size` (width, height) where its file is free;
    `tell` is told what the user should know of the runs; `single`: there is one picture only."""

    device: Device
    half: bool = False
    size: Size | None = None
    tell: Callable[[str], None] = lambda text: None
    single: bool = False

    @property
    def side_by_side(self) -> tuple[int, int]:
        """How many runs go on at a time on the processor, and the threads of each."""
        return (1, threads()) if self.single else side_by_side()


class Backend(ABC):
    """A `cvkit.models.network.Network` but for `_infer`. Safe to use from several threads."""

    lanes: int = 1
    """How many runs may go on side by side, each in its caller's thread."""
    failures: tuple[type[Exception], ...] = (RuntimeError, ValueError, MemoryError)
    """What the runtime raises."""
    accelerated: bool = False
    batch: int | None = None
    title: ClassVar[str]

    def __init__(self, facts: Facts, ran_on: str, how: How) -> None:
        sides = [side or 1 for port in facts.inputs for side in port.shape]
        if not facts.inputs or prod(sides) > _MOST_VALUES:
            raise MissingError(
                f"{facts.file} cannot be run",
                why=f"its input is of {prod(sides):.0e} values"
                if facts.inputs
                else "it has no input",
            )
        self.facts, self.ran_on = facts, ran_on
        self._tell = how.tell
        self._turn = Semaphore(self.lanes)
        self._pool: ThreadPoolExecutor | None = None
        self._entry = facts.inputs[0]
        self._most: int | None = None

    @abstractmethod
    def _infer(self, batch: Array) -> list[Array]:
        """The outputs for one batch that the network takes as it is."""

    def run(self, batch: Array) -> list[Array]:
        """See `Network.run`; raises InputError where the network fails. What does not fit into
        memory is run in halves, from then on."""
        batch = np.ascontiguousarray(batch, element(self._entry.dtype))
        most = self.batch or (self._most or len(batch) if self.accelerated else 1)
        if self.lanes > 1 and len(batch) > most:
            if self._pool is None:
                self._pool = ThreadPoolExecutor(self.lanes, "cvkit-network")
            return _in_parts(batch, most, self._padded, self._pool.map)
        return _in_parts(batch, most, self._padded)

    def _padded(self, part: Array) -> list[Array]:
        n, short = len(part), (self.batch or 1) - len(part)
        if short > 0:
            part = np.concatenate([part, np.zeros((short, *part.shape[1:]), part.dtype)])
        return [output[:n] for output in self._halving(part)]

    def _halving(self, part: Array) -> list[Array]:
        try:
            with self._turn:
                return self._infer(part)
        except self.failures as error:
            if not no_memory(error):
                raise self._failed(part, error) from error
            if len(part) == 1 or self.batch is not None:
                raise InputError(
                    f"{self.facts.file} does not fit into memory on {shape_of(part)}",
                    why=line(error),
                    remedy="use a smaller --imgsz or another --device",
                ) from error
        half = -(-len(part) // 2)
        if self._most is None or half < self._most:
            self._most = half
            several = f"{half} pictures at a time" if half > 1 else "one picture at a time"
            self._tell(f"{self.facts.file}: out of memory, so the network takes {several}")
        return _in_parts(part, half, self._halving)

    def _failed(self, part: Array, error: BaseException) -> InputError:
        return InputError(f"{self.facts.file} failed on {shape_of(part)}", why=line(error))


def _in_parts(
    batch: Array,
    most: int,
    run: Callable[[Array], list[Array]],
    each: Callable[..., Iterable[list[Array]]] = map,
) -> list[Array]:
    if len(batch) <= most and len(batch):
        return run(batch)
    parts = each(run, [batch[i : i + most] for i in range(0, len(batch), most)])
    return [np.concatenate(outputs) for outputs in zip(*parts, strict=True)]


def threads() -> int:
    """Threads of a network that is run by one caller at a time: the machine's, not the process's,
    so that load changes no result."""
    return min(os.cpu_count() or 1, MOST_THREADS)


def side_by_side() -> tuple[int, int]:
    """How many runs go on at a time on the processor, and the threads of each; together never more
    than there are processors, and again the machine's."""
    processors = os.cpu_count() or 1
    each = 1 if processors <= _ALONE else min(processors // _ALONE, MOST_THREADS)
    return processors // each, each


def unloadable(model: ModelFile, error: BaseException) -> MissingError:
    """What a runtime says that cannot load a file; in plain words where that tells nothing."""
    told = line(error)
    if says_nothing(told):
        kind = TITLES[model.kind].partition(" ")[2].partition(" (")[0]
        return damaged(Path(model.name), f"it is cut, damaged or no {kind}")
    return damaged(Path(model.name), told)


def says_nothing(told: str) -> bool:
    """Whether a runtime's words are of its own insides, so that they help nobody."""
    return _SAYS_NOTHING.search(told) is not None


def no_memory(error: BaseException) -> bool:
    """Whether a runtime's error says that memory did not suffice."""
    return isinstance(error, MemoryError) or any(said in str(error).lower() for said in _NO_MEMORY)


def shape_of(array: Array) -> str:
    return "×".join(map(str, array.shape))


def line(error: BaseException) -> str:
    """What a runtime's message says first, without its codes and the places in its source."""
    opencv: list[str] = [
        text for text in _OPENCV.findall(str(error)) if not text.startswith("in function")
    ]
    lines = opencv[-1:] or [text.strip() for text in str(error).splitlines()]
    told = [text for text in lines if text and not text.startswith(_PLACES)]
    text = (told or [type(error).__name__])[0].split(" : ", 2)[-1]
    text = re.split(r" Check '| at src/", text)[0]
    return text.rpartition(" in function ")[0].strip()[:300] or text.strip()[:300]
