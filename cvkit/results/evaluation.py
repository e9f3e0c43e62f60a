"""Found objects of a file or data set against true ones of another: `cvkit evaluate` in Python."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cvkit.core.algo.evaluation import Evaluation, Settings, evaluated
from cvkit.core.algo.matching import Finds, Truths
from cvkit.core.errors import InputError
from cvkit.results.frames import Labelled, alone, pairs, whole
from cvkit.results.reading import read_results
from cvkit.results.sides import Kinds, Side

_NAMED = 4
"""Pictures that a message names."""


@dataclass(frozen=True, slots=True, eq=False)
class Compared:
    """An evaluation, what it is of, and what was left out of it."""

    evaluation: Evaluation
    truths: Truths
    found: Finds
    pictures: tuple[tuple[str, int], ...]
    """Source and index of each picture, by the number that `truths` and `found` have."""
    only_truth: int
    """Pictures of the truth that FOUND does not know: what is in them counts as missed."""
    only_found: int
    """Pictures of FOUND that the truth does not know: they are left out."""
    notes: tuple[str, ...]


def evaluate(
    found: str | Path,
    truth: str | Path,
    settings: Settings | None = None,
    *,
    classes: Sequence[str] = (),
    agnostic: bool = False,
) -> Compared:
    """Found objects against true ones: average precision, recall, confusion, errors by kind.

    `found` and `truth` are results (JSON lines, CSV, Parquet) or data sets (`coco:FILE`,
    `yolo:FOLDER`, `voc:FOLDER`, `mot:FILE`). Pictures are matched by source and index, in any of
    the spellings that data sets have; classes by label in any spelling, by number where there are
    no labels. `classes` are the only ones to look at; `NAME=OTHER` says that the truth calls NAME
    OTHER. `agnostic` takes all classes for one.

    Raises InputError where a file is none, and where the two have no picture or class in common.

        from cvkit.results.evaluation import evaluate
        told = evaluate("boxes.jsonl", "coco:annotations.json")
        told.evaluation.figures["map50"]
    """
    left, right = read_results(found), read_results(truth)
    gathered = Gathered(str(found), str(truth))
    for one, true in pairs(left, right):
        gathered.add(one, true)
    for head in alone(left, right):
        if right.objects_only:  # it does not speak of pictures without objects
            gathered.add(whole(left, head), None)
        else:
            gathered.only_found += 1
    gathered.empty = next(left.heads(), None) is None
    gathered.notes += [*left.notes, *right.notes]
    gathered.found.classes.update(left.classes)
    gathered.truth.classes.update(right.classes)
    return gathered.compared(settings or Settings(), classes=classes, agnostic=agnostic)


class Gathered:
    """What is found and what is true, picture by picture; then the figures of it all."""

    def __init__(self, found: str = "FOUND", truth: str = "the truth") -> None:
        self.found, self.truth = Side(found), Side(truth)
        self.pictures: list[tuple[str, int]] = []
        self.only_truth = self.only_found = self.both = 0
        self.empty = False
        """Whether FOUND has no frame at all: everything is missed."""
        self.notes: list[str] = []
        self._missed = 0

    def add(self, found: Labelled | None, truth: Labelled | None) -> None:
        """A picture. Raises InputError where the two are of different sizes."""
        told = truth or found
        if told is None:
            return
        if found is not None and truth is not None:
            self._check_sizes(found, truth)
            self.both += 1
        number = len(self.pictures)
        self.pictures.append((told.source, told.index))
        if found is not None:
            self.found.add(found.objects, number)
        if truth is not None:
            self.truth.add(truth.objects, number)
            if found is None:
                self.only_truth += 1
                self._missed += len(truth.objects)

    def _check_sizes(self, found: Labelled, truth: Labelled) -> None:
        a, b = found.objects.grid.size, truth.objects.grid.size
        if found.sized and truth.sized and a != b:
            raise InputError(
                f"{self.found.name} and {self.truth.name} are of pictures of different sizes",
                why=f"{found.source}, frame {found.index} is {a[0]}×{a[1]} and {b[0]}×{b[1]}",
                remedy="make both from the same pictures, without --coords output",
            )

    def compared(
        self, settings: Settings, *, classes: Sequence[str] = (), agnostic: bool = False
    ) -> Compared:
        """Raises InputError where there is nothing in common."""
        self._check_pictures()
        kinds = Kinds.of(self.found, self.truth, classes, agnostic=agnostic)
        finds, truths = self.found.finds(kinds.found), self.truth.truths(kinds.truth)
        evaluation = evaluated(truths, finds, kinds.labels, len(self.pictures), settings)
        notes = [*self.notes, *kinds.notes, *self._notes()]
        return Compared(
            evaluation, truths, finds, tuple(self.pictures), self.only_truth, self.only_found,
            tuple(dict.fromkeys(notes)),
        )  # fmt: skip

    def _check_pictures(self) -> None:
        if not self.truth.key:
            raise InputError(
                f"{self.truth.name} holds no objects", why="there is nothing to be found"
            )
        if not (self.both or self.empty):
            seen = ", ".join(dict.fromkeys(source for source, _ in self.pictures[:_NAMED]))
            raise InputError(
                f"{self.found.name} and {self.truth.name} have no picture in common",
                why=f"{self.truth.name} is of {seen or 'one without a name'}",
                remedy="pictures are matched by name and frame number",
            )

    def _notes(self) -> list[str]:
        """What a reader of the figures has to know."""
        notes = []
        if self.only_truth:
            notes.append(
                f"{self.found.name} lacks {_pictures(self.only_truth)} of {self.truth.name}: the "
                f"{self._missed:,} objects in them count as missed"
            )
        if self.only_found:
            notes.append(
                f"{self.truth.name} lacks {_pictures(self.only_found)} of {self.found.name}: left "
                "out, for what is in them is not known"
            )
        if self.found.unscored:
            notes.append(
                f"{self.found.unscored} objects of {self.found.name} have no score and count as 1"
            )
        return notes


def _pictures(count: int) -> str:
    return f"{count:,} picture{'s' * (count > 1)}"
