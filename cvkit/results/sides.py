"""The two sides of an evaluation as columns, and which of their classes is which."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from cvkit.core.algo.matching import Bools, Finds, Floats, Rows, Truths
from cvkit.core.errors import InputError, ParameterError
from cvkit.core.labels import canonical
from cvkit.core.objects import Column, Objects

_NAMED = 6
"""Classes that a message names."""
ANYTHING = "object"
"""The one class where classes are not looked at, or not known."""


@dataclass(slots=True)
class Side:
    """The objects of one file as columns, and what it calls them."""

    name: str
    classes: dict[int, str] = field(default_factory=dict)
    """Labels by number, where the file says them."""
    picture: list[int] = field(default_factory=list)
    key: list[tuple[str, int]] = field(default_factory=list)
    boxes: list[NDArray[np.float32]] = field(default_factory=list)
    scores: list[NDArray[np.float32]] = field(default_factory=list)
    areas: list[Floats] = field(default_factory=list)
    crowd: list[Bools] = field(default_factory=list)
    difficult: list[Bools] = field(default_factory=list)
    unscored: int = 0

    def add(self, objects: Objects, picture: int) -> None:
        n = len(objects)
        if not n:
            return
        labels = objects.labels or ("",) * n
        numbers = [-1] * n if objects.classes is None else objects.classes.tolist()
        for label, number in zip(labels, numbers, strict=True):
            if label == _numeral(number):  # what a network without labels says
                label = ""
            self.key.append((label, number))
            if label and number >= 0:
                self.classes.setdefault(number, label)
        self.picture += [picture] * n
        self.boxes.append(objects.boxes)
        scores = objects.scores if objects.scores is not None else np.full(n, np.nan, np.float32)
        unknown = np.isnan(scores) | (scores < 0)  # MOT Challenge writes -1
        self.unscored += int(unknown.sum())
        self.scores.append(np.where(unknown, np.float32(1), scores))
        told = objects.attributes
        self.areas.append(_numbers(told.get("area"), n))
        self.crowd.append(_numbers(told.get("iscrowd"), n) > 0)
        aside = [_numbers(told.get(name), n) > 0 for name in ("difficult", "ignore")]
        self.difficult.append(aside[0] | aside[1])

    @property
    def labelled(self) -> bool:
        return bool(self.classes) or any(label for label, _ in self.key)

    def named(self) -> list[str]:
        """The label of each row, else what its number is called, else the number."""
        return [label or self.classes.get(number) or _numeral(number) for label, number in self.key]

    def finds(self, kinds: Sequence[int]) -> Finds:
        """As found objects, without those of kind -1."""
        picture, kind, boxes = self._columns(kinds)
        found = Finds(
            picture, kind, boxes, _exact(np.concatenate([np.zeros(0, np.float32), *self.scores]))
        )
        return found.take(kind >= 0)

    def truths(self, kinds: Sequence[int]) -> Truths:
        """As true objects, without those of kind -1."""
        picture, kind, boxes = self._columns(kinds)
        sides, area = boxes[:, 2:] - boxes[:, :2], _joined(self.areas)
        area = np.where(np.isnan(area), sides[:, 0] * sides[:, 1], area)
        crowd, difficult = _joined(self.crowd) > 0, _joined(self.difficult) > 0
        truths = Truths(picture, kind, boxes, area, crowd, difficult)
        return truths.take(kind >= 0)

    def _columns(self, kinds: Sequence[int]) -> tuple[Rows, Rows, Floats]:
        boxes = np.concatenate([np.zeros((0, 4), np.float32), *self.boxes])
        return np.array(self.picture, np.int64), np.array(kinds, np.int64), _exact(boxes)


@dataclass(frozen=True, slots=True)
class Kinds:
    """The classes of both sides as numbers; those with the most true objects come first."""

    labels: tuple[str, ...]
    """As the truth spells them, else as the found."""
    found: list[int]
    """Of each row; -1 is a class that is not looked at."""
    truth: list[int]
    notes: list[str]

    @classmethod
    def of(
        cls, found: Side, truth: Side, classes: Sequence[str] = (), *, agnostic: bool = False
    ) -> Kinds:
        """`classes` and `agnostic` as `evaluation.evaluate` has them.

        Raises InputError where the two have no class in common, ParameterError where one of
        `classes` is none of theirs.
        """
        notes = [] if agnostic and not classes else _share_numbers(found, truth)
        left, right = found.named(), truth.named()
        wanted, called = _asked(classes, found, truth)
        keys = [canonical(name) for name in left]
        true = [called.get(canonical(name), canonical(name)) for name in right]
        known = {*keys, *true}
        _check_asked(wanted, known, [*right, *left])
        seen = known & wanted if classes else known
        if agnostic:
            numbers = dict.fromkeys(seen, 0)
            return cls((ANYTHING,), *_numbered(keys, true, numbers), notes)
        if not seen & set(keys) & set(true) and seen & set(keys):
            raise InputError(
                f"{found.name} and {truth.name} have no class in common",
                why=f"found are {_list(left)}; true are {_list(right)}",
                remedy="--classes NAME=OTHER says what is called OTHER in the truth; --agnostic "
                "takes all classes for one",
            )
        often, sought = Counter(true), Counter(keys)
        order = sorted(seen, key=lambda name: (-often[name], -sought[name], name))
        spelled = {canonical(name): name for name in [*reversed(left), *reversed(right)]}
        numbers = {name: number for number, name in enumerate(order)}
        labels = tuple(spelled.get(name, name) for name in order)
        return cls(labels, *_numbered(keys, true, numbers), notes)


def _numbered(
    keys: list[str], true: list[str], numbers: Mapping[str, int]
) -> tuple[list[int], list[int]]:
    return [numbers.get(name, -1) for name in keys], [numbers.get(name, -1) for name in true]


def _share_numbers(found: Side, truth: Side) -> list[str]:
    """Where one side alone has labels, the other's numbers mean those; a note that says so."""
    if found.labelled == truth.labelled:
        return []
    told, bare = (found, truth) if found.labelled else (truth, found)
    if not told.classes or not any(number >= 0 for _, number in bare.key):
        if not bare.key:
            return []
        raise InputError(
            f"the classes of {told.name} and {bare.name} cannot be compared",
            why=f"{bare.name} has no labels, and there are no class numbers on both sides",
            remedy="--agnostic takes all classes for one",
        )
    bare.classes.update(told.classes)
    first = min(told.classes)
    means = f"by number ({first} is {told.classes[first]})"
    return [f"{bare.name} has no labels: its classes are those of {told.name} {means}"]


