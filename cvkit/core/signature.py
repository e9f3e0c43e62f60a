"""Reading a stage's declaration: what `apply` takes and gives, and which fields are operands."""

from __future__ import annotations

import types
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import cache
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

from cvkit.core.errors import InternalError
from cvkit.core.frame import Frame
from cvkit.core.stage import Ask, Asset, Operand, Signature, Stage, Take
from cvkit.core.time import Time
from cvkit.core.values import KINDS
from cvkit.core.warp import Warp

_ROLES = ("resource", "state")


@cache
def signature(cls: type[Stage]) -> Signature:
    """Raises InternalError where `apply` says something that the engine does not know."""
    apply = getattr(cls, "apply", None)
    if apply is None:
        raise InternalError(f"{cls.__name__} has no apply")
    hints = get_type_hints(apply, include_extras=True)
    result = hints.pop("return", None)
    operands = operand_fields(cls)
    names = apply.__code__.co_varnames[1 : apply.__code__.co_argcount]
    takes, batched = [], False
    for name in names:
        if name in _ROLES or name in operands:
            takes.append(Take(name, "operand" if name in operands else name))
            continue
        hint = hints[name]
        if get_origin(hint) is list:
            batched, hint = True, get_args(hint)[0]
        takes.append(Take(name, _word(cls, hint)))
    gives, several, yields, drops = _results(cls, result, batched=batched)
    return Signature(
        tuple(takes),
        gives,
        several,
        batched,
        yields,
        drops,
        tuple(n for n in names if n in operands),
    )


def declared(stage: Stage) -> Signature:
    """What `apply` takes and gives with this stage's parameters."""
    sig, asked = signature(type(stage)), stage.asks()
    if not asked:
        return sig
    takes = tuple(Take(t.name, asked.get(t.name, t.word)) for t in sig.takes)
    return replace(sig, takes=takes)


@cache
def gather_words(cls: type[Stage]) -> tuple[str, ...]:
    """What the stage's `gather` gives."""
    hints = get_type_hints(cls.gather, include_extras=True)  # type: ignore[attr-defined]
    hint = hints.get("return")
    parts = get_args(hint) if get_origin(hint) is tuple else (hint,)
    return tuple(_word(cls, part) for part in parts)


@cache
def operand_fields(cls: type[Stage]) -> dict[str, str]:
    """Fields of type Operand or Asset: name → the word or kind it names, or "asset"."""
    found = {}
    for name, info in cls.model_fields.items():
        for part in (info.annotation, *get_args(info.annotation)):
            if part is Asset:
                found[name] = "asset"
            elif get_origin(part) is Operand:
                found[name] = _word(cls, get_args(part)[0])
    return found


def _results(
    cls: type[Stage], hint: Any, *, batched: bool
) -> tuple[tuple[str, ...], bool, bool, bool]:
    yields = several = drops = False
    if batched and get_origin(hint) is list:
        hint = get_args(hint)[0]
    if get_origin(hint) in (Iterator, Iterable):
        yields, hint = True, get_args(hint)[0]
    parts = get_args(hint) if get_origin(hint) in (Union, types.UnionType) else (hint,)
    if type(None) in parts:
        drops, parts = True, tuple(p for p in parts if p is not type(None))
    if len(parts) == 1 and get_origin(parts[0]) is tuple:
        several, parts = True, get_args(parts[0])
    return tuple(_word(cls, p) for p in parts), several, yields, drops


def _word(cls: type[Stage], hint: Any) -> str:
    if get_origin(hint) is Annotated:
        for extra in hint.__metadata__:
            if isinstance(extra, Ask):
                return extra.word
    if hint is Time:
        return "time"
    if hint is Frame:
        return "frame"
    if isinstance(hint, type):
        if issubclass(hint, Warp):
            return "warp"
        name: str = hint.__name__.lower()
        if KINDS.get(name) is hint:
            return name
    raise InternalError(f"{cls.__name__}.apply: {hint!r} is no word of a signature")
