"""`cvkit models`: which models there are, and what the store of this machine holds."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cvkit.cli import failure, terminal
from cvkit.cli.fetching import Fetching, megabytes
from cvkit.core.errors import ComparisonError, CvkitError, UsageError

if TYPE_CHECKING:
    from cvkit.models.settings import Settings, Step
    from cvkit.models.store.keeping import Row

app = typer.Typer(add_completion=False, rich_markup_mode="rich", invoke_without_command=True)

Names = Annotated[list[str], typer.Argument(metavar="NAME...", help="Names of models.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON value.")]
Offline = Annotated[bool, typer.Option("--offline", help="Fetch nothing.")]
Accept = Annotated[
    list[str] | None,
    typer.Option("--accept-license", metavar="NAME", help="Take this one, for research only."),
]
Trust = Annotated[
    bool, typer.Option("--trust", help="Take a file that can run programs (.pt) and is not known.")
]


HELP = (
    "See which models there are, fetch them, and carry them to machines without a network.\n\n"
    "Their names stand for them: cvkit detect street.jpg --model yolo11n. What is not here is "
    "fetched when it is first used, into the folder that CVKIT_CACHE names, or "
    "~/.cache/cvkit/models. Proxies are taken from HTTPS_PROXY; CVKIT_MIRROR may name a server "
    "of yours that has NAME/FILE."
)


@app.callback(help=HELP)
def models(context: typer.Context) -> None:
    """Without a command, the list."""
    if context.invoked_subcommand is None:
        show_list()


@app.command("list")
def show_list(
    word: Annotated[str, typer.Argument(help="Only models in whose line this word is.")] = "",
    here: Annotated[bool, typer.Option("--here", help="Only what can be used at once.")] = False,
    as_json: Json = False,
) -> None:
    """List models: where they are, size, licence."""
    from cvkit.models.store.keeping import rows

    found = [
        row
        for row in rows()
        if word.lower() in f"{row.name} {row.family} {row.licence} {row.state} {row.task}".lower()
        and (not here or row.state in ("here", "needs no download"))
    ]
    if as_json:
        terminal.data(json.dumps([_plain(row) for row in found], indent=1))
        return
    if not found and word:
        raise UsageError(f"no model says {word!r}", remedy="cvkit models list shows all")
    terminal.data("\n".join(_listed(found)))


def _plain(row: Row) -> dict[str, object]:
    card = row.card
    return {
        "name": row.name,
        "aliases": list(card.aliases) if card is not None else [],
        "family": row.family,
        "task": row.task,
        "state": row.state,
        "megabytes": round(row.megabytes, 1) if row.megabytes is not None else None,
        "licence": row.licence,
        "research_only": card is not None and card.research_only,
    }


def _listed(rows: Sequence[Row]) -> Iterator[str]:
    """A line a model, under the name of its family."""
    left = max(len(row.name) for row in rows) + 2 if rows else 0
    family = ""
    for row in rows:
        if row.family != family:
            yield ("\n" if family else "") + terminal.styled(
                f"{row.family} ({row.task})", "bold", sys.stdout
            )
            family = row.family
        size = f"{megabytes(row.megabytes * 1e6):>9}" if row.megabytes is not None else " " * 9
        only = ", research only" if row.card is not None and row.card.research_only else ""
        style = "green" if row.state in ("here", "needs no download") else "dim"
        state = terminal.styled(f"{row.state:<17}", style, sys.stdout)
        yield f"  {row.name:<{left}}{state} {size}  {row.licence}{only}".rstrip()


@app.command("info")
def show_info(
    name: Annotated[str, typer.Argument(help="Name of a model.")], as_json: Json = False
) -> None:
    """Say all that is known of a model."""
    from cvkit.models.cards.card import find
    from cvkit.models.store import folder
    from cvkit.models.store.holding import address
    from cvkit.models.store.keeping import files_of, rows

    card = find(name)
    known = {row.name: row for row in rows()}
    row = known.get(card.name if card is not None else name)
    paths = files_of(name) if row is None or row.state != "needs no download" else []
    assert row is not None, "files_of has refused it"
    pins = folder.known().files
    told: dict[str, object] = {**_plain(row)}
    if card is not None:
        told |= {"by": card.by, "terms": card.terms, "decoder": card.decoder}
        told |= {"size": list(card.size), "labels": card.labels or None}
    files = []
    for number, path in enumerate(paths):
        pin = pins.get(f"{path.parent.name}/{path.name}")
        weights = card.files[number] if card is not None else None
        digest = (weights.sha256 if weights else None) or (pin.sha256 if pin else None)
        url = address(card, weights) if card is not None and weights is not None else None
        files.append({"path": str(path), "here": path.is_file(), "url": url, "sha256": digest})
    if as_json:
        terminal.data(json.dumps({**told, "files": files}, indent=1))
        return
    for key, value in told.items():
        if value not in (None, [], "", False):
            terminal.data(f"{key.replace('_', ' '):<11}{_words(key, value)}")
    for file in files:
        terminal.data(f"\n{'file':<11}{file['path']}" + ("" if file["here"] else " (not here)"))
        terminal.data(f"{'from':<11}{file['url'] or 'your own'}")
        terminal.data(f"{'sha256':<11}{file['sha256'] or 'not known; what comes first is pinned'}")


def _words(key: str, value: object) -> str:
    if key == "size" and isinstance(value, list):
        return "×".join(map(str, value)) + " pixels"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


@app.command("pull")
def pull(
    names: Names,
    accept: Accept = None,
    again: Annotated[
        bool, typer.Option("--again", help="Though it is here; whatever comes is the right one.")
    ] = False,
) -> int:
    """Fetch models now, so that they are here later."""
    from cvkit.models.store import get
    from cvkit.models.store.keeping import remove

    with _settings(accept=accept or ()) as settings:

        def one(name: str) -> None:
            if again:
                remove(name, forget=True)
            terminal.data(str(get(name, settings).files[0]))

        return _each(names, one)


@app.command("path")
def show_path(names: Names, offline: Offline = False, accept: Accept = None) -> int:
    """Print where the files of models are; fetch what is not here."""
    from cvkit.models.store import get

    with _settings(offline=offline, accept=accept or ()) as settings:

        def one(name: str) -> None:
            for file in get(name, settings).files:
                terminal.data(str(file))

        return _each(names, one)


@app.command("verify")
def verify(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME...]", help="All that are here.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Read the files through and compare them. Exit 7: one is not as it should be."""
    from cvkit.models.store.keeping import verify as verified

    found = list(verified(names or ()))
    if as_json:
        rows = [
            {"name": v.name, "path": str(v.path), "sha256": v.sha256, "wrong": v.wrong or None}
            for v in found
        ]
        terminal.data(json.dumps(rows, indent=1))
    else:
        for v in found:
            mark = terminal.styled("✗", "bold red", sys.stdout) if v.wrong else "✓"
            terminal.data(f"{mark} {v.name}/{v.path.name}  {v.wrong or v.sha256}")
    wrong = [v for v in found if v.wrong]
    if wrong:
        names_of = " ".join(dict.fromkeys(v.name for v in wrong))
        raise ComparisonError(
            f"{len(wrong)} of {len(found)} files are not as they should be",
            remedy=f"cvkit models rm {names_of} takes them away",
        )
    if not found:
        terminal.people("no model is here; cvkit models pull NAME fetches one")


