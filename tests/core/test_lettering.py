"""Letters that no font here has."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from cvkit.core import lettering
from cvkit.core.grid import Grid
from cvkit.core.lettering import Lettering, measured, typeset, unwritten
from cvkit.core.objects import Objects
from cvkit.core.spec import Spec, Step
from cvkit.engine.run import run
from cvkit.stages.draw.draw import Draw
from tests.conftest import ROOT

CAT = ROOT / "samples" / "cat.jpg"


@pytest.fixture(autouse=True)
def no_fonts(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(lettering, "_FACES", ())
    forget()
    yield
    forget()


def forget() -> None:
    """What was kept of the fonts that were here."""
    for kept in vars(lettering).values():
        if hasattr(kept, "cache_clear"):
            kept.cache_clear()
    unwritten()


def test_without_any_font_labels_are_measured_and_drawn() -> None:
    assert measured("é 0.50", 12) == measured("e 0.50", 12)
    found = Objects.of([[20, 20, 80, 60]], Grid.of((100, 80)), labels=["fiancée"], scores=[0.5])
    drawn = Draw().apply(np.full((80, 100, 3), 90, np.uint8), (found,))
    assert (drawn != 90).any()


def test_what_became_a_question_mark_is_told_once() -> None:
    canvas = np.zeros((40, 300, 3), np.uint8)
    Lettering(9).write(canvas, "Åre? 車 ∮", (0, 0), (255, 255, 255), None)
    assert unwritten() == ["∮", "車"]  # an A without its ring is no `?`, and a `?` is one
    assert unwritten() == []
    for _ in range(2):  # what is kept of an earlier setting says it again
        typeset("鳥 Ö", 20)
        assert unwritten() == ["鳥"]


def test_a_run_says_which_letters_its_pictures_lack(tmp_path: Path) -> None:
    words = "".join(chr(0x4E00 + n) for n in range(12))
    report = run(Spec((Step("text", {"text": words}),), (str(CAT),), (str(tmp_path / "o.png"),)))
    (note,) = report.notes
    assert note.startswith("no font here has 一 丁 丂 七 丄 丅 丆 万 and 4 more: written as ?")
    report = run(Spec((Step("text", {"text": "é"}),), (str(CAT),), (str(tmp_path / "p.png"),)))
    assert report.notes == []
