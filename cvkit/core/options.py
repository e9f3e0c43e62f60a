"""Run options: what holds for a whole run and not for one stage. One definition for CLI, specs
and Python; a stage may have no parameter of these names."""

from __future__ import annotations

import re
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from cvkit.core import wording
from cvkit.core.errors import ParameterError
from cvkit.core.names import cli_name
from cvkit.core.units import Color, Duration, FrameRange, Pages

_DEVICE = r"^(auto|cpu|cuda(:\d+)?)$"


class RunOptions(BaseModel):
    """Frozen; values may be given as text."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    groups: ClassVar[dict[str, tuple[str, ...]]] = {
        "Inputs": (
            *("include", "exclude", "frames", "duration", "page", "dpi"),
            *("keep_icc", "deep", "deinterlace", "max_pixels", "on_corrupt"),
        ),
        "Run": ("jobs", "device", "seed", "on_error", "overwrite", "in_place", "roi", "only"),
        "Models": ("backend", "half", "offline", "trust", "accept_license"),
        "Results": ("coords",),
        "Encoding": (
            *("quality", "codec", "crf", "preset", "bitrate", "pix_fmt", "fps", "no_audio"),
            *("background", "strip"),
        ),
    }

    include: tuple[str, ...] = ()
    """In folders only files that match one of these patterns (`*.jpg`)."""
    exclude: tuple[str, ...] = ()
    """In folders no files that match one of these patterns."""
    frames: FrameRange | None = None
    """Of videos only these frames: A:B:STEP, 0-based, B excluded; either may be a time."""
    duration: Duration | None = None
    """Of videos only so much from the start, or from the start of --frames."""
    page: Pages | None = None
    """Of documents only these pages, from 1: 3, 2-5, 1,4,7- or all."""
    dpi: Annotated[float, Field(ge=1, le=10000)] = 150
    """Dots an inch at which pages of documents and drawings are rendered."""
    keep_icc: bool = False
    """Leave colours as a profile has them, and write it too, instead of making them sRGB."""
    deep: bool = False
    """Read videos of more than 8 bits a channel as 16 bits, instead of reducing them to 8."""
    deinterlace: bool = False
    """Make whole pictures of interlaced video, a frame of each."""
    max_pixels: Annotated[int, Field(ge=1)] = 500_000_000
    """Pictures of more pixels are refused before memory is taken."""
    on_corrupt: Literal["fail", "skip", "salvage"] = "fail"
    """Whether a damaged input fails, is skipped and counted, or what is whole of a video is kept
    and the gap marked."""
    jobs: Annotated[int, Field(ge=0, le=256)] = 0
    """How many pictures at a time; 0 takes one a processor. The results do not depend on it."""
    device: Annotated[str, Field(json_schema_extra={"pattern": _DEVICE})] = "auto"
    """Where networks run: auto, cpu, cuda or cuda:N."""
    backend: Literal["auto", "onnx", "openvino", "torch", "tflite", "tensorrt", "opencv"] = "auto"
    """What runs networks; auto takes the first that is installed and can (cvkit help backends)."""
    half: bool = False
    """Networks compute in bfloat16 (processors) or float16 (CUDA): faster, a little less exact."""
    seed: Annotated[int, Field(ge=0)] = 0
    """For whatever draws random numbers."""
    offline: bool = False
    """Fetch nothing, use only models that are here. CVKIT_OFFLINE=1 says the same for every run."""
    trust: bool = False
    """Open model files that can run programs (.pt) though cvkit does not know them."""
    accept_license: tuple[str, ...] = ()
    """Take these models, whose licence allows research only; it is remembered."""
    on_error: Literal["stop", "skip"] | None = None
    """What a failed input does: stop (default for one input) or skip (default for several)."""
    overwrite: bool = False
    """Replace files that exist."""
    in_place: bool = False
    """Write each result over its input."""
    roi: str | None = None
    """Only here, the rest unchanged: x,y,w,h, a mask's FILE, or a kept NAME."""
    only: tuple[str, ...] = ()
    """Of the frame stream only these kinds of value."""
    coords: Literal["source", "output"] = "source"
    """Coordinates of results: the source's, or the written picture's."""
    quality: Annotated[int, Field(ge=1, le=100)] | None = None
    """JPEG (92), WebP (90) and AVIF (80) quality, 1 to 100."""
    codec: str | None = None
    """Video codec: h264 (default), hevc, vp9 (webm), vp8, av1, mpeg4, mjpeg, prores, ffv1."""
    crf: Annotated[int, Field(ge=0, le=63)] | None = None
    """Video quality, lower is better (23)."""
    preset: str | None = None
    """Encoder's speed (veryfast)."""
    bitrate: str | None = None
    """Video bit rate instead of a quality (4M)."""
    pix_fmt: str | None = None
    """Video pixel format (yuv420p)."""
    fps: Annotated[float, Field(gt=0, le=1000)] | None = None
    """Frames a second: of numbered pictures (25), and of a video instead of its own times."""
    no_audio: bool = False
    """Drop the sound."""
    background: Color = Color(255, 255, 255)
    """What lies under transparency in formats without alpha."""
    strip: bool = False
    """Write no EXIF and no dots an inch; of a video no title and no chapters."""

    @property
    def one_frame(self) -> bool:
        """Whether one frame of a video at most is wanted."""
        lasts = self.duration
        return (self.frames is not None and self.frames.single) or (
            lasts is not None and lasts.unit == "f" and lasts.value == 1
        )

    @field_validator("device")
    @classmethod
    def _known(cls, device: str) -> str:
        if not re.fullmatch(_DEVICE, device):
            raise ValueError("must be auto, cpu, cuda or cuda:N")
        return device

    @field_validator("duration")
    @classmethod
    def _some(cls, duration: Duration | None) -> Duration | None:
        if duration is not None and duration.value <= 0:
            raise ValueError("must be more than 0")
        return duration

    @model_validator(mode="wrap")
    @classmethod
    def _in_our_words(cls, values: Any, handler: Any) -> Any:
        try:
            return handler(values)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            name = cli_name(str(first["loc"][0])) if first["loc"] else "option"
            if first["type"] == "extra_forbidden":
                raise ParameterError(f"there is no run option {name}") from None
            raise ParameterError(f"--{name}: {wording.why(first)}") from None


SHELL_OPTIONS = (
    "dry_run",
    "save",
    "set",
    "json",
    "quiet",
    "verbose",
    "progress",
    "profile",
    "debug",
)
"""What only the command line itself knows; reserved like the run options."""


def reserved() -> frozenset[str]:
    """Names that no stage parameter may have."""
    also = "o output j resume live max_retries timeout retry max_failures watch"
    more = "segment help version"
    return frozenset({*RunOptions.model_fields, *SHELL_OPTIONS, *also.split(), *more.split()})
