"""Which model a name or a path means, and the models that are open."""

from __future__ import annotations

import os
from pathlib import Path

from cvkit.core.errors import MissingError, ParameterError
from cvkit.models.backends import formats
from cvkit.models.classical import catalogue
from cvkit.models.detector import Detector
from cvkit.models.device import Device
from cvkit.models.networks import Networks
from cvkit.models.origin import Origin
from cvkit.models.recipe import AS_THE_FILE_SAYS, Recipe
from cvkit.models.settings import DEFAULTS, Settings

BUILT_IN = catalogue.NAMES
"""Detectors that need no download."""


class Models:
    """Opens models, each network once a device; safe to use from several threads.

    A network stays open as long as its `Models` does. Detectors that are `per_thread` are made
    anew by every `open`, so each thread opens its own.
    """

    def __init__(self, settings: Settings = DEFAULTS) -> None:
        """Raises ParameterError where a setting has a value that it cannot have."""
        self.settings = settings
        self.device = Device.of(settings.device)
        self._networks = Networks(settings)
        self._opened: dict[str, Origin] = {}

    def open(
        self, model: str, *, task: str = "detect", recipe: Recipe = AS_THE_FILE_SAYS
    ) -> Detector:
        """The detector that `model`, a name or the path of a network or cascade, means.

        `recipe` is what the user says of the network; it goes before card and file.

        Raises MissingError where there is no such model, it cannot be loaded, or the device that
        was asked for cannot be had; ParameterError where it is no detector that cvkit knows.
        """
        if task != "detect":
            raise ParameterError(f"there is no task {task!r}; cvkit's models can detect")
        detector, origin = self._found(model, recipe)
        self._opened[model] = origin
        return detector

    @property
    def opened(self) -> list[Origin]:
        """What has been opened, in order."""
        return list(dict.fromkeys(self._opened.values()))

    def check_used(self) -> None:
        """Raises ParameterError where a setting is of networks and none was opened."""
        given = [("--backend", self.settings.backend != "auto"), ("--half", self.settings.half)]
        idle = [name for name, said in given if said]
        if idle and self._opened and not self._networks.opened:
            raise ParameterError(
                f"{idle[0]} has no meaning here",
                why=f"{' and '.join(self._opened)} searches windows and is no network",
            )

    def _found(self, model: str, recipe: Recipe) -> tuple[Detector, Origin]:
        path, name = Path(model), os.path.basename(model.rstrip(os.sep))
        if catalogue.known(model):
            return _classical(self.device, model, recipe), Origin(model)
        if catalogue.is_cascade(path):
            return _classical(self.device, model, recipe), Origin(name, path)
        if formats.named(model) and os.path.exists(model):
            return self._at(path, recipe, name)
        from cvkit.models import store  # start-up: a path needs no cards

        held = store.meant(model, self.settings)
        if held is not None:
            detector = self._networks.detector(held.files[0], recipe.over(held.recipe))
            return detector, Origin(held.name, held.files[0], held.licence or detector.licence)
        if "://" in model:
            why = "a model is a name or a file of this machine"
            raise MissingError(f"{model} is an address", why=why, remedy="fetch it, give its path")
        if formats.named(model) or os.path.exists(model):
            return self._at(path, recipe, name)
        raise store.unknown(model)

    def _at(self, path: Path, recipe: Recipe, name: str) -> tuple[Detector, Origin]:
        detector = self._networks.detector(path, recipe)
        return detector, Origin(name, path, detector.licence)

    def close(self) -> None:
        """Forget every network; those in use end with their last user."""
        self._networks.close()


def _classical(device: Device, model: str, recipe: Recipe) -> Detector:
    """The detector of this name, or the cascade that lies there."""
    if device.kind == "cuda":
        raise MissingError(f"{model} runs on the processor only", remedy="use --device cpu or auto")
    if recipe.size is not None or recipe.decoder is not None:
        raise ParameterError(
            f"{model} has neither --imgsz nor --decoder",
            why="it is no network, but searches windows",
        )
    if not catalogue.known(model):
        return catalogue.at(Path(model), "".join(recipe.labels[:1]))
    detector = catalogue.named(model)
    if recipe.labels:
        finds = " and ".join(detector.labels)
        raise ParameterError(f"{model} has no --labels", why=f"what it finds is called {finds}")
    return detector
