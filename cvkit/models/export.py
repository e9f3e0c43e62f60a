"""Checkpoints become ONNX files, once: later runs need neither torch nor ultralytics."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from cvkit.core.errors import MissingError
from cvkit.io.safe import appearing
from cvkit.models import checkpoint, exporter
from cvkit.models.backends.hush import hushed
from cvkit.models.settings import DEFAULTS, Settings, Step
from cvkit.models.store import check_trust, folder

if TYPE_CHECKING:
    import torch

REVISION = 1
"""Raised whenever an export is made in another way."""
NEEDS = ("ultralytics", "torch", "torchvision", "onnx", "onnxslim")
_NEUTRAL = "checkpoint.pt"
"""Of a file yolov5s.pt, ultralytics fetches its own yolov5su.pt instead."""
REMEDY = 'pip install "cvkit-cli[yolo]"'


def to_onnx(path: Path, settings: Settings = DEFAULTS) -> Path:
    """The ONNX file of the ultralytics checkpoint at `path`, of free batch and size.

    It lies in the cache, by the checkpoint's content and the exporter's major version, and is made
    where it is not there yet; of several processes that ask, one makes it. Only that loads the
    checkpoint, and needs `--trust` or a known content.

    Raises ParameterError where it is no such checkpoint, is for another task or is not trusted;
    MissingError where it is damaged or what makes the export is not installed or fails;
    OutputError where the cache cannot be written.
    """
    digest = folder.sha256_of(path)
    made = _made(digest)
    if made is not None:
        return made
    check(path, settings)
    note = f"{path.name} is exported to ONNX, once; later runs use that"
    wait = f"waiting for another cvkit that exports {path.name}"
    guard = _exports() / f".{digest}.guard"
    with folder.alone(
        str(guard.relative_to(folder.cache_folder())),
        lambda: settings.tell(Step(path.name, note=wait)),
    ):
        made = _made(digest)
        if made is None:
            settings.tell(Step(path.name, note=note))
            made = _export(path, digest)
    return made


def check(path: Path, settings: Settings) -> None:
    """Raises as `to_onnx` does, before the checkpoint is loaded by anything."""
    checkpoint.check_detects(checkpoint.look(path))
    check_trust(path, settings)
    missing = [name for name in NEEDS if find_spec(name) is None]
    if missing:
        raise MissingError(
            f"{path.name} cannot be exported to ONNX",
            why=f"{' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} not installed",
            remedy=f"{REMEDY} brings it (ultralytics is under AGPL-3.0), or give an .onnx file",
        )


def load(path: Path) -> tuple[torch.nn.Module, dict[str, str]]:
    """The network of a checkpoint for `--backend torch`, on the processor, in float32 and for
    running, with its metadata as an ONNX file has it. `check` comes first: this runs the pickle.

    Raises MissingError where it cannot be loaded.
    """
    exporter.quietly(_exports() / ".settings")
    try:
        with hushed(), TemporaryDirectory() as work:
            copy = shutil.copyfile(path, Path(work) / _NEUTRAL)
            return exporter.module_of(copy)
    except Exception as error:
        why = _line(f"{type(error).__name__}: {error}")
        raise MissingError(f"{path.name} cannot be loaded", why=why) from error


def _exports() -> Path:
    return folder.cache_folder() / folder.EXPORTS


def _home(digest: str, major: str) -> Path:
    return _exports() / f"{digest}-ultralytics{major}-{REVISION}"


def _made(digest: str) -> Path | None:
    """The export that the installed ultralytics would make; without one, any that is there."""
    homes = [_home(digest, _major())] if _major() else sorted(_exports().glob(f"{digest}-*"))
    found = [file for home in reversed(homes) for file in home.glob("*.onnx")]
    return found[0] if found else None


def _major() -> str:
    """Of the version of ultralytics, which is not imported; empty where there is none."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("ultralytics").partition(".")[0]
    except PackageNotFoundError:
        return ""


def _export(path: Path, digest: str) -> Path:
    """Run the exporter on a copy, so that what was checked is what is loaded."""
    target = _home(digest, _major()) / f"{path.stem}.onnx"
    work = _exports() / f".making-{digest}"
    shutil.rmtree(work, ignore_errors=True)  # of one that was killed
    try:
        work.mkdir(parents=True)
        copy = work / _NEUTRAL
        shutil.copyfile(path, copy)
        if folder.sha256_of(copy) != digest:
            raise MissingError(f"{path.name} changed while it was read", remedy="try again")
        _run(copy, path.name)
        target.parent.mkdir(exist_ok=True)
        with appearing(target, overwrite=True) as temporary:
            os.replace(copy.with_suffix(".onnx"), temporary)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return target


def _run(copy: Path, name: str) -> None:
    """-P: no module that happens to lie in the current folder is imported."""
    done = subprocess.run(
        [sys.executable, "-P", exporter.__file__, str(copy)],
        cwd=copy.parent,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    told = _told(done.stdout)
    what = f"{name} cannot be exported to ONNX"
    if "missing" in told:
        raise MissingError(what, why=_line(told["missing"]), remedy=REMEDY)
    if "failed" in told:
        raise MissingError(what, why=_line(told["failed"]))
    if done.returncode < 0:
        ended = signal.Signals(-done.returncode).name
        raise MissingError(
            what, why=f"the exporter was ended by {ended}", remedy="it needs about 2 GB of memory"
        )
    if not copy.with_suffix(".onnx").is_file():
        raise MissingError(what, why="ultralytics wrote no file")


def _told(printed: bytes) -> dict[str, str]:
    try:
        told = json.loads(printed.splitlines()[-1])
    except (IndexError, ValueError):
        return {}
    return told if isinstance(told, dict) else {}


def _line(text: str) -> str:
    """The first line of ultralytics' message, without its signs."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    return " ".join(first.replace("ERROR", "").replace("❌", "").replace("️", "").split())[:300]
