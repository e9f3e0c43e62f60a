"""Which backend runs a file: the first of a fixed order that is installed and can.

The order was measured, see `cvkit help backends`; no timing decides it, so that a run repeats.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec

from cvkit.core.errors import CvkitError, MissingError
from cvkit.models.backends.base import Backend, How
from cvkit.models.backends.formats import TITLES, Kind, ModelFile


@dataclass(frozen=True, slots=True)
class Known:
    """A backend: what it imports, what is installed for it, and which files it runs."""

    name: str
    title: str
    network: str
    """Module and class below `cvkit.models.backends`."""
    module: str
    package: str
    kinds: tuple[Kind, ...]
    extra: str | None = None
    """What brings it; None: the extra of its own name, empty: none."""
    cuda: bool = False
    half: bool = False

    @property
    def installed(self) -> bool:
        """Nothing is imported."""
        return find_spec(self.module) is not None

    @property
    def remedy(self) -> str:
        """The line that installs it."""
        extra = self.name if self.extra is None else self.extra
        return f'pip install "cvkit-cli[{extra}]"' if extra else f"pip install {self.package}"


_ALL = (
    Known(
        "tflite",
        "TFLite",
        "tflite:TfliteNetwork",
        "ai_edge_litert",
        "ai-edge-litert",
        ("tflite",),
    ),
    Known(
        "onnx",
        "ONNX Runtime",
        "onnx:OnnxNetwork",
        "onnxruntime",
        "onnxruntime",
        ("onnx",),
        extra="",
        cuda=True,
    ),
    Known(
        "openvino",
        "OpenVINO",
        "openvino:OpenvinoNetwork",
        "openvino",
        "openvino",
        ("onnx", "openvino", "tensorflow", "tflite"),
        half=True,
    ),
    Known(
        "torch",
        "PyTorch",
        "torch:TorchNetwork",
        "torch",
        "torch",
        ("torchscript", "checkpoint"),
        cuda=True,
        half=True,
    ),
    Known(
        "tensorrt",
        "TensorRT",
        "tensorrt:TensorrtNetwork",
        "tensorrt",
        "tensorrt",
        ("tensorrt",),
        extra="",
        cuda=True,
        half=True,
    ),
    Known(
        "opencv",
        "OpenCV DNN",
        "opencv:OpencvNetwork",
        "cv2",
        "opencv-contrib-python",
        ("onnx", "darknet", "caffe", "tensorflow", "tflite"),
        extra="",
    ),
)
BACKENDS = {known.name: known for known in _ALL}
"""In the order in which `auto` takes them."""


def load(model: ModelFile, how: How, backend: str = "auto") -> Backend:
    """The network, loaded. Raises MissingError where no backend can run it, or the one asked for
    cannot: with the reason, and the line that installs what is missing."""
    if backend != "auto":
        return _asked(model, how, BACKENDS[backend])
    refused: list[CvkitError] = []
    for known in _order(model, how):
        if not known.installed or _unable(known, model):
            continue
        try:
            return _load(known, model, how)
        except CvkitError as error:
            refused.append(error)
    raise refused[0] if refused else _none(model, how)


def choices(model: ModelFile) -> list[Known]:
    """The backends that take such a file, in the order of `auto`, installed or not."""
    return [known for known in BACKENDS.values() if not _unable(known, model)]


def _order(model: ModelFile, how: How) -> list[Known]:
    known = [one for one in BACKENDS.values() if model.kind in one.kinds]
    if how.half:
        known = [one for one in known if one.half]
    if how.device.kind == "cuda":
        return [one for one in known if one.cuda]
    if how.device.kind == "auto":  # a device that is there goes before the processor
        known.sort(key=lambda one: not (one.cuda and one.installed and _has_cuda(one)))
    return known


def _asked(model: ModelFile, how: How, known: Known) -> Backend:
    why = _unable(known, model)
    if why:
        able = ", ".join(one.name for one in choices(model))
        raise MissingError(
            f"{known.title} cannot run {model.name}", why=why, remedy=f"use --backend {able}"
        )
    if not known.installed:
        raise _not_installed(known)
    if how.device.kind == "cuda" and not known.cuda:
        raise MissingError(
            f"there is no {how.device} for {model.name}",
            why=f"{known.title} runs on the processor only here",
            remedy="use --device cpu or another --backend",
        )
    return _load(known, model, how)


def _load(known: Known, model: ModelFile, how: How) -> Backend:
    module, name = known.network.split(":")
    try:
        network: Callable[[ModelFile, How], Backend] = getattr(
            import_module(f"cvkit.models.backends.{module}"), name
        )
        return network(model, how)
    except ImportError as error:
        raise MissingError(
            f"{known.package}, which runs {model.name}, cannot be imported",
            why=str(error).partition("\n")[0],
            remedy=known.remedy.replace("install", "install --force-reinstall", 1),
        ) from error


def _unable(known: Known, model: ModelFile) -> str:
    """Why a backend cannot run a file; empty where it may."""
    if model.kind not in known.kinds:
        return f"it takes no {TITLES[model.kind].partition(' ')[2]}"
    if known.name == "opencv" and model.integer:
        return f"it has no {model.integer[0]}, which networks use that quantise as they run"
    return ""


def _none(model: ModelFile, how: How) -> MissingError:
    able = choices(model)
    if not able:
        title = TITLES[model.kind].partition(" ")[2]
        return MissingError(
            f"{model.name} cannot be run as it is",
            why=f"it is a {title}",
            remedy="export it to ONNX",
        )
    if how.half and not any(one.half for one in able):
        return MissingError(
            f"{model.name} cannot run with --half",
            why=f"no such precision in {' and '.join(one.title for one in able)}",
            remedy="leave --half out",
        )
    if how.device.kind == "cuda" and not any(one.cuda for one in able):
        return MissingError(
            f"there is no {how.device} for {model.name}",
            why=f"only the processor runs it, by {' or '.join(one.title for one in able)}",
            remedy="use --device cpu",
        )
    wanted = [one for one in _order(model, how) if not one.installed]
    return _not_installed(wanted[0], f"{model.name} needs {wanted[0].package}")


def _not_installed(known: Known, what: str = "") -> MissingError:
    return MissingError(what or f"{known.title} is not installed", remedy=known.remedy)


def _has_cuda(known: Known) -> bool:
    """Whether an installed backend finds a CUDA device."""
    module = import_module(f"cvkit.models.backends.{known.network.partition(':')[0]}")
    return bool(module.has_cuda())
