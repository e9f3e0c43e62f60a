"""SSD on VGG (SSD300, SSD512) and OpenCV's face detector: Caffe's list, fed with BGR levels less
their means.

What is written is as in `ssd`. The means are VGG's, 104 117 123; OpenCV's face detector was trained
with 104 177 123, and finds the same with both.

Source: Liu et al. 2016.
"""

from __future__ import annotations

from cvkit.models.decode.layout import Seen
from cvkit.models.decode.ssd import Ssd, is_on_vgg
from cvkit.models.prepare import Preparation

_VGG = Preparation("stretch", "bgr", scale=1.0, mean=(104.0, 117.0, 123.0))


def read(seen: Seen) -> Ssd | str:
    if len(seen.shapes) != 1 or len(seen.shapes[0]) != 4 or seen.shapes[0][3] != 7:
        return "it is not one list of seven columns"
    if not seen.named and (seen.facts.format != "caffe" or is_on_vgg(seen) is False):
        return "it is not one on VGG"
    return Ssd(_VGG)
