"""What can stand next on the command line, and the scripts with which shells ask for it.

A script calls `cvkit __complete -- WORDS…`, the last word being the one in work. Each line of the
answer is a word, a tab and its description; a line `:files` or `:folders` asks the shell for files.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from cvkit.cli import terminal
from cvkit.cli.app import TYPER
from cvkit.core import catalog
from cvkit.core.errors import CvkitError

if TYPE_CHECKING:
    from cvkit.core.stage import Stage

FILES = ":files"
PLACES = {
    "show:": "a window",
    "term:": "the picture in the terminal",
    "-": "the frame stream, for the next cvkit in a pipe",
    "png:-": "pictures behind each other",
    "jpg:-": "pictures behind each other",
    "y4m:-": "raw video",
    "jsonl:-": "results as they come",
    "csv:-": "results as a table",
}
INPUTS = {
    "seq:": "numbered pictures as one video",
    "canvas:640x480:white": "a picture of one colour",
    "pattern:bars": "colour bars",
    "pattern:checker": "a chequered picture",
    "pattern:gradient": "from black to white",
    "pattern:noise": "random levels",
}

SCRIPTS = {
    "bash": r"""
_cvkit() {
    local IFS=$'\n' line words=() word="${COMP_WORDS[COMP_CWORD]}"
    local given=("${COMP_WORDS[@]:1:COMP_CWORD}")
    COMPREPLY=()
    while IFS= read -r line; do
        if [[ $line == :files ]]; then
            compopt -o filenames 2>/dev/null
            COMPREPLY+=($(compgen -f -- "$word"))
        else
            line="${line%%$'\t'*}"
            [[ $line == *= ]] && compopt -o nospace 2>/dev/null
            COMPREPLY+=("$line")
        fi
    done < <("${COMP_WORDS[0]}" __complete -- "${given[@]}" 2>/dev/null)
}
complete -F _cvkit cvkit
""",
    "zsh": r"""
