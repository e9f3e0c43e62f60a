"""Specs: one canonical form, and nothing a stranger wrote can do harm."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cvkit.core import spec_paths
from cvkit.core.errors import CvkitError, UsageError
from cvkit.core.spec import Spec, Step, from_yaml, read_spec, to_yaml


def test_canonical_form_leaves_out_defaults_and_sorts():
    spec = Spec(
        (Step("threshold", {"method": "otsu"}), Step("blur", {"size": "3px", "method": "median"}))
    )
    assert spec.canonical() == {
        "cvkit": 1,
        "steps": ["threshold", {"blur": {"method": "median", "size": "3"}}],
    }
    assert from_yaml(to_yaml(spec)).canonical() == spec.canonical()
    assert from_yaml(to_yaml(spec)).digest() == spec.digest()


def test_every_scalar_is_text():
    spec = from_yaml("cvkit: 1\nsteps:\n- keep: {name: no}\n")
    assert spec.steps[0].params == {"name": "no"}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "mapping"),
        ("cvkit: 2\nsteps: []", "cvkit: 1"),
        ("cvkit: 1\nsteps: [edgs]", "edges"),
        ("cvkit: 1\nsteps: [{edges: {methd: sobel}}]\n", "method"),
        ("cvkit: 1\nstep: [edges]", "step"),
        ("cvkit: 1\nsteps: [&a edges, *a]", "tags|aliases"),
        ("cvkit: 1\nsteps: [!!python/object:os.system x]", "tags"),
        ("cvkit: 1\nsteps: [edges: {method: sobel, method: canny}]", "twice"),
        ("cvkit: 1\nsteps: [", "line"),
    ],
)
def test_a_bad_spec_is_refused_and_says_where(text: str, says: str):
    with pytest.raises(UsageError, match=says):
        from_yaml(text).canonical()


@given(st.text(max_size=80))
def test_any_text_is_a_spec_or_refused(text: str):
    with contextlib.suppress(CvkitError):
        from_yaml(text).canonical()


@given(
    st.recursive(
        st.text(max_size=5) | st.none(),
        lambda x: st.lists(x, max_size=3) | st.dictionaries(st.text(max_size=5), x, max_size=3),
        max_leaves=6,
    )
)
def test_any_steps_are_taken_or_refused(steps: object):
    import yaml

    with contextlib.suppress(CvkitError):
        from_yaml(yaml.safe_dump({"cvkit": 1, "steps": steps})).canonical()


def test_a_loaded_spec_names_nothing_outside_its_folder(tmp_path: Path):
    (tmp_path / "specs").mkdir()
    (tmp_path / "secret.png").write_bytes(b"x")
    file = tmp_path / "specs" / "a.yaml"
    file.write_text("cvkit: 1\nsteps: [gray]\ninputs: [../secret.png]\n")
    with pytest.raises(UsageError, match="outside"):
        read_spec(file)
    file.write_text("cvkit: 1\nsteps: [{bitwise: {with: ../secret.png}}]\n")
    with pytest.raises(UsageError, match="outside"):
        read_spec(file)


def test_set_changes_one_parameter_of_one_step():
    spec = Spec((Step("blur"), Step("edges"), Step("blur")))
    changed = spec.with_set(("1.method=median", "edges.method=sobel"))
    assert [s.params for s in changed.steps] == [{"method": "median"}, {"method": "sobel"}, {}]
    with pytest.raises(UsageError, match="several"):
        spec.with_set(("blur.method=box",))
    with pytest.raises(UsageError, match=r"STEP\.PARAM=VALUE"):
        spec.with_set(("blur",))


def test_paths_of_a_spec_stay_below_its_folder(tmp_path: Path):
    (tmp_path / "specs").mkdir()
    path = tmp_path / "specs" / "a.yaml"

    def spec(text: str) -> Spec:
        path.write_text(f"cvkit: 1\nsteps: [gray, {{bitwise: {{op: and, with: m.png}}}}]\n{text}")
        return read_spec(path)

    folder = str(tmp_path / "specs")
    good = spec("inputs: [in/, '@l.txt', 'canvas:9x9:red', '-']\noutputs: [out/, k.csv, '-']")
    assert good.inputs == (f"{folder}/in", f"@{folder}/l.txt", "canvas:9x9:red", "-")
    assert good.outputs == (f"{folder}/out/", f"{folder}/k.csv", "-")
    assert good.steps[1].params["with"] == f"{folder}/m.png"
    for bad in ("outputs: [/tmp/x.png]", "outputs: [../x.png]", "inputs: ['../a:b/c.png']",
                "inputs: ['seq:../in']", "inputs: ['@/etc/list']", "run: {roi: ../m.png}",
                "outputs: ['m=../x.png']"):  # fmt: skip
        with pytest.raises(UsageError, match="outside its folder"):
            spec(bad)
    assert spec("run: {roi: '1,2,30%,40'}").run == {"roi": "1,2,30%,40"}


def test_kept_names_are_no_paths(tmp_path: Path):
    path = tmp_path / "a.yaml"
    path.write_text("cvkit: 1\nsteps: [keep: {name: f}, gray, bitwise: {op: xor, with: f}]\n")
    assert read_spec(path).steps[2].params["with"] == "f"


def test_a_saved_spec_finds_its_operands_from_where_it_lies(tmp_path: Path):
    (tmp_path / "sub").mkdir()
    step = Step("bitwise", {"op": "and", "with": str(tmp_path / "sub" / "m.png")})
    kept = spec_paths.relative(Spec((step,)), tmp_path)
    assert kept.steps[0].params["with"] == "sub/m.png"
    with pytest.raises(UsageError, match="below its own folder"):
        spec_paths.relative(Spec((step,)), tmp_path / "other")


def test_run_options_are_canonical_too():
    spec = Spec((Step("gray"),), run={"jobs": "04", "on_corrupt": "fail", "frames": "1s:2s"})
    assert spec.canonical()["run"] == {"frames": "1s:2s", "jobs": 4}
    assert spec.digest() == Spec((Step("gray"),), run={"jobs": 4, "frames": "1s:2s"}).digest()
