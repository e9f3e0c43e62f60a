"""Real weights: what their README says of each, and a decoding of the raw outputs row by row."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from cvkit.core.objects import Objects
from cvkit.models.labels import labels
from cvkit.models.opening import Models
from cvkit.models.recipe import Recipe
from cvkit.models.settings import Settings
from cvkit.models.wanted import Wanted

COCO = labels("coco80")
Row = tuple[float, int, NDArray[np.float64]]
"""Score, class, x1 y1 x2 y2 in the picture."""


def picture(shared: Path, name: str) -> NDArray[np.uint8]:
    image = cv2.imread(str(shared / "images" / f"{name}.jpg"))
    assert image is not None
    return image.astype(np.uint8)


def detected(models: Path, file: str, image: NDArray[np.uint8], wanted: Wanted) -> Objects:
    detector = Models(Settings("cpu")).open(
        str(models / "detect" / file), recipe=Recipe(labels=COCO)
    )
    (found,) = detector.detect([image], wanted)
    return found


@pytest.mark.parametrize(
    ("file", "name", "score", "expected"),
    [
        (
            "yolov5n_640.onnx", "street_bus", 0.25,
            [("person", 0.81), ("person", 0.79), ("person", 0.61), ("bus", 0.51)],
        ),
        (
            "yolov5n_640.onnx", "person_dog_horse", 0.25,
            [("person", 0.92), ("dog", 0.85), ("horse", 0.80)],
        ),
        (
            "yolox_nano_416.onnx", "street_bus", 0.3,
            [("bus", 0.91), ("person", 0.85), ("person", 0.81), ("person", 0.69)],
        ),
        (
            "yolov8n_640_fp32_from_uint8.onnx", "dog_bicycle_truck", 0.25,
            [("dog", 0.96), ("bicycle", 0.89), ("car", 0.61), ("truck", 0.51)],
        ),
    ],
)  # fmt: skip
def test_real_weights_find_what_their_readme_says(
    shared: Path,
    models: Path,
    file: str,
    name: str,
    score: float,
    expected: list[tuple[str, float]],
) -> None:
    found = detected(models, file, picture(shared, name), Wanted(score, 0.45))
    assert found.labels == tuple(label for label, _ in expected)
    assert found.scores is not None
    np.testing.assert_allclose(found.scores, [s for _, s in expected], atol=0.03)


def test_yolox_finds_four_horses_of_which_one_is_a_cow(shared: Path, models: Path) -> None:
    found = detected(models, "yolox_nano_416.onnx", picture(shared, "horses"), Wanted(0.3, 0.45))
    assert Counter(found.labels) == {"horse": 3, "cow": 1}


def test_fastestdet_finds_the_people_and_the_bus(shared: Path, models: Path) -> None:
    found = detected(
        models, "fastestdet_352.onnx", picture(shared, "street_bus"), Wanted(0.5, 0.45)
    )
    assert Counter(found.labels) >= Counter({"person": 4, "bus": 1})
    assert found.scores is not None
    np.testing.assert_allclose(found.scores[:2], 0.88, atol=0.03)
    assert found.scores.max() <= 1


def yolov5(output: NDArray[np.float32], image: NDArray[np.uint8]) -> list[Row]:
    height, width = image.shape[:2]
    gain = min(640 / height, 640 / width)
    left, top = (640 - round(width * gain)) / 2, (640 - round(height * gain)) / 2
    rows = []
    for x, y, w, h, objectness, *classes in output[0].astype(float):
        number = int(np.argmax(classes))
        box = np.array([x - w / 2 - left, y - h / 2 - top, x + w / 2 - left, y + h / 2 - top])
        rows.append((objectness * classes[number], number, box / gain))
    return rows


def yolox(output: NDArray[np.float32], image: NDArray[np.uint8]) -> list[Row]:
    height, width = image.shape[:2]
    gain = min(416 / height, 416 / width)
    # The sides that the resize really had; YOLOX's own program divides by the gain.
    gains = np.array([int(width * gain) / width, int(height * gain) / height] * 2)
    places = [(x, y, s) for s in (8, 16, 32) for y in range(416 // s) for x in range(416 // s)]
    rows = []
    for (gx, gy, stride), row in zip(places, output[0].astype(float), strict=True):
        cx, cy = (row[0] + gx) * stride, (row[1] + gy) * stride
        w, h = np.exp(row[2]) * stride, np.exp(row[3]) * stride
        number = int(np.argmax(row[5:]))
        box = np.array([cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2]) / gains
        rows.append((row[4] * row[5 + number], number, box))
    return rows


def fastestdet(output: NDArray[np.float32], image: NDArray[np.uint8]) -> list[Row]:
    height, width = image.shape[:2]
    rows = []
    for gy in range(22):
        for gx in range(22):
            cell = output[0, :, gy, gx].astype(float)
            number = int(np.argmax(cell[5:]))
            cx, cy = (np.tanh(cell[1]) + gx) / 22, (np.tanh(cell[2]) + gy) / 22
            w, h = 1 / (1 + np.exp(-cell[3])), 1 / (1 + np.exp(-cell[4]))
            box = np.array([cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2])
            box *= [width, height, width, height]
            rows.append((cell[0] ** 0.6 * cell[5 + number] ** 0.4, number, box))
    return rows


def blob(file: str, image: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The input as the author's own program makes it."""
    height, width = image.shape[:2]
    if file.startswith("fastestdet"):
        return np.asarray(cv2.dnn.blobFromImage(image, 1 / 255, (352, 352)), np.float32)
    side = 640 if file.startswith("yolov5") else 416
    gain = min(side / height, side / width)
    if side == 416:
        inner = (int(width * gain), int(height * gain))
        left = top = 0
    else:
        inner = (round(width * gain), round(height * gain))
        left, top = (round((side - n) / 2 - 0.1) for n in inner)
    canvas = np.full((side, side, 3), 114, np.uint8)
    canvas[top : top + inner[1], left : left + inner[0]] = cv2.resize(image, inner)
    if side == 416:
        return canvas.transpose(2, 0, 1)[None].astype(np.float32)
    return canvas[..., ::-1].transpose(2, 0, 1)[None].astype(np.float32) / np.float32(255)


