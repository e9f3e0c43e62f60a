"""What a PyTorch checkpoint holds, read from its pickle's instructions: nothing of it is run.

A pickle is a program: to load it is to run it. Its instructions can be listed all the same, and
name every class and function that loading would import. That tells a checkpoint of ultralytics
from one of the YOLOv5 repository, from bare weights and from what is no network at all.
"""

from __future__ import annotations

import io
import pickletools
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cvkit.core.errors import MissingError, ParameterError

_MOST = 1 << 26
"""Bytes of instructions that are read; the numbers of a network lie outside of them."""
_LEGACY = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."
"""The first pickle of a file of PyTorch before 1.6: a number, then the version, then the machine,
then what was saved."""

_TASKS = {
    "SegmentationModel": "segmentation",
    "PoseModel": "pose",
    "OBBModel": "turned boxes",
    "ClassificationModel": "classification",
    "SemanticSegmentationModel": "segmentation",
    "DepthModel": "depth",
}
"""Of `ultralytics.nn.tasks`; its other classes detect."""

_PROGRAMS = frozenset(
    """os posix nt sys subprocess shutil socket runpy pty ctypes importlib imp code codeop pdb bdb
    webbrowser multiprocessing asyncio threading signal urllib http requests ftplib smtplib
    telnetlib pip pickle marshal inspect platform tempfile""".split()
)
_CALLS = frozenset("eval exec compile open input __import__ breakpoint globals locals vars".split())
"""Built-in functions that no checkpoint of a network needs."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """`imports`: the classes and functions that loading it would import, (module, name)."""

    path: Path
    imports: frozenset[tuple[str, str]]

    @property
    def programs(self) -> list[str]:
        """What it would call that reaches beyond a network: files, processes, the net."""
        return sorted(
            f"{module}.{name}"
            for module, name in self.imports
            if module.partition(".")[0] in _PROGRAMS
            or (module in ("builtins", "__builtin__") and name.partition(".")[0] in _CALLS)
        )

    @property
    def classes(self) -> list[str]:
        """Those that are neither Python's nor PyTorch's own."""
        own = ("torch", "collections", "builtins", "__builtin__", "numpy", "pathlib", "copyreg")
        return sorted(
            f"{module}.{name}"
            for module, name in self.imports
            if module.partition(".")[0] not in (*own, "_codecs", "argparse", "datetime")
        )

    def named(self, module: str) -> list[str]:
        """What it takes from a module and those below it."""
        below = f"{module}."
        return [name for m, name in self.imports if m == module or m.startswith(below)]


def look(path: Path) -> Checkpoint:
    """What the file holds. Raises MissingError where it is damaged or no file of PyTorch."""
    imports = {pair for pickle in _pickles(path) for pair in _imports(path, pickle)}
    return Checkpoint(path, frozenset(imports))


def check_detects(held: Checkpoint) -> None:
    """Raises ParameterError where it is no checkpoint of an ultralytics network that detects."""
    what = f"{held.path.name} cannot be used"
    if held.programs:
        raise ParameterError(
            f"{held.path.name} is not opened",
            why=f"it is no plain network: as it is loaded it would use {_few(held.programs)}",
            remedy="get the model from its makers, best as an .onnx file",
        )
    tasks = held.named("ultralytics.nn.tasks") or held.named("ultralytics.yolo")
    other = sorted({_TASKS[name] for name in tasks if name in _TASKS})
    if other and not any(name.endswith("Model") and name not in _TASKS for name in tasks):
        raise ParameterError(what, why=f"it is a network for {other[0]}, and detect needs boxes")
    if held.named("ultralytics.nn"):
        return
    if held.named("models.yolo") or held.named("models.common") or held.named("yolov5"):
        raise _of_a_repository(held, what)
    if held.named("torchvision"):
        network = _few(sorted(set(held.named("torchvision.models"))))
        raise ParameterError(
            what,
            why=f"it is a network of torchvision ({network}), which cvkit does not load",
            remedy="export it with torch.onnx.export, then give the .onnx file",
        )
    if not held.classes:
        layers = held.named("torch.nn.modules") or held.named("torch.nn.parallel")
        raise ParameterError(
            what,
            why="it is built of PyTorch's own layers, and nothing says how to feed and read it"
            if layers
            else "it holds weights only (a state_dict), without the network that they are for",
            remedy="export it to ONNX with the code that made it, then give the .onnx file",
        )
    raise ParameterError(
        what,
        why=f"it needs the code that made it, {_few(held.classes)}",
        remedy="export it to ONNX with that code, then give the .onnx file",
    )


def _of_a_repository(held: Checkpoint, what: str) -> ParameterError:
    """That it is of the YOLOv5, v7 or v9 repository, whose classes are nowhere but there."""
    blocks = set(held.named("models"))
    repository, flags = "YOLOv5", "--include onnx --dynamic"
    if blocks & {"SPPCSPC", "SP", "MP", "RepConv"}:
        repository, flags = "YOLOv7", "--grid"
    elif blocks & {"RepNCSPELAN4", "RepConvN", "ADown", "SPPELAN"}:
        repository, flags = "YOLOv9", "--include onnx --dynamic"
    return ParameterError(
        what,
        why=f"it was saved by the {repository} repository, and only the code there can load it",
        remedy=f"there: python export.py --weights {held.path.name} {flags}, "
        f"then give {held.path.stem}.onnx here",
    )


def _few(names: list[str], most: int = 3) -> str:
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more} more" if more > 0 else "")


def _pickles(path: Path) -> Iterator[io.BytesIO]:
    """The instructions of each pickle in the file; PyTorch's zip holds one."""
    with open(path, "rb") as file:
        head = file.read(4096)
        if head.startswith(b"PK"):
            yield io.BytesIO(_zipped(path))
            return
        if head[8:9] == b"{" and int.from_bytes(head[:8], "little") < _MOST:
            raise _no_checkpoint(path, "it is a safetensors file, which holds weights only")
        if not head.startswith(b"\x80"):
            raise _no_checkpoint(path, "it is no file of PyTorch")
        file.seek(0)
        stream = io.BytesIO(file.read(_MOST))
    yield stream
    if head.startswith(_LEGACY):
        yield from (stream, stream, stream)


