"""Give the present picture a name, for a later step to use.

The picture stays as it is now, at its size and place, whatever the steps after it do. `use NAME`
makes it the present one again; a parameter that takes a picture (`bitwise --with NAME`) takes it.

Example: cvkit keep samples/cat.jpg --name all then crop 20%,5%,60%,70% then contours --top 6
    then use all then draw
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from cvkit.core.stage import Frame, Stage


class Keep(Stage):
    name: Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_-]*$")]
    """A name of letters, digits, - and _, beginning with a letter."""

    def apply(self, frame: Frame) -> Frame:
        return frame.keep(self.name)
