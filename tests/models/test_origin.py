"""What results say of the model that made them."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import onnx
import pytest

from cvkit.models.opening import Models
from cvkit.models.recipe import Recipe
from cvkit.models.settings import Settings, Step
from tests.models import files
from tests.models.conftest import Make


def opened(path: Path, decoder: str | None = None) -> dict[str, str]:
    models = Models(Settings("cpu"))
    models.open(str(path), recipe=Recipe(decoder))
    return models.opened[0].plain()


def test_the_hash_is_of_the_weights_whichever_file_was_named(tmp_path: Path) -> None:
    cfg = files.darknet(tmp_path)
    weights = cfg.with_suffix(".weights")
    digest = sha256(weights.read_bytes()).hexdigest()
    assert opened(cfg) == {"name": "tiny.cfg", "sha256": digest}
    assert opened(weights) == {"name": "tiny.weights", "sha256": digest}


def test_a_folder_of_openvino_has_a_hash_too(make: Make, tmp_path: Path) -> None:
    openvino = pytest.importorskip("openvino", reason="the extra openvino is not installed")
    folder = tmp_path / "blocks_openvino_model"
    openvino.save_model(openvino.Core().read_model(make(1)), folder / "blocks.xml")
    digest = sha256((folder / "blocks.bin").read_bytes()).hexdigest()
    assert opened(folder, "yolov8") == {"name": folder.name, "sha256": digest}


def test_the_licence_is_the_one_that_the_file_names(make: Make) -> None:
    path = make(1)
    network = onnx.load(path)
    network.metadata_props.add(key="license", value="AGPL-3.0 License (https://ultralytics.com)")
    onnx.save(network, path)
    assert opened(path)["licence"] == "AGPL-3.0 License"


def test_a_file_that_a_card_knows_has_its_licence_under_any_name(
    models: Path, tmp_path: Path
) -> None:
    path = tmp_path / "mine.onnx"
    path.symlink_to(models / "detect" / "fastestdet_352.onnx")
    assert opened(path)["licence"] == "BSD-3-Clause"


def test_classes_without_names_are_told_of_once(tmp_path: Path) -> None:
    said: list[str] = []

    def watch(step: Step) -> None:
        said.append(step.note)

    models = Models(Settings("cpu", watch=watch))
    cfg = files.darknet(tmp_path)
    assert models.open(str(cfg)) is models.open(str(cfg))
    assert len(said) == 1
    assert "tiny.cfg does not name its classes: give --labels" in said[0]
    models.open(str(cfg), recipe=Recipe(labels=("red", "green", "blue")))
    assert len(said) == 1
