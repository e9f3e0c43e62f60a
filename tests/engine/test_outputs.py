"""What `-o` means: a `.csv` is results where there are some, and else the picture's numbers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cvkit.core.errors import MissingError
from cvkit.core.spec import Spec, Step
from cvkit.engine.check import check
from cvkit.engine.outputs import read_outputs
from cvkit.engine.plan import fit
from cvkit.io.codecs import extras
from tests.conftest import Command
from tests.io import making


@pytest.mark.parametrize(
    ("steps", "kind"),
    [
        ((), "picture"),
        (("gray",), "picture"),
        (("threshold",), "picture"),
        (("contours",), "results"),
        (("threshold", "contours"), "results"),
    ],
)
def test_a_csv_is_results_where_the_chain_gives_some(steps: tuple[str, ...], kind: str):
    chain = fit(tuple(Step(name) for name in steps))
    (output,) = read_outputs(["out.csv"], chain)
    assert output.kind == kind
    assert [o.kind for o in read_outputs(["out.jsonl"], chain)] == ["results"]


def test_a_mask_goes_out_as_numbers_and_comes_back(cvkit: Command):
    (cvkit.folder / "a.png").write_bytes(making.png(making.photo()[:, :, 2]))
    assert cvkit("threshold", "a.png", "-o", "mask.csv", "-o", "mask.png").code == 0
    table = np.loadtxt(cvkit.folder / "mask.csv", delimiter=",")
    assert table.shape == (48, 64)
    assert set(np.unique(table)) == {0, 255}
    assert cvkit("convert", "mask.csv", "-o", "back.npy", "-o", "back.pbm").code == 0
    assert np.array_equal(np.load(cvkit.folder / "back.npy"), table)


def test_labels_go_out_as_numbers_and_not_drawn(cvkit: Command):
    (cvkit.folder / "a.png").write_bytes(making.png(making.photo()[:, :, 2]))
    run = cvkit("threshold", "a.png", "--method", "multi-otsu", "-o", "labels.npz", "-o", "l.csv")
    assert (run.code, run.err) == (0, run.err)
    labels = np.load(cvkit.folder / "labels.npz")["image"]
    assert labels.dtype == np.int32
    assert set(np.unique(labels)) == {0, 1, 2}
    assert np.array_equal(np.loadtxt(cvkit.folder / "l.csv", delimiter=","), labels)


def test_colour_is_not_a_table(cvkit: Command):
    (cvkit.folder / "a.png").write_bytes(making.png(making.photo()))
    run = cvkit("convert", "a.png", "-o", "a.csv")
    assert run.code == 3
    assert "add gray" in run.err


def test_a_result_does_not_inherit_a_suffix_that_may_not_hold_it(cvkit: Command):
    (cvkit.folder / "a.csv").write_text("1,2\n3,4\n")
    np.save(cvkit.folder / "b.npy", making.photo())
    assert cvkit("blur", "a.csv").code == 0
    assert cvkit("blur", "b.npy").code == 0
    assert (cvkit.folder / "a.blur.png").exists()
    assert np.load(cvkit.folder / "b.blur.npy").shape == (48, 64, 3)


def test_what_a_named_file_needs_is_asked_for_before_any_pixel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(extras, "find_spec", lambda name: None)
    (tmp_path / "page.pdf").write_bytes(b"%PDF-1.7\n")
    (tmp_path / "a.png").write_bytes(making.png(making.photo()))
    steps, out = (Step("blur"),), (str(tmp_path / "out") + "/",)
    named = (str(tmp_path / "a.png"), str(tmp_path / "page.pdf"))
    with pytest.raises(MissingError, match=r'pypdfium2; pip install "cvkit-cli\[pdf\]"'):
        check(Spec(steps, named, out))
    assert len(check(Spec(steps, (str(tmp_path),), out)).items) == 2
