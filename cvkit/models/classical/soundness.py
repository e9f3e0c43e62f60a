"""Whether a cascade file can be run at all: libraries read past their memory where it lies.

Both OpenCV 4.14 and scikit-image 0.26 trust the numbers in the file: of a feature that is not there
they crash. So what points somewhere is checked here before either of them sees it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

_MOST_BYTES = 64 << 20
_MOST_SIDE = 4096
_PER_NODE = {"HAAR": 4, "LBP": 11}
"""Numbers of a node: two children and a feature, then a level, or the bits of its 256 patterns."""


def fault(file: Path) -> str:
    """What is wrong with a cascade in the form of OpenCV 2.4 and later; empty where nothing is, or
    where the file is in the older form, which OpenCV converts and checks."""
    if file.stat().st_size > _MOST_BYTES:
        return f"it is larger than {_MOST_BYTES >> 20} MB"
    try:
        cascade = ElementTree.parse(file).getroot().find("cascade")
    except ElementTree.ParseError as error:
        return f"its XML is broken: {error}"
    if cascade is None:
        return ""
    try:
        return _fault(cascade)
    except ValueError:
        return "there is text where numbers should be"


def _fault(cascade: Element) -> str:
    kind = (cascade.findtext("featureType") or "").strip()
    if kind not in _PER_NODE:
        return f"its features are {kind or 'not named'}; those of HAAR and LBP can be run"
    window = [int(cascade.findtext(side) or 0) for side in ("width", "height")]
    if not all(0 < side <= _MOST_SIDE for side in window):
        return f"its window is {window[0]}×{window[1]}"
    features = cascade.findall("features/_")
    if not features:
        return "it has no features"
    if not all(_inside(rectangle, window, kind) for one in features for rectangle in _of(one)):
        return "a feature lies outside its window"
    trees = [tree for stage in cascade.findall("stages/_") for tree in stage.findall(".//_")]
    trees = [tree for tree in trees if tree.find("internalNodes") is not None]
    if not trees:
        return "it has no stages"
    if not all(_sound(tree, len(features), _PER_NODE[kind]) for tree in trees):
        return "a node points to what is not there"
    return ""


def _of(feature: Element) -> Iterator[list[float]]:
    """The rectangles of a feature."""
    for found in (*feature.findall("rect"), *feature.findall("rects/_")):
        yield [float(word) for word in (found.text or "").split()]


def _inside(rectangle: list[float], window: list[int], kind: str) -> bool:
    """Whether x, y, width, height (LBP: of the first of nine cells; HAAR: and a weight) fit."""
    if len(rectangle) != (4 if kind == "LBP" else 5):
        return False
    x, y, width, height = rectangle[:4]
    cells = 3 if kind == "LBP" else 1
    starts = x >= 0 and y >= 0 and width > 0 and height > 0
    return starts and x + cells * width <= window[0] and y + cells * height <= window[1]


def _sound(tree: Element, features: int, per_node: int) -> bool:
    """Whether every node names a feature that is there, and children that come after it."""
    words = (tree.findtext("internalNodes") or "").split()
    leaves = len((tree.findtext("leafValues") or "").split())
    if not words or len(words) % per_node:
        return False
    nodes = len(words) // per_node
    for node in range(nodes):
        left, right, feature = (int(word) for word in words[node * per_node :][:3])
        if not 0 <= feature < features:
            return False
        # A child above 0 is a node; else it is a leaf, counted backwards.
        if not all(node < c < nodes if c > 0 else -c < leaves for c in (left, right)):
            return False
    return True
