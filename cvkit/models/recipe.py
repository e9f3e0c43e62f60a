"""How a network is to be fed and read, beyond what its file says of itself."""

from __future__ import annotations

from dataclasses import dataclass

from cvkit.core.warp import Size
from cvkit.models.prepare import Preparation


@dataclass(frozen=True, slots=True)
class Recipe:
    """From a model's card or from the command line; None and () are: as the file says.

    decoder  the layout of the outputs, by the name of its module in `cvkit.models.decode`
    labels   what it finds, in class order
    size     (width, height) of the input that pictures are fitted into
    prepare  how pictures are fed, where that is not the usual way of the decoder
    """

    decoder: str | None = None
    labels: tuple[str, ...] = ()
    size: Size | None = None
    prepare: Preparation | None = None


AS_THE_FILE_SAYS = Recipe()
