"""The command line as a spec: words in, `Spec` and shell options out.

    STAGE INPUT... [options] [then STAGE [WORD] [options]]... [-o OUTPUT]...
    run SPEC INPUT... [--set STEP.PARAM=VALUE]... [-o OUTPUT]...
    convert INPUT... -o OUTPUT
    show INPUT...

Values stay text: the stage's model validates them, so that a spec and Python give the same error.
Nothing here loads a library for help, colour or pictures.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from cvkit.cli import strays
from cvkit.cli.parameters import Parameter, bare_for, parameters
from cvkit.core import catalog
from cvkit.core.errors import UsageError
from cvkit.core.options import RunOptions
from cvkit.core.spec import Spec, Step, read_spec
from cvkit.core.stage import Stage
from cvkit.core.wording import shortened

FLAGS = ("dry_run", "json", "quiet", "verbose", "progress", "profile", "debug")
CHAINLESS = ("run", "convert", "show")
"""Commands that take no steps."""
SHORT = {"o": "output", "j": "jobs", "q": "quiet", "v": "verbose"}
_NUMBER = re.compile(r"-\.?\d")


@dataclass(frozen=True, slots=True)
class ShellOptions:
    """What only the command line knows."""

    dry_run: bool = False
    save: str = ""
    set: tuple[str, ...] = ()
    json: bool = False
    quiet: bool = False
    verbose: bool = False
    progress: bool | None = None
    profile: bool = False
    debug: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """What one command line asks for."""

    spec: Spec
    shell: ShellOptions


@dataclass(slots=True)
class _Given:
    """Options of the run as they are found; they may stand in any step."""

    outputs: list[str] = field(default_factory=list)
    run: dict[str, object] = field(default_factory=dict)
    shell: dict[str, object] = field(default_factory=dict)
    save: str = ""
    set: list[str] = field(default_factory=list)


def parse(argv: Sequence[str]) -> Line:
    """Raises UsageError, or what reading a spec raises, and nothing else."""
    if not argv:
        raise UsageError("a command needs a stage", remedy="see cvkit --help")
    given = _Given()
    first, *later = _split(argv)
    if first[0] in CHAINLESS and later:
        raise UsageError(
            f"{first[0]} takes no further steps", remedy="a chain begins with a stage's name"
        )
    if first[0] == "run":
        spec = _recipe(first[1:], given)
    elif first[0] in CHAINLESS:
        _, inputs = _options(first[0], None, first[1:], given)
        spec = Spec(inputs=tuple(inputs), outputs=_seen() if first[0] == "show" else ())
    else:
        step, inputs = _first(first, given)
        steps = (step, *(_later(words, given) for words in later))
        spec = Spec(steps, tuple(inputs))
    run = {**spec.run, **given.run}
    outputs = tuple(given.outputs) or spec.outputs
    spec = replace(spec, outputs=outputs, run=run).with_set(tuple(given.set))
    return Line(spec, _shell(given))


def _seen() -> tuple[str, ...]:
    """Where `show` shows: a window where there can be one, else the terminal."""
    window = sys.platform == "darwin" or os.environ.get("DISPLAY")
    return ("show:",) if window else ("term:",)


def _shell(given: _Given) -> ShellOptions:
    shell = {name: value for name, value in given.shell.items() if isinstance(value, bool)}
    return ShellOptions(save=given.save, set=tuple(given.set), **shell)


def _split(argv: Sequence[str]) -> list[list[str]]:
    steps: list[list[str]] = [[]]
    for word in argv:
        if word == "then":
            steps.append([])
        else:
            steps[-1].append(word)
    if not all(steps):
        raise UsageError(
            "`then` stands between two steps",
            remedy="as a value write --text=then, as a file ./then",
        )
    return steps


def _recipe(words: list[str], given: _Given) -> Spec:
    _, bare = _options("run", None, words, given)
    if not bare:
        raise UsageError("run needs a spec", remedy="cvkit run SPEC INPUT...")
    spec = read_spec(Path(bare[0]))
    return replace(spec, inputs=tuple(bare[1:])) if bare[1:] else spec


def _first(words: list[str], given: _Given) -> tuple[Step, list[str]]:
    name = strays.stage_word(words[0])
    stage = catalog.load(name)
    params, bare = _options(name, stage, words[1:], given)
    other = parameters(stage).get("with")
    if other and "with" not in params and len(bare) > 1:
        params["with"] = bare.pop()
    strays.check_inputs(name, stage, params, bare)
    return Step(name, params), bare


def _later(words: list[str], given: _Given) -> Step:
    name = strays.stage_word(words[0])
    stage = catalog.load(name)
    params, bare = _options(name, stage, words[1:], given)
    meant = bare_for(stage)
    if len(bare) == 1 and len(meant) == 1 and meant[0].spec not in params:
        params[meant[0].spec] = meant[0].values(bare[0]) if meant[0].form == "many" else bare[0]
    elif bare:
        raise strays.bare_word(name, stage, bare[-1])
    return Step(name, params)


def _options(
    name: str, stage: type[Stage] | None, words: list[str], given: _Given
) -> tuple[dict[str, object], list[str]]:
    """Parameters of the step by spec name, and its bare words."""
    params: dict[str, object] = {}
    bare: list[str] = []
    reader = _Reader(name, stage, words)
    for word in reader:
        if word == "--":
            bare += reader.rest()
        elif word == "-" or not word.startswith("-") or _NUMBER.match(word):
            bare.append(word)
        elif word.startswith("--"):
            _long(reader, word, params, given)
        else:
            _short(reader, word, given)
    return params, bare


class _Reader:
    """The words of one step, from the left."""

    def __init__(self, name: str, stage: type[Stage] | None, words: list[str]) -> None:
        self.name = name
        self.stage = stage
        self._words = words
        self._at = 0

    def __iter__(self) -> _Reader:
        return self

    def __next__(self) -> str:
        if self._at >= len(self._words):
            raise StopIteration
        self._at += 1
        return self._words[self._at - 1]

    def rest(self) -> list[str]:
        words, self._at = self._words[self._at :], len(self._words)
        return words

    def peek(self) -> str:
        return self._words[self._at] if self._at < len(self._words) else ""

    def value(self, option: str, attached: str | None) -> str:
        """The option's value: after `=`, or the next word unless that is an option."""
        if attached is not None:
            return attached
        word = next(self, None)
        if word is None:
            raise UsageError(f"{option} needs a value", remedy=strays.expected(self.stage, option))
        if word.startswith("-") and word != "-" and not _NUMBER.match(word):
            raise UsageError(
                f"{option} needs a value, and {word} is an option",
                remedy=f"if it is the value, write {option}={word}",
            )
        return word


