"""The detectors that OpenCV carries, on photographs whose faces, plates and people are known."""

from __future__ import annotations

import json
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import local

import cv2
import numpy as np
import pytest
import skimage.data
from numpy.typing import NDArray

from cvkit.core.algo.iou import iou
from cvkit.core.errors import MissingError, ParameterError
from cvkit.core.objects import Objects
from cvkit.core.units import Length
from cvkit.models.classical import catalogue
from cvkit.models.classical.search import Search
from cvkit.models.classical.soundness import fault
from cvkit.models.classical.windows import check_search
from cvkit.models.detector import Detector
from cvkit.models.opening import BUILT_IN, Models
from cvkit.models.recipe import Recipe
from cvkit.models.settings import Settings
from cvkit.models.wanted import Wanted


def read(path: Path) -> NDArray[np.uint8]:
    image = cv2.imread(str(path))
    assert image is not None
    return image.astype(np.uint8)


def astronaut() -> NDArray[np.uint8]:
    return np.ascontiguousarray(skimage.data.astronaut()[..., ::-1])


def overlap(found: Objects, *boxes: tuple[float, float, float, float]) -> NDArray[np.float32]:
    """The best IoU that each of the boxes has with one of the found."""
    most: NDArray[np.float32] = iou(np.array(boxes, np.float32), found.boxes).max(1)
    return most


def test_the_astronauts_face_is_found() -> None:
    (found,) = Models().open("haar-face").detect([astronaut()])
    assert found.labels == ("face",)
    assert found.grid.size == (512, 512)
    assert overlap(found, (177, 66, 272, 161)) > 0.8


def test_scores_are_the_logistic_of_the_margin() -> None:
    (found,) = Models().open("haar-face").detect([astronaut()])
    margin = np.asarray(found.attributes["margin"], np.float64)
    assert found.scores is not None
    np.testing.assert_allclose(found.scores, 1 / (1 + np.exp(-margin)), rtol=1e-5)
    assert (found.scores > 0.9).all()


def test_three_faces_and_no_fourth(shared: Path) -> None:
    (found,) = Models().open("haar-face").detect([read(shared / "images/faces_three.jpg")])
    assert len(found) == 3
    faces = ((97, 148, 188, 239), (224, 205, 301, 282), (348, 146, 448, 246))
    assert (overlap(found, *faces) > 0.7).all()


def test_a_plate_is_found(shared: Path) -> None:
    (found,) = Models().open("haar-plate").detect([read(shared / "images/plate_eu.jpg")])
    assert found.labels is not None
    assert set(found.labels) == {"plate"}
    assert overlap(found, (175, 197, 314, 243)) > 0.7
    assert overlap(found.take([0]), (175, 197, 314, 243)) > 0.7  # and has the best score


def test_hog_finds_most_people_on_a_square(shared: Path) -> None:
    rows = json.loads((Path(__file__).parent / "recorded/pedestrians.json").read_text())["frames"]
    detector = Models().open("hog")
    capture = cv2.VideoCapture(str(shared / "video/pedestrians.avi"))
    there = seen = false = 0
    for number in range(121):
        _, frame = capture.read()
        if number % 40:
            continue
        (found,) = detector.detect([frame.astype(np.uint8)])
        people = np.array([row[:4] for row in rows[number] if row[5] == 0], np.float32)
        matched = iou(people, found.boxes) > 0.4
        there += len(people)
        seen += int(matched.any(1).sum())
        false += int((~matched.any(0)).sum())
        assert set(found.labels or ()) == {"person"}
    capture.release()
    assert seen >= 0.6 * there
    assert false <= 0.2 * seen


def opened(model: str) -> Detector:
    if model == "dlib-face":
        pytest.importorskip("dlib", reason="the extra faces is not installed")
    return Models().open(model)


@pytest.mark.parametrize("model", BUILT_IN)
@pytest.mark.parametrize("wh", [(1, 1), (1, 200), (200, 1), (63, 127), (64, 128), (97, 13)])
def test_any_size_of_picture_is_looked_at(model: str, wh: tuple[int, int]) -> None:
    image = np.full((wh[1], wh[0], 3), 90, np.uint8)
    image.flags.writeable = False
    (found,) = opened(model).detect([image])
    assert len(found) == 0
    assert found.grid.size == wh
    assert found.scores is not None
    assert found.labels == ()


