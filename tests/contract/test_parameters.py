"""Any parameters that a stage takes, on any small picture: a result, or an error that names it."""

from __future__ import annotations

import types
from typing import Any, Literal, Union, get_args, get_origin

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic.fields import FieldInfo

from cvkit.core import catalog
from cvkit.core.area import Area
from cvkit.core.errors import InputError, ParameterError
from cvkit.core.signature import operand_fields
from cvkit.core.units import Angle, Box, Color, Extent, Length, Level, Point
from tests.contract.test_stages import NEEDS_A_CHAIN, applied, made

SLOW = {"detect"}  # a cascade or a network each time
NAMES = [name for name in catalog.names() if name not in NEEDS_A_CHAIN and name not in SLOW]

TEXTS: dict[type, list[str]] = {
    Length: ["1", "2px", "3", "7", "1%", "20%", "100%", "1000"],
    Level: ["0", "1", "60", "255", "0%", "50%", "100%"],
    Angle: ["0", "90", "-90deg", "33.3deg", "180", "360", "1e-3"],
    Color: ["tomato", "#00ff80", "1,2,3", "black"],
    Point: ["0,0", "5,3", "50%,50%", "-4,200", "100%,100%"],
    Box: ["0,0,5,5", "10%,10%,50%,50%", "-3,-3,10,10", "2,2,1000,1000"],
    Extent: ["1x1", "13x", "x7", "20x31", "50%", "210%"],
    Area: ["0", "1", "20", "1%", "100%"],
}


def values(annotation: Any, rules: tuple[Any, ...]) -> st.SearchStrategy[Any] | None:
    """Values that a field of this type may be given, or None where only its default is known."""
    if get_origin(annotation) in (Union, types.UnionType):
        parts = [values(part, rules) for part in get_args(annotation)]
        known = [part for part in parts if part is not None]
        return st.one_of(known) if known else None
    if hasattr(annotation, "__metadata__"):
        return values(annotation.__origin__, (*rules, *annotation.__metadata__))
    if get_origin(annotation) is Literal:
        return st.sampled_from(get_args(annotation))
    if annotation is type(None):
        return st.none()
    if annotation is bool:
        return st.booleans()
    if annotation in (int, float):
        low, high = limits(rules)
        whole = st.integers(int(low), int(high))
        return whole if annotation is int else st.floats(low, high, width=32) | whole
    if annotation in TEXTS:
        return st.sampled_from(TEXTS[annotation])
    return None


def limits(rules: tuple[Any, ...]) -> tuple[float, float]:
    low, high = -3.0, 12.0
    flat = [r for rule in rules for r in (rule.metadata if isinstance(rule, FieldInfo) else [rule])]
    for rule in flat:
        low = max([low, *(getattr(rule, n) for n in ("ge", "gt") if hasattr(rule, n))])
        high = min([high, *(getattr(rule, n) for n in ("le", "lt") if hasattr(rule, n))])
    return (low, max(low, high))


@st.composite
def parameters(draw: st.DrawFn, name: str) -> dict[str, Any]:
    cls = catalog.load(name)
    operands = operand_fields(cls)
    given_ones: dict[str, Any] = {}
    for field, info in cls.model_fields.items():
        strategy = None if field in operands else values(info.annotation, tuple(info.metadata))
        if strategy is not None and draw(st.booleans()):
            given_ones[field] = draw(strategy)
    return given_ones


pictures = st.builds(
    lambda shape, depth, seed: noise(shape, depth, seed),
    st.sampled_from(
        [(1, 1, 3), (1, 7), (9, 1, 3), (16, 16), (23, 17, 3), (31, 40, 3), (20, 22, 4)]
    ),
    st.sampled_from(["uint8", "uint8", "uint16", "float32"]),
    st.integers(0, 3),
)


def noise(shape: tuple[int, ...], depth: str, seed: int) -> np.ndarray:
    """Noise, one level, or two: what histograms and hulls stumble over."""
    top = {"uint8": 255, "uint16": 65535, "float32": 1}[depth]
    share = np.random.default_rng(seed).random(shape, np.float32)
    share = {0: share, 1: share * 0, 2: share * 0 + 1, 3: np.round(share)}[seed]
    array = (share * top).astype(depth)
    array.flags.writeable = False
    return array


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
@settings(
    max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
)
@given(data=st.data())
def test_any_parameters_give_a_result_or_a_named_error(name: str, data: st.DataObject):
    chosen = data.draw(parameters(name))
    array = data.draw(pictures)
    try:
        base = {k: getattr(made(name), k) for k in made(name).model_fields_set}
        stage = type(made(name))(**{**base, **chosen})
    except ParameterError:
        return
    try:
        results = applied(name, array, stage)
    except InputError:  # anything else, cv2.error too, fails here
        return
    for frame in results:
        for value in frame.values:
            held = getattr(value, "array", None)
            assert held is None or held.dtype.kind != "f" or np.isfinite(held).all()


def test_the_tables_know_most_fields():
    """A new unit without values here would leave its fields untried."""
    fields = [
        (name, field, info)
        for name in NAMES
        for field, info in catalog.load(name).model_fields.items()
        if field not in operand_fields(catalog.load(name))
    ]
    tried = [x for x in fields if values(x[2].annotation, tuple(x[2].metadata)) is not None]
    assert len(tried) > 0.8 * len(fields), {x[:2] for x in fields} - {x[:2] for x in tried}
