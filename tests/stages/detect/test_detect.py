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
from cvkit.models.opening import Models
from cvkit.models.settings import Settings
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


def test_it_takes_batches_of_photographs_and_gives_what_was_found() -> None:
    declared = signature(Detect)
    assert declared.batched
    assert [take.word for take in declared.takes] == ["photo", "resource"]
    assert declared.gives == ("found",)
