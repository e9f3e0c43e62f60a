"""What every stage owes, drawn from its declaration: a new stage is tested when its file exists."""

from __future__ import annotations

import pickle
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args, get_origin

import annotated_types
import cv2
import numpy as np
import pytest
from skimage import data

from cvkit.cli.arguments import parse
from cvkit.core import catalog, spec
from cvkit.core.errors import CvkitError, InputError, ParameterError
from cvkit.core.frame import Frame
from cvkit.core.grid import Grid
from cvkit.core.names import class_name, cli_name, python_name
from cvkit.core.options import reserved
from cvkit.core.signature import declared, operand_fields, signature
from cvkit.core.stage import Stage
from cvkit.core.time import Time
from cvkit.core.values import Image, Mask, Measures, Objects, Raster
from cvkit.engine import plan
from cvkit.engine.bind import Bound
from cvkit.engine.direct import directly
from cvkit.engine.known import given, taken
from cvkit.engine.python import call
from cvkit.engine.resources import Resources

NAMES = catalog.names()
SAMPLES = Path(__file__).resolve().parents[2] / "samples"
RESOURCES = Resources()
ASTRONAUT = cv2.cvtColor(data.astronaut(), cv2.COLOR_RGB2BGR)

# What cannot be tried without something of the user's: a kept picture, a results file.
NEEDS_A_CHAIN = {"use": "needs something kept", "objects": "needs a results file"}

every = pytest.mark.parametrize("name", NAMES)


def made(name: str) -> Stage:
    """The stage as its example has it, or with no parameters."""
    try:
        stage = catalog.make(name, {})
    except ParameterError:
        return example_stage(name)
    # The model that a stage takes by itself would have to be fetched.
    return example_stage(name) if "model" in stage.needs else stage


def example_stage(name: str) -> Stage:
    words = example(name)
    steps = parse(words[1:]).spec.steps
    step = next(s for s in steps if s.stage == name)
    return catalog.make(name, step.params)


def example(name: str) -> list[str]:
    return shlex.split(catalog.example(name).split(" | ")[0])


def frame(array: np.ndarray, index: int = 0) -> Frame:
    """A frame with all that a stage may ask for."""
    image = Image.of(array)
    out = Frame.of(image, index=index, time=Time(index * 40))
    h, w = array.shape[:2]
    boxes = [[0, 0, w / 2, h / 2], [w / 4, h / 4, w, h]]
    objects = Objects.of(boxes, image.grid, scores=[0.9, 0.5], labels=["a", "b"])
    return out.found(objects)


def asked(stage: Stage, array: np.ndarray) -> Frame:
    """The same, with a mask as the latest raster where the stage asks for one."""
    out = frame(array)
    if any(t.word == "mask" for t in declared(stage).takes):
        gray = array if array.ndim == 2 else array[..., 0]
        level = gray.astype(np.float32) > float(gray.mean())
        out = out.put(Mask.of(level, out.grid))
    return out


def bound(name: str, stage: Stage, one: Frame) -> Bound:
    known = plan.known_of(one)
    operands: dict[str, Any] = {}
    for field, word in operand_fields(type(stage)).items():
        if getattr(stage, field) is not None:
            other = Image.of(np.full((one.size[1], one.size[0]), 200, np.uint8))
            operands[field] = Objects.none(one.grid) if word == "objects" else other
    kinds = taken(name, stage, known, {k: type(v) for k, v in operands.items()})
    return Bound(name, stage, 1, given(name, stage, kinds), operands=operands)


def applied(name: str, array: np.ndarray, stage: Stage | None = None) -> list[Frame]:
    stage = stage or made(name)
    one = asked(stage, array)
    step = bound(name, stage, one)
    state = stage.start() if hasattr(stage, "start") else None
    return step.frames(one, RESOURCES(step), state)


def same(a: Any, b: Any) -> bool:
    if isinstance(a, np.ndarray):
        return a.dtype == b.dtype and a.shape == b.shape and bool((a == b).all())
    if isinstance(a, Raster):
        return type(a) is type(b) and a.grid == b.grid and same(a.array, b.array)
    if isinstance(a, Objects):
        pairs = zip(a.columns(), b.columns(), strict=True)
        return all(x == y and same_column(p, q) for (x, p), (y, q) in pairs)
    if isinstance(a, Measures):
        return a.rows == b.rows
    return True


def same_column(a: Any, b: Any) -> bool:
    if isinstance(a, tuple):
        return all(x == y if isinstance(x, str) else same(x, y) for x, y in zip(a, b, strict=True))
    return a.shape == b.shape and np.array_equal(a, b, equal_nan=a.dtype.kind == "f")


@every
def test_it_can_be_made_and_is_named_as_its_file(name: str):
    stage = made(name)
    assert type(stage).__name__ == class_name(name)
    assert name not in catalog.RESERVED
    assert re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", name)


@every
def test_its_page_begins_with_one_good_sentence(name: str):
    first = catalog.entry(name).summary
    assert len(first) <= 100
    assert first.endswith(".")
    assert first[0].isupper()
    assert name not in first.lower().split()
    assert catalog.example(name).startswith("cvkit ")