@app.command("rm")
def remove(
    names: Names,
    forget: Annotated[
        bool, typer.Option("--forget", help="Forget what the file was, too: another may come.")
    ] = False,
) -> int:
    """Take models away from this machine."""
    from cvkit.models.store.keeping import remove as take_away

    def one(name: str) -> None:
        freed = take_away(name, forget=forget)
        terminal.people(f"{name}: {megabytes(freed)} freed" if freed else f"{name} was not here")

    return _each(names, one)


@app.command("import")
def take(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Models, or a bundle.")],
    name: Annotated[
        str, typer.Option("--as", metavar="NAME", help="The name by which it is used.")
    ] = "",
    trust: Trust = False,
) -> int:
    """Copy files that you have into the store, or what a bundle holds.

    Files of models that cvkit knows are told by their content or name; others get a name of yours.
    """
    from cvkit.models.cards.card import find
    from cvkit.models.store.importing import take as taken
    from cvkit.models.store.licences import told

    if name and len(files) > 1:
        raise UsageError("--as names one file")

    def one(file: str) -> None:
        for known in taken(Path(file), name, trust=trust):
            terminal.people(f"{terminal.plain(file)} → {known}: cvkit detect IMAGE --model {known}")
            if card := find(known):
                terminal.people(terminal.hanging(told(card), "  ", sys.stderr))

    return _each([str(file) for file in files], one)


@app.command("bundle")
def bundle(
    names: Names,
    output: Annotated[Path, typer.Option("-o", "--output", metavar="FILE.tar", help="The file.")],
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace it.")] = False,
    offline: Offline = False,
    accept: Accept = None,
) -> None:
    """Write models to one file for a machine without a network.

    There, cvkit models import FILE.tar takes them in.
    """
    from cvkit.models.store.bundles import pack

    with _settings(offline=offline, accept=accept or ()) as settings:
        held = pack(names, output, overwrite=overwrite, settings=settings)
    size = megabytes(output.stat().st_size)
    terminal.people(f"{', '.join(held)} → {terminal.plain(str(output))} ({size})")
    terminal.people("there: cvkit models import " + terminal.plain(output.name))


def _each(names: Sequence[str], one: Callable[[str], None]) -> int:
    """Do it for each; errors are said as they come, and the first code is the command's."""
    code = 0
    for name in names:
        try:
            one(name)
        except CvkitError as error:
            if len(names) == 1:
                raise
            failure.say(error)
            code = code or error.exit_code
    return code


@contextmanager
def _settings(*, offline: bool = False, accept: Sequence[str] = ()) -> Iterator[Settings]:
    """What a download needs to know, and its progress on stderr."""
    from cvkit.models.settings import Settings

    fetching = Fetching(sys.stderr, bars=terminal.is_terminal(sys.stderr))

    def watch(step: Step) -> None:
        if step.note:
            terminal.people(terminal.hanging(step.note, "  ", sys.stderr))
        else:
            fetching(step.name, step.done, step.total)

    try:
        yield Settings(offline=offline, accept_license=tuple(accept), watch=watch)
    finally:
        fetching.close()
