"""Say how many of each label were found: a table, and a panel on the picture.

Every frame of a video has rows of its own, so that a plot over time can be made of them; how many
there were in all is told at the end of the run. With `--classes` these are counted and no others,
in this order, and a class of which there is none has a row with 0.

Without an output the table is printed; with a picture it is drawn, too.

Example: cvkit contours samples/coins.jpg --min-area 400 then count
Example: cvkit detect samples/astronaut.jpg --model haar-face then count -o counted.jpg
"""

from __future__ import annotations

from collections import Counter

from cvkit.core.labels import canonical
from cvkit.core.stage import Stage
from cvkit.core.values import Measures, Objects


class Count(Stage):
    classes: tuple[str, ...] = ()
    """Only these, by label: person,car."""

    def apply(self, objects: Objects) -> Measures:
        counts = Counter(objects.labels or ("object",) * len(objects))
        if self.classes:
            rows = [(name, _alike(name, counts)) for name in dict.fromkeys(self.classes)]
        else:
            # The most first; of equal ones by the alphabet, so that no order of boxes decides.
            rows = sorted(counts.items(), key=lambda row: (-row[1], row[0]))
        return Measures(tuple({"label": label, "count": count} for label, count in rows))


def _alike(name: str, counts: Counter[str]) -> int:
    return sum(n for label, n in counts.items() if canonical(label) == canonical(name))