@every
def test_every_parameter_is_described_and_not_reserved(name: str):
    docs = catalog.field_docs(catalog.load(name))
    for field, text in docs.items():
        assert text.endswith("."), f"{field}: {text!r}"
        assert field not in reserved(), f"{field} is a run option"


@every
def test_bounds_and_choices_are_enforced(name: str):
    cls, base = catalog.load(name), made(name).canonical()
    for field, info in cls.model_fields.items():
        for wrong in violations(info):
            with pytest.raises(ParameterError):
                cls(**{**{python_name(k): v for k, v in base.items()}, field: wrong})
    with pytest.raises(ParameterError, match="no parameter"):
        cls(**{**{python_name(k): v for k, v in base.items()}, "nonsense": 1})


def violations(info: Any) -> Iterator[object]:
    for rule in info.metadata:
        if isinstance(rule, annotated_types.Ge):
            yield rule.ge - 1  # type: ignore[operator]
        if isinstance(rule, annotated_types.Gt):
            yield rule.gt
        if isinstance(rule, annotated_types.Le):
            yield rule.le + 1  # type: ignore[operator]
        if isinstance(rule, annotated_types.Lt):
            yield rule.lt
    parts = (info.annotation, *get_args(info.annotation))
    if any(str(get_origin(p)) == "typing.Literal" for p in parts):
        yield "no-such-choice"


@every
def test_it_is_immutable_hashable_and_survives_json_and_pickle(name: str):
    stage = made(name)
    assert hash(stage) == hash(pickle.loads(pickle.dumps(stage)))
    assert type(stage).model_validate_json(stage.model_dump_json()) == stage
    for field in type(stage).model_fields:
        with pytest.raises((TypeError, ValueError, CvkitError)):
            setattr(stage, field, None)


@every
def test_command_line_spec_and_python_make_equal_stages(name: str):
    stage = made(name)
    words = [w for k, v in stage.canonical().items() for w in (f"--{cli_name(k)}", text(v))]
    typed = parse([name, "x.png", *words]).spec.steps[0]
    step = spec.Spec((spec.Step(name, stage.canonical()),))
    read = spec.from_yaml(spec.to_yaml(step)).steps[0]
    assert catalog.make(name, typed.params) == stage
    assert catalog.make(name, read.params) == stage
    assert spec.Spec((typed,)).canonical() == step.canonical()


def text(value: object) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


@every
def test_its_example_parses(name: str):
    words = example(name)
    assert words[0] == "cvkit"
    chain = plan.fit(parse(words[1:]).spec.steps)
    assert any(s.name == name for s in chain.steps)


@every
def test_help_shows_every_parameter(name: str):
    done = subprocess.run(
        [sys.executable, "-m", "cvkit", name, "--help"], capture_output=True, text=True, check=True,
        env={"PATH": "/usr/bin:/bin", "COLUMNS": "100", "NO_COLOR": "1", "LANG": "C.UTF-8"},
    )  # fmt: skip
    for field in catalog.load(name).model_fields:
        name_in_help = cli_name(field)
        assert f"--{name_in_help}" in done.stdout or f"--[no-]{name_in_help}" in done.stdout
    assert catalog.entry(name).summary.rstrip(".")[:40] in " ".join(done.stdout.split())


SHAPES = {
    "bgr": (47, 33, 3),
    "gray": (48, 31),
    "one": (1, 1, 3),
    "row": (1, 9, 3),
    "column": (9, 1),
    "alpha": (20, 22, 4),
}