#compdef cvkit
_cvkit() {
    local line word
    local -a offered
    while IFS= read -r line; do
        if [[ $line == :files ]]; then
            _files
        else
            word="${line%%$'\t'*}"
            offered+=("${word//:/\\:}:${line#*$'\t'}")
        fi
    done < <("${words[1]}" __complete -- "${(@)words[2,CURRENT]}" 2>/dev/null)
    (( $#offered )) && _describe -t words 'cvkit' offered
}
if [[ $funcstack[1] == _cvkit ]]; then
    _cvkit "$@"
else
    (( $+functions[compdef] )) || { autoload -Uz compinit && compinit; }
    compdef _cvkit cvkit
fi
""",
    "fish": r"""
function __cvkit_complete
    set -l tokens (commandline -opc) (commandline -ct)
    for line in ($tokens[1] __complete -- $tokens[2..-1] 2>/dev/null)
        if test "$line" = :files
            __fish_complete_path (commandline -ct)
        else
            echo $line
        end
    end
end
complete -c cvkit -f -a '(__cvkit_complete)'
""",
}


def complete(words: Sequence[str]) -> int:
    """Answer a shell; an error of ours must never show at its prompt."""
    given = list(words[1:] if words[:1] == ["--"] else words) or [""]
    try:
        offers = list(dict.fromkeys(candidates(given)))
    except CvkitError:
        offers = [(FILES, "")]
    for word, text in offers:
        terminal.data(word if word == FILES else f"{word}\t{text}")
    return 0


def candidates(words: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Words, with a description each, that may stand in the place of the last one."""
    *before, word = words
    if not before:
        yield from _starting(_first_words(), word)
        return
    step = before[len(before) - before[::-1].index("then") :] if "then" in before else before
    if not step:
        yield from _starting(_stages(), word)
        return
    first = "then" not in before
    if step[0] in TYPER:
        offers = _of_models(step[1:]) if step[0] == "models" else _of_command(step[0])
        yield from _starting(offers, word)
        return
    yield from _in_step(step, word, first=first)


def _in_step(step: Sequence[str], word: str, *, first: bool) -> Iterator[tuple[str, str]]:
    """Options, values, files or `then` in a step whose first word is its stage."""
    from cvkit.cli.parameters import parameters
    from cvkit.core.options import RunOptions

    stage = catalog.load(step[0]) if catalog.is_stage(step[0]) else None
    own = parameters(stage) if stage else {}
    known = {**parameters(RunOptions), **own}
    waiting = step[-1].lstrip("-").replace("-", "_") if step[-1].startswith("--") else ""
    if step[-1] in ("-o", "--save"):
        yield FILES, ""
        if step[-1] == "-o":
            yield from _starting(PLACES.items(), word)
    elif waiting in known and known[waiting].form != "flag":
        found = known[waiting]
        if found.choices:
            yield from _starting(((c, "") for c in found.choices), word)
        elif waiting == "model":
            yield from _starting(_models(), word)
            yield FILES, ""
        elif "FILE" in found.expects or found.free:
            yield FILES, ""
    elif word.startswith("-"):
        yield from _starting(_options(step, stage), word)
    else:
        if "then".startswith(word) and (len(step) > 1 or not first):
            yield "then", "the next step"
        if first:
            yield FILES, ""
            yield from _starting(INPUTS.items(), word) if word else ()


def _options(step: Sequence[str], stage: type[Stage] | None) -> Iterator[tuple[str, str]]:
    from cvkit.cli.pages import SET_DOC, SHELL_DOCS, described
    from cvkit.cli.parameters import parameters
    from cvkit.core.options import RunOptions

    models: list[type[Stage] | type[RunOptions]] = [stage] if stage else []
    for model in (*models, RunOptions):
        docs = described(model)
        for parameter in parameters(model).values():
            doc = docs[parameter.field]
            off = parameter.form == "flag" and parameter.default == "yes"
            yield f"--no-{parameter.name}" if off else f"--{parameter.name}", doc
    for label, doc in SHELL_DOCS.items():
        yield label.rpartition(", ")[2].split()[0], doc
    if step[0] == "run":
        yield "--set", SET_DOC
    yield "--help", "Show the page of this stage."


def _first_words() -> Iterator[tuple[str, str]]:
    from cvkit.cli.group import COMMANDS

    yield from _stages()
    yield from COMMANDS.items()


def _stages() -> Iterator[tuple[str, str]]:
    for name in catalog.names():
        yield name, catalog.entry(name).summary


def _of_command(name: str) -> Iterator[tuple[str, str]]:
    if name == "help":
        from cvkit.cli.topics import TOPICS

        yield from TOPICS.items()
        yield from _stages()
    elif name == "completion":
        yield from ((shell, "") for shell in SCRIPTS)
    elif name in ("info", "samples", "evaluate"):
        yield FILES, ""
    if name == "evaluate":
        from cvkit.cli.group import options

        yield from options(name)
    yield "--help", "Show the page of this command."
    if name in ("stages", "info", "doctor"):
        yield "--json", "One JSON object."


def _of_models(words: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Its commands, then what each takes."""
    from cvkit.cli.models_command import app

    if not words:
        for command in app.registered_commands:
            doc = (command.callback.__doc__ or "") if command.callback is not None else ""
            yield command.name or "", doc.partition("\n")[0]
    elif words[0] == "import":
        yield FILES, ""
    elif words[0] != "list":
        yield from _models()


def _models() -> Iterator[tuple[str, str]]:
    """Models by name, with what they are."""
    from cvkit.models.store.keeping import rows

    for row in rows():
        yield row.name, f"{row.family}, {row.state}"


def _starting(offers: Iterable[tuple[str, str]], word: str) -> Iterator[tuple[str, str]]:
    yield from (o for o in offers if o[0].startswith(word) or o[0] == FILES)
