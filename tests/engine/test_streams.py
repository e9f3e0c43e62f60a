"""Folders of pictures and videos through pipes: names, order, kinds, sound, and what is kept."""

from __future__ import annotations

import json
import shlex
import subprocess
from fractions import Fraction

import av
import cv2
import pytest

from tests.conftest import ROOT, Command
from tests.invariant.media import folder, heard, photo, tree, video

ASTRONAUT = ROOT / "samples" / "astronaut.jpg"


def shell(cvkit: Command, line: str) -> subprocess.CompletedProcess[str]:
    program = shlex.join(cvkit.argv())
    return subprocess.run(
        ["bash", "-c", f"set -o pipefail; cvkit() {{ {program} \"$@\"; }}; {line}"],
        cwd=cvkit.folder, env=cvkit.env(), capture_output=True, check=False, timeout=120, text=True,
    )  # fmt: skip


def test_pictures_and_videos_of_a_folder_keep_names_order_and_kind(cvkit: Command):
    folder(cvkit.folder / "in")
    video(cvkit.folder / "in" / "ab.mp4", frames=6)  # between the pictures
    video(cvkit.folder / "in" / "sub" / "z.mp4", frames=4, sound=False)
    ran = shell(cvkit, "cvkit gray in -o - | cvkit blur - -o - | cvkit edges - -o piped/")
    assert ran.returncode == 0, ran.stderr
    assert cvkit("gray", "in", "then", "blur", "then", "edges", "-o", "one/").code == 0
    assert tree(cvkit.folder / "piped") == tree(cvkit.folder / "one")
    assert len(tree(cvkit.folder / "one")) == 6
    assert heard(cvkit.folder / "piped" / "ab.mp4") == heard(cvkit.folder / "in" / "ab.mp4")
    lines = shell(cvkit, "cvkit gray in -o - | cvkit contours - -o jsonl:-").stdout.splitlines()
    named = list(dict.fromkeys(json.loads(line)["source"] for line in lines))
    assert named == ["a.jpg", "ab.mp4", "b.png", "sub/c.png", "sub/d.jpg", "sub/z.mp4"]


def test_objects_of_a_video_are_drawn_at_the_end_of_a_pipe(cvkit: Command):
    video(cvkit.folder / "v.mp4", frames=10)
    line = "cvkit threshold v.mp4 -o - | cvkit contours - -o - | cvkit draw - -o piped.mp4"
    ran = shell(cvkit, f"{line} -o piped.jsonl")
    assert ran.returncode == 0, ran.stderr
    words = ("threshold", "v.mp4", "then", "contours", "then", "draw")
    assert cvkit(*words, "-o", "one.mp4", "-o", "one.jsonl").code == 0
    for suffix in ("mp4", "jsonl"):
        one, piped = ((cvkit.folder / f"{name}.{suffix}").read_bytes() for name in ("one", "piped"))
        assert one == piped
    assert b'"label":"contour"' in (cvkit.folder / "one.jsonl").read_bytes()


def test_what_is_kept_comes_through_two_pipes(cvkit: Command):
    cv2.imwrite(str(cvkit.folder / "a.png"), photo())
    line = "cvkit keep a.png --name whole -o - | cvkit crop - --box 10,20,90,70 -o - |"
    ran = shell(cvkit, f"{line} cvkit blur - -o whole=png:- > piped.png")
    assert ran.returncode == 0, ran.stderr
    back = cv2.imread(str(cvkit.folder / "piped.png"))
    assert back is not None
    assert (back == photo()).all()


@pytest.mark.parametrize("aspect", [Fraction(4, 3), Fraction(16, 11)])
def test_odd_pixels_stay_odd(cvkit: Command, aspect: Fraction):
    y4m = f"YUV4MPEG2 W32 H24 F25:1 A{aspect.numerator}:{aspect.denominator} Cmono\n".encode()
    y4m += (b"FRAME\n" + bytes(32 * 24)) * 3
    stream = cvkit("gray", "-", "-o", "-", stdin=y4m).out_bytes
    done = cvkit("blur", "-", "-o", "y4m:-", stdin=stream)
    assert done.code == 0, done.err
    assert f" A{aspect.numerator}:{aspect.denominator} ".encode() in done.out_bytes[:80]


def test_times_of_an_uneven_video_come_through(cvkit: Command, shared: object):
    clip = f"{shared}/video/bottles_vfr.mp4"
    ran = shell(cvkit, f"cvkit gray {clip} -o - | cvkit blur - -o piped.mp4")
    assert ran.returncode == 0, ran.stderr

    def times(path: str) -> list[Fraction]:
        with av.open(path) as file:
            return [(f.pts or 0) * (f.time_base or Fraction(1)) for f in file.decode(video=0)]

    assert times(str(cvkit.folder / "piped.mp4")) == times(clip)
    assert len(set(times(clip))) == len(times(clip))


def test_labels_behind_a_pipe_list_every_class_that_could_be_found(cvkit: Command):
    """And labels of a stream that is only converted are those of one run."""
    search = f"detect {shlex.quote(str(ASTRONAUT))} --model haar-face"
    both = "-o coco:{0}.json -o yolo:{0}/"
    ran = shell(
        cvkit,
        f"cvkit {search} then filter --score 1 {both.format('one')}"
        f" && cvkit {search} -o - | cvkit filter - --score 1 {both.format('two')}"
        f" && cvkit {search} -o - | cvkit filter - --score 1 -o - |"
        f" cvkit convert - {both.format('three')}",
    )
    assert ran.returncode == 0, ran.stderr
    one = (cvkit.folder / "one.json").read_text()
    assert json.loads(one)["categories"] == [{"id": 0, "name": "face"}]
    assert json.loads(one)["annotations"] == []
    for other in ("two", "three"):
        assert (cvkit.folder / f"{other}.json").read_text() == one
        assert (cvkit.folder / other / "classes.txt").read_text() == "face\n"
