"""Sheets of what every stage makes of real photographs, a sheet a topic: `make gallery`.

Each tile is a command that ran just now, and its picture. The commands are the examples of the
stages, so a new stage is there without an edit, then every method of the stages that have many,
then what else is worth seeing. Full-size sheets and a page to look through are in build/gallery;
the small ones are in samples/gallery, for the README.
"""

from __future__ import annotations

import csv
import html
import re
import shutil
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from gallery_commands import lines_of, ours
from PIL import Image, ImageDraw, ImageFont

from cvkit.cli import examples

ROOT = Path(__file__).resolve().parent.parent
BUILT = ROOT / "build" / "gallery"
SMALL = ROOT / "samples" / "gallery"
HEAVIEST = 120_000
"""Bytes that a small sheet may have."""

COLUMNS = 4
TILE = (240, 180)
GAP, MARGIN, HEAD = 20, 24, 64
PAPER, INK, SOFT, RULE = (250, 250, 248), (28, 28, 30), (120, 120, 124), (222, 222, 218)
INKED = 14
"""Size of the letters under a picture."""


@dataclass(frozen=True)
class Tile:
    """A picture or lines of a table, and the words under it; `quiet` for what is only the input."""

    words: str
    picture: np.ndarray | None = None
    lines: tuple[str, ...] = ()
    scale: float = 0.0
    """How large the input is shown at this size of tile; 0 fits the tile."""
    quiet: bool = False
    begins: bool = False
    """Whether other pictures come in than before."""
    moving: bool = False

    def size(self, zoom: int) -> tuple[int, int]:
        """Width and height of what is shown, in pixels of the page."""
        if self.picture is None:
            return TILE[0] * zoom, TILE[1] * zoom
        full = examples.fit(self.picture, (TILE[0] * zoom, TILE[1] * zoom))
        scale = self.scale * zoom
        # A result keeps its input's scale, so that a smaller one looks smaller, unless it is lost.
        scale = scale if 0.3 * full < scale < full else full
        h, w = self.picture.shape[:2]
        return max(1, round(w * scale)), max(1, round(h * scale))


def main(chosen: list[str]) -> int:
    """Make the sheets of these topics, or of all; 1 where a command failed."""
    shutil.rmtree(BUILT, ignore_errors=True)
    BUILT.mkdir(parents=True)
    SMALL.mkdir(exist_ok=True)
    topics = [t for t in ours() if not chosen or t in chosen]
    failed = []
    with tempfile.TemporaryDirectory() as work, ThreadPoolExecutor(2) as pool:
        for topic in topics:
            lines = lines_of(topic)
            folders = [Path(work, topic, str(i)) for i in range(len(lines))]
            ran = list(pool.map(examples.run, lines, folders))
            failed += [r for r in ran if r.code]
            tiles = tiles_of([r for r in ran if not r.code])
            sheet(topic.capitalize(), tiles, 2).save(BUILT / f"{topic}.webp", quality=88)
            small = sheet(topic.capitalize(), tiles, 1)
            for quality in range(84, 20, -6):
                small.save(SMALL / f"{topic}.webp", quality=quality, method=6)
                if (SMALL / f"{topic}.webp").stat().st_size <= HEAVIEST:
                    break
            print(f"{topic}: {len(ran)} commands", flush=True)
    pages()
    for r in failed:
        print(f"exit {r.code}: {r.line}\n{r.said}", file=sys.stderr)
    print(f"The sheets are in {BUILT}/: open index.html or README.md.")
    return 1 if failed else 0


def tiles_of(ran: list[examples.Ran]) -> list[Tile]:
    """The results, each new input before the first that uses it."""
    tiles = []
    before: tuple[str, ...] = ()
    for r in ran:
        names = tuple(p.name for p in r.inputs)
        pictures = [examples.seen(p) for p in r.inputs]
        if names != before and len(pictures) == 1:
            moving = r.inputs[0].suffix in examples.MOVING
            tiles.append(Tile(names[0], pictures[0], quiet=True, begins=True, moving=moving))
        scale = examples.fit(pictures[0], TILE) if pictures else 0.0
        tiles.append(replace(result(r, scale), begins=names != before and len(pictures) != 1))
        before = names
    return tiles


