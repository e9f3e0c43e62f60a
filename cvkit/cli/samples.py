"""`cvkit samples`: pictures and recipes to try cvkit on, and a tour that uses them."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from cvkit.cli import terminal
from cvkit.core.errors import MissingError, OutputError, UsageError

HOME = Path(__file__).resolve().parents[1]

TOUR = (
    (
        "One picture, no options. coins.threshold.png shows what is lighter than the ground.",
        "cvkit threshold coins.jpg",
    ),
    (
        "A page in uneven light, as ink on paper. `cvkit threshold --help` lists other ways.",
        "cvkit threshold page.jpg --method sauvola -o page.png",
    ),
    (
        "Galaxies traced on the photograph, and a table: where each is, how large, how round.",
        "cvkit contours hubble.jpg --min-area 30 -o galaxies.jpg -o galaxies.csv",
    ),
    (
        "Steps joined by `then`: a pencil drawing in pencil.png.",
        "cvkit morph astronaut.jpg --op blackhat --size 5% then bitwise --op not -o pencil.png",
    ),
    (
        "A drawing by a recipe, sketch.yml, that you can read and change; --set changes it once.",
        "cvkit run sketch.yml cat.jpg --set morph.size=9% -o whiskers.png",
    ),
    (
        "A longer recipe: 24 coins are found, drawn on the photograph and measured.",
        "cvkit run coins.yml coins.jpg -o counted.jpg -o counted.csv",
    ),
    (
        "A face is found without any download, and hidden.",
        "cvkit detect astronaut.jpg --model haar-face then redact -o hidden.jpg",
    ),
    (
        "Faces in a video, with a record of every frame. Sound and times are kept.",
        "cvkit detect portrait.mp4 --model haar-face -o faces.mp4 -o faces.jsonl",
    ),
    (
        "Every photograph here, on all processors, into a folder that keeps their names.",
        "cvkit resize '*.jpg' --to 320x320 --fit cover then edges -o edges/",
    ),
    (
        "All that has been made so far on one sheet, each with its name.",
        "cvkit montage '*.png' '*.jpg' -o sheet.png",
    ),
    (
        "What is a number is printed: the colours of a picture, named.",
        "cvkit dominant-colors coffee.jpg",
    ),
    (
        "Commands joined by a pipe pass whole frames on. lines.mp4 is the video as outlines.",
        "cvkit blur portrait.mp4 -o - | cvkit edges - -o lines.mp4",
    ),
    (
        "What would be done, with what cvkit adds by itself and why.",
        "cvkit contours retina.jpg --top 5 --dry-run",
    ),
)
"""What is seen, and the command; each runs in a folder that `cvkit samples` filled."""
_FIRST = "cvkit samples tour && cd tour"
_LAST = """\
Look at a result with cvkit show FILE, or give -o term: in place of a file to see it here.
All stages: cvkit --help. One of them: cvkit NAME --help; its example runs beside a folder that
cvkit samples samples makes."""


def command(
    folder: Annotated[
        str, typer.Argument(metavar="[FOLDER]", help="Where the samples are put; made if needed.")
    ] = "",
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace files that are there and differ.")
    ] = False,
) -> None:
    """Put sample pictures and recipes into FOLDER, and print a tour that uses them. Without FOLDER
    only the tour is printed."""
    if folder:
        place(Path(folder), overwrite=overwrite)
    terminal.data(tour(folder))


def sample_files() -> list[Path]:
    """Pictures, videos, results and recipes, by name. Raises MissingError where there are none."""
    inside, checkout = HOME / "samples", HOME.parent / "samples"
    home = inside if inside.is_dir() else checkout
    kinds = {".jpg", ".png", ".mp4", ".jsonl", ".yml"}
    found = sorted(p for p in home.glob("*") if p.suffix in kinds) if home.is_dir() else []
    if not found:
        raise MissingError("the samples are not installed", remedy="reinstall cvkit-cli")
    return found


def place(folder: Path, *, overwrite: bool) -> None:
    """Copy the samples; nothing is written where one would replace a file that differs."""
    from cvkit.io.safe import write_bytes

    files = {file.name: file.read_bytes() for file in sample_files()}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        missing = [n for n, data in files.items() if not _holds(folder / n, data)]
    except OSError as error:
        raise OutputError(f"{folder} cannot be used", why=error.strerror or str(error)) from error
    there = [name for name in missing if (folder / name).exists()]
    if there and not overwrite:
        raise UsageError(
            f"{folder / there[0]} exists and is another file",
            remedy="name a new folder, or give --overwrite",
        )
    for name in missing:
        write_bytes(folder / name, files[name], overwrite=overwrite)
    count = sum(name.endswith((".jpg", ".png")) for name in files)
    recipes = sum(name.endswith(".yml") for name in files)
    videos = sum(name.endswith(".mp4") for name in files)
    told = f"{count} pictures, {videos} videos and {recipes} recipes → {folder}/"
    terminal.people(terminal.plain(told))


def _holds(file: Path, data: bytes) -> bool:
    return file.is_file() and file.read_bytes() == data


def tour(folder: str = "") -> str:
    """The numbered steps; the first goes to the folder that was filled, or fills one."""
    enter = f"cd {shlex.quote(folder)}" if folder else _FIRST
    parts = ["A tour of cvkit in ten minutes. Type, look at what it wrote, change a word."]
    parts.append(f"        {_command(enter)}")
    for number, (seen, line) in enumerate(TOUR, start=1):
        body = terminal.wrapped(seen, terminal.width(), "    ").lstrip()
        head = terminal.styled(f"{number:>2}", "bold", sys.stdout)
        parts.append(f"{head}  {body}\n\n        {_command(line)}")
    parts.append(terminal.wrapped(_LAST, terminal.width()))
    return "\n\n".join(parts)


def _command(line: str) -> str:
    return terminal.styled(line, "bold", sys.stdout)
