"""Small videos in many codecs and containers, made with the ffmpeg command."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

NEEDS_FFMPEG = pytest.mark.skipif(not shutil.which("ffmpeg"), reason="makes clips with ffmpeg")
PICTURES = ("-f", "lavfi", "-i", "testsrc2=s=64x48:r=25:d=2")
SOUND = ("-f", "lavfi", "-i", "sine=d=2")
_X264 = "-c:v libx264 -g 12"
_X265 = "-c:v libx265 -x265-params log-level=none:keyint=12:bframes=3"
KINDS = {
    "b-frames.mp4": f"{_X264} -bf 3",
    "open-gop.mp4": f"{_X264} -bf 3 -x264-params open-gop=1:b-pyramid=normal",
    "open-gop.mkv": f"{_X264} -bf 3 -x264-params open-gop=1",
    "open-gop.ts": f"{_X264} -bf 3 -x264-params open-gop=1",
    "refresh.mkv": f"{_X264} -x264-params intra-refresh=1",
    "fields.ts": f"{_X264} -flags +ilme+ildct -vf setfield=tff",
    "hevc.mp4": f"{_X265}:open-gop=1",
    "hevc.ts": _X265,
    "raw.h264": f"{_X264} -bf 2",
    "raw.hevc": _X265,
    "raw.m2v": "-c:v mpeg2video -g 12 -bf 2",
    "raw.mjpeg": "-c:v mjpeg -q:v 3",
    "raw.y4m": "-pix_fmt yuv420p",
    "mpeg2.ts": "-c:v mpeg2video -g 12 -bf 2",
    "mpeg2.mpg": "-c:v mpeg2video -g 12 -bf 2",
    "mpeg4.avi": "-c:v mpeg4 -g 12 -bf 2",
    "msmpeg4.avi": "-c:v msmpeg4 -g 12",
    "vp8.webm": "-c:v libvpx -g 12 -auto-alt-ref 1 -lag-in-frames 16 -b:v 200k",
    "vp9.webm": "-c:v libvpx-vp9 -g 12 -auto-alt-ref 1 -lag-in-frames 16 -b:v 200k",
    "vp9.ivf": "-c:v libvpx-vp9 -g 12",
    "ffv1.mkv": "-c:v ffv1 -pix_fmt bgr0 -level 3 -slicecrc 1",
    "huffyuv.avi": "-c:v huffyuv -pix_fmt rgb24",
    "pal8.avi": "-c:v rawvideo -pix_fmt pal8",
    "png.mov": "-c:v png",
    "prores.mov": "-c:v prores_ks",
    "sorenson.flv": "-c:v flv -g 12",
    "h264.flv": f"{_X264} -bf 2",
    "h264.3gp": _X264,
    "wmv2.wmv": "-c:v wmv2 -g 12",
    "theora.ogv": "-c:v libtheora -g 12",
    "fragments.mp4": f"{_X264} -movflags frag_keyframe+empty_moov",
    "uneven.mkv": f"{_X264} -vf select='not(mod(n\\,7))+between(n\\,20\\,40)' -vsync vfr",
    "ten-bit.mp4": f"{_X264} -pix_fmt yuv420p10le",
    "gray.mkv": "-c:v ffv1 -pix_fmt gray",
}


def ffmpeg(*arguments: str | Path | int, data: bytes = b"") -> bytes:
    """Run it; what it writes to stdout. Skips where it lacks an encoder."""
    command = ["ffmpeg", "-v", "error", "-y", *map(str, arguments)]
    done = subprocess.run(command, input=data, capture_output=True, check=False)
    if b"Unknown encoder" in done.stderr:
        pytest.skip("this ffmpeg lacks the encoder")
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def made(folder: Path, name: str) -> Path:
    """The clip of this name in `KINDS`: 50 frames at 25 a second."""
    path = folder / name
    if not path.exists():
        ffmpeg(*PICTURES, *KINDS[name].replace("'", "").split(), path)
    return path