def result(r: examples.Ran, scale: float) -> Tile:
    shown = [p for p in r.outputs if p.suffix in (*examples.SHOWN, *examples.MOVING)]
    if not shown:
        text = r.printed or r.outputs[0].read_text()
        return Tile(r.line, lines=tuple(table(text)))
    moving = shown[0].suffix in examples.MOVING
    if len(shown) == 1:
        return Tile(r.line, examples.seen(shown[0]), scale=scale, moving=moving)
    room = (TILE[0] * 2, TILE[1] * 2)
    many = examples.mosaic([examples.seen(p) for p in shown[:30]], room, 12, PAPER[0])
    return Tile(r.line, many)


def table(text: str) -> list[str]:
    """Lines of columns for CSV that was printed; other text as it is."""
    rows = list(csv.reader(text.splitlines()))
    if not rows or len(rows[0]) < 3 or text.startswith("{"):
        return text.splitlines()
    told = [i for i, name in enumerate(rows[0]) if name not in ("source", "index", "time")]
    kept = [i for i in range(len(rows[0])) if len({row[i] for row in rows[1:]}) > 1] or told
    return ["\t".join(row[i] for i in kept) for row in rows]


def sheet(title: str, tiles: list[Tile], zoom: int) -> Image.Image:
    """The page of a topic, say; `zoom` 1 is the small one."""
    width = (2 * MARGIN + COLUMNS * TILE[0] + (COLUMNS - 1) * GAP) * zoom
    rows = rows_of(tiles)
    tall = [max(t.size(zoom)[1] for t in row) for row in rows]
    deep = [max(len(wrap(t.words, zoom)) for t in row) * (INKED + 5) * zoom for row in rows]
    height = HEAD * zoom + sum(tall) + sum(deep) + len(rows) * (GAP + 8) * zoom
    page = Image.new("RGB", (width, height), PAPER)
    pen = ImageDraw.Draw(page)
    pen.text((MARGIN * zoom, 42 * zoom), title, INK, font(26 * zoom), anchor="ls")
    y = HEAD * zoom
    for row, high, under in zip(rows, tall, deep, strict=True):
        for i, tile in enumerate(row):
            x = (MARGIN + i * (TILE[0] + GAP)) * zoom
            draw_tile(page, tile, (x, y + high), zoom)
            for k, line in enumerate(wrap(tile.words, zoom)):
                at = (x, y + high + (8 + k * (INKED + 5)) * zoom)
                pen.text(at, line, SOFT if tile.quiet else INK, font(INKED * zoom))
        y += high + under + (GAP + 8) * zoom
    return page


def rows_of(tiles: list[Tile]) -> list[list[Tile]]:
    """An input and what is made of it stand in one row where they fit."""
    groups: list[list[Tile]] = []
    for tile in tiles:
        if tile.begins or not groups:
            groups.append([])
        groups[-1].append(tile)
    rows: list[list[Tile]] = [[]]
    for group in groups:
        if len(rows[-1]) + len(group) > COLUMNS and rows[-1]:
            rows.append([])
        for tile in group:
            if len(rows[-1]) == COLUMNS:
                rows.append([])
            rows[-1].append(tile)
    return rows