def _asked(classes: Sequence[str], found: Side, truth: Side) -> tuple[set[str], dict[str, str]]:
    """The classes to look at, and what the truth's words for them are."""
    wanted: set[str] = set()
    called: dict[str, str] = {}
    for text in classes:
        name, _, other = text.partition("=")
        key = _key(name, found, truth)
        wanted.add(key)
        if other:
            called[_key(other, truth, found)] = key
    return wanted, called


def _key(text: str, first: Side, second: Side) -> str:
    if text.strip().isdecimal():
        number = int(text)
        return canonical(
            first.classes.get(number) or second.classes.get(number) or _numeral(number)
        )
    return canonical(text)


def _check_asked(wanted: set[str], known: set[str], names: list[str]) -> None:
    absent = sorted(wanted - known)
    if absent:
        raise ParameterError(
            f"--classes: there is no {absent[0]} among the found or true objects",
            remedy=f"there are {_list(names)}",
        )


def _list(names: Sequence[str]) -> str:
    often = [name for name, _ in Counter(names).most_common()]
    more = f" and {len(often) - _NAMED} more" if len(often) > _NAMED else ""
    return ", ".join(often[:_NAMED]) + more if often else "none"


def _numeral(number: int) -> str:
    return f"class {number}" if number >= 0 else ANYTHING


def _numbers(column: Column | None, count: int) -> Floats:
    """(count,) float64; NaN where there is no number."""
    if column is None or isinstance(column, tuple):
        return np.full(count, np.nan)
    return np.asarray(column).astype(np.float64)


def _joined(parts: Sequence[NDArray[np.generic]]) -> Floats:
    joined: Floats = np.concatenate([np.zeros(0), *parts])
    return joined


def _exact(values: NDArray[np.float32]) -> Floats:
    """As float64 with the decimals that a file had: 0.41 is 0.41, and an IoU of 0.5 is 0.5."""
    exact: Floats = values.astype("U16").astype(np.float64)
    return exact
