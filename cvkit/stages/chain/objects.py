"""Bring back what an earlier run found, from its results file.

Each picture or frame gets the boxes that were saved of it, by the input's name and the frame's
number. So a later step can be changed without the search being run again.

Example: cvkit objects samples/coins.jpg --from samples/coins.jsonl then draw -o coins.png
"""

from __future__ import annotations

from cvkit.core.stage import Found, Operand, Stage
from cvkit.core.values import Objects as FoundThings


class Objects(Stage):
    from_: Operand[FoundThings]
    """The results file: .jsonl, .csv or .parquet, as cvkit writes them."""

    def apply(self, from_: FoundThings) -> Found:
        return from_
