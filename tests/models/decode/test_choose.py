"""What is recognised, what is refused, and which label a number means."""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from cvkit.core.errors import InputError, ParameterError
from cvkit.models.cards.card import cards
from cvkit.models.decode.choose import NAMES, checked, choose
from cvkit.models.decode.decoder import Decoder
from cvkit.models.decode.efficientdet import anchors, count
from cvkit.models.decode.naming import numbered
from cvkit.models.decode.ssdvgg import priors
from cvkit.models.decode.yolov1 import Yolov1, length
from cvkit.models.labels import labels
from cvkit.models.network import Facts, Port
from cvkit.models.wanted import Wanted
from cvkit.stages.detect import detect
from tests.models.decode.test_layouts import (
    SIZE,
    THINGS,
    WORDS,
    Placed,
    detr,
    efficientdet,
    end2end,
    nanodet,
    rfdetr,
    rtdetr,
    ssd,
    tensorflow,
    tflite,
    yolov1,
    yolov5,
    yolov8,
    yolov8_turned,
    yolox,
)

COCO = labels("coco80")


def layout(placed: Placed) -> str:
    return type(placed.decoder().layout).__name__


def test_what_ultralytics_metadata_say_goes_before_a_cards_decoder() -> None:
    """A family's card says yolov8; YOLO26 and v10 may be exported with end2end all the same."""
    placed = replace(end2end(THINGS), metadata={"end2end": "True"})
    assert type(placed.decoder("yolov8").layout).__name__ == "End2end"
    assert layout(replace(placed, names=("a", "b"))) == "End2end"


def test_the_same_shape_is_told_by_the_number_of_labels() -> None:
    """2100 rows of 10: YOLOX with five classes, or a turned YOLOv8 with six."""
    assert layout(yolox(THINGS)) == "Yolox"
    assert layout(yolov8_turned(THINGS)) == "Yolov8"
    six = replace(yolov8_turned(THINGS), names=())
    with pytest.raises(ParameterError, match="none of those that it knows fits"):
        six.decoder()
    assert len(six.found(Wanted(), "yolov8")) == len(THINGS)


def test_without_names_the_shapes_are_enough_where_they_are_certain() -> None:
    assert layout(replace(yolov8(THINGS), names=())) == "Yolov8"
    assert layout(replace(yolov5(THINGS), names=())) == "Yolov5"
    assert layout(replace(yolox(THINGS), names=())) == "Yolox"
    pose = Placed([np.zeros((1, 56, 2100), np.float32)], names=())
    with pytest.raises(ParameterError, match="none of those that it knows fits"):
        pose.decoder()


def test_two_classes_in_six_columns_are_rtdetrs_or_finished_boxes() -> None:
    pixels = replace(end2end([(*t[:5], t[5] % 2) for t in THINGS]), names=("a", "b"))
    assert layout(pixels) == "End2end"
    shares = np.full((1, 300, 6), 0.25, np.float32)
    assert layout(Placed([shares], names=("a", "b"))) == "Rtdetr"


def test_a_caffe_list_of_unknown_layers_fits_two_ways_of_feeding() -> None:
    with pytest.raises(ParameterError, match=r"more than one fits.*--decoder ssd or ssdvgg"):
        replace(ssd(THINGS), metadata={"layers": "conv1 conv2"}).decoder()
    vgg = replace(ssd(THINGS), metadata={"layers": "conv1 conv4_3_norm"}).decoder().layout
    assert vgg.preparation.mean == (104, 117, 123)


