"""AVIF, by OpenCV once its boxes are known to be whole; of a sequence the first picture.

What the file says of its orientation and colours is applied; 10 and 12 bits become 16.
"""

from __future__ import annotations

import numpy as np

from cvkit.core.values import Image
from cvkit.io.codecs import exif
from cvkit.io.codecs.asked import Asked
from cvkit.io.codecs.boxes import Item, exif_of, first_item
from cvkit.io.codecs.metadata import Metadata
from cvkit.io.codecs.stored import decoded, image, spread
from cvkit.io.integrity import bounded

Bytes = bytes | memoryview

_TRANSFERS = {16: "PQ", 18: "HLG"}


def read(data: Bytes, name: str, asked: Asked) -> Image:
    item = first_item(data, name, "AVIF")
    bounded(item.size, asked.max_pixels, name)
    array = decoded(data, name, "AVIF", item.size)
    if array.dtype == np.uint16:
        array = spread(array, (1 << max(item.bits, 9)) - 1)
    say_transfer(item, asked)
    return image(exif.upright(array, item.orientation), profile=item.profile, asked=asked)


def metadata(data: Bytes, name: str, page: int) -> Metadata:
    """Of the first picture; `page` is 0. The orientation that its EXIF says is in the boxes too."""
    told = exif_of(data, name, "AVIF")
    return Metadata(told, first_item(data, name, "AVIF").profile, exif.density(told))


def say_transfer(item: Item, asked: Asked) -> None:
    """A note where the light is coded for displays of high dynamic range."""
    if item.transfer in _TRANSFERS:
        asked.notes.append(
            f"its light is coded for HDR displays ({_TRANSFERS[item.transfer]}): the numbers are"
            " left as they are, and look dull"
        )
