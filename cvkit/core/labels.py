"""Names of classes: the same one in the spellings that data sets and networks use, and what is
alike.
"""

from __future__ import annotations

from functools import lru_cache

_SPELLINGS = {
    "aeroplane": "airplane",
    "plane": "airplane",
    "motorbike": "motorcycle",
    "sofa": "couch",
    "pottedplant": "potted plant",
    "diningtable": "dining table",
    "tvmonitor": "tv",
    "tv monitor": "tv",
    "television": "tv",
    "cellphone": "cell phone",
    "mobile phone": "cell phone",
    "hair dryer": "hair drier",
    "doughnut": "donut",
    "trafficlight": "traffic light",
    "firehydrant": "fire hydrant",
    "stopsign": "stop sign",
    "fridge": "refrigerator",
}
"""What Pascal VOC, Darknet, Open Images and people write, and COCO's own word for it."""

_ALIKE = (
    "bicycle,car,motorcycle,airplane,bus,train,truck,boat",
    "person,bird,cat,dog,horse,sheep,cow,elephant,bear,zebra,giraffe",
    "airplane,bird",
    "chair,couch,bed,dining table,bench",
    "tv,laptop,mouse,remote,keyboard,cell phone",
    "microwave,oven,toaster,sink,refrigerator",
    "bottle,wine glass,cup,vase",
    "fork,knife,spoon",
    "bowl,cup",
    "banana,apple,orange",
    "broccoli,carrot",
    "sandwich,hot dog,pizza,donut,cake",
    "backpack,handbag,suitcase",
    "frisbee,sports ball",
    "skis,snowboard,skateboard,surfboard",
    "baseball bat,tennis racket",
    "traffic light,stop sign,parking meter,fire hydrant",
)
"""Classes that are easily taken for one another. The first four are Hoiem's (with what COCO adds to
them: "all vehicles", "all animals including person", furniture, and "aeroplane, bird"); the others
are parts of COCO's supercategories in the same spirit."""


@lru_cache(maxsize=1 << 14)
def canonical(label: str) -> str:
    """The label in COCO's spelling and lower case: `Motorbike` and `motor-bike` are `motorcycle`.

    A label that no table knows keeps its words, with spaces between them.
    """
    words = " ".join(label.casefold().replace("_", " ").replace("-", " ").split())
    return _SPELLINGS.get(words) or _SPELLINGS.get(words.replace(" ", "")) or words


def groups(label: str) -> frozenset[int]:
    """Numbers below GROUPS of the groups of classes that it is easily confused in, in any spelling.

    Source: Hoiem, Chodpathumwan and Dai, "Diagnosing Error in Object Detectors" (2012).
    """
    words = canonical(label)
    return frozenset(number for number, group in enumerate(_ALIKE) if words in group.split(","))


def similar(a: str, b: str) -> bool:
    """Whether two different classes are easily taken for one another."""
    return canonical(a) != canonical(b) and bool(groups(a) & groups(b))


GROUPS = len(_ALIKE)