@pytest.mark.parametrize(
    "shapes", [[(1, 1000)], [(1, 7, 7)], [(1, 84)], [(1, 3, 20, 20)], [(1, 5, 2100), (1, 5)]]
)
def test_an_unknown_layout_lists_what_was_seen_and_what_can_be_named(
    shapes: list[tuple[int, ...]],
) -> None:
    outputs = [np.zeros(shape, np.float32) for shape in shapes]
    with pytest.raises(ParameterError) as error:
        Placed(outputs, ports=[f"o{i}" for i in range(len(outputs))]).decoder()
    seen = ", ".join(f"o{i} [{'×'.join(map(str, s))}] float32" for i, s in enumerate(shapes))
    assert f"input images [1×3×320×320] float32; output {seen}, 5 names" in str(error.value)
    assert all(name in str(error.value) for name in NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_named_layout_that_does_not_fit_says_why(name: str) -> None:
    placed = Placed([np.zeros((1, 9, 9, 3), np.float32)])
    with pytest.raises(ParameterError, match=rf"as {name}: \w|has 4 classes, and 5 names"):
        placed.decoder(name)


def test_a_name_is_taken_as_it_is_usually_written() -> None:
    assert checked("RF-DETR") == "rfdetr"
    assert checked("YOLO_v8") == "yolov8"
    with pytest.raises(ParameterError, match="did you mean nanodet"):
        checked("nanodett")


def test_the_page_of_detect_names_every_layout() -> None:
    page = " ".join((detect.__doc__ or "").split())
    told = page.partition("`--decoder` says it: ")[2].partition(". ")[0]
    assert set(NAMES) <= set(re.findall(r"\w+", told))


def test_every_card_names_a_layout() -> None:
    assert {card.decoder for card in cards().values()} <= set(NAMES)


def test_a_network_that_cannot_be_run_is_refused_with_the_reason() -> None:
    facts = Facts(
        "m.onnx", (Port("x", "float32", (1, 3, None, None)),), (Port("y", "float32", ()),)
    )

    def run() -> list[NDArray[np.float32]]:
        raise InputError("m.onnx failed on 1×3×640×640", why="no kernel")

    with pytest.raises(ParameterError, match=r"it cannot be run: m.onnx failed.*no kernel"):
        choose(facts, None, (), ((640, 640), run))


def test_outputs_of_another_shape_than_chosen_are_refused() -> None:
    with pytest.raises(ParameterError, match=r"not what its decoder reads.*1×9×2101"):
        yolox(THINGS).decoder().decode([np.zeros((1, 9, 2101), np.float32)], (320, 320), Wanted())


def test_several_pictures_keep_their_own_boxes() -> None:
    for build in (yolov8, yolov5, yolox, end2end, rfdetr, tensorflow):
        one, two = build(THINGS[:1]), build(THINGS[1:])
        both = (
            [np.concatenate(pair) for pair in zip(one.outputs, two.outputs, strict=True)]
            if (build is not tensorflow)
            else tensorflow(THINGS).outputs
        )
        found = one.decoder().decode(both, (320, 320), Wanted())
        if build is tensorflow:
            assert [len(f) for f in found] == [3]
            continue
        assert [f.labels for f in found] == [("hen",), ("cat", "pig")]


def test_agnostic_puts_other_classes_aside_too() -> None:
    twice = [THINGS[0], (*THINGS[0][:4], 0.7, 1)]
    assert yolov8(twice).found(Wanted()).labels == ("hen", "dog")
    assert yolov8(twice).found(Wanted(agnostic=True)).labels == ("hen",)


def test_boxes_that_are_not_finite_are_left_out() -> None:
    placed = yolov8(THINGS)
    placed.outputs[0][0, 2, 0] = np.inf
    assert placed.found(Wanted()).labels == ("cat", "pig")


def one_of(number: int, score: float = 0.9) -> list[tuple[float, float, float, float, float, int]]:
    return [(40, 60, 140, 260, score, number)]


def test_cocos_own_ids_become_the_eighty_classes() -> None:
    """TensorFlow counts 1 to 90 with ten gaps: id 18 is the dog, class 16."""
    for names in (COCO, labels("coco90"), labels("coco91")):
        found = replace(tensorflow(one_of(17)), names=names).found(Wanted())
        assert found.labels == ("dog",)
        assert found.classes is not None
        assert found.classes.tolist() == [16]
        found = replace(tflite(one_of(17)), names=names).found(Wanted())
        assert found.labels == ("dog",)
    for build in (ssd, end2end):  # these count without gaps
        assert replace(build(one_of(16)), names=COCO).found(Wanted()).labels == ("dog",)
    last = replace(tflite(one_of(89)), names=labels("coco91")).found(Wanted())
    assert last.labels == ("toothbrush",)
    gap = replace(tensorflow(one_of(11)), names=COCO).found(Wanted())
    assert len(gap) == 0  # id 12 is nothing


@pytest.mark.parametrize("build", [detr, rfdetr])
def test_detr_counts_as_coco_does(build: object) -> None:
    boxes = np.full((1, 100, 4), 0.5, np.float32)
    logits = np.full((1, 100, 92 if build is detr else 91), -30, np.float32)
    logits[0, 0, 18] = 9
    ports = ("pred_boxes", "logits") if build is detr else ("dets", "labels")
    for names in (COCO, labels("coco91"), ()):
        decoder = Placed([boxes, logits], ports, names=names).decoder()
        (found,) = decoder.decode([boxes, logits], (320, 320), Wanted())
        assert found.labels == (("dog",) if names else ("class 18",))


@pytest.mark.parametrize("background", ["background", "__background__", "???", "-"])
def test_a_background_first_is_no_class(background: str) -> None:
    for names in (WORDS, (background, *WORDS)):
        for build in (ssd, tensorflow, tflite, yolov8):
            assert replace(build(THINGS), names=names).found(Wanted()).labels == (
                "hen",
                "cat",
                "pig",
            )


def test_numbers_beyond_the_names_are_given_as_numbers() -> None:
    found = replace(end2end(THINGS), names=WORDS[:4]).found(Wanted())
    assert found.labels == ("hen", "cat", "class 4")
    assert found.classes is not None
    assert found.classes.tolist() == [3, 0, 4]
    assert numbered((), 80, 0)[0] == ()


def test_each_family_is_fed_as_its_own_program_does() -> None:
    def fed(placed: Placed) -> tuple[object, ...]:
        how = placed.decoder().layout.preparation
        return (how.fit, how.order, *how.tables()[:, [0, 255]].astype(float).round(3).tolist())

    zero_to_one, levels, half = [0.0, 1.0], [0.0, 255.0], [-1.0, 1.0]
    assert fed(yolov8(THINGS)) == ("letterbox", "rgb", *[zero_to_one] * 3)
    assert fed(yolox(THINGS)) == ("top-left", "bgr", *[levels] * 3)
    assert fed(ssd(THINGS)) == ("stretch", "bgr", *[half] * 3)
    assert fed(tflite(THINGS)) == ("stretch", "rgb", *[half] * 3)
    assert fed(tensorflow(THINGS)) == ("stretch", "rgb", *[levels] * 3)
    assert fed(rtdetr(THINGS)) == ("stretch", "rgb", *[zero_to_one] * 3)
    imagenet = [-2.118, 2.249], [-2.036, 2.429], [-1.804, 2.64]
    assert fed(rfdetr(THINGS)) == fed(detr(THINGS)) == ("stretch", "rgb", *imagenet)
    assert fed(nanodet(THINGS))[:3] == ("stretch", "bgr", [-1.804, 2.64])


def test_an_anchor_a_place_takes_four_numbers() -> None:
    """k anchors a place take 4k numbers: nine take 36; EfficientDet-D0 has 49,104 of them."""
    outputs = efficientdet(THINGS).outputs
    assert outputs[0][0, : 9 * 40 * 40].reshape(1600, -1).shape[1] == 36
    assert len(anchors((512, 512))) == count((512, 512)) == 49104


@pytest.mark.parametrize("sigmoided", [True, False])
def test_every_score_is_above_nothing_and_none_above_one(sigmoided: bool) -> None:
    placed = efficientdet(THINGS, sigmoided=sigmoided)
    layout = placed.decoder().layout
    assert len(layout.candidates(placed.outputs, SIZE, 0)[0].boxes) == count(SIZE)
    assert len(layout.candidates(placed.outputs, SIZE, 1)[0].boxes) == 0


def test_yolos_output_is_the_grid_times_boxes_and_classes() -> None:
    """S·S·(B·5 + C), S = 7, B = 2: 1470 for VOC's 20 classes, 4410 for COCO's 80; 98 boxes."""
    assert (length(20), length(80)) == (1470, 4410)
    everywhere = np.ones((1, 1470), np.float32)
    places = everywhere[:, -7 * 7 * 2 * 4 :].reshape(49, 2, 4)
    places[:, 0, 2:], places[:, 1, 2:] = 0.1, 0.2
    (found,) = Yolov1(20).candidates([everywhere], (448, 448), 0.5)
    assert len(found.boxes) == 98


def test_ssd_looks_at_so_many_boxes() -> None:
    """38²·4 + 19²·6 + 10²·6 + 5²·6 + 3²·4 + 1·4 = 8,732 for SSD300; 24,564 for SSD512."""
    assert (len(priors(300)), len(priors(512))) == (8732, 24564)
    np.testing.assert_allclose(priors(300)[0] * 300, [4, 4, 30, 30], rtol=1e-6)
    np.testing.assert_allclose(priors(300)[-1] * 300, [150, 150, 186.676, 300], rtol=1e-5)
    assert ((priors(512) > 0) & (priors(512) <= 1)).all()


def test_yolos_score_is_class_given_object_times_object() -> None:
    """P(class | object) · P(object): 0.9 · 0.4 is 0.36."""
    placed = yolov1(one_of(3, 0.36))
    flat = placed.outputs[0][0]
    flat[: 49 * 5][flat[: 49 * 5] > 0] = 0.9
    flat[49 * 5 : 49 * 7][flat[49 * 5 : 49 * 7] > 0] = 0.4
    scores = placed.found(Wanted()).scores
    assert scores is not None
    np.testing.assert_allclose(scores, [0.36], rtol=1e-6)


def test_cocos_names_are_the_printed_list_less_one() -> None:
    """The list counts from 1: 1 person, 3 car, 17 dog, 40 bottle, 57 chair, 68 cell phone, 80."""
    printed = {1: "person", 3: "car", 17: "dog", 40: "bottle", 57: "chair", 68: "cell phone"}
    for number, word in {**printed, 80: "toothbrush"}.items():
        assert COCO[number - 1] == word
    darknet = {
        "motorcycle": "motorbike", "airplane": "aeroplane", "couch": "sofa",
        "potted plant": "pottedplant", "dining table": "diningtable", "tv": "tvmonitor",
    }  # fmt: skip
    text = "".join(f"{darknet.get(word, word)}\n" for word in COCO)
    digest = hashlib.sha256(text.encode()).hexdigest()
    assert digest == "634a1132eb33f8091d60f2c346ababe8b905ae08387037aed883953b7329af84"


def test_a_decoder_of_no_names_lists_its_numbers() -> None:
    assert Decoder.of("m", yolov8(THINGS).decoder().layout).labels == tuple(
        f"class {i}" for i in range(5)
    )