def _zipped(path: Path) -> bytes:
    try:
        with zipfile.ZipFile(path) as archive:
            names = [name for name in archive.namelist() if name.endswith("/data.pkl")]
            if len(names) != 1:
                raise _no_checkpoint(path, "it is a zip of something else")
            with archive.open(names[0]) as file:
                return file.read(_MOST)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, RuntimeError) as error:
        raise _no_checkpoint(path, "it is cut or damaged") from error


def _imports(path: Path, stream: io.BytesIO) -> set[tuple[str, str]]:
    """What the next pickle of a stream would import."""
    found: set[tuple[str, str]] = set()
    texts: list[str] = []  # those pushed so far, which STACK_GLOBAL takes its two from
    memo: dict[int, str] = {}
    try:
        for opcode, argument, _ in pickletools.genops(stream):
            match opcode.name:
                case "GLOBAL" | "INST":
                    module, _, name = str(argument).partition(" ")
                    found.add((module, name))
                case "STACK_GLOBAL":
                    module, name = texts[-2:] if len(texts) > 1 else ("?", "?")
                    found.add((module, name))
                case "MEMOIZE":
                    memo[len(memo)] = texts[-1] if texts else ""
                case "PUT" | "BINPUT" | "LONG_BINPUT":
                    memo[int(str(argument))] = texts[-1] if texts else ""
                case "GET" | "BINGET" | "LONG_BINGET":
                    texts.append(memo.get(int(str(argument)), ""))
                case _ if isinstance(argument, str):
                    texts.append(argument)
    except (ValueError, MemoryError, OverflowError) as error:
        raise _no_checkpoint(path, "it is cut or damaged") from error
    return found


def _no_checkpoint(path: Path, why: str) -> MissingError:
    return MissingError(f"{path.name} cannot be loaded", why=why)
