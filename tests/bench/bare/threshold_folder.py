"""Otsu PNGs of a folder's JPEGs on a pool of threads: python threshold_folder.py IN OUT THREADS.

Prints the seconds of the work alone, without imports.
"""

import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import simplejpeg

ONE_BIT = [cv2.IMWRITE_PNG_BILEVEL, 1]


def threshold(path: Path) -> None:
    gray = simplejpeg.decode_jpeg(path.read_bytes(), "GRAY")[:, :, 0]
    _, mask = cv2.threshold(gray, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    _, png = cv2.imencode(".png", mask, ONE_BIT)
    (target / path.with_suffix(".png").name).write_bytes(png)


source, target = Path(sys.argv[1]), Path(sys.argv[2])
cv2.setNumThreads(1)
start = time.perf_counter()
target.mkdir()
with ThreadPoolExecutor(int(sys.argv[3])) as pool:
    list(pool.map(threshold, sorted(source.iterdir())))
print(time.perf_counter() - start)
