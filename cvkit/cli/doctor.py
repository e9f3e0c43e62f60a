"""`cvkit doctor`: what this machine has, and the line that mends what it lacks."""

from __future__ import annotations

import importlib
import json
import platform
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from types import ModuleType
from typing import Annotated, Literal

import typer

from cvkit.cli import terminal
from cvkit.core.errors import UsageError

PACKAGES = {
    "typer": "typer",
    "rich": "rich",
    "pydantic": "pydantic",
    "numpy": "numpy",
    "skimage": "scikit-image",
    "PIL": "pillow",
    "yaml": "pyyaml",
    "av": "av",
    "pyarrow": "pyarrow",
    "onnxruntime": "onnxruntime",
    "simplejpeg": "simplejpeg",
    "requests": "requests",
    "textual_image": "textual-image",
}
"""What cvkit imports, by the distribution that brings it; OpenCV is looked at on its own."""
_MARKS = {"ok": ("✓", "green"), "warning": ("!", "magenta"), "broken": ("✗", "bold red")}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    state: Literal["ok", "warning", "broken"]
    name: str
    told: str
    remedy: str = ""


def command(
    pictures: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[PICTURE]...", help="What --model is tried on; samples where none is named."
        ),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option("--model", help="Compare backends and precisions for this network."),
    ] = None,
    device: Annotated[
        str, typer.Option("--device", help="Where it runs: auto, cpu, cuda or cuda:N.")
    ] = "auto",
    trust: Annotated[
        bool, typer.Option("--trust", help="Open a file that can run programs (.pt).")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON list.")] = False,
) -> int:
    """Check versions, OpenCV's contrib modules, codecs and devices; or, with --model, what runs a
    network here, how fast and how exactly. Exit 4: a part is broken, or nothing runs the network.
    """
    if model is not None:
        from cvkit.cli.doctor_model import show
        from cvkit.core.options import RunOptions

        options = RunOptions(device=device, trust=trust)
        return show(model, pictures or [], options, as_json=as_json)
    if pictures:
        raise UsageError(f"doctor looks at {pictures[0]} only with --model")
    found = list(findings())
    if as_json:
        terminal.data(json.dumps([asdict(f) for f in found], indent=2))
    else:
        for finding in found:
            mark, style = _MARKS[finding.state]
            head = terminal.styled(mark, style, sys.stdout)
            terminal.data(f"{head} {finding.name:<14} {finding.told}")
            if finding.remedy:
                terminal.data("  " + terminal.styled(finding.remedy, "bold", sys.stdout))
    return 4 if any(f.state == "broken" for f in found) else 0


def findings() -> Iterator[Finding]:
    """Everything that is looked at, one after the other; nothing is downloaded."""
    import cvkit

    yield Finding("ok", "cvkit", cvkit.__version__)
    yield Finding("ok", "python", f"{platform.python_version()}, {platform.platform(terse=True)}")
    yield from _looked_at("opencv", opencv, "apt-get install -y libgl1 libglib2.0-0")
    for module, distribution in PACKAGES.items():
        yield _package(module, distribution)
    yield from _looked_at("pictures", pictures, 'pip install "cvkit-cli"')
    yield from _looked_at("video", _video, 'pip install "cvkit-cli"')
    yield from _looked_at("networks", _networks, 'pip install "cvkit-cli"')
    yield from _looked_at("models", _models, "cvkit models list")
    yield from _stages()
    yield _ffmpeg()


def opencv() -> Iterator[Finding]:
    """`hasattr(cv2, "ximgproc")` stays true where contrib has lost, so a function is asked for."""
    import cv2

    yield Finding("ok", "opencv", cv2.__version__)
    if hasattr(getattr(cv2, "ximgproc", None), "thinning"):
        yield Finding("ok", "opencv contrib", "its modules are there")
        return
    version = _installed("opencv-contrib-python") or ".".join(cv2.__version__.split(".")[:3])
    pinned = f'"opencv-contrib-python=={version}"'
    yield Finding(
        "broken",
        "opencv contrib",
        "another OpenCV wheel was installed over it",
        f"pip install --force-reinstall --no-deps {pinned}",
    )


def _looked_at(name: str, look: Callable[[], Iterator[Finding]], remedy: str) -> Iterator[Finding]:
    try:
        yield from look()
    except Exception as error:  # noqa: BLE001 - a broken library may raise anything; that is the finding
        yield Finding("broken", name, f"{type(error).__name__}: {error}".partition("\n")[0], remedy)