@pytest.mark.parametrize("model", BUILT_IN)
def test_what_is_wanted_decides_what_is_given(model: str) -> None:
    image = astronaut()
    detector = opened(model)
    (found,) = detector.detect([image], Wanted(score=0))
    assert len(detector.detect([image], Wanted(score=1))[0]) == 0
    assert len(detector.detect([image], Wanted(score=0, labels=("zebra",)))[0]) == 0
    assert len(detector.detect([image], Wanted(score=0, most=1))[0]) == min(1, len(found))


@pytest.mark.slow
def test_one_cascade_a_thread_finds_what_one_alone_finds(shared: Path) -> None:
    names = ("faces_three", "faces_seven", "two_men", "street_bus")
    images = [read(shared / f"images/{name}.jpg") for name in names]
    models, own = Models(), local()
    alone = models.open("haar-face").detect(images)

    def in_thread(i: int) -> Objects:
        if not hasattr(own, "detector"):
            own.detector = models.open("haar-face")
        found: list[Objects] = own.detector.detect([images[i % 4]])
        return found[0]

    with ThreadPoolExecutor(4) as pool:
        for i, found in enumerate(pool.map(in_thread, range(24))):
            np.testing.assert_array_equal(found.boxes, alone[i % 4].boxes)
            np.testing.assert_array_equal(
                found.attributes["margin"], alone[i % 4].attributes["margin"]
            )


def test_both_eyes_of_every_face_are_found_and_nothing_else(shared: Path) -> None:
    image = read(shared / "images/faces_three.jpg")
    (found,) = Models().open("haar-eye").detect([image])
    assert set(found.labels or ()) == {"eye"}
    eyes = ((239, 225, 255, 241), (266, 224, 281, 239), (150, 174, 167, 191), (116, 170, 135, 189))
    more = ((397, 173, 417, 193), (366, 180, 383, 197))
    assert len(found) == 6
    assert (overlap(found, *eyes, *more) > 0.6).all()


def test_a_smile_lies_in_the_lower_half_of_each_face(shared: Path) -> None:
    image = read(shared / "images/faces_three.jpg")
    (faces,), (found,) = (
        Models().open(f"haar-{part}").detect([image]) for part in ("face", "smile")
    )
    assert len(found) == len(faces) == 3
    for x1, y1, x2, y2 in found.boxes:
        inside = (faces.boxes[:, :2] < [x1, y1]).all(1) & (faces.boxes[:, 2:] > [x2, y1]).all(1)
        (face,) = faces.boxes[inside]
        assert (y1 + y2) / 2 > (face[1] + face[3]) / 2


def test_where_no_face_is_no_eye_is() -> None:
    cat = np.ascontiguousarray(skimage.data.chelsea()[..., ::-1])
    assert len(Models().open("haar-eye").detect([cat])[0]) == 0


def test_a_profile_is_found_whichever_way_it_looks(shared: Path) -> None:
    image = read(shared / "images/faces_seven.jpg")
    mirror = np.ascontiguousarray(image[:, ::-1])
    (found,), (other,) = (Models().open("haar-profile").detect([i]) for i in (image, mirror))
    assert len(found) == len(other) >= 5
    back = other.boxes.copy()
    back[:, [0, 2]] = image.shape[1] - back[:, [2, 0]]
    assert (iou(found.boxes, back).max(1) > 0.8).all()
    (one,) = Models().open("haar-profile").detect([image], Wanted(iou=1))
    assert len(one) == len(found)  # a face that both sides show is given once


def test_a_cats_face_is_found_with_its_eyes_and_nose() -> None:
    """From so near its ears are cut; smaller, upright and with a border it is as cats are seen."""
    cat = np.ascontiguousarray(skimage.data.chelsea()[..., ::-1])
    matrix = cv2.getRotationMatrix2D((225.5, 150), 5, 0.5)
    matrix[:, 2] += np.array((112.75, 75))
    small = cv2.warpAffine(cat, matrix, (676, 450), borderMode=cv2.BORDER_REFLECT)
    (found,) = Models().open("haar-cat").detect([small.astype(np.uint8)])
    assert set(found.labels or ()) == {"cat face"}
    features = np.array([(172, 115, 1), (318, 136, 1), (265, 240, 1)]) @ matrix.T
    box = found.boxes[0]
    assert ((features > box[:2]) & (features < box[2:])).all()
    assert box[2] - box[0] < 200


