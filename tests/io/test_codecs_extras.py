"""Packages that a user adds: each is asked for by one line, before any pixel."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from cvkit.core.errors import InputError, MissingError
from cvkit.io.codecs import extras
from cvkit.io.codecs.asked import Asked
from cvkit.io.codecs.formats import FORMATS
from cvkit.io.codecs.reading import read_picture
from cvkit.io.sources.opening import open_still

HEADS = {
    "heic": b"\0\0\0\x18ftypheic\0\0\0\0mif1heic",
    "jxl": b"\xff\x0a" + bytes(40),
    "raw": b"FUJIFILMCCD-RAW 0201",
    "pdf": b"%PDF-1.7\n",
    "svg": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
}


def without(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if no extra were installed."""
    hidden = {module for module, _ in extras.MODULES.values()}
    find = importlib.util.find_spec
    monkeypatch.setattr(extras, "find_spec", lambda name: None if name in hidden else find(name))


def test_every_extra_of_the_table_is_known():
    assert {row.extra for row in FORMATS.values() if row.extra} == set(extras.MODULES) == set(HEADS)


@pytest.mark.parametrize("fmt", HEADS)
def test_a_missing_package_is_named_with_its_line(fmt: str, monkeypatch: pytest.MonkeyPatch):
    without(monkeypatch)
    with pytest.raises(MissingError, match=rf'pip install "cvkit-cli\[{fmt}\]"') as error:
        read_picture(HEADS[fmt], f"a.{fmt}")
    assert error.value.exit_code == 4
    assert extras.MODULES[fmt][1] in error.value.what


def test_a_broken_package_is_said(monkeypatch: pytest.MonkeyPatch):
    def broken(name: str) -> None:
        raise ImportError("libheif.so.1: cannot open shared object file\nmore")

    monkeypatch.setattr(extras, "there", lambda extra: True)
    monkeypatch.setattr(extras, "import_module", broken)
    with pytest.raises(MissingError, match=r"libheif\.so\.1: cannot open shared object file; pip"):
        read_picture(HEADS["heic"], "a.heic")


def test_in_a_folder_a_missing_package_fails_one_input(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Named on the line, the run is refused before any pixel: `engine.check` does that."""
    without(monkeypatch)
    (tmp_path / "a.heic").write_bytes(HEADS["heic"])
    still = open_still(str(tmp_path / "a.heic"), "a.heic")
    with pytest.raises(InputError, match=r'pip install "cvkit-cli\[heic\]"'):
        still.read(Asked())
