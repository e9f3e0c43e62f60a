"""Which kind of network a path is, by its content and its suffix, and which files belong to it."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Literal

from cvkit.core.errors import CvkitError, MissingError, ParameterError
from cvkit.models.backends import metadata, onnx_file, wire
from cvkit.models.backends.onnx_file import OnnxFile
from cvkit.models.labels.given import beside, from_file
from cvkit.models.network import Facts

Kind = Literal[
    "onnx",
    "openvino",
    "darknet",
    "caffe",
    "tensorflow",
    "tflite",
    "torchscript",
    "checkpoint",
    "tensorrt",
]

TITLES: dict[Kind, str] = {
    "onnx": "an ONNX network (.onnx)",
    "openvino": "an OpenVINO network (.xml with .bin, or their folder)",
    "darknet": "a Darknet network (.cfg with .weights)",
    "caffe": "a Caffe network (.prototxt with .caffemodel)",
    "tensorflow": "a frozen TensorFlow graph (.pb)",
    "tflite": "a TFLite network (.tflite)",
    "torchscript": "a TorchScript network (.torchscript)",
    "checkpoint": "a PyTorch checkpoint (.pt)",
    "tensorrt": "a TensorRT engine (.engine)",
}
SUFFIXES: dict[str, Kind] = {
    ".onnx": "onnx",
    ".xml": "openvino",
    ".bin": "openvino",
    ".cfg": "darknet",
    ".weights": "darknet",
    ".prototxt": "caffe",
    ".caffemodel": "caffe",
    ".pb": "tensorflow",
    ".pbtxt": "tensorflow",
    ".tflite": "tflite",
    ".torchscript": "torchscript",
    ".pt": "checkpoint",
    ".pth": "checkpoint",
    ".engine": "tensorrt",
    ".plan": "tensorrt",
}
_TEXT = frozenset({".xml", ".cfg", ".prototxt", ".pbtxt"})
_MOST_TEXT = 1 << 26
_HEAD = 4096
_DARKNET_HEADER = 16
"""Bytes before the numbers in Darknet's weights; OpenCV takes what lies in memory for the rest."""


@dataclass(frozen=True)
class ModelFile:
    """`graph` is what is run or describes it, `weights` the second file where there are two,
    `metadata` what an exporter left beside."""

    kind: Kind
    name: str
    graph: Path
    weights: Path | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)

    @property
    def facts(self) -> Facts | None:
        """What the file says of itself, where that can be read without a runtime.

        Raises MissingError where it is damaged.
        """
        return self._told.facts if self.kind == "onnx" else None

    @property
    def integer(self) -> tuple[str, ...]:
        """The operations in it that quantise while they run. Raises as `facts`."""
        return self._told.integer if self.kind == "onnx" else ()

    @cached_property
    def _told(self) -> OnnxFile:
        try:
            return onnx_file.read(self.graph)
        except wire.Malformed:
            raise damaged(self.graph, "it is cut, damaged or no ONNX network") from None

    @property
    def files(self) -> tuple[Path, ...]:
        """Every file whose content decides what the network finds."""
        return (self.graph,) if self.weights is None else (self.graph, self.weights)


def named(model: str) -> bool:
    """Whether a model's name can only be a path: it has a network's suffix or a folder in it."""
    return os.path.splitext(model.lower())[1] in SUFFIXES or os.sep in model


def look(path: Path) -> ModelFile:
    """What `path` is. Raises MissingError where it cannot be read, is damaged or lacks its other
    file, ParameterError where it is no network."""
    if not os.path.exists(path):  # unlike Path.exists, False where a folder may not be entered
        raise MissingError(f"there is no model file {path}")
    if path.is_dir():
        return _folder(path)
    if not path.is_file() or not os.access(path, os.R_OK):
        why = "it is not a file" if not path.is_file() else "it may not be read"
        raise MissingError(f"the model {path} cannot be opened", why=why)
    head = _head(path)
    kind, refusal = _by_content(path, head), _refusal(path, head)
    kind = kind or SUFFIXES.get(path.suffix.lower()) or ("onnx" if _is_onnx(path) else None)
    if kind is None:
        raise ParameterError(f"{path} is no network that cvkit knows", remedy=known())
    if refusal:
        raise damaged(path, refusal)
    return _READERS[kind](path)


def weights_of(path: Path) -> Path:
    """The file that holds the numbers of a network, whichever of its files or folder is `path`;
    `path` itself where it is something else."""
    try:
        model = look(path)
    except CvkitError:
        return path
    apart = model.weights if model.kind in ("openvino", "darknet", "caffe") else None
    return apart or model.graph


def known() -> str:
    return f"it takes {', '.join(list(TITLES.values())[:-1])} or {TITLES['tensorrt']}"


def damaged(path: Path, why: str) -> MissingError:
    return MissingError(f"{path.name} cannot be loaded", why=why)


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_HEAD)


def _by_content(path: Path, head: bytes) -> Kind | None:
    """What the first bytes say for certain."""
    if head[4:8] == b"TFL3":
        return "tflite"
    if head.startswith(b"PK"):
        return _zipped(path)
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    if start.startswith((b"<?xml", b"<net")) and b"<net" in head:
        return "openvino"
    return "darknet" if start.startswith(b"[net]") else None


def _is_onnx(path: Path) -> bool:
    try:
        onnx_file.read(path)
    except wire.Malformed:
        return False
    return True


