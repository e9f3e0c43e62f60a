"""What a path holds: results of ours or a data set, by its scheme or its content."""

from __future__ import annotations

import re
from pathlib import Path

from cvkit.core.errors import InputError
from cvkit.results.parquet import MAGIC
from cvkit.results.scanning import Lines, Scan, scan_csv, scan_jsonl

_SCHEME = re.compile(r"(coco|yolo|voc|mot):(.*)", re.DOTALL)
_COCO = re.compile(rb'\s*(?:\[|\{\s*"(?:info|images|annotations|categories|licenses|videos|type)")')
"""How its file begins: with a list of results, or one of the keys that it has."""
_MOT = re.compile(rb"\s*\d+(?:\.0*)?\s*(?:,\s*[-+\d.eE]+\s*){5,}(?:\n|\r|$)")
_HEAD = 4096
_NAMED = 3


def scheme_of(text: str) -> tuple[str, str]:
    """coco, yolo, voc, mot or nothing, and the path."""
    match = _SCHEME.fullmatch(text)
    return (match[1], match[2]) if match else ("", text)


def opened(where: str | Path) -> tuple[Path, Scan, object, bytes | None]:
    """Its path, where its frames are, its state, and what it held where it cannot be read again.

    Raises InputError with the line, or OSError.
    """
    form, text = scheme_of(str(where))
    path = Path(text)
    if path.is_dir():
        if form == "coco":
            raise _no_file(path)
        form = form or _form_of(path)
        path = _tracks(path) if form == "mot" else path
    if form in ("yolo", "voc") or path.is_dir():
        return path, _folder(form, path), (), None
    held = None
    if path.is_char_device() or path.is_block_device():
        raise InputError(f"{path} is a device", remedy="name a file of labels or results")
    if path.exists() and not path.is_file():  # a pipe cannot be read twice
        held = path.read_bytes()
    with Lines.of(path, held) as lines:
        head = lines.peek(_HEAD)
        if not form and re.match(rb"\s*<", head):
            return path, _folder("voc", path), (), None
        if not form and path.suffix.lower() in (".yaml", ".yml"):
            return path, _folder("yolo", path), (), None
        return path, _scan(lines, path, form or _content(head)), lines.state, held


def _no_file(folder: Path) -> InputError:
    files = sorted([*folder.glob("*.json"), *folder.glob("annotations/*.json")])[:_NAMED]
    there = " or ".join(f"coco:{file}" for file in files)
    return InputError(
        f"{folder} is a folder, and coco: names a file",
        remedy=f"say {there}" if there else "name the .json file in which the labels stand",
    )


def _content(head: bytes) -> str:
    if head.startswith(MAGIC):
        return "parquet"
    if _COCO.match(head):
        return "coco"
    if _MOT.match(head):
        return "mot"
    return "jsonl" if head.startswith(b"{") else "csv"


def _scan(lines: Lines, path: Path, form: str) -> Scan:
    name = str(path)
    if form == "parquet":
        from cvkit.results.parquet_reading import scan_parquet

        return scan_parquet(lines, name)
    if form == "coco":
        from cvkit.results.coco_reading import scan_coco

        return scan_coco(lines, name)
    if form == "mot":
        from cvkit.results.mot_reading import scan_mot

        return scan_mot(lines, path)
    return (scan_jsonl if form == "jsonl" else scan_csv)(lines, name)


def _folder(form: str, path: Path) -> Scan:
    if not path.exists():
        raise InputError(f"{path} does not exist")
    if form == "mot":
        from cvkit.results.mot_reading import scan_mot_folder

        return scan_mot_folder(path)
    if form == "voc":
        from cvkit.results.voc_reading import scan_voc

        return scan_voc(path)
    from cvkit.results.yolo_reading import scan_yolo

    return scan_yolo(path)


def _tracks(folder: Path) -> Path:
    """The file of a sequence's tracks; the folder itself where it holds files of several."""
    return next((p for p in _possible(folder) if p.is_file()), folder)


def _possible(folder: Path) -> list[Path]:
    return [folder / "gt" / "gt.txt", folder / "gt.txt", folder / "det" / "det.txt"]


def _form_of(folder: Path) -> str:
    """Of a folder's labels, by the first that is there."""
    from cvkit.results.folders import below

    if (folder / "seqinfo.ini").is_file() or any(p.is_file() for p in _possible(folder)):
        return "mot"
    if (folder / "Annotations").is_dir():
        return "voc"
    if (folder / "labels").is_dir():
        return "yolo"
    if below(folder, ".txt"):
        return "yolo"
    if below(folder, ".xml"):
        return "voc"
    raise InputError(
        f"{folder} holds no results", why="it has neither .txt nor .xml files of labels"
    )
