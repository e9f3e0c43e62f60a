"""Bring back what an earlier run found, or the labels of a data set.

Each picture or frame gets the boxes that were saved of it, by the input's name and the frame's
number. So a later step can be changed without the search being run again. Labels are found by the
picture's name, with or without folder and suffix; a frame of `street.mp4` is `street_00012` there,
counted from 0, and a MOT file is of whatever video is named.

Example: cvkit objects samples/coins.jpg --from samples/coins.jsonl then draw -o coins.png
"""

from __future__ import annotations

from cvkit.core.stage import Found, Operand, Stage
from cvkit.core.values import Objects as FoundThings


class Objects(Stage):
    from_: Operand[FoundThings]
    """Results (.jsonl, .csv, .parquet) or coco:FILE, yolo:FOLDER, voc:FOLDER, mot:FILE."""

    def apply(self, from_: FoundThings) -> Found:
        return from_