@pytest.mark.parametrize("part", ["fullbody", "lowerbody"])
def test_people_who_walk_are_found(part: str, shared: Path) -> None:
    capture = cv2.VideoCapture(str(shared / "video/pedestrians.avi"))
    _, frame = capture.read()
    capture.release()
    (found,) = Models().open(f"haar-{part}").detect([frame.astype(np.uint8)])
    people = np.array([(235, 198, 297, 321), (491, 147, 539, 240)], np.float32)
    middles = (found.boxes[:, :2] + found.boxes[:, 2:]) / 2
    after, before = people[:, None, :2] < middles[None], middles[None] < people[:, None, 2:]
    within = np.asarray((after & before).all(2))
    assert within.any(1).all()
    assert within.any(0).all()


def test_the_neighbours_of_lbp_are_its_score() -> None:
    (found,) = Models().open("lbp-face").detect([astronaut()])
    assert overlap(found.take([0]), (177, 66, 272, 161)) > 0.7
    count = np.asarray(found.attributes["neighbors"], np.float64)
    assert found.scores is not None
    np.testing.assert_allclose(found.scores, count / (count + 1), rtol=1e-5)
    assert (count >= 5).all()


def test_dlib_finds_all_seven_faces(shared: Path) -> None:
    (found,) = opened("dlib-face").detect([read(shared / "images/faces_seven.jpg")])
    assert len(found) == 7
    haar = ((178, 214, 214, 250), (160, 117, 194, 151), (92, 192, 134, 234), (295, 76, 351, 132))
    assert (overlap(found, *haar) > 0.4).all()


def test_the_smallest_size_and_the_neighbours_decide(shared: Path) -> None:
    image, detector = read(shared / "images/faces_three.jpg"), Models().open("haar-face")
    large = Wanted(search=Search(min_size=Length(95)))
    (found,) = detector.detect([image], large)
    assert 0 < len(found) < 3  # the smallest face has 77 pixels
    assert (found.boxes[:, 2] - found.boxes[:, 0] >= 95).all()
    strict = Wanted(search=Search(min_neighbors=20))
    assert len(detector.detect([image], strict)[0]) == 2  # of 56, 89 and 4 windows
    coarse = Wanted(search=Search(scale_factor=1.5))
    fine = detector.detect([image], Wanted(search=Search(scale_factor=1.05, min_neighbors=1)))[0]
    assert len(detector.detect([image], coarse)[0]) < len(fine)


@pytest.mark.parametrize("model", ["lbp-face", "dlib-face"])
def test_the_smallest_size_holds_for_those_that_enlarge_the_picture(model: str) -> None:
    detector, image = opened(model), astronaut()
    (found,) = detector.detect([image], Wanted(search=Search(min_size=Length(60))))
    assert overlap(found, (177, 75, 275, 172)) > 0.5
    (found,) = detector.detect([image], Wanted(search=Search(min_size=Length(150))))
    assert not len(found) or overlap(found, (177, 75, 275, 172)) < 0.5


def test_small_people_are_found_where_they_are_asked_for(shared: Path) -> None:
    (image,) = (read(shared / "images/person_dog_horse.jpg"),)
    half = cv2.resize(image, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA).astype(np.uint8)
    wanted = Wanted(search=Search(min_size=Length(20)))
    (found,) = Models().open("hog").detect([half], wanted)
    assert overlap(found, (44, 23, 70, 94)) > 0.5


def test_options_of_windows_are_refused_for_what_has_none() -> None:
    with pytest.raises(ParameterError, match=r"yolo has no --min-neighbors.*network"):
        check_search("yolo", object(), Search(min_neighbors=3))
    with pytest.raises(ParameterError, match=r"dlib-face has no --scale-factor.*--min-size"):
        check_search("dlib-face", opened("dlib-face"), Search(scale_factor=1.2))
    check_search("haar-face", Models().open("haar-face"), Search(1.2, 3, Length(40)))


def test_a_cascade_of_opencv_is_opened_by_its_path(tmp_path: Path) -> None:
    file = Path(cv2.__file__).parent / "data" / "haarcascade_frontalface_alt2.xml"
    models = Models()
    (found,) = models.open(str(file)).detect([astronaut()])
    assert found.labels == ("frontalface_alt2",)
    assert overlap(found, (177, 66, 274, 163)) > 0.8
    (found,) = models.open(str(file), recipe=Recipe(labels=("face",))).detect([astronaut()])
    assert found.labels == ("face",)


