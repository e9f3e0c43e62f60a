"""Find things with a network or a cascade: a box, a label and a score each.

`--model` is a name (`cvkit models list`) or a file. These need no download: `hog` finds people
upright and whole; `haar-face`, `-profile`, `-eye`, `-smile`, `-fullbody`, `-upperbody`,
`-lowerbody`, `-cat` and `-plate` (number plates of the long European shape), `lbp-face` and
`dlib-face`; and any cascade by its path (.xml). Eyes and smiles are looked for inside faces.

`--tile` looks at a large picture in parts that overlap, and once at the whole, so that a network
sees small things at their full size; what several parts show is given once. A side of L pixels
takes 1 + ceil((L - tile) / (tile - overlap)) tiles: 4K takes 32 of 640 with 20%.

What a network's outputs mean is recognised. Where it is not, `--decoder` says it: yolov8 (also v9,
11, 12, 26), yolov5 (v6, v7), yolox, end2end, rtdetr, darknet, yolov1, yolofastest, fastestdet,
nanodet, ssd (also TensorFlow's), ssdvgg, efficientdet, detr, rfdetr.

Where no limits are given, those of ultralytics' `predict` hold, score 0.25 and overlap 0.7, or
those of the family's own programs: YOLOX 0.3 and 0.45, SSD 0.5 and 0.45, NanoDet 0.35 and 0.6,
FastestDet 0.65 and 0.45, RF-DETR 0.5. Scores of `hog` and the cascades are the logistic of their
own margin, which the objects carry as `margin`; they are no probabilities and do not compare
between detectors.

Example: cvkit detect samples/astronaut.jpg --model haar-face -o faces.jpg

Source: Redmon et al. 2016; Viola and Jones 2001; Dalal and Triggs 2005; Akyon et al. 2022.
"""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field, model_validator

from cvkit.core.errors import ParameterError
from cvkit.core.stage import Env, Found, Photo, Stage
from cvkit.core.units import Length
from cvkit.models.classical.search import Search
from cvkit.models.classical.windows import Windows, check_search
from cvkit.models.decode.choose import checked
from cvkit.models.detector import Detector
from cvkit.models.labels.given import given
from cvkit.models.recipe import InputSize, Recipe
from cvkit.models.tiles import LEAST, Tiled
from cvkit.models.wanted import Wanted, chosen


def _positive(length: Length) -> Length:
    if length.value <= 0:
        raise ValueError("must be more than 0")
    return length


def _large(tile: Length) -> Length:
    if tile.unit == "px" and tile.value < LEAST:
        raise ValueError(f"must be {LEAST} pixels or more")
    return _positive(tile)


Above0 = Annotated[Length, AfterValidator(_positive)]


class Detect(Stage):
    needs: ClassVar[frozenset[str]] = frozenset({"model"})
    revision: ClassVar[int] = 3

    model: str = "yolox-nano"
    """A name (see cvkit models list), or the file of a network or cascade."""
    classes: tuple[str, ...] = ()
    """Only these: person,car or 0,2."""
    score: Annotated[float, Field(ge=0, le=1)] | None = None
    """Only things whose score is above this; as a rule 0.25."""
    iou: Annotated[float, Field(ge=0, le=1)] | None = None
    """Of two boxes of a class that overlap by more, the better stays; as a rule 0.7."""
    agnostic: bool = False
    """Also of two boxes of different classes."""
    max: Annotated[int, Field(ge=1)] = 300
    """At most so many a picture, the best."""
    imgsz: InputSize | None = None
    """Size of the network's input, where it leaves that free: 640 or 640x384."""
    labels: tuple[str, ...] = ()
    """What a network finds, where its file does not say: coco80, a file, or cat,dog."""
    decoder: str | None = None
    """How its outputs are read, where that is not recognised: yolov5, ssd, ..."""
    tile: Annotated[Length, AfterValidator(_large)] | None = None
    """For small things: look at tiles of this side, too (640)."""
    overlap: Length = Length(20, "%")
    """How far tiles overlap, at least; a share is one of the tile."""
    scale_factor: Annotated[float, Field(gt=1, le=4)] | None = None
    """Cascades, hog: from one size of the window to the next (1.1)."""
    min_neighbors: Annotated[int, Field(ge=0)] | None = None
    """Cascades, hog: how many windows must agree; more is stricter."""
    min_size: Above0 | None = None
    """Cascades, hog, dlib: the least shorter side of what is sought."""

    @model_validator(mode="after")
    def _overlap_fits(self) -> Detect:
        if self.tile is None and self.overlap != type(self).model_fields["overlap"].default:
            raise ParameterError(
                "detect: overlap is of tiles, and there are none", remedy="add --tile 640"
            )
        tile = 100.0 if self.overlap.unit == "%" else self.tile and self.tile.value
        whole = self.overlap.unit == "%" or (self.tile is not None and self.tile.unit == "px")
        if self.overlap.value < 0 or (whole and tile and self.overlap.value >= tile):
            raise ParameterError(
                f"detect: overlap must be 0 or more and less than the tile, got {self.overlap}",
                remedy="give a share of the tile, such as 20%",
            )
        return self

    def open(self, env: Env) -> Detector:
        size = None if self.imgsz is None else self.imgsz.size
        recipe = Recipe(self.decoder and checked(self.decoder), given(self.labels), size)
        detector: Detector = env.models.open(self.model, task="detect", recipe=recipe)
        chosen(self.model, detector.labels, self.classes)
        check_search(self.model, detector, self._search())
        if self.tile is None:
            return detector
        if isinstance(detector, Windows):
            raise ParameterError(
                f"{self.model} looks at every part of a picture anyway",
                remedy="leave --tile away; --min-size finds smaller things",
            )
        return Tiled(detector, self.tile, self.overlap)

    def apply(self, photo: list[Photo], resource: Detector) -> list[Found]:
        names = chosen(self.model, resource.labels, self.classes)
        usual = resource.usual
        score = usual.score if self.score is None else self.score
        iou = usual.iou if self.iou is None else self.iou
        wanted = Wanted(score, iou, names, self.max, self.agnostic, self._search())
        return resource.detect(photo, wanted)

    def _search(self) -> Search:
        return Search(self.scale_factor, self.min_neighbors, self.min_size)
