"""The main jobs on real pictures and videos: detection, a picture, a folder, chains, a pipe.

Run by `make demo`; needs no network. What it makes is in build/demo, and sheet.jpg shows it all.
The last command wants weights: where these cannot be fetched, it shows what cvkit says then.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path

from gallery import Tile, sheet
from make_media import pan

from cvkit.cli.examples import MOVING, seen
from cvkit.cli.samples import place

ROOT = Path(__file__).resolve().parent.parent
OUT = ROOT / "build" / "demo"
CVKIT = Path(sys.executable).with_name("cvkit")

COMMANDS = """
cvkit detect photos/walkers.mp4 --model hog then smooth then count -o walkers.mp4 -o walkers.parquet -o walkers.jsonl
cvkit objects photos/walkers.mp4 --from walkers.jsonl --frames 40 then crops --margin 10% -o people/
cvkit detect portrait.mp4 --model haar-face -o faces.mp4 -o faces.csv
cvkit detect portrait.mp4 --model haar-face then redact --method pixelate -o hidden.mp4
cvkit threshold photos/page.jpg --method sauvola -o page.png
cvkit run photos/coins.yml photos/coins.jpg -o coins.jpg -o coins.csv
cvkit contours photos/hubble.jpg --min-area 30 -o galaxies.jpg
cvkit run photos/vessels.yml photos/retina.jpg -o vessels.png
cvkit run photos/sketch.yml photos/astronaut.jpg -o sketch.png
cvkit edges photos/rocket.jpg -o rocket.png
cvkit keep photos/cat.jpg --name whole then crop 20%,5%,60%,70% then contours --top 6 then use whole then draw -o cat.jpg
cvkit channels photos/coffee.jpg --space lab -o channels.png
cvkit overlay photos/coffee.jpg photos/coin.png --at bottom-left then text --text "{name}" --at bottom-right -o tip.jpg
cvkit rotate photos/cat.jpg --angle 12 --fill white -o tilted.jpg
cvkit resize photos --include '*.jpg' --to 400x400 --fit cover then edges -o edges/
cvkit montage edges -o edges.jpg
cvkit background photos/coin.mp4 then morph --op open then contours --top 1 -o moving.mp4
cvkit gray portrait.mp4 -o - | cvkit blur - -o - | cvkit edges - -o lines.mp4
cvkit dominant-colors photos/coffee.jpg
"""  # noqa: E501
WITH_WEIGHTS = "cvkit detect photos/walkers.mp4 --model yolov5 -o yolov5.mp4 -o yolov5.jsonl"
MISSING = 4
"""cvkit's exit code where a model or a dependency is not here."""

SHOWN = """
walkers.mp4 faces.mp4 hidden.mp4 moving.mp4 lines.mp4 page.png coins.jpg galaxies.jpg vessels.png
sketch.png rocket.png cat.jpg channels.png tip.jpg tilted.jpg edges.jpg
"""
"""What is on the sheet."""


def main() -> int:
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir(parents=True)
    place(OUT / "photos", overwrite=False)
    pan(OUT / "portrait.mp4", size=(640, 360), frames=150)
    start = time.monotonic()
    for command in COMMANDS.strip().splitlines():
        if not ran(command, allowed=(0,)):
            return 1
    if not ran(WITH_WEIGHTS, allowed=(0, MISSING)):
        return 1
    tiles = [Tile(n, seen(OUT / n), moving=n.endswith(MOVING)) for n in SHOWN.split()]
    sheet("Made by make demo", tiles, 2).save(OUT / "sheet.jpg", quality=90)
    seconds = time.monotonic() - start
    print(f"\nDone in {seconds:.0f} s. The results are in {os.path.relpath(OUT)}/:")
    print("  sheet.jpg shows them on one page; walkers.mp4, faces.mp4 and hidden.mp4 are videos.")
    return 0


def ran(command: str, *, allowed: tuple[int, ...]) -> bool:
    """Run what a user would type; False, and said, where it ended with another exit code."""
    print(f"\n$ {command}", flush=True)
    words = command.replace("cvkit ", f"{shlex.quote(str(CVKIT))} ")
    done = subprocess.run(["bash", "-c", f"set -o pipefail; {words}"], cwd=OUT, check=False)
    if done.returncode not in allowed:
        print(f"that ended with exit code {done.returncode}", file=sys.stderr)
    return done.returncode in allowed


if __name__ == "__main__":
    sys.exit(main())
