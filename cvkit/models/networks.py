"""The networks that are open: each file once, however many steps and threads ask for it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from threading import Lock

from cvkit.models.backends import choice, formats, metadata
from cvkit.models.backends.base import How
from cvkit.models.backends.formats import ModelFile
from cvkit.models.detector import NetworkDetector
from cvkit.models.device import Device
from cvkit.models.network import Facts
from cvkit.models.recipe import AS_THE_FILE_SAYS, Recipe
from cvkit.models.settings import Settings, Step

_Key = tuple[object, ...]

_PROGRAMS = ("checkpoint", "torchscript", "tensorrt")
"""Kinds of file that hold programs, which may do what they like."""


class Networks:
    """Opens networks by the paths of their files; safe to use from several threads."""

    def __init__(self, settings: Settings) -> None:
        """Raises ParameterError where a setting has a value that it cannot have."""
        self._settings = settings
        self._device = Device.of(settings.device)
        self._lock = Lock()
        self._open: dict[_Key, NetworkDetector] = {}

    def detector(self, path: Path, recipe: Recipe = AS_THE_FILE_SAYS) -> NetworkDetector:
        """The detector that lies at `path`, any file or folder that `formats.look` knows.

        Raises MissingError where it cannot be loaded or the device, the precision or the backend
        that was asked for cannot be had; ParameterError where it is no detector that cvkit knows.
        """
        with self._lock:
            model = self._runnable(formats.look(path))
            key = (*_state(model.files), recipe)
            detector = self._open.get(key)
            if detector is None:
                if model.kind in _PROGRAMS:
                    from cvkit.models import store

                    store.check_trust(model.graph, self._settings)
                how = How(
                    self._device,
                    self._settings.half,
                    recipe.size,
                    self._note,
                    self._settings.single,
                )
                network = choice.load(model, how, self._settings.backend)
                recipe = self._labelled(model, network.facts, recipe)
                detector = self._open[key] = NetworkDetector(network, recipe, how.tell)
                if not (recipe.labels or network.facts.names):
                    way = "give --labels (coco80, a file, names)"
                    self._note(f"{model.name} does not name its classes: {way}")
            return detector

    def _labelled(self, model: ModelFile, facts: Facts, recipe: Recipe) -> Recipe:
        """With the labels that lie beside a file that has none."""
        if recipe.labels or model.metadata.get("names"):
            return recipe
        if facts.names and model.kind == "darknet":
            self._note(f"{model.name} has 80 classes: they are called as COCO's, or say --labels")
        if facts.names:
            return recipe
        told = metadata.names(formats.labels_beside(model.graph).get("names", ""))
        return replace(recipe, labels=told)

    @property
    def opened(self) -> bool:
        """Whether any network is open."""
        return bool(self._open)

    def close(self) -> None:
        """Forget every network; those in use end with their last user."""
        with self._lock:
            self._open.clear()

    def _runnable(self, model: ModelFile) -> ModelFile:
        """A checkpoint's ONNX file; where torch is asked for, the checkpoint if it may be loaded;
        anything else as it is."""
        if model.kind != "checkpoint":
            return model
        from cvkit.models import export

        if self._settings.backend == "torch":
            export.check(model.graph, self._settings)
            return model
        return formats.look(export.to_onnx(model.graph, self._settings))

    def _note(self, text: str) -> None:
        self._settings.tell(Step(note=text))


def _state(files: Sequence[Path]) -> _Key:
    """The files as they are now."""
    stats = [(os.path.realpath(file), file.stat()) for file in files]
    return tuple((real, s.st_ino, s.st_mtime_ns, s.st_size) for real, s in stats)