def _long(reader: _Reader, word: str, params: dict[str, object], given: _Given) -> None:
    option, equals, text = word.partition("=")
    attached = text if equals else None
    key = option[2:].replace("-", "_")
    own = parameters(reader.stage) if reader.stage else {}
    shared = parameters(RunOptions)
    for group, target in ((own, params), (shared, given.run)):
        if key in group:
            _take(group[key], reader, option, attached, target)
            return
        negated = group.get(key.removeprefix("no_")) if key.startswith("no_") else None
        if negated and negated.form == "flag":
            _flag(option, attached, negated.spec, target, value=False)
            return
    if not _shell_option(key, reader, option, attached, given):
        raise strays.unknown_option(reader.name, reader.stage, word, reader.peek())


def _take(
    parameter: Parameter,
    reader: _Reader,
    option: str,
    attached: str | None,
    target: dict[str, object],
) -> None:
    if parameter.form == "flag":
        _flag(option, attached, parameter.spec, target, value=True)
        return
    text = reader.value(option, attached)
    strays.refuse_constant(option, text, parameter.choices)
    if parameter.form == "many":
        before = target.get(parameter.spec, [])
        assert isinstance(before, list)
        target[parameter.spec] = before + parameter.values(text)
    else:
        _once(option, parameter.spec, text, target)


def _flag(
    option: str, attached: str | None, name: str, target: dict[str, object], *, value: bool
) -> None:
    if attached is not None:
        words = {"true": True, "yes": True, "on": True, "1": True}
        words |= {"false": False, "no": False, "off": False, "0": False}
        if attached.lower() not in words:
            got = shortened(repr(attached))
            raise UsageError(f"{option} is a switch, got {got}", remedy="write yes or no")
        value = value is words[attached.lower()]
    _once(option, name, value, target)


def _once(option: str, name: str, value: object, target: dict[str, object]) -> None:
    if name in target and target[name] != value:
        twice = (shortened(str(one)) for one in (target[name], value))
        raise UsageError(f"{option} is given twice", why=" and ".join(twice))
    target[name] = value


def _shell_option(
    key: str, reader: _Reader, option: str, attached: str | None, given: _Given
) -> bool:
    """Whether the option is one of the command line's own; then it is taken."""
    if key in FLAGS:
        _flag(option, attached, key, given.shell, value=True)
    elif key.startswith("no_") and key[3:] == "progress":
        _flag(option, attached, "progress", given.shell, value=False)
    elif key == "save":
        given.save = reader.value(option, attached)
    elif key == "set":
        given.set.append(reader.value(option, attached))
    else:
        return False
    return True


def _short(reader: _Reader, word: str, given: _Given) -> None:
    """`-o X`, `-oX`, `-j 4`, `-q`, `-qv`."""
    name = SHORT.get(word[1])
    foreign = strays.one_dash(word, reader.peek())
    if name is None or foreign:
        raise strays.unknown_option(reader.name, reader.stage, word, reader.peek())
    if name in ("output", "jobs"):
        text = reader.value(word[:2], word[2:].removeprefix("=") or None)
        if name == "output":
            given.outputs.append(text)
        else:
            _once("-j", "jobs", text, given.run)
        return
    for letter in word[1:]:
        if SHORT.get(letter) not in ("quiet", "verbose"):
            raise strays.unknown_option(reader.name, reader.stage, word, reader.peek())
        _once(f"-{letter}", SHORT[letter], True, given.shell)
