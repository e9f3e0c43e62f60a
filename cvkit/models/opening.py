"""Which model a name or a path means, and the models that are open."""

from __future__ import annotations

import os
from pathlib import Path
from threading import Lock

from cvkit.core.errors import MissingError, ParameterError
from cvkit.models.detector import Detector, NetworkDetector
from cvkit.models.device import Device
from cvkit.models.recipe import AS_THE_FILE_SAYS, Recipe
from cvkit.models.settings import DEFAULTS, Settings

BUILT_IN = ("hog", "haar-face", "haar-plate")
"""Detectors that need no file."""

_Key = tuple[str, int, int, int, str]


class Models:
    """Opens models, each network once a device; safe to use from several threads.

    A network stays open as long as its `Models` does. Detectors that are `per_thread` are made
    anew by every `open`, so each thread opens its own.
    """

    def __init__(self, settings: Settings = DEFAULTS) -> None:
        """Raises ParameterError where a setting has a value that it cannot have."""
        self.settings = settings
        self.device = Device.of(settings.device)
        self._lock = Lock()
        self._open: dict[_Key, NetworkDetector] = {}

    def open(
        self, model: str, *, task: str = "detect", recipe: Recipe = AS_THE_FILE_SAYS
    ) -> Detector:
        """The detector that `model`, a name or the path of an ONNX file, means.

        `recipe` is what the user says of the network; it goes before card and file.

        Raises MissingError where there is no such model, it cannot be loaded, or the device that
        was asked for cannot be had; ParameterError where it is no detector that cvkit knows.
        """
        if task != "detect":
            raise ParameterError(f"there is no task {task!r}; cvkit's models can detect")
        if model.lower().endswith(".onnx"):
            return self._network(Path(model))
        if model in BUILT_IN:
            return _built_in(model, self.device)
        raise _unknown(model)

    def close(self) -> None:
        """Forget every network; those in use end with their last user."""
        with self._lock:
            self._open.clear()

    def _network(self, path: Path) -> NetworkDetector:
        from cvkit.models.backends.onnx import OnnxNetwork

        with self._lock:
            key = _key(path, self.device)
            detector = self._open.get(key)
            if detector is None:
                detector = self._open[key] = NetworkDetector(OnnxNetwork(path, self.device))
            return detector


def _key(path: Path, device: Device) -> _Key:
    """The file as it is now; raises MissingError where it cannot be read."""
    if not os.path.exists(path):  # unlike Path.exists, False where a folder may not be entered
        raise MissingError(f"there is no model file {path}", remedy=_choice())
    if not path.is_file() or not os.access(path, os.R_OK):
        why = "it is not a file" if not path.is_file() else "it may not be read"
        raise MissingError(f"the model {path} cannot be opened", why=why)
    stat = path.stat()
    return (os.path.realpath(path), stat.st_ino, stat.st_mtime_ns, stat.st_size, str(device))


def _built_in(name: str, device: Device) -> Detector:
    from cvkit.models.classical.cascades import HAARS, HaarDetector, HogDetector

    if device.kind == "cuda":
        raise MissingError(f"{name} runs on the processor only", remedy="use --device cpu or auto")
    return HogDetector() if name == "hog" else HaarDetector(HAARS[name])


def _unknown(model: str) -> MissingError | ParameterError:
    if model == "haar-car":
        return MissingError(
            "there is no haar-car",
            why="no OpenCV package carries a cascade for cars",
            remedy="give the path of a network that finds them, such as a YOLOv8 .onnx file",
        )
    if os.path.isfile(model):
        return ParameterError(
            f"model must be a name or an .onnx file, got {model}", remedy="export it to ONNX"
        )
    return MissingError(f"there is no model {model!r}", remedy=_choice())


def _choice() -> str:
    return f"give the path of an .onnx file, or one of {', '.join(BUILT_IN)}"
