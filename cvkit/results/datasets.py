"""Labels in the formats of data sets, written from records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cvkit.core.errors import OutputError
from cvkit.io.safe import SafeFiles
from cvkit.results.jsonl import Models
from cvkit.results.survey import Labels


@dataclass
class Wrote:
    """What appeared, and what is to be said of it."""

    paths: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def write_dataset(
    form: str,
    target: Path,
    parts: Sequence[Path],
    files: SafeFiles,
    *,
    folder: bool,
    overwrite: bool,
    classes: Mapping[int, str] | None = None,
    models: Models = (),
) -> Wrote:
    """The records of these files of lines, as one file or in a folder of files.

    `classes` are those of a data set by number; COCO's `info` says with which `models` they were
    found. Raises OutputError where the form cannot hold them
    or a file exists and `overwrite` is false. Memory stays flat, but for `mot` in a folder.
    """
    labels = Labels(parts, classes)
    if folder:
        paths = _files(form, target, labels, files, overwrite=overwrite)
    else:
        with files.appearing(target, overwrite=overwrite, may_be_empty=True) as temporary:
            _file(form, labels, temporary, models)
        paths = [str(target)]
    files.flush()
    return Wrote(paths, list(dict.fromkeys(labels.notes)))


def _file(form: str, labels: Labels, path: Path, models: Models) -> None:
    if form == "mot":
        from cvkit.results.mot import mot_lines

        with open(path, "w", encoding="utf-8", newline="\n") as file:
            file.writelines(mot_lines(labels))
    elif form == "coco":
        from cvkit.results.coco import write_coco

        write_coco(labels, path, models)
    else:
        from cvkit.results.coco import write_coco_results

        write_coco_results(labels, path)


def _files(
    form: str, target: Path, labels: Labels, files: SafeFiles, *, overwrite: bool
) -> list[str]:  # fmt: skip
    if form == "yolo":
        from cvkit.results.yolo import yolo_files as made
    elif form == "voc":
        from cvkit.results.voc import voc_files as made
    else:
        from cvkit.results.mot import mot_files as made
    paths = []
    for name, data in made(labels):
        path = target / name
        if len(name.encode()) > 4000:
            raise OutputError(f"{name:.60} is too long a name")
        with files.appearing(path, overwrite=overwrite, may_be_empty=not data) as temporary:
            temporary.write_bytes(data)
        paths.append(str(path))
    return paths
