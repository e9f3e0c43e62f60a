"""Printed results: a table that fits the terminal, else the CSV that a file would hold."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from itertools import islice
from typing import TYPE_CHECKING, TextIO

from cvkit.cli import terminal

if TYPE_CHECKING:
    from cvkit.engine.report import Table

MOST_ROWS = 40
"""More are for a file."""
LOOKED_AT = 1000
"""Rows that decide which columns say something: there may be millions."""
_BOX = ("x1", "y1", "x2", "y2")
_GAP = 2
_Rows = list[list[object]]


def show_table(table: Table, stream: TextIO) -> None:
    """All of it where it is read by a program; what a person can read where it is a terminal."""
    if not terminal.is_terminal(stream):
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(table.columns)
        # Beside a picture it is for people, whom thousands of lines do not help.
        most = None if table.stream == "stdout" else MOST_ROWS
        for row in islice(iter(table.rows), most):
            writer.writerow(["" if v is None else v for v in row])
        if most is not None and len(table.rows) > most:
            stream.write(_left_out(len(table.rows) - most, []) + "\n")
        stream.flush()
        return
    columns, rows = _for_people(table)
    shown = rows[:MOST_ROWS]
    texts = [[terminal.plain(cell(value)) for value in row] for row in shown]
    widths = [
        max(len(name), *(len(row[i]) for row in texts)) if texts else len(name)
        for i, name in enumerate(columns)
    ]
    fit = _fitting(widths, terminal.width(10_000))
    right = [any(isinstance(row[i], int | float) for row in shown) for i in range(len(columns))]

    def line(cells: Sequence[str]) -> str:
        placed = (
            text.rjust(widths[i]) if right[i] else text.ljust(widths[i])
            for i, text in enumerate(cells[:fit])
        )
        return (" " * _GAP).join(placed).rstrip()

    lines = [terminal.styled(line(columns), "bold", stream), *map(line, texts)]
    left = _left_out(len(table.rows) - len(shown), columns[fit:])
    if left:
        lines.append(terminal.styled(left, "dim", stream))
    stream.write("\n".join(lines) + "\n")
    stream.flush()


def cell(value: object) -> str:
    """A value as people read it in a table."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.4g}"
    return str(value)


def _for_people(table: Table) -> tuple[list[str], _Rows]:
    """Without what says nothing here, and with points and boxes in one column each."""
    columns: list[str] = list(table.columns)
    rows: _Rows = [list(row) for row in islice(table.rows, LOOKED_AT)]
    if set(_BOX) <= set(columns):
        at = [columns.index(name) for name in _BOX]
        boxes = [_together(row, at[:2]) + " – " + _together(row, at[2:]) for row in rows]
        columns, rows = _merged(columns, rows, list(_BOX), "box", boxes)
    for name in [c[:-2] for c in columns if c.endswith("_x") and f"{c[:-1]}y" in columns]:
        pair = [f"{name}_x", f"{name}_y"]
        points = [_together(row, [columns.index(p) for p in pair]) for row in rows]
        columns, rows = _merged(columns, rows, pair, name, points)
    labels = [row[columns.index("label")] for row in rows] if "label" in columns else []
    if "class" in columns and labels and all(labels):  # its number says no more
        columns, rows = _merged(columns, rows, ["class", "label"], "label", labels)
    keep = [i for i, name in enumerate(columns) if _says_something(name, [r[i] for r in rows])]
    return [columns[i] for i in keep], [[row[i] for i in keep] for row in rows]


def _together(row: list[object], at: list[int]) -> str:
    values = [row[i] for i in at]
    if not any(v is not None for v in values):
        return ""
    return ", ".join(
        f"{v:.1f}".removesuffix(".0") if isinstance(v, float) else cell(v) for v in values
    )


def _merged(
    columns: list[str], rows: _Rows, gone: list[str], name: str, cells: Sequence[object]
) -> tuple[list[str], _Rows]:
    first = columns.index(gone[0])
    keep = [i for i, column in enumerate(columns) if column not in gone]
    place = sum(i < first for i in keep)
    names = [columns[i] for i in keep]
    names.insert(place, name)
    out: _Rows = []
    for row, one in zip(rows, cells, strict=True):
        kept = [row[i] for i in keep]
        kept.insert(place, one)
        out.append(kept)
    return names, out


def _says_something(name: str, values: list[object]) -> bool:
    known = {value for value in values if value not in (None, "")}
    if name in ("source", "index", "time", "label") and len(values) > 1 and len(known) < 2:
        return name == "label" and not known <= {"contour"} and bool(known)
    return bool(known) and not (name in ("index", "time") and known <= {0})


def _fitting(widths: list[int], room: int) -> int:
    """How many columns have room, at least one."""
    used = 0
    for count, width in enumerate(widths):
        used += width + (_GAP if count else 0)
        if used > room and count:
            return count
    return len(widths)


def _left_out(rows: int, columns: list[str]) -> str:
    told = [f"{rows:,} more rows"] if rows > 0 else []
    told += [f"{len(columns)} more columns ({', '.join(columns)})"] if columns else []
    return f"… {' and '.join(told)}: -o FILE.csv has all" if told else ""