def _zipped(path: Path) -> Kind:
    """PyTorch writes both into a zip; what is in it says which. Nothing is unpacked."""
    from zipfile import BadZipFile, ZipFile

    try:
        with ZipFile(path) as archive:
            names = archive.namelist()
    except (BadZipFile, OSError, ValueError, NotImplementedError):
        raise damaged(path, "it is cut or damaged") from None
    return "torchscript" if any("/code/" in name for name in names) else "checkpoint"


def _refusal(path: Path, head: bytes) -> str:
    """What a file that is no network plainly is."""
    if not head:
        return "the file is empty"
    if head.startswith(b"version https://git-lfs"):
        return "it is a Git LFS pointer, not the weights; `git lfs pull` fetches them"
    text = all(byte in b"\t\n\r\f" or byte >= 32 for byte in head) and head.isascii()
    if text and path.suffix.lower() not in _TEXT and not head.lstrip().startswith((b"<", b"[net]")):
        return "it is a text file, not a network"
    if path.suffix.lower() in _TEXT and path.stat().st_size > _MOST_TEXT:
        return "it is too large for a description of a network"
    return ""


def _folder(path: Path) -> ModelFile:
    """A folder as ultralytics exports it: one network, with its metadata."""
    graphs = sorted(path.glob("*.xml"))
    if len(graphs) == 1:
        return _openvino(graphs[0], path.name)
    why = "it holds no OpenVINO network (.xml with .bin)" if not graphs else "it holds several .xml"
    if (path / "saved_model.pb").exists():
        why = "a SavedModel has to be frozen into one .pb, or converted to ONNX"
    raise MissingError(f"the folder {path} is no model", why=why, remedy="name the file itself")


def _openvino(path: Path, name: str = "") -> ModelFile:
    graph, weights = _pair(path, (".xml",), (".bin",))
    if b"<net" not in _head(graph):
        raise damaged(graph, "it is no description of an OpenVINO network")
    told = graph.parent / "metadata.yaml"
    beside = metadata.from_yaml(_text(told)) if told.is_file() else {}
    return ModelFile("openvino", name or graph.name, graph, weights, metadata=beside)


def _darknet(path: Path) -> ModelFile:
    graph, weights = _pair(path, (".cfg",), (".weights",))
    if weights.stat().st_size < _DARKNET_HEADER:
        raise damaged(weights, "it is cut or no file of Darknet's weights")
    return ModelFile("darknet", graph.name, graph, weights, metadata=labels_beside(graph))


def _caffe(path: Path) -> ModelFile:
    graph, weights = _pair(path, (".prototxt",), (".caffemodel",))
    layers = " ".join(re.findall(r'\bname\s*:\s*"([^"]{1,200})"', _text(graph)))
    told = labels_beside(graph) | {"layers": layers}
    return ModelFile("caffe", weights.name, graph, weights, metadata=told)


def _tensorflow(path: Path) -> ModelFile:
    """The text graph is only wanted by OpenCV, so it may be missing."""
    if path.suffix.lower() == ".pbtxt":
        text, graph = _pair(path, (".pbtxt",), (".pb",))
        return ModelFile("tensorflow", graph.name, graph, text, metadata=labels_beside(graph))
    text_beside = path.with_suffix(".pbtxt")
    text_or_none = text_beside if text_beside.is_file() else None
    return ModelFile("tensorflow", path.name, path, text_or_none, metadata=labels_beside(path))


def _alone(kind: Kind) -> Callable[[Path], ModelFile]:
    return lambda path: ModelFile(kind, path.name, path, metadata=labels_beside(path))


_READERS: dict[Kind, Callable[[Path], ModelFile]] = {
    "onnx": lambda path: ModelFile("onnx", path.name, path),
    "openvino": _openvino,
    "darknet": _darknet,
    "caffe": _caffe,
    "tensorflow": _tensorflow,
    "tflite": _alone("tflite"),
    "torchscript": _alone("torchscript"),
    "checkpoint": _alone("checkpoint"),
    "tensorrt": _alone("tensorrt"),
}


def _pair(path: Path, first: tuple[str], second: tuple[str]) -> tuple[Path, Path]:
    """Both files of a network of which one was named; the other has its name, or is the only one
    of its suffix beside it."""
    own = path.suffix.lower()
    wanted = second[0] if own != second[0] else first[0]
    beside = [p for p in path.parent.iterdir() if p.suffix.lower() == wanted and p.is_file()]
    same = [p for p in beside if p.stem == path.stem]
    if not same and len(beside) != 1:
        why = "several files could be" if beside else "there is no"
        raise MissingError(
            f"{path.name} needs the file {path.stem}{wanted} beside it",
            why=f"{why} {wanted} in {path.parent}",
            remedy=f"put it there, with the name of {path.name}",
        )
    other = (same or beside)[0]
    refusal = _refusal(other, _head(other))
    if refusal:
        raise damaged(other, refusal)
    return (other, path) if own == second[0] else (path, other)


def labels_beside(path: Path) -> dict[str, str]:
    """Labels from a text file beside a network, as metadata; none where it holds something else."""
    file = beside(path, [suffix for suffix in SUFFIXES if suffix not in _TEXT])
    try:
        return {"names": repr(list(from_file(file)))} if file else {}
    except ParameterError:
        return {}


def _text(path: Path) -> str:
    with path.open("rb") as file:
        return file.read(_MOST_TEXT).decode("utf-8", "replace")
