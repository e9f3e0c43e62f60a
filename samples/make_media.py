"""Make the sample pictures and the sample video from photographs that scikit-image carries.

All are CC0 or public domain (see the README of skimage.data). Run: python samples/make_media.py

`walkers.mp4` is the one that is not made here: the first eight seconds of `vtest.avi`, which OpenCV
carries among its samples (Apache-2.0; Debian: opencv-doc), by
`cvkit convert vtest.avi --frames :80 --crf 30 --preset slow -o walkers.mp4`.
"""

from __future__ import annotations

from pathlib import Path

import av
import cv2
import numpy as np
from skimage import data

HERE = Path(__file__).parent
PICTURES = {name: name for name in ("astronaut", "cat", "coffee", "coins", "page", "rocket")}
PICTURES |= {"cells": "immunohistochemistry", "hubble": "hubble_deep_field", "retina": "retina"}
LONGEST = 640
"""Longer sides are made this long; none of the first six is."""


def main() -> None:
    for name, source in PICTURES.items():
        picture = getattr(data, source)()
        if picture.ndim == 3:
            picture = cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)
        scale = LONGEST / max(picture.shape)
        if scale < 1:
            picture = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        cv2.imwrite(str(HERE / f"{name}.jpg"), picture, [cv2.IMWRITE_JPEG_QUALITY, 88])
    horse = 255 - 255 * data.horse().astype(np.uint8)
    cv2.imwrite(str(HERE / "horse.png"), horse, [cv2.IMWRITE_PNG_BILEVEL, 1])
    coin = cut_out(data.coins(), (336, 43), 30)
    cv2.imwrite(str(HERE / "coin.png"), coin, [cv2.IMWRITE_PNG_COMPRESSION, 9])
    pan(HERE / "portrait.mp4", size=(320, 240), frames=50)
    slide(HERE / "coin.mp4", coin, size=(320, 214), frames=60)


def cut_out(picture: np.ndarray, middle: tuple[int, int], radius: int) -> np.ndarray:
    """A disc of a grey picture, (h, w, 4), transparent around it, with a soft rim."""
    x, y = middle
    part = picture[y - radius : y + radius, x - radius : x + radius]
    across = np.arange(2 * radius) - radius + 0.5
    away = np.hypot(across[:, None], across)
    alpha = np.clip((radius - 0.5 - away) * 255, 0, 255).astype(np.uint8)
    return np.dstack([cv2.cvtColor(part, cv2.COLOR_GRAY2BGR), alpha])


def slide(path: Path, coin: np.ndarray, *, size: tuple[int, int], frames: int) -> None:
    """A video of a table over which a coin slides: it comes from the left, slows down and stops."""
    w, h = size
    table = cv2.resize(
        cv2.cvtColor(data.coffee(), cv2.COLOR_RGB2BGR), size, None, 0, 0, cv2.INTER_AREA
    )
    rng = np.random.default_rng(0)
    with av.open(str(path), "w", options={"movflags": "+faststart"}) as file:
        stream = file.add_stream("libx264", rate=25, options={"crf": "23", "preset": "medium"})
        stream.width, stream.height, stream.pix_fmt = w, h, "yuv420p"
        for i in range(frames):
            gone = 1 - (1 - min(i / (frames * 0.8), 1.0)) ** 2
            at = np.float32([[0.8, 0, -60 + gone * 130], [0, 0.8, 0.69 * h]])
            over = cv2.warpAffine(coin, at, size, flags=cv2.INTER_AREA)
            share = over[:, :, 3:].astype(np.float32) / 255
            frame = table * (1 - share) + over[:, :, :3] * share + rng.normal(0, 1.5, table.shape)
            frame = np.clip(np.rint(frame), 0, 255).astype(np.uint8)
            file.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="bgr24")))
        file.mux(stream.encode())


def pan(path: Path, *, size: tuple[int, int], frames: int) -> None:
    """A video that moves a window of `size` over the astronaut's portrait, down to her face."""
    w, h = size
    photo = cv2.cvtColor(data.astronaut(), cv2.COLOR_RGB2BGR)
    scale = max(2.2 * w, 2.2 * h) / 512
    photo = cv2.resize(photo, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
    room_x, room_y = photo.shape[1] - w, photo.shape[0] - h
    with av.open(str(path), "w", options={"movflags": "+faststart"}) as file:
        stream = file.add_stream("libx264", rate=25, options={"crf": "23", "preset": "medium"})
        stream.width, stream.height, stream.pix_fmt = w, h, "yuv420p"
        for i in range(frames):
            t = 0.5 - 0.5 * np.cos(np.pi * i / (frames - 1))  # starts and stops gently
            x, y = round(room_x * (0.95 - 0.7 * t)), round(room_y * (0.75 - 0.64 * t))
            window = np.ascontiguousarray(photo[y : y + h, x : x + w])
            file.mux(stream.encode(av.VideoFrame.from_ndarray(window, format="bgr24")))
        file.mux(stream.encode())


if __name__ == "__main__":
    main()