def test_a_cascade_that_only_scikit_image_reads_is_run_by_it() -> None:
    file = skimage.data.lbp_frontal_face_cascade_filename()
    detector = Models().open(file)
    assert detector.ran_on.startswith("scikit-image")
    (found,) = detector.detect([astronaut()])
    (named,) = Models().open("lbp-face").detect([astronaut()])
    np.testing.assert_array_equal(found.boxes, named.boxes)


@pytest.mark.parametrize("kind", ["HAAR", "LBP"])
def test_a_cascade_that_is_cut_is_told_in_a_sentence(kind: str, tmp_path: Path) -> None:
    head = '<opencv_storage><cascade type_id="opencv-cascade-classifier"><featureType>'
    file = tmp_path / "cut.xml"
    file.write_text(f"<?xml version='1.0'?><!-- a licence -->{head}{kind}</featureType><wid")
    with pytest.raises(ParameterError, match=r"cut.xml is no cascade that can be read"):
        Models().open(str(file))


def test_xml_of_a_network_is_no_cascade(tmp_path: Path) -> None:
    file = tmp_path / "model.xml"
    file.write_text('<?xml version="1.0"?><net name="main_graph" version="11"><layers/></net>')
    assert not catalogue.is_cascade(file)
    assert not catalogue.is_cascade(tmp_path / "nothing.xml")


@pytest.mark.parametrize("name", ["haar-car", "haar-cars"])
def test_cars_have_no_cascade_but_a_network(name: str) -> None:
    with pytest.raises(MissingError, match=r"no OpenCV package.*--model yolox-nano.*car"):
        Models().open(name)


def test_what_runs_on_the_processor_only_is_not_put_elsewhere() -> None:
    with pytest.raises(MissingError, match="hog-people runs on the processor only"):
        Models(Settings("cuda")).open("hog-people")
    with pytest.raises(ParameterError, match="haar-face has neither --imgsz"):
        Models().open("haar-face", recipe=Recipe(size=(640, 640)))


LBP = Path(skimage.data.lbp_frontal_face_cascade_filename())
HAAR = Path(cv2.__file__).parent / "data" / "haarcascade_frontalface_alt2.xml"


@pytest.mark.parametrize(
    ("file", "pattern", "instead", "told"),
    [
        (LBP, r"0 -1 46 ", "0 -1 4600000 ", "a node points to what is not there"),
        (LBP, r"0 -1 46 ", "0 -1 -5 ", "a node points to what is not there"),
        (LBP, r"0 -1 46 -67130709", "0 -1 46", "a node points to what is not there"),
        (LBP, r"<rect>\s*\d+ \d+ ", "<rect>500 500 ", "a feature lies outside its window"),
        (LBP, r"<rect>\s*\d+ \d+ \d+ \d+", "<rect>1 2", "a feature lies outside its window"),
        (LBP, r"<height>24", "<height>0", "its window is 24×0"),
        (LBP, r"<width>24", "<width>many", "text where numbers should be"),
        (LBP, r"<featureType>LBP", "<featureType>HOG", "its features are HOG"),
        (HAAR, r"(<internalNodes>\s*0 1) 0", r"\1 99999999", "a node points to"),
        (HAAR, r"(<internalNodes>\s*0 1) 0", r"\1 -5", "a node points to"),
        (HAAR, r"<internalNodes>\s*0 1", "<internalNodes>99 99", "a node points to"),
        (HAAR, r"2 7 16 4 -1\.", "2 7 16 40 -1.", "a feature lies outside its window"),
    ],
)
def test_a_file_that_would_crash_the_library_is_refused(
    file: Path, pattern: str, instead: str, told: str, tmp_path: Path
) -> None:
    text = file.read_text()
    hostile = tmp_path / "hostile.xml"
    hostile.write_text(re.sub(pattern, instead, text, count=1))
    assert hostile.read_text() != text
    with pytest.raises(ParameterError, match=f"hostile.xml is no cascade.*{told}"):
        Models().open(str(hostile))


@pytest.mark.parametrize("file", [LBP, *sorted(HAAR.parent.glob("haarcascade_*.xml"))])
def test_every_cascade_that_comes_with_the_libraries_is_sound(file: Path) -> None:
    assert fault(file) == ""
