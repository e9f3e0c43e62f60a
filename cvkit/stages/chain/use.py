"""Go back to a picture that an earlier step kept under a name.

It becomes the present picture. What was found meanwhile stays, and is moved to where it lies in
that picture: objects found in a crop are drawn in the right place on the whole.

Example: cvkit keep samples/cat.jpg --name all then crop 20%,5%,60%,70% then contours --top 6
    then use all then draw
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from cvkit.core.stage import Frame, Stage


class Use(Stage):
    name: Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_-]*$")]
    """The name under which it was kept."""

    def apply(self, frame: Frame) -> Frame:
        return frame.use(self.name)
