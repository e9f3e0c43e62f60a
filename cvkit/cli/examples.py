"""Runs examples as they are typed and shows what they wrote: for the reference and the gallery.

A line runs in an empty folder that has every sample picture in it, so `samples/` before a name is
left out.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cvkit.cli.arguments import parse
from cvkit.cli.samples import sample_files
from cvkit.core.errors import CvkitError

if TYPE_CHECKING:
    from cvkit.core.warp import Array

SHOWN = (".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff")
MOVING = (".mp4", ".mkv", ".mov", ".webm")
CHECKS = (255, 226)
"""Greys of the squares under a transparent picture."""


@dataclass(frozen=True, slots=True)
class Ran:
    """What one line did; paths are absolute."""

    line: str
    code: int
    inputs: tuple[Path, ...]
    """Pictures and videos that the line reads."""
    outputs: tuple[Path, ...]
    """Every file written, by name."""
    printed: str
    said: str


def typed(line: str) -> str:
    """The line as it runs in the folder of the samples."""
    return re.sub(r"\bsamples/", "", line)


def run(line: str, folder: Path) -> Ran:
    """Run the line in `folder`, which is made and gets a link to each sample."""
    folder.mkdir(parents=True)
    given = {folder / file.name for file in sample_files()}
    for link, file in zip(sorted(given), sample_files(), strict=True):
        link.symlink_to(file)
    line = typed(line)
    program = f"{shlex.quote(sys.executable)} -m cvkit "
    command = re.sub(r"(^|\| *)cvkit ", rf"\1{program}", line)
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {command}"],
        cwd=folder,
        env={**os.environ, "NO_COLOR": "1", "COLUMNS": "80"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    written = sorted(p for p in folder.rglob("*") if p.is_file() and p not in given)
    outputs = tuple(p for p in written if ".cvkit" not in p.parts)
    printed = "" if outputs and _only_names(done.stdout, folder) else done.stdout
    return Ran(line, done.returncode, read(line, folder), outputs, printed, done.stderr)


def read(line: str, folder: Path) -> tuple[Path, ...]:
    """The pictures and videos in `folder` that the line names, inputs first."""
    words = shlex.split(line.split(" | ")[0])
    try:
        named = parse(words[1:]).spec.inputs
    except CvkitError:
        named = ()
    names = dict.fromkeys([*named, *(w for w in words if w.endswith((*SHOWN, *MOVING)))])
    found = [path for name in names for path in sorted(folder.glob(name)) if path.is_symlink()]
    return tuple(dict.fromkeys(found))


def _only_names(printed: str, folder: Path) -> bool:
    return all((folder / name).exists() for name in printed.splitlines())


def seen(path: Path) -> Array:
    """(h, w, 3) BGR uint8 of a picture, over squares where it is transparent; of a video one frame
    from its second half. Raises CvkitError where it cannot be read."""
    import cvkit
    from cvkit.core.draw import shown
    from cvkit.core.values import Image, eight_bit

    frame = cvkit.open(path)
    if not hasattr(frame, "raster"):
        frames = list(frame)
        frame = frames[len(frames) * 4 // 5]
    image = frame.raster
    assert isinstance(image, Image)
    picture = shown(image)
    return picture if image.alpha is None else over_checks(picture, eight_bit(image.alpha))


def over_checks(picture: Array, alpha: Array) -> Array:
    """A transparent picture as editors show it."""
    h, w = alpha.shape
    side = max(4, min(h, w) // 24)
    odd = (np.arange(h)[:, None] // side + np.arange(w) // side) % 2
    ground = np.where(odd, CHECKS[1], CHECKS[0])[:, :, None]
    share = alpha[:, :, None].astype(np.float32) / 255
    return np.rint(picture * share + ground * (1 - share)).astype(np.uint8)


def scaled(picture: Array, size: tuple[int, int]) -> Array:
    """Made (width, height): smaller by averages; from four times on with pixels as squares."""
    import cv2

    scale = size[0] / picture.shape[1]
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_NEAREST if scale >= 4 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(picture, size, interpolation=way))


def fit(picture: Array, room: tuple[int, int]) -> float:
    """The scale at which the picture fills `room`, (width, height)."""
    return min(room[0] / int(picture.shape[1]), room[1] / int(picture.shape[0]))


def fitted(picture: Array, room: tuple[int, int], most: float = 1e9) -> Array:
    """The picture as large as `room` lets it be, and at most so many times as large as it is."""
    scale = min(fit(picture, room), most)
    h, w = picture.shape[:2]
    return scaled(picture, (max(1, round(w * scale)), max(1, round(h * scale))))


def mosaic(pictures: Sequence[Array], room: tuple[int, int], gap: int, ground: int) -> Array:
    """Several pictures on one, (height, width, 3), each as large as a grid of them allows."""
    columns = max(1, round((len(pictures) * room[0] / room[1]) ** 0.5))
    rows = -(-len(pictures) // columns)
    cell = (room[0] - gap * (columns - 1)) // columns, (room[1] - gap * (rows - 1)) // rows
    page = np.full((room[1], room[0], 3), ground, np.uint8)
    for i, picture in enumerate(pictures):
        part = fitted(picture, cell, 3.0)
        h, w = part.shape[:2]
        y = (i // columns) * (cell[1] + gap) + (cell[1] - h) // 2
        x = (i % columns) * (cell[0] + gap) + (cell[0] - w) // 2
        page[y : y + h, x : x + w] = part
    return page


def before_and_after(ran: Ran, room: tuple[int, int] = (320, 240)) -> Array | None:
    """What the line read, an arrow and the pictures that it wrote, (h, w, 3) BGR uint8 on white;
    None where it wrote none."""
    import cv2

    outputs = [p for p in ran.outputs if p.suffix in (*SHOWN, *MOVING)]
    if not outputs:
        return None
    sides = [_side([seen(p) for p in paths], room) for paths in (ran.inputs, outputs)]
    height = max(part.shape[0] for part in sides)
    gap = 64
    page = np.full((height, sum(p.shape[1] for p in sides) + gap, 3), 255, np.uint8)
    for part, x in ((sides[0], 0), (sides[1], page.shape[1] - sides[1].shape[1])):
        top = (height - part.shape[0]) // 2
        page[top : top + part.shape[0], x : x + part.shape[1]] = part
    start, end = (sides[0].shape[1] + 14, height // 2), (sides[0].shape[1] + gap - 14, height // 2)
    cv2.arrowedLine(page, start, end, (120, 120, 120), 2, cv2.LINE_AA, tipLength=0.3)
    return page


def _side(pictures: Sequence[Array], room: tuple[int, int]) -> Array:
    if len(pictures) == 1:
        return fitted(pictures[0], room)
    return mosaic(pictures[:30], room, 6, 255)
