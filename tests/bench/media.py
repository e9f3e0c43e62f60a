"""Real photographs, laid side by side to the sizes that the budgets name; made once a machine."""

from __future__ import annotations

import os
import tempfile
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import simplejpeg
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]

SIZE = (1920, 1080)
FRAMES = 600
_NAMES = ("astronaut", "coffee", "chelsea", "rocket", "immunohistochemistry", "hubble_deep_field")


def folder() -> Path:
    """Kept between runs; only its owner may write there."""
    path = Path(tempfile.gettempdir()) / f"cvkit-bench-{os.getuid()}"
    path.mkdir(mode=0o700, exist_ok=True)
    if path.stat().st_uid != os.getuid():
        raise PermissionError(f"{path} belongs to someone else")
    return path


@cache
def sheet() -> Pixels:
    """(2400, 3058, 3) uint8 BGR: photographs of scikit-image in rows of 400 pixels."""
    from skimage import data

    photographs = [getattr(data, name)()[:, :, :3] for name in _NAMES]
    rows = []
    for number in range(6):
        turned = photographs[number:] + photographs[:number]
        strip = [cv2.resize(p, (p.shape[1] * 400 // p.shape[0], 400)) for p in turned]
        rows.append(np.hstack(strip)[:, :3200])
    width = min(row.shape[1] for row in rows)
    rgb = np.vstack([row[:, :width] for row in rows])
    return np.ascontiguousarray(rgb[:, :, ::-1])


def window(number: int, of: int) -> Pixels:
    """(1080, 1920, 3): the sheet seen through a window that goes round once in `of` steps."""
    width, height = SIZE
    angle = 2 * np.pi * number / of
    x = round((sheet().shape[1] - width) * (0.5 + 0.5 * np.cos(angle)))
    y = round((sheet().shape[0] - height) * (0.5 + 0.5 * np.sin(angle)))
    return np.ascontiguousarray(sheet()[y : y + height, x : x + width])


def jpeg() -> Path:
    """A JPEG of two megapixels."""
    return jpegs(1)[0]


def jpegs(count: int) -> list[Path]:
    """So many different JPEGs of two megapixels, in a folder that holds nothing else."""
    home = folder() / f"jpegs-{count}"
    paths = [home / f"{number:04d}.jpg" for number in range(count)]
    if not paths[-1].exists():
        home.mkdir(exist_ok=True)
        for number, path in enumerate(paths):
            path.write_bytes(simplejpeg.encode_jpeg(window(number, count), 92, "BGR"))
    return paths


def clip() -> Path:
    """600 frames of 1080p H.264, 30 a second."""
    import av

    path = folder() / "window.mp4"
    if not path.exists():
        unfinished = path.with_suffix(".part.mp4")
        with av.open(str(unfinished), "w") as container:
            options = {"crf": "20", "preset": "veryfast"}
            stream = container.add_stream("libx264", 30, options=options)
            stream.width, stream.height = SIZE
            stream.pix_fmt = "yuv420p"
            for number in range(FRAMES):
                frame = av.VideoFrame.from_ndarray(window(number, FRAMES), "bgr24")
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
        unfinished.rename(path)
    return path