def suppressed(rows: list[Row], score: float, limit: float) -> list[Row]:
    kept: list[Row] = []
    for row in sorted((row for row in rows if row[0] > score), key=lambda row: -row[0]):
        if all(other[1] != row[1] or overlap(other[2], row[2]) <= limit for other in kept):
            kept.append(row)
    return kept


def overlap(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    sides = np.maximum(np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2]), 0)
    both = float(sides.prod())
    return both / float((a[2:] - a[:2]).prod() + (b[2:] - b[:2]).prod() - both)


@pytest.mark.parametrize(
    ("file", "read"),
    [
        ("yolov5n_640.onnx", yolov5),
        ("yolox_nano_416.onnx", yolox),
        ("fastestdet_352.onnx", fastestdet),
    ],
)
@pytest.mark.parametrize("name", ["street_bus", "horses", "two_men"])
def test_boxes_equal_a_decoding_row_by_row(
    shared: Path, models: Path, file: str, read: object, name: str
) -> None:
    import onnxruntime

    assert callable(read)
    image = picture(shared, name)
    session = onnxruntime.InferenceSession(str(models / "detect" / file))
    (output,) = session.run(None, {session.get_inputs()[0].name: blob(file, image)})
    expected = suppressed(read(output, image), 0.3, 0.6)
    found = detected(models, file, image, Wanted(0.3, 0.6))
    assert found.scores is not None
    assert found.classes is not None
    assert len(expected) == len(found) > 1
    np.testing.assert_allclose(found.scores, [row[0] for row in expected], atol=2e-4)
    assert found.classes.tolist() == [row[1] for row in expected]
    whole = [image.shape[1], image.shape[0]] * 2
    boxes = np.clip([row[2] for row in expected], 0, whole)
    np.testing.assert_allclose(found.boxes, boxes, atol=0.8)


def test_a_network_without_names_gives_numbers(shared: Path, models: Path) -> None:
    detector = Models(Settings("cpu")).open(str(models / "detect" / "yolox_nano_416.onnx"))
    assert detector.labels[:2] == ("class 0", "class 1")
    assert len(detector.labels) == 80
    (found,) = detector.detect([picture(shared, "street_bus")], Wanted(0.3, 0.45))
    assert found.labels == ("class 5", "class 0", "class 0", "class 0")
    assert found.classes is not None
    assert found.classes.tolist() == [5, 0, 0, 0]
