"""Makes `recorded/*.json` anew: what ultralytics finds, and where its letterbox puts a picture.

Usage, in an environment with ultralytics (never cvkit's own: the two want other OpenCV wheels):

    python tests/models/record_ultralytics.py MODEL.onnx MEDIA

MODEL.onnx is `detect/yolov8n_640_fp32_from_uint8.onnx` of the test weights, MEDIA the folder of
the test media. Boxes are x1 y1 x2 y2 in pixels to 2 decimals, then the score to 4, then the class
number; one list a frame. The settings are the defaults of `yolo predict`.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

os.environ |= {"YOLO_OFFLINE": "true", "YOLO_AUTOINSTALL": "false"}
os.environ["YOLO_CONFIG_DIR"] = tempfile.mkdtemp()

import numpy as np
import ultralytics
from ultralytics.data.augment import LetterBox

HERE = Path(__file__).parent / "recorded"
SOURCES = (
    "video/one_person.mp4",
    "video/pedestrians.avi",
)
PICTURES = ("*.jpg", "*.png")
"""Of the folder `images`: with people and vehicles, and some in which nothing must be found."""
SIZES = ((768, 432), (768, 576), (810, 1080), (333, 501), (641, 639), (1, 1), (1, 700), (97, 13))
TARGETS = ((640, 640), (416, 320))


Frame = list[list[float]]


def frames(model: Path, source: Path) -> Iterator[Frame]:
    """Every box of every frame of one source."""
    network = ultralytics.YOLO(str(model), task="detect")
    for result in network.predict(str(source), stream=True, device="cpu", verbose=False):
        rows = result.boxes.data.cpu().numpy().astype(float).tolist()
        yield [[*(round(v, 2) for v in r[:4]), round(r[4], 4), int(r[5])] for r in rows]


def said(model: Path, **what: object) -> dict[str, object]:
    """What was found, and what found it."""
    made_by = f"ultralytics {ultralytics.__version__}, conf 0.25, iou 0.7, max_det 300"
    return {"model": model.name, "made_by": made_by, **what}


def pictures(model: Path, folder: Path) -> dict[str, Frame]:
    """By its name each picture of a folder."""
    found = sorted(path for suffix in PICTURES for path in folder.glob(suffix))
    return {path.name: next(frames(model, path)) for path in found}


def ramp(width: int, height: int) -> np.ndarray:
    """(h, w, 3) uint8 whose levels stay below 100, so that the fill of 114 can be told apart."""
    y, x = np.mgrid[:height, :width]
    return np.stack([x % 97, y % 89, (x * 3 + y * 5) % 83], -1).astype(np.uint8)


def letterboxes() -> list[dict[str, object]]:
    """Border widths, and the picture read at nine places, for every size and target."""
    made = []
    for rectangle in (False, True):
        for width, height in SIZES:
            for target in TARGETS:
                box = LetterBox(new_shape=target[::-1], auto=rectangle, stride=32)
                out = box(image=ramp(width, height))
                inside = (out != 114).any(-1)
                rows, columns = np.flatnonzero(inside.any(1)), np.flatnonzero(inside.any(0))
                ys = np.linspace(rows[0], rows[-1], 3).astype(int)
                xs = np.linspace(columns[0], columns[-1], 3).astype(int)
                made.append(
                    {
                        "size": [width, height],
                        "target": list(target),
                        "rectangle": rectangle,
                        "after": [out.shape[1], out.shape[0]],
                        "inside": [int(v) for v in (columns[0], rows[0], columns[-1], rows[-1])],
                        "pixels": out[np.ix_(ys, xs)].tolist(),
                    }
                )
    return made


def write(name: str, content: object) -> None:
    text = json.dumps(content, separators=(",", ":"))
    (HERE / f"{name}.json").write_text(
        text.replace("],[[", "],\n[[").replace(']],"', ']],\n"'), encoding="ascii"
    )


if __name__ == "__main__":
    weights, media = Path(sys.argv[1]), Path(sys.argv[2])
    HERE.mkdir(exist_ok=True)
    write("letterbox", letterboxes())
    for name in SOURCES:
        found = list(frames(weights, media / name))
        write(Path(name).stem, said(weights, source=Path(name).name, frames=found))
    write("pictures", said(weights, pictures=pictures(weights, media / "images")))
