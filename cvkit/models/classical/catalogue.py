"""The detectors that need no download, by name, and cascade files by path.

Nothing here imports a detector before it is asked for.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from cvkit.core.errors import MissingError, ParameterError

if TYPE_CHECKING:
    from cvkit.models.classical.windows import Windows

_PARTS = ("face", "eye", "smile", "fullbody", "upperbody", "lowerbody", "profile", "plate", "cat")
NAMES = ("hog", *(f"haar-{part}" for part in _PARTS), "lbp-face", "dlib-face")
"""In the order in which they are offered."""
ALIASES = {"hog-people": "hog", "haar-faces": "haar-face", "haar-pedestrian": "haar-fullbody"}

_HEAD = 1 << 16
"""Bytes of a file that are looked at to tell what it is; licences stand before the cascade."""


def known(name: str) -> bool:
    """Whether `name` is one of these detectors; `haar-car`, which nobody has, is answered too."""
    return name in NAMES or name in ALIASES or name in _NOWHERE


def named(name: str) -> Windows:
    """The detector of this name, opened for one thread; MissingError where it cannot be had."""
    name = ALIASES.get(name, name)
    if name in _NOWHERE:
        raise MissingError(
            f"there is no {name}",
            why="no OpenCV package carries a cascade for cars",
            remedy="a network finds cars: --model yolox-nano --classes car,bus,truck; "
            "or give the path of a cascade (.xml)",
        )
    if name.startswith("haar-"):
        from cvkit.models.classical import haar

        return haar.named(name)
    if name == "dlib-face":
        from cvkit.models.classical.dlib_face import DlibFaceDetector

        return DlibFaceDetector()
    if name == "lbp-face":
        from skimage import data

        from cvkit.models.classical.lbp import LbpDetector

        file = data.lbp_frontal_face_cascade_filename()  # type: ignore[no-untyped-call]
        return LbpDetector(Path(file), "face")
    from cvkit.models.classical.hog import HogDetector

    return HogDetector()


def is_cascade(path: Path) -> bool:
    """Whether the file is XML of a cascade, OpenCV's or scikit-image's, and not of a network."""
    if not os.path.isfile(path):  # a pipe would be waited for
        return False
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD)
    except OSError:
        return False
    head = re.sub(rb"<!--.*?-->", b"", head, flags=re.DOTALL)
    return b"<opencv_storage>" in head and bool(
        re.search(rb'type_id="?opencv-(cascade|haar)-classifier', head)
    )


def at(path: Path, label: str = "") -> Windows:
    """The detector that a cascade file is; ParameterError where nobody can read it.

    Without a `label` things are called after the file.
    """
    from cvkit.models.classical.haar import Cascade, CascadeDetector
    from cvkit.models.classical.soundness import fault

    label = label or re.sub(r"^(haar|lbp|hog)cascade_", "", path.stem)
    if why := fault(path):
        raise _unreadable(path, why)
    cascade = Cascade(path)
    if cascade.loaded:
        return CascadeDetector(cascade, label)
    if b"LBP" not in path.read_bytes()[:_HEAD]:
        raise _unreadable(path, "OpenCV cannot load it")
    from cvkit.models.classical.lbp import LbpDetector

    return LbpDetector(path, label)


def _unreadable(path: Path, why: str) -> ParameterError:
    remedy = "give a cascade as opencv_traincascade writes it"
    return ParameterError(f"{path} is no cascade that can be read", why=why, remedy=remedy)


_NOWHERE = frozenset({"haar-car", "haar-cars", "haar-vehicle"})
