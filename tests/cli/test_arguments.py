"""Words in, a spec out; and what is said where words do not fit."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cvkit.cli.arguments import Line, ShellOptions, parse
from cvkit.core.errors import CvkitError, UsageError
from cvkit.core.spec import Spec, Step, from_yaml, to_yaml

pytestmark = pytest.mark.usefixtures("glow")


def spec(line: str) -> Spec:
    return parse(line.split()).spec


def refusal(line: str) -> str:
    with pytest.raises(UsageError) as caught:
        parse(line.split())
    return str(caught.value)


def test_every_bare_word_of_the_first_step_is_an_input():
    assert spec("tune a.png b/ - camera:0") == Spec(
        (Step("tune"),), ("a.png", "b/", "-", "camera:0")
    )


def test_then_separates_steps_and_options_of_the_run_may_stand_in_any():
    line = parse("tune a.png --level 50% then stretch 50% -j4 --json -o x.png then tune".split())
    assert line.spec.steps == (Step("tune", {"level": "50%"}), Step("stretch", {"to": "50%"}),
                               Step("tune"))  # fmt: skip
    assert line.spec.run == {"jobs": "4"}
    assert line.spec.outputs == ("x.png",)
    assert line.shell == ShellOptions(json=True)


@pytest.mark.parametrize("text", ["--text=then", "--text then"])
def test_then_is_a_value_only_after_an_equals_sign(text: str):
    if "=" in text:
        assert spec(f"tune a.png {text}").steps[0].params == {"text": "then"}
    else:
        assert "--text=then" in refusal(f"tune a.png {text}")


def test_a_file_called_then_is_written_with_its_folder():
    assert spec("tune ./then").inputs == ("./then",)


@pytest.mark.parametrize(
    ("words", "params"),
    [
        ("--block 5", {"block": "5"}),
        ("--block=5", {"block": "5"}),
        ("--level -5", {"level": "-5"}),
        ("--hard-light", {"hard_light": True}),
        ("--hard_light", {"hard_light": True}),
        ("--no-smooth", {"smooth": False}),
        ("--smooth=no", {"smooth": False}),
        ("--weights 1,2 --weights 3", {"weights": ["1", "2", "3"]}),
        ("--points 1,2 --points 3,4", {"points": ["1,2", "3,4"]}),
        ("--text=-x", {"text": "-x"}),
        ("--text=", {"text": ""}),
    ],
)
def test_options_of_the_stage(words: str, params: dict[str, object]):
    assert spec(f"tune a.png {words}").steps == (Step("tune", params),)


def test_several_points_stand_in_one_word_with_spaces_between():
    line = parse(["tune", "a.png", "--points", "1,2 3,4"])
    assert line.spec.steps[0].params == {"points": ["1,2", "3,4"]}


@pytest.mark.parametrize("words", ["-o x.png", "-ox.png", "-o=x.png"])
def test_outputs_may_be_attached(words: str):
    assert spec(f"tune a.png {words}").outputs == ("x.png",)


def test_after_two_dashes_words_are_inputs():
    assert spec("tune -- --level a.png then stretch 50%").inputs == ("--level", "a.png")


def test_the_last_of_two_inputs_is_the_second_picture():
    assert spec("pair a.png b.png c.png") == Spec(
        (Step("pair", {"with": "c.png"}),), ("a.png", "b.png")
    )
    assert spec("pair a.png b.png --with c.png").inputs == ("a.png", "b.png")


def test_command_line_yaml_and_python_give_equal_stages():
    from cvkit.core import catalog

    typed = spec("tune a.png --level 50% --points 1,2 --weights 1,2.5 --hard-light --tint tomato")
    saved = from_yaml(to_yaml(Spec(typed.steps)))
    first, second = (catalog.make("tune", s.steps[0].params) for s in (typed, saved))
    values = {"level": "50%", "points": ["1,2"], "weights": (1, 2.5), "tint": "#ff6347"}
    assert first == second == catalog.make("tune", {**values, "hard_light": True})


def test_run_takes_a_spec_inputs_and_changes(tmp_path: Path):
    recipe = tmp_path / "recipe.yml"
    recipe.write_text("cvkit: 1\nsteps: [stretch: {to: 50%}]\nrun: {jobs: 2}\noutputs: [old.png]\n")
    line = parse(["run", str(recipe), "a.png", "--set", "stretch.to=20%", "-j", "3"])
    old = str(tmp_path / "old.png")
    step = Step("stretch", {"to": "20%"})
    assert line.spec == Spec((step,), ("a.png",), (old,), {"jobs": "3"})


def test_convert_is_the_chain_of_no_steps():
    assert spec("convert a.png -o b.webp --quality 80") == Spec(
        (), ("a.png",), ("b.webp",), {"quality": "80"}
    )


def test_show_takes_a_window_where_there_is_a_display(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setenv("DISPLAY", ":0")
    assert spec("show a.png") == Spec((), ("a.png",), ("show:",))
    monkeypatch.delenv("DISPLAY")
    assert spec("show a.png b.mp4") == Spec((), ("a.png", "b.mp4"), ("term:",))
    assert spec("show a.png -o show:") == Spec((), ("a.png",), ("show:",))


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("tun a.png", "did you mean tune?"),
        ("tune a.png then strech 50%", "did you mean stretch?"),
        ("tune a.png --levle 3", "did you mean --level?"),
        ("tune a.png --overwite", "did you mean --overwrite?"),
        ("tune a.png --level", "it takes a level"),
        ("tune a.png --text --level", "--text=--level"),
        ("tune a.png --block 3 --block 5", "given twice: 3 and 5"),
        ("tune a.png --smooth=maybe", "write yes or no"),
        ("tune a.png then", "stands between two steps"),
        ("then tune a.png", "stands between two steps"),
        ("tune a.png then tune 5", "takes no bare word 5"),
        ("tune a.png then stretch 50% 20%", "takes no bare word"),
        ("stretch a.png 50%", "did you mean --to 50%?"),
        ("tune a.png soft-light", "did you mean --method soft-light?"),
        ("tune a.png method=THRESH_OTSU", "did you mean --method otsu?"),
        ("tune a.png --method THRESH_OTSU", "cvkit writes it otsu"),
        ("tune a.png --method cv2.THRESH_OTSU", "cvkit writes it otsu"),
        ("tune a.png --workers 4", "cvkit writes it --jobs"),
        ("tune --source a.png", "cvkit writes it INPUT"),
        ("tune a.png --output b.png", "cvkit writes it -o"),
        ("tune a.png -threshold 50%", "cvkit threshold INPUT --method binary --level 50%"),
        ("-resize a.png", "cvkit resize INPUT"),
        ("COLOR_BGR2GRAY a.png", "cvkit writes it gray"),
        ("convert a.png then tune", "takes no further steps"),
        ("show a.png then tune", "takes no further steps"),
        ("run", "run needs a spec"),
        ("tune a.png then run x.yml", "is a command, no step"),
        ("tune a.png -x", "has no option -x"),
        ("tune a.png --set stretch.to=1", "no such step"),
    ],
)
def test_what_does_not_fit_is_answered(line: str, said: str):
    assert said in refusal(line)


def test_an_input_after_then_is_told_where_inputs_stand(glow: Path):
    (glow / "b.png").touch()
    assert "inputs stand before the first `then`" in refusal("tune a.png then tune b.png")


def test_a_file_in_the_place_of_the_stage_is_told_so(glow: Path):
    (glow / "b.png").touch()
    assert "b.png is a file; name a stage first" in refusal("b.png")


_WORDS = st.one_of(
    st.sampled_from(
        "then tune stretch pair broken-glow run convert - -- -o -j -q --level --no-smooth --points "
        "--with --to --set --save --json --no-json = --= --no- -5 50% a.png --help 1,2".split()
    ),
    st.text(max_size=8),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=400)
@given(st.lists(_WORDS, max_size=7))
def test_no_words_make_anything_but_a_spec_or_an_error_of_ours(words: list[str]):
    with contextlib.suppress(CvkitError):
        assert isinstance(parse(words), Line)
