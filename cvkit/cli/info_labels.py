"""What `cvkit info` says of results and data sets: pictures, things, and how many of each class."""

from __future__ import annotations

import os
import sys
from typing import Any

from cvkit.cli import terminal
from cvkit.core.spec_paths import path_of

_SUFFIXES = (".jsonl", ".parquet", ".json", ".xml")
_SHOWN = 20
"""Classes that have a line; the rest are one."""


def holds_labels(text: str) -> bool:
    """Whether the word names labels: by a scheme, or a suffix that no picture and no video has."""
    if path_of(text) != text:
        return not text.startswith("seq:")
    return text.lower().endswith(_SUFFIXES) and os.path.isfile(text)


def label_facts(text: str) -> dict[str, Any]:
    """Raises InputError where they cannot be read."""
    from cvkit.results.reading import read_results

    saved = read_results(text)
    counts: dict[str, int] = dict.fromkeys(saved.classes.values(), 0)
    frames = things = 0
    for found in saved.things():
        frames += 1
        things += len(found)
        for one in found:
            name = one.get("label") or str(one.get("class", "no class"))
            counts[name] = counts.get(name, 0) + 1
    order = sorted(counts.items(), key=lambda pair: -pair[1])
    return {"file": text, "labels": {"pictures": frames, "objects": things, "classes": dict(order)},
            "notes": saved.notes}  # fmt: skip


def label_lines(fact: dict[str, Any]) -> list[str]:
    """One line, and one for each class, the most first."""
    told, name = fact["labels"], terminal.styled(str(fact["file"]), "bold", sys.stdout)
    classes = told["classes"]
    seen = {key: count for key, count in classes.items() if count}
    of = f" of {len(classes)}" if len(seen) < len(classes) else ""
    words = (("picture", told["pictures"]), ("object", told["objects"]))
    counted = [f"{many:,} {word}{'s' * (many != 1)}" for word, many in words]
    kinds = f"{len(seen)}{of} class{'es' * (len(classes) != 1)}"
    lines = [f"{name}: {', '.join([*counted, kinds])}"]
    widest = max((len(key) for key in list(seen)[:_SHOWN]), default=0)
    for key, count in list(seen.items())[:_SHOWN]:
        lines.append(f"  {terminal.plain(key):<{widest}}  {count:>9,}")
    if len(seen) > _SHOWN:
        rest = sum(list(seen.values())[_SHOWN:])
        lines.append(f"  and {len(seen) - _SHOWN} more  {rest:,}")
    return [*lines, *(f"  {note}" for note in fact["notes"])]
