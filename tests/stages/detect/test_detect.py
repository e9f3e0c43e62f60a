"""`detect` on a photograph whose one face is known, and its parameters."""

from __future__ import annotations

import numpy as np
import pytest
import skimage.data
from numpy.typing import NDArray

from cvkit.core.errors import ParameterError
from cvkit.core.objects import Objects
from cvkit.core.signature import signature
from cvkit.core.stage import Env
from cvkit.core.units import Length
from cvkit.models.opening import Models
from cvkit.models.recipe import InputSize
from cvkit.models.settings import Settings
from cvkit.models.wanted import chosen
from cvkit.stages.detect.detect import Detect

ENV = Env(Models(Settings("cpu")))


def astronaut() -> NDArray[np.uint8]:
    return np.ascontiguousarray(skimage.data.astronaut()[..., ::-1])


def detect(stage: Detect, *photos: NDArray[np.uint8]) -> list[Objects]:
    return stage.apply(list(photos), stage.open(ENV))


def test_a_face_is_found_in_each_photograph_of_a_batch() -> None:
    empty = np.full((64, 64, 3), 200, np.uint8)
    face, none, again = detect(Detect(model="haar-face"), astronaut(), empty, astronaut())
    assert face.labels == ("face",)
    np.testing.assert_allclose(face.boxes, [[177, 66, 272, 161]], atol=8)
    assert len(none) == 0
    np.testing.assert_array_equal(face.boxes, again.boxes)


def test_the_parameters_decide_what_is_given() -> None:
    assert len(detect(Detect(model="haar-face", score=1), astronaut())[0]) == 0
    assert len(detect(Detect(model="haar-face", classes=("face",)), astronaut())[0]) == 1


def test_a_class_that_the_model_does_not_have_is_refused_when_it_is_opened() -> None:
    with pytest.raises(ParameterError, match=r"haar-face knows no class 'fase'.*'face'"):
        Detect(model="haar-face", classes=("fase",)).open(ENV)


def test_classes_are_named_in_any_spelling_or_by_number() -> None:
    known = ("person", "sofa", "motorbike", "tv")
    assert chosen("m", known, ("couch", "Motorcycle", "3")) == ("sofa", "motorbike", "tv")
    assert chosen("m", ("couch", "7"), ("sofa", "7")) == ("couch", "7")
    assert chosen("m", known, ()) == ()
    with pytest.raises(ParameterError, match=r"m has no class 4.*0 to 3"):
        chosen("m", known, ("4",))
    with pytest.raises(ParameterError, match=r"m knows no class 'persn'.*'person'"):
        chosen("m", known, ("persn",))
    assert len(detect(Detect(model="haar-face", classes=("0",)), astronaut())[0]) == 1


def test_how_windows_are_searched_goes_through_to_the_cascade() -> None:
    strict = Detect(model="haar-face", min_neighbors=1000)
    assert len(detect(strict, astronaut())[0]) == 0
    assert len(detect(Detect(model="haar-face", min_size=Length(30, "%")), astronaut())[0]) == 0


def test_what_a_cascade_has_not_is_refused() -> None:
    for wrong in (
        Detect(model="haar-face", tile=Length(200)),
        Detect(model="hog", imgsz=InputSize.parse("640")),
    ):
        with pytest.raises(ParameterError, match=r"haar-face|hog"):
            wrong.open(ENV)


@pytest.mark.parametrize("overlap", ["100%", "-1", "300"])
def test_an_overlap_that_leaves_nothing_is_refused(overlap: str) -> None:
    with pytest.raises(ParameterError, match="overlap must be 0 or more and less than the tile"):
        Detect(model="x.onnx", tile=Length(300), overlap=Length.parse(overlap))


def test_an_overlap_without_tiles_is_refused() -> None:
    with pytest.raises(ParameterError, match="overlap is of tiles, and there are none"):
        Detect(model="x.onnx", overlap=Length.parse("30%"))
    with pytest.raises(ParameterError, match="32 pixels or more"):
        Detect(model="x.onnx", tile=Length(31))


def test_it_takes_batches_of_photographs_and_gives_what_was_found() -> None:
    declared = signature(Detect)
    assert declared.batched
    assert [take.word for take in declared.takes] == ["photo", "resource"]
    assert declared.gives == ("found",)
