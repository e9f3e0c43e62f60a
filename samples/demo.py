"""The main job on real pictures: thresholds, edges, contours, a folder, a chain, a video, a pipe.

Run by `make demo`; needs no network. What it makes is in build/demo, and sheet.jpg shows it all.
"""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
from make_media import pan
from skimage import data

ROOT = Path(__file__).resolve().parent.parent
OUT = ROOT / "build" / "demo"
CVKIT = Path(sys.executable).with_name("cvkit")

COMMANDS = """
cvkit threshold photos/page.png --method adaptive-gaussian --block 8% --offset 10 -o page.png
cvkit threshold photos/coins.png -o coins_mask.png
cvkit contours photos/coins.png --min-area 400 -o coins.jpg -o coins.csv
cvkit edges photos/rocket.png -o rocket.png
cvkit blur photos then edges -o edges/
cvkit run ink.yaml photos/coffee.png -o coffee.png
cvkit keep photos/cat.png --name whole then crop 20%,5%,60%,70% then threshold then contours --top 6 then use whole then draw -o cat.jpg
cvkit detect portrait.mp4 --model haar-face -o faces.mp4 -o faces.jsonl
cvkit detect portrait.mp4 --model haar-face then redact --method pixelate -o hidden.mp4
cvkit gray portrait.mp4 -o - | cvkit blur - -o - | cvkit edges - -o lines.mp4
cvkit dominant-colors photos/coffee.png
"""  # noqa: E501

INK = """cvkit: 1
steps:
- gray
- threshold: {method: trunc, level: 60%}
- blur: {method: median, size: 5px}
"""


def main() -> int:
    shutil.rmtree(OUT, ignore_errors=True)
    (OUT / "photos").mkdir(parents=True)
    for name in ("astronaut", "cat", "coffee", "coins", "page", "rocket"):
        photo = getattr(data, name)()
        if photo.ndim == 3:
            photo = cv2.cvtColor(photo, cv2.COLOR_RGB2BGR)
        cv2.imwrite(str(OUT / "photos" / f"{name}.png"), photo)
    (OUT / "ink.yaml").write_text(INK)
    pan(OUT / "portrait.mp4", size=(640, 360), frames=150)
    start = time.monotonic()
    for command in COMMANDS.strip().splitlines():
        print(f"\n$ {command}", flush=True)
        words = command.replace("cvkit ", f"{shlex.quote(str(CVKIT))} ")
        done = subprocess.run(["bash", "-c", f"set -o pipefail; {words}"], cwd=OUT, check=False)
        if done.returncode:
            print(f"that ended with exit code {done.returncode}", file=sys.stderr)
            return 1
    sheet()
    seconds = time.monotonic() - start
    print(f"\nDone in {seconds:.0f} s. The results are in {OUT.relative_to(Path.cwd())}/:")
    print("  sheet.jpg shows them on one page; faces.mp4, hidden.mp4 and lines.mp4 are videos.")
    return 0


def sheet() -> None:
    """One page of what was made, each picture with the name of its file."""
    names = ["page.png", "coins_mask.png", "coins.jpg", "rocket.png", "edges/astronaut.png"]
    names += ["coffee.png", "cat.jpg", "faces.mp4", "hidden.mp4"]
    tiles = [tile(name) for name in names]
    rows = [np.hstack(tiles[i : i + 3]) for i in range(0, len(tiles), 3)]
    cv2.imwrite(str(OUT / "sheet.jpg"), np.vstack(rows), [cv2.IMWRITE_JPEG_QUALITY, 90])


def tile(name: str, width: int = 480, height: int = 360) -> np.ndarray:
    if name.endswith(".mp4"):
        clip = cv2.VideoCapture(str(OUT / name))
        clip.set(cv2.CAP_PROP_POS_FRAMES, 130)
        _, picture = clip.read()
    else:
        picture = cv2.imread(str(OUT / name))
    scale = min((width - 16) / picture.shape[1], (height - 40) / picture.shape[0])
    picture = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    page = np.full((height, width, 3), 250, np.uint8)
    y, x = 8, (width - picture.shape[1]) // 2
    page[y : y + picture.shape[0], x : x + picture.shape[1]] = picture
    font = (cv2.FONT_HERSHEY_SIMPLEX, 0.5, (60, 60, 60), 1, cv2.LINE_AA)
    cv2.putText(page, name, (12, height - 12), *font)
    return page


if __name__ == "__main__":
    sys.exit(main())