def draw_tile(page: Image.Image, tile: Tile, at: tuple[int, int], zoom: int) -> None:
    """`at` is the bottom left corner of the tile."""
    pen = ImageDraw.Draw(page)
    width, height = tile.size(zoom)
    x, y = at[0], at[1] - height
    box = (x, y, x + width - 1, y + height - 1)
    if tile.picture is None:
        pen.rectangle(box, (255, 255, 255), RULE, zoom)
        page.paste(drawn_table(tile.lines, zoom), (x + 10 * zoom, y + 10 * zoom))
        return
    part = examples.scaled(tile.picture, (width, height))
    page.paste(Image.fromarray(np.ascontiguousarray(part[:, :, ::-1])), (x, y))
    pen.rectangle(box, None, RULE, zoom)
    if tile.moving:
        r = 17 * zoom
        cx, cy = x + 10 * zoom + r, y + height - 10 * zoom - r
        pen.ellipse((cx - r, cy - r, cx + r, cy + r), (20, 20, 22), (255, 255, 255), 2 * zoom)
        w = r // 2
        pen.polygon([(cx - w + w // 3, cy - w), (cx - w + w // 3, cy + w), (cx + w, cy)], "white")


def drawn_table(lines: tuple[str, ...], zoom: int) -> Image.Image:
    """As large as fits, and the rows that fit; a cell that is a colour gets a patch of it. Lines
    that are no table are broken anywhere."""
    room = (TILE[0] - 20) * zoom, (TILE[1] - 20) * zoom
    page = Image.new("RGB", room, (255, 255, 255))
    pen = ImageDraw.Draw(page)
    rows = [line.split("\t") for line in lines]
    if len(rows[0]) < 2:
        letters = 34
        text = " ".join(lines)
        rows = [[text[i : i + letters]] for i in range(0, len(text), letters)]
    for size in range(14 * zoom, 8 * zoom, -zoom):
        step, patch, gap = round(size * 1.4), round(size * 1.3), size
        columns = list(zip(*rows, strict=True))
        wide = [
            max(font(size).getlength(c) + (patch if is_colour(c) else 0) for c in column)
            for column in columns
        ]
        if sum(wide) + gap * (len(wide) - 1) <= room[0]:
            break
    x = 0
    for column, width in zip(columns, wide, strict=True):
        for k, text in enumerate(column[: room[1] // step]):
            left = x
            if is_colour(text):
                pen.rectangle((x, k * step + 1, x + size, k * step + size), text)
                left += patch
            head = k == 0 and len(columns) > 1
            pen.text((left, k * step), text, SOFT if head else INK, font(size))
        x += round(width) + gap
    return page


def is_colour(text: str) -> bool:
    return re.fullmatch("#[0-9a-f]{6}", text) is not None


def wrap(words: str, zoom: int) -> list[str]:
    """The command in lines, broken between options, without the name of a picture it writes."""
    written = re.search(r" -o \S+$", words)
    if written and written[0].endswith((*examples.SHOWN, *examples.MOVING)):
        words = words[: written.start()]
    parts = re.findall(r"(?:then \S+|--?\w\S*(?: (?!then\b|-)(?:\"[^\"]*\"|\S+))?|\S+)", words)
    lines = [""]
    for part in parts:
        longer = f"{lines[-1]} {part}" if lines[-1] else part
        if font(INKED * zoom).getlength(longer) > TILE[0] * zoom and lines[-1].strip():
            longer = f"   {part}"
            lines.append("")
        lines[-1] = longer
    return lines


def font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """The one that Pillow brings, so that sheets look alike wherever they are made."""
    return ImageFont.load_default(size)


def pages() -> None:
    """Every sheet with its commands as text, to look through in a browser and as Markdown."""
    topics = list(ours())
    for folder in (BUILT, SMALL):
        parts = [
            "# Gallery",
            "Each command runs as it stands after `cvkit samples tour && cd tour`. "  # noqa: ISC004
            "`make gallery` makes the sheets anew.",
        ]
        for topic in topics:
            commands = "\n".join(lines_of(topic))
            parts.append(f"## {topic.capitalize()}\n\n![{topic}]({topic}.webp)")
            parts.append(f"```\n{commands}\n```")
        (folder / "README.md").write_text("\n\n".join(parts) + "\n")
    sections = [
        f'<section id="{t}"><img src="{t}.webp" alt="{t}"><details><summary>The commands</summary>'
        f"<pre>{html.escape(chr(10).join(lines_of(t)))}</pre></details></section>"
        for t in topics
    ]
    links = " ".join(f'<a href="#{t}">{t}</a>' for t in topics)
    (BUILT / "index.html").write_text(HTML.format(links=links, sections="\n".join(sections)))


HTML = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>cvkit: gallery</title>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 1060px; margin: 0 auto; padding: 1rem;
  background: #fafaf8; color: #1c1c1e }}
nav {{ position: sticky; top: 0; background: #fafaf8ee; padding: .6rem 0 }}
nav a {{ margin-right: .8rem; color: inherit }}
img {{ width: 100%; border: 1px solid #dededa }}
pre {{ overflow-x: auto }}
section {{ margin: 2rem 0; scroll-margin-top: 4rem }}
</style>
<h1>cvkit: what every stage does</h1>
<p><code>cvkit samples tour &amp;&amp; cd tour</code> puts the pictures into a folder; each command
runs there as it stands.</p>
<nav>{links}</nav>
{sections}
</html>
"""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
