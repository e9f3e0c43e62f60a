"""Small inputs that the tests make for themselves."""

from __future__ import annotations

from pathlib import Path

import av
import cv2
import numpy as np
from skimage import data


def photo(size: tuple[int, int] = (320, 240)) -> np.ndarray:
    """(h, w, 3) BGR: the astronaut."""
    picture = cv2.cvtColor(data.astronaut(), cv2.COLOR_RGB2BGR)
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA)


def folder(path: Path) -> Path:
    """Four pictures of different formats and sizes, one in a folder below."""
    (path / "sub").mkdir(parents=True)
    cv2.imwrite(str(path / "a.jpg"), photo((320, 241)))
    cv2.imwrite(str(path / "b.png"), photo((157, 201)))
    cv2.imwrite(str(path / "sub" / "c.png"), cv2.cvtColor(photo((99, 77)), cv2.COLOR_BGR2GRAY))
    cv2.imwrite(str(path / "sub" / "d.jpg"), cv2.flip(photo((240, 240)), 1))
    return path


def video(path: Path, *, frames: int = 20, sound: bool = True) -> Path:
    """A window that moves over the astronaut, 160×120 at 25 frames a second, with a tone."""
    whole = photo((480, 480))
    with av.open(str(path), "w") as file:
        stream = file.add_stream("libx264", rate=25, options={"crf": "20"})
        stream.width, stream.height, stream.pix_fmt = 160, 120, "yuv420p"
        tone = file.add_stream("aac", rate=16000, layout="mono") if sound else None
        for i in range(frames):
            at = 40 - abs(i % 80 - 40)  # there and back
            window = np.ascontiguousarray(whole[40 + at * 4 :, 60 + at * 6 :][:120, :160])
            file.mux(stream.encode(av.VideoFrame.from_ndarray(window, format="bgr24")))
        file.mux(stream.encode())
        if tone is not None:
            wave = np.sin(np.arange(frames * 640) / 16000 * 2 * np.pi * 440).astype(np.float32)
            for start in range(0, len(wave), 1024):
                part = wave[None, start : start + 1024]
                frame = av.AudioFrame.from_ndarray(part, format="fltp", layout="mono")
                frame.sample_rate, frame.pts = 16000, start
                file.mux(tone.encode(frame))
            file.mux(tone.encode())
    return path


def decoded(path: Path) -> list[tuple[int | None, bytes]]:
    """Every frame of a video as (pts, decoded bytes)."""
    with av.open(str(path)) as file:
        return [(f.pts, f.to_ndarray(format="yuv420p").tobytes()) for f in file.decode(video=0)]


def heard(path: Path) -> list[bytes]:
    """Every packet of the sound."""
    with av.open(str(path)) as file:
        return [bytes(p) for p in file.demux(audio=0) if p.size]


def tree(path: Path) -> dict[str, object]:
    """What a folder holds: pictures as pixels, videos as frames, the rest as bytes."""
    found: dict[str, object] = {}
    for file in sorted(p for p in path.rglob("*") if p.is_file()):
        name = str(file.relative_to(path))
        if file.suffix == ".mp4":
            found[name] = decoded(file)
        elif file.suffix in (".png", ".jpg"):
            picture = cv2.imread(str(file), cv2.IMREAD_UNCHANGED)
            found[name] = (picture.shape, picture.dtype.name, picture.tobytes())
        else:
            found[name] = file.read_bytes()
    return found
