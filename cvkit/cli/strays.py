"""Words that do not fit: what was probably meant, as an error that says what to write."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable

from cvkit.cli import foreign
from cvkit.cli.parameters import Parameter, parameters, required
from cvkit.core import catalog
from cvkit.core.errors import CvkitError, UsageError
from cvkit.core.options import SHELL_OPTIONS, RunOptions
from cvkit.core.stage import Stage


def stage_word(word: str) -> str:
    """The stage's name as the catalogue has it. Raises UsageError with what was meant."""
    if catalog.is_stage(word):
        return catalog.entry(word).name
    if word.startswith("-"):
        remedy = foreign.magick(word, "") or "a command begins with a stage: cvkit STAGE INPUT..."
        raise UsageError(f"{word} is no stage", remedy=remedy)
    command = foreign.command(word)
    if command:
        raise UsageError(f"there is no stage {word}", remedy=f"cvkit writes it {command}")
    if word.replace("_", "-") in catalog.RESERVED:
        raise UsageError(f"{word} is a command, no step of a chain")
    if os.path.exists(word) and not re.fullmatch(r"[a-z-]+", word):
        raise UsageError(f"{word} is a file", remedy=f"name a stage first: cvkit threshold {word}")
    near = _near(word, (*catalog.names(), *catalog.RESERVED))
    hint = f"did you mean {near}?" if near else "see cvkit stages"
    raise UsageError(f"there is no stage {word}", remedy=hint)


def unknown_option(name: str, stage: type[Stage] | None, word: str, following: str) -> UsageError:
    """The error for an option that neither the stage nor the run has."""
    option, _, attached = word.partition("=")
    own = parameters(stage) if stage else {}
    known = {*own, *parameters(RunOptions), *SHELL_OPTIONS}
    remedy = foreign.option(option, attached or following, known)
    if not remedy:
        typed = option.lstrip("-").replace("_", "-")
        near = _near(typed, [k.replace("_", "-") for k in [*own, *sorted(known - set(own))]])
        remedy = f"did you mean --{near}?" if near else f"see cvkit {name} --help"
    return UsageError(f"{name} has no option {option}", remedy=remedy)


def one_dash(word: str, following: str) -> str:
    """What to write for an option with one dash and a word, as ImageMagick has them."""
    return foreign.magick(word, following) if len(word) > 2 else ""


def expected(stage: type[Stage] | None, option: str) -> str:
    """What a value of this option looks like, or nothing."""
    key = option.lstrip("-").replace("-", "_")
    found = (parameters(stage) if stage else {}).get(key) or parameters(RunOptions).get(key)
    return f"it takes {found.expects}" if found and found.expects else ""


def refuse_constant(option: str, text: str, choices: tuple[str, ...]) -> None:
    """Raises UsageError where the value is another library's name for one of the choices."""
    ours = foreign.constant(text, choices)
    if ours:
        raise UsageError(f"{option} has no choice {text}", remedy=f"cvkit writes it {ours}")


def check_inputs(
    name: str, stage: type[Stage], params: dict[str, object], bare: Iterable[str]
) -> None:
    """Raises UsageError for a bare word that is no file but reads as a value of the stage."""
    for word in bare:
        if os.path.lexists(word) or word == "-" or re.match(r"[a-z]+:|@", word):
            continue
        option = _meant(name, stage, params, word)
        if option:
            raise UsageError(f"there is no file {word}", remedy=f"did you mean {option}?")


def bare_word(name: str, stage: type[Stage], word: str) -> UsageError:
    """The error for a bare word after `then` that stands for no parameter."""
    if os.path.exists(word):
        remedy = "inputs stand before the first `then`"
    else:
        option = _meant(name, stage, {}, word)
        remedy = f"did you mean {option}?" if option else f"see cvkit {name} --help"
    return UsageError(f"{name} takes no bare word {word}", remedy=remedy)


def _meant(name: str, stage: type[Stage], params: dict[str, object], word: str) -> str:
    """The option that this bare word gives a value to, or nothing."""
    own = parameters(stage)
    left, equals, right = word.partition("=")
    key = left.replace("-", "_")
    if equals and key in own:
        ours = foreign.constant(right, own[key].choices) or right
        return f"--{own[key].name} {ours}"
    for parameter in own.values():
        ours = foreign.constant(word, parameter.choices) or word
        if ours in parameter.choices:
            return f"--{parameter.name} {ours}"
    if foreign.command(word) and not word.islower():
        return foreign.command(word)
    return _fits(stage, params, word)


def _fits(stage: type[Stage], params: dict[str, object], word: str) -> str:
    """The required parameter that is missing and takes this word, where it is the only one."""
    missing = [p for p in required(stage) if p.spec not in params]
    if len(missing) != 1 or missing[0].free or _is_name(missing[0]):
        return ""
    try:
        value: object = missing[0].values(word) if missing[0].form == "many" else word
        stage(**{missing[0].field: value})
    except CvkitError:
        return ""
    return f"--{missing[0].name} {word}"


def _is_name(parameter: Parameter) -> bool:
    """Operands and assets take any text, so a word's form says nothing."""
    return "FILE" in parameter.expects


def _near(word: str, known: Iterable[str]) -> str:
    import difflib

    found = difflib.get_close_matches(word.lower().replace("_", "-"), list(known), 1, 0.6)
    return found[0] if found else ""