@every
@pytest.mark.parametrize("depth", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("colour", [True, False])
def test_an_array_gives_what_a_frame_gives(name: str, colour: bool, depth: str):
    """Simple stages are called on arrays without a frame around them."""
    stage, grey = made(name), cv2.cvtColor(ASTRONAUT, cv2.COLOR_BGR2GRAY)
    array = (ASTRONAUT if colour else grey)[100:300, 200:381]
    array = {"uint8": array, "uint16": array * np.uint16(257), "float32": array / np.float32(255)}[
        depth
    ]
    short = directly(stage, array)
    if short is None:
        return
    long = call(stage, Image.of(array), {})
    assert isinstance(long, Raster)
    assert same(np.asarray(short), long.array)


@every
@pytest.mark.parametrize("depth", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("shape", SHAPES)
def test_any_picture_gives_a_result_or_a_named_error(name: str, shape: str, depth: str):
    if name in NEEDS_A_CHAIN:
        pytest.skip(NEEDS_A_CHAIN[name])
    size = SHAPES[shape]
    noise = np.random.default_rng(3).random(size, np.float32)
    top = {"uint8": 255, "uint16": 65535, "float32": 1}[depth]
    array = (noise * top).astype(depth)
    before = array.copy()
    array.flags.writeable = False
    try:
        results = applied(name, array)
    except InputError:  # named: anything else, cv2.error too, fails here
        return
    assert (array == before).all()
    for result in results:
        for value in result.values:
            if isinstance(value, Raster):
                assert value.array.shape[1::-1] == result.size
                assert not value.array.flags.writeable


@every
def test_the_same_picture_gives_the_same_result(name: str):
    if name in NEEDS_A_CHAIN:
        pytest.skip(NEEDS_A_CHAIN[name])
    stage = made(name)
    if not stage.deterministic:
        pytest.skip("says that it is not deterministic")
    one, two = (applied(name, ASTRONAUT, stage) for _ in range(2))
    assert len(one) == len(two)
    for a, b in zip(one, two, strict=True):
        assert [type(v) for v in a.values] == [type(v) for v in b.values]
        assert all(same(x, y) for x, y in zip(a.values, b.values, strict=True))


@every
def test_a_view_of_a_picture_is_as_good_as_a_copy(name: str):
    if name in NEEDS_A_CHAIN:
        pytest.skip(NEEDS_A_CHAIN[name])
    view = ASTRONAUT[10:200:2, 300:100:-2]
    for a, b in zip(applied(name, view), applied(name, view.copy()), strict=True):
        assert all(same(x, y) for x, y in zip(a.values, b.values, strict=True))


@every
def test_no_objects_are_fine(name: str):
    if name in NEEDS_A_CHAIN:
        pytest.skip(NEEDS_A_CHAIN[name])
    stage = made(name)
    one = asked(stage, ASTRONAUT[:60, :60])
    one = one.put(Objects.none(Grid.of(one.size)))
    step = bound(name, stage, one)
    step.frames(one, RESOURCES(step), stage.start() if hasattr(stage, "start") else None)


@every
def test_two_streams_do_not_see_each_other(name: str):
    stage = made(name)
    if not hasattr(stage, "start"):
        pytest.skip("has no state")
    first = [asked(stage, np.roll(ASTRONAUT, 8 * i, 1)) for i in range(6)]
    second = [asked(stage, np.roll(255 - ASTRONAUT, 8 * i, 0)) for i in range(6)]
    step = bound(name, stage, first[0])

    def alone(frames: list[Frame]) -> list[Frame]:
        state = stage.start()
        return [out for f in frames for out in step.frames(f, RESOURCES(step), state)]

    states = stage.start(), stage.start()
    mixed: tuple[list[Frame], list[Frame]] = ([], [])
    for pair in zip(first, second, strict=True):
        for one, state, outs in zip(pair, states, mixed, strict=True):
            outs += step.frames(one, RESOURCES(step), state)
    for got, expected in zip(mixed, (alone(first), alone(second)), strict=True):
        for a, b in zip(got, expected, strict=True):
            assert all(same(x, y) for x, y in zip(a.values, b.values, strict=True))


@every
def test_a_warp_moves_boxes_as_it_moves_paint(name: str):
    if signature(catalog.load(name)).gives != ("warp",):
        pytest.skip("moves nothing")
    canvas = np.zeros((120, 160, 3), np.uint8)
    canvas[40:81, 50:111] = 255
    image = Image.of(canvas)
    one = Frame.of(image).found(Objects.of([[50, 40, 111, 81]], image.grid))
    (moved,) = bound(name, made(name), one).frames(one, None)
    objects, raster = moved.get(Objects), moved.raster
    assert objects is not None and raster is not None  # noqa: PT018
    rows, columns = np.nonzero(raster.array[..., 0] > 127)
    painted = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
    np.testing.assert_allclose(objects.boxes[0], painted, atol=1)
    back = objects.onto(image.grid).boxes[0]
    x1, y1, x2, y2 = moved.grid.points_to_source(np.array([[0, 0], [*moved.size]])).ravel()
    inside = [
        max(50, min(x1, x2)),
        max(40, min(y1, y2)),
        min(111, max(x1, x2)),
        min(81, max(y1, y2)),
    ]
    np.testing.assert_allclose(back, inside, atol=1)


@every
def test_loading_it_pulls_in_nothing_heavy(name: str):
    found = catalog.entry(name)
    code = (
        f"import sys, {found.module}; heavy = 'rich typer torch av pyarrow onnxruntime skimage"
        " PIL scipy sqlite3'.split(); print([m for m in heavy if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@every
@pytest.mark.slow
def test_its_examples_run_and_write_what_they_say(name: str, tmp_path: Path):
    (tmp_path / "samples").symlink_to(SAMPLES)
    program = f"{shlex.quote(sys.executable)} -m cvkit "
    for line in catalog.examples(name):
        command = re.sub(r"(^|\| )cvkit ", rf"\1{program}", line)
        done = subprocess.run(
            ["bash", "-c", f"set -o pipefail; {command}"], cwd=tmp_path,
            capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip
        assert done.returncode == 0, f"$ {line}\n{done.stderr}"
        named = [tmp_path / path for path in re.findall(r" -o (\S+)", line)]
        assert all(any(p.iterdir()) if p.is_dir() else p.stat().st_size for p in named)
        assert named or done.stdout.strip()


def test_a_called_stage_gives_plain_arrays():
    mask = call(catalog.make("threshold", {}), ASTRONAUT, {})
    assert isinstance(mask, np.ndarray)
    assert set(np.unique(mask)) == {0, 255}
