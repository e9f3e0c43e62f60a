"""Files that are cut, changed or hostile: one clear line each, whatever reads them."""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from cvkit.core.errors import CvkitError, MissingError
from cvkit.models.backends import choice
from cvkit.models.backends.base import How
from cvkit.models.backends.formats import look
from cvkit.models.device import Device
from tests.models import files
from tests.models.conftest import blocks

HOW = How(Device("cpu"), size=(64, 64))


def written(folder: Path, kind: str) -> list[Path]:
    """A small network of this kind; the first file is the one that is named."""
    if kind == "openvino":
        openvino = pytest.importorskip("openvino", reason="the extra openvino is not installed")
        network = openvino.Core().read_model(blocks(folder / "b.onnx", 1))
        openvino.save_model(network, folder / "ir.xml")
        return [folder / "ir.xml", folder / "ir.bin"]
    if kind == "darknet":
        return [files.darknet(folder), folder / "tiny.weights"]
    if kind == "caffe":
        return [files.caffe(folder), folder / "times.caffemodel"]
    if kind == "tensorflow":
        return [files.tensorflow(folder / "cut.pb")]
    return [blocks(folder / "b.onnx", 1)]


def changed(data: bytes, dice: random.Random) -> bytes:
    """Cut, with bytes overwritten, left out or put in."""
    at, some = dice.randrange(len(data)), dice.randbytes(dice.randint(1, 20))
    return dice.choice(
        [data[:at], data[:at] + some + data[at + len(some) :], data[:at] + data[at + 9 :]]
    )


def opened(path: Path) -> Iterator[str]:
    """What each backend says of it; nothing where it runs. Anything but CvkitError escapes."""
    try:
        able = choice.choices(look(path))
    except CvkitError as error:
        yield str(error)
        return
    for known in able:
        if not known.installed:
            continue
        try:
            network = choice.load(look(path), HOW, known.name)
            sides = [1, *(side or 64 for side in network.facts.inputs[0].shape[1:])]
            network.run(np.zeros(sides, network.facts.inputs[0].dtype))
        except CvkitError as error:
            yield str(error)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["onnx", "openvino", "darknet", "caffe", "tensorflow"])
def test_a_damaged_file_gets_one_line_and_no_noise(
    tmp_path: Path, kind: str, capfd: pytest.CaptureFixture[str]
) -> None:
    whole = tmp_path / "whole"
    whole.mkdir()
    names = written(whole, kind)
    dice = random.Random(7)
    said = []
    for number in range(12):
        folder = tmp_path / str(number)
        shutil.copytree(whole, folder)
        victim = folder / dice.choice(names).name
        victim.write_bytes(changed(victim.read_bytes(), dice))
        said += list(opened(folder / names[0].name))
    assert len(said) > 5
    assert all("\n" not in line and len(line) < 400 for line in said)
    assert not any("/opencv/" in line or "src/" in line for line in said)
    assert capfd.readouterr() == ("", "")


def test_a_file_that_would_crash_opencv_is_refused(tmp_path: Path) -> None:
    path = files.caffe(tmp_path)
    path.write_bytes(path.read_bytes().replace(b'type: "Scale"', b'type: "\xcfScale"'))  # no UTF-8
    with pytest.raises(MissingError, match="it is damaged"):
        choice.load(look(path), HOW)


def test_cut_weights_of_darknet_are_not_filled_up_in_silence(tmp_path: Path) -> None:
    """OpenCV would run them, over whatever its memory holds."""
    cfg = files.darknet(tmp_path)
    weights = cfg.with_suffix(".weights")
    whole = weights.read_bytes()
    cuts = {3: "it is cut", 20: "it has 20 bytes", len(whole) - 1: "it has 6,1.. bytes"}
    for left, said in cuts.items():
        weights.write_bytes(whole[:left])
        with pytest.raises(MissingError, match=rf"tiny\.weights cannot be loaded: {said}"):
            choice.load(look(cfg), HOW)
    weights.write_bytes(whole + b"more")
    choice.load(look(cfg), HOW)


def test_a_network_without_layers_is_called_so_in_plain_words(tmp_path: Path) -> None:
    """OpenCV says `!empty()`."""
    path = files.caffe(tmp_path)
    path.write_text('name: "nothing"\n')
    with pytest.raises(MissingError, match="cut, damaged or no Caffe network"):
        choice.load(look(path), HOW)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[net]\nwidth=999999\nheight=999999\n[yolo]\n", "999999"),
        ("[net]\nwidth=0\nheight=-5\n", "no width and height"),
        ("nothing\n", "no width and height"),
        ("[net]\nwidth=64\nheight=64\n[convolutional]\nfilters=99999999\nsize=999\n", "tiny.cfg"),
    ],
)
def test_a_hostile_cfg_takes_no_memory(tmp_path: Path, text: str, said: str) -> None:
    cfg = files.darknet(tmp_path)
    cfg.write_text(text)
    with pytest.raises(CvkitError, match=said):
        choice.load(look(cfg), HOW)