def _package(module: str, distribution: str) -> Finding:
    try:
        importlib.import_module(module)
    except Exception as error:  # noqa: BLE001 - as above
        told = f"{type(error).__name__}: {error}".partition("\n")[0]
        return Finding(
            "broken", distribution, told, f'pip install --force-reinstall "{distribution}"'
        )
    return Finding("ok", distribution, _installed(distribution) or "there")


def _installed(distribution: str) -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(distribution)
    except PackageNotFoundError:
        return ""


def pictures() -> Iterator[Finding]:
    """Which formats are read and written, what an extra would add, and what is refused."""
    import cv2

    from cvkit.io.codecs import extras
    from cvkit.io.codecs.formats import FORMATS

    rows = FORMATS.values()
    plain = [row.title for row in rows if row.reader and not row.extra]
    yield Finding("ok", "reads", ", ".join(plain))
    for row in rows:
        if row.extra:
            package = extras.MODULES[row.extra][1]
            told = f"{row.title} pictures, with {package} {_installed(package)}"
            if extras.there(row.extra):
                yield Finding("ok", f"reads {row.extra}", told)
            else:
                told = f"{row.title} pictures are not read: {package} is not installed"
                yield Finding("warning", f"reads {row.extra}", told, extras.install(row.extra))
        if not row.reader and row.why:
            yield Finding("ok", "does not read", f"{row.title}: {row.why}")
    yield Finding("ok", "writes", ", ".join(row.title for row in rows if row.writer))
    lacking = [t for t, s in (("AVIF", ".avif"), ("JPEG 2000", ".jp2")) if not _written(cv2, s)]
    for title in lacking:
        told = f"{title} is not in this OpenCV: such pictures are neither read nor written"
        yield Finding("warning", title, told, 'pip install --upgrade "opencv-contrib-python<5"')


def _written(cv2: ModuleType, suffix: str) -> bool:
    return bool(cv2.haveImageWriter(f"a{suffix}"))


def _video() -> Iterator[Finding]:
    import av

    libraries = ", ".join(
        f"{name} {'.'.join(map(str, number))}"
        for name, number in sorted(av.library_versions.items())
        if name in ("libavcodec", "libavformat")
    )
    yield Finding("ok", "ffmpeg in PyAV", libraries)
    for kind, wanted in (
        ("encoders", ("libx264", "libx265", "libvpx-vp9", "libsvtav1")),
        ("decoders", ("h264", "hevc", "vp9", "av1")),
    ):
        mode: Literal["r", "w"] = "w" if kind == "encoders" else "r"
        there = [name for name in wanted if _codec(name, mode)]
        lacking = [name for name in wanted if name not in there]
        state: Literal["ok", "warning", "broken"] = "warning" if lacking else "ok"
        if wanted[0] in lacking:
            state = "broken"
        told = ", ".join(there) + (f"; not {', '.join(lacking)}" if lacking else "")
        yield Finding(state, kind, told)


def _codec(name: str, mode: Literal["r", "w"]) -> bool:
    from av.codec import Codec
    from av.codec.codec import UnknownCodecError

    try:
        Codec(name, mode)
    except UnknownCodecError:
        return False
    return True


def _networks() -> Iterator[Finding]:
    names = importlib.import_module("onnxruntime").get_available_providers()
    short = [name.removesuffix("ExecutionProvider").upper() for name in names]
    yield Finding("ok", "networks on", ", ".join(short))


def _models() -> Iterator[Finding]:
    """Where fetched models are, and how much they take."""
    from cvkit.models.store.folder import cache_folder
    from cvkit.models.store.keeping import size

    many, taken = size()
    there = f"{many} here, {taken / 1e6:,.1f} MB, in" if taken else "none here yet; they go to"
    yield Finding("ok", "models", f"{there} {cache_folder()}")


def _stages() -> Iterator[Finding]:
    """Stages of other packages that cannot be imported; a broken one costs only its own command."""
    from cvkit.core import catalog
    from cvkit.core.errors import CvkitError

    broken = 0
    for name in catalog.names():
        try:
            catalog.load(name)
        except CvkitError as error:
            broken += 1
            state: Literal["warning", "broken"] = (
                "warning" if catalog.entry(name).distribution else "broken"
            )
            yield Finding(state, name, f"{error.what}: {error.why}", error.remedy)
    if not broken:
        yield Finding("ok", "stages", f"{len(catalog.names())}, all can be loaded")


def _ffmpeg() -> Finding:
    where = shutil.which("ffmpeg")
    told = where or "no program ffmpeg; cvkit does not need one"
    return Finding("ok", "ffmpeg", told)
