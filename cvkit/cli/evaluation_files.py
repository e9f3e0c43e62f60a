"""Files that an evaluation is written to: which page goes where, and the writing of it."""

from __future__ import annotations

import csv
import io
import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cvkit.cli.evaluation_rules import Rule
from cvkit.cli.evaluation_tables import PAGES, plain, table
from cvkit.core.errors import OutputError, UsageError
from cvkit.core.spec_paths import path_of
from cvkit.engine.naming import overwrites

if TYPE_CHECKING:
    from cvkit.results.evaluation import Compared

_PICTURES = ("pr", "confusion", "errors")
_REPORT = (
    "evaluation.json", "classes.csv", "errors.csv", "confusion.csv", "pairs.csv", "pr.csv",
    "pr.png", "confusion.png", "errors.png",
)  # fmt: skip
"""What a folder gets."""


@dataclass(frozen=True, slots=True)
class Output:
    """A file, and the page that goes into it."""

    path: Path
    page: str


def outputs(texts: list[str], page: str, read: list[str], *, overwrite: bool) -> list[Output]:
    """What each `-o` stands for. Raises UsageError, also for a file that exists or is `read`."""
    found: list[Output] = []
    for text in texts:
        name, _, rest = text.partition("=")
        if rest and name in PAGES:
            found.append(_output(rest, name))
        elif text.endswith(("/", os.sep)) or os.path.isdir(text):
            found += [_output(os.path.join(text, file), "") for file in _REPORT]
        else:
            found.append(_output(text, "", page))
    paths = [os.path.realpath(one.path) for one in found]
    twice = next((one.path for one in found if paths.count(os.path.realpath(one.path)) > 1), None)
    if twice is not None:
        raise UsageError(f"two outputs would write {twice}")
    inputs = {os.path.realpath(path_of(text)) for text in read}
    own = next((one.path for one in found if os.path.realpath(one.path) in inputs), None)
    if own is not None:
        raise overwrites(str(own), "one of the two sides")
    there = next((one.path for one in found if one.path.exists()), None)
    if there is not None and not overwrite:
        raise UsageError(f"{there} exists", remedy="say --overwrite, or name another")
    return found


def _output(text: str, named: str, otherwise: str = "") -> Output:
    path = Path(text)
    suffix = path.suffix.lower()
    if suffix == ".json":
        return Output(path, "")
    words = re.findall(r"[a-z]+", path.stem.lower())
    page = named or next((word for word in words if word in PAGES), "")
    if suffix == ".csv":
        return Output(path, page or otherwise)
    from cvkit.io.codecs.writing import format_of

    try:
        format_of(suffix)
    except OutputError as error:
        raise UsageError(
            f"-o {text}: an evaluation is not written so",
            remedy="use a folder/, .json, .csv or a picture: pr.png, confusion.png, errors.png",
        ) from error
    if page not in _PICTURES:
        raise UsageError(
            f"-o {text}: which picture is it?",
            remedy=f"name it pr.png, confusion.png or errors.png, or write pr={text}",
        )
    return Output(path, page)


def write(
    files: list[Output], told: Compared, rules: list[Rule], code: int, *, overwrite: bool
) -> None:
    """Each file whole or not at all. Raises OutputError."""
    from cvkit.io.safe import SafeFiles

    with SafeFiles(overwrite=overwrite) as safe:
        for file in files:
            safe.write_bytes(file.path, _data(file, told, rules, code))


def _data(file: Output, told: Compared, rules: list[Rule], code: int) -> bytes:
    suffix = file.path.suffix.lower()
    if suffix == ".json":
        return (json.dumps(plain(told, rules, code), indent=2) + "\n").encode()
    if suffix == ".csv":
        page, text = table(told, file.page), io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(page.columns)
        writer.writerows(["" if v is None else v for v in row] for row in page.rows)
        return text.getvalue().encode("utf-8", "backslashreplace")
    from cvkit.cli.evaluation_charts import chart
    from cvkit.core.values import Image
    from cvkit.io.codecs.writing import format_of, write_picture

    picture = Image.of(chart(told.evaluation, file.page))
    return write_picture(picture, format_of(suffix))
