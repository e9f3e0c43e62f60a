"""Stages that a package outside cvkit adds: the command line must treat them like its own."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cvkit.core import catalog

TUNE = '''
"""Brighten a picture by a level and a factor.

Every way in which a parameter can be typed is here once.

Example: cvkit tune a.png --method soft-light --level 50%

Source: nobody.
"""

from typing import Annotated, Literal

from pydantic import Field

from cvkit.core.stage import Image, Picture, Stage
from cvkit.core.units import Color, Level, Point


class Tune(Stage):
    method: Literal["otsu", "soft-light", "hard"] = "otsu"
    """How it is brightened."""
    level: Level | Literal["auto"] = "auto"
    """From which level on."""
    block: Annotated[int, Field(ge=3, le=99)] = 11
    """Side of the neighbourhood."""
    weights: tuple[float, ...] = ()
    """One factor a channel."""
    points: tuple[Point, ...] = ()
    """Where."""
    tint: Color = Color(255, 0, 0)
    """With which colour."""
    smooth: bool = True
    """Whether edges are kept soft."""
    hard_light: bool = False
    """Whether light is hard."""
    text: str = ""
    """What is written on it."""

    def apply(self, picture: Picture) -> Picture:
        return picture
'''
STRETCH = '''
"""Stretch a picture to a size.

Example: cvkit stretch a.png --to 50%
"""

from cvkit.core import warp
from cvkit.core.stage import Size, Stage
from cvkit.core.units import Extent


class Stretch(Stage):
    to: Extent
    """The size to reach."""

    def apply(self, size: Size) -> warp.Warp:
        return warp.Scale(size, self.to.on(size))
'''
PAIR = '''
"""Mix two pictures.

Example: cvkit pair a.png b.png
"""

from cvkit.core.stage import Image, Operand, Photo, Stage


class Pair(Stage):
    with_: Operand[Image]
    """The other picture."""
    share: float = 0.5
    """How much of the other."""

    def apply(self, photo: Photo, with_: Image) -> Image:
        return photo
'''
BROKEN = '"""Fail at import."""\n\nimport a_package_that_nobody_has\n'


@pytest.fixture(scope="session")
def outside(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an installed distribution `glow` and its four stages, one of them broken."""
    folder = tmp_path_factory.mktemp("site")
    sources = {"tune": TUNE, "stretch": STRETCH, "pair": PAIR, "broken-glow": BROKEN}
    info = folder / "glow-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: glow\nVersion: 1.0\n")
    points = ["[cvkit.stages]"]
    for name, text in sources.items():
        module = f"glow_{name.replace('-', '_')}"
        (folder / f"{module}.py").write_text(text.lstrip())
        points.append(f"{name} = {module}:{''.join(p.title() for p in name.split('-'))}")
    (info / "entry_points.txt").write_text("\n".join(points) + "\n")
    return folder


@pytest.fixture
def glow(outside: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The stages of `outside` in this process; an empty current folder."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.syspath_prepend(str(outside))
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    catalog._others.cache_clear()
    catalog.load.cache_clear()
    yield work
    catalog._others.cache_clear()
    catalog.load.cache_clear()
    for module in [m for m in sys.modules if m.startswith("glow_")]:
        del sys.modules[module]
