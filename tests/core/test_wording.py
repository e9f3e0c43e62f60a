"""What is said of a wrong value, however long it is."""

from __future__ import annotations

import pytest

from cvkit.core.errors import ParameterError
from cvkit.core.options import RunOptions
from cvkit.core.wording import shortened
from cvkit.stages.combine.montage import Montage
from cvkit.stages.detect.detect import Detect
from cvkit.stages.filter.blur import Blur
from cvkit.stages.segment.threshold import Threshold

LONG = "start" + "x" * 5000 + "end"


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: Threshold.model_validate({"method": LONG}),
        lambda: Threshold.model_validate({"level": LONG}),
        lambda: Blur.model_validate({"size": LONG}),
        lambda: RunOptions.model_validate({"crf": LONG}),
        lambda: RunOptions.model_validate({"device": LONG}),
        lambda: RunOptions.model_validate({"frames": LONG}),
    ],
)
def test_a_long_value_is_shown_by_its_ends(wrong: object):
    assert callable(wrong)
    with pytest.raises(ParameterError) as caught:
        wrong()
    text = str(caught.value)
    assert len(text) < 400
    assert "start" in text
    assert "xend" in text


def test_what_is_short_stays():
    assert shortened("a" * 80) == "a" * 80
    assert len(shortened("a" * 81)) == 80
    with pytest.raises(ParameterError, match=r"got '9q'$"):
        Threshold.model_validate({"level": "9q"})


def test_what_was_given_is_said_once():
    with pytest.raises(ParameterError, match=r"a cell has .*, got 256%$"):
        Montage.model_validate({"cell": "256%"})
    with pytest.raises(ParameterError, match=r"must be 32 pixels or more, got '5'$"):
        Detect.model_validate({"tile": "5"})
