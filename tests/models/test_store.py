"""Models by name on this machine: fetched, pinned, carried, refused."""

from __future__ import annotations

import hashlib
import io
import json
import os
import socket
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from cvkit.core.errors import InputError, MissingError, OutputError, ParameterError, UsageError
from cvkit.models import store
from cvkit.models.cards import card as cards
from cvkit.models.opening import Models
from cvkit.models.settings import Settings, Step
from cvkit.models.store import bundles, fetching, folder, importing, keeping
from cvkit.models.store.holding import own
from tests.models import server
from tests.models.conftest import Make
from tests.models.server import Server

CONTENT = b"\x08\x08 not a network, but some bytes" * 100
DIGEST = hashlib.sha256(CONTENT).hexdigest()
NAME = "nanodet-plus-m-320"
"""A card that does not know its content: what comes first is pinned."""
FILE = "nanodet-plus-m_320.onnx"
PICKLE = "yolov5nu"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty store."""
    monkeypatch.setenv("CVKIT_CACHE", str(tmp_path / "store"))
    monkeypatch.delenv("CVKIT_OFFLINE", raising=False)
    return tmp_path / "store"


@pytest.fixture
def web(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setattr(fetching, "WAIT", 0.01)
    with server.serving() as ours:
        monkeypatch.setenv("CVKIT_MIRROR", ours.url)
        ours.add(f"{NAME}/{FILE}", CONTENT)
        ours.add(f"{PICKLE}/{PICKLE}.pt", CONTENT)
        yield ours


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: object, **more: object) -> None:
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket, "create_connection", refuse)


def test_a_model_is_fetched_once_and_its_licence_said_once(web: Server, home: Path) -> None:
    steps: list[Step] = []
    held = store.get(NAME, Settings(watch=steps.append))
    assert held.files == (home / NAME / FILE,)
    assert held.files[0].read_bytes() == CONTENT
    assert (held.name, held.sha256, held.licence) == (NAME, DIGEST, "Apache-2.0")
    assert held.recipe.decoder == "nanodet"
    assert held.recipe.size == (320, 320)
    assert held.recipe.labels[0] == "person"
    notes = [step.note for step in steps if step.note]
    assert len(notes) == 1
    assert "Apache-2.0" in notes[0]
    assert "https://github.com/RangiLyu/nanodet" in notes[0]
    assert steps[0].note
    assert (steps[-1].name, steps[-1].done, steps[-1].total) == (FILE, len(CONTENT), len(CONTENT))
    steps.clear()
    assert store.get("NanoDet_plus_m-320", Settings(watch=steps.append)).sha256 == DIGEST
    assert not steps
    assert len(web.asked) == 1


def test_what_came_first_is_pinned(web: Server, home: Path) -> None:
    store.get(NAME)
    told = json.loads((home / "models.lock").read_text())["files"][f"{NAME}/{FILE}"]
    assert told["sha256"] == DIGEST
    assert told["url"] == f"{web.url}/{NAME}/{FILE}"
    keeping.remove(NAME)
    web.add(f"{NAME}/{FILE}", CONTENT[::-1])
    with pytest.raises(MissingError, match=f"what came is another file: .*not {DIGEST}"):
        store.get(NAME)
    keeping.remove(NAME, forget=True)
    assert store.get(NAME).sha256 == hashlib.sha256(CONTENT[::-1]).hexdigest()


def test_a_content_that_the_card_knows_is_demanded(web: Server, home: Path) -> None:
    web.add("fastestdet/FastestDet.onnx", CONTENT)
    with pytest.raises(MissingError, match=r"fetched: FastestDet.onnx: the server offers"):
        store.get("fastestdet")
    assert not (home / "fastestdet" / "FastestDet.onnx").exists()


def test_a_file_that_was_changed_is_not_opened(web: Server, home: Path) -> None:
    held = store.get(NAME)
    held.files[0].write_bytes(CONTENT[:-1] + b"x")
    with pytest.raises(MissingError, match=r"is not the file that it should be.*models rm"):
        store.get(NAME)
    held.files[0].write_bytes(CONTENT)  # with another time
    assert store.get(NAME).sha256 == DIGEST


@pytest.mark.usefixtures("no_network")
@pytest.mark.parametrize("way", ["option", "variable"])
def test_offline_opens_no_socket(way: str, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if way == "variable":
        monkeypatch.setenv("CVKIT_OFFLINE", "1")
    settings = Settings("cpu", offline=way == "option")
    with pytest.raises(MissingError) as caught:
        Models(settings).open("yolov8n")
    said = str(caught.value)
    for part in (
        "yolov8n.pt",
        "nothing is fetched offline",
        "https://github.com/ultralytics/assets/releases/download/v8.4.0/yolov8n.pt",
        "sha256 f59b3d833e2ff32e194b5bb8e08d211dc7c5bdf144b90d2c8412c47ccfc83b36",
        str(home / "yolov8n" / "yolov8n.pt"),
        "cvkit models import yolov8n.pt",
        "hog, haar-face",
    ):
        assert part in said
    assert not home.exists()


def test_what_is_here_is_used_offline(
    web: Server, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    importing.take(make(1), "blocks")
    store.get(NAME)
    assert len(web.asked) == 1

    def refuse(*arguments: object, **more: object) -> None:
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket, "socket", refuse)
    assert store.get(NAME, Settings(offline=True)).sha256 == DIGEST
    detector = Models(Settings("cpu", offline=True)).open("blocks")
    assert detector.labels == ("red", "green", "blue")


def test_a_server_out_of_reach_is_said_with_what_can_be_used(
    web: Server, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    importing.take(make(1), "blocks")
    monkeypatch.setenv("CVKIT_MIRROR", "http://127.0.0.1:9")
    with pytest.raises(MissingError, match=r"cannot be reached.*blocks can be used at once.*hog"):
        store.get(NAME)


def test_two_processes_fetch_it_once(web: Server, home: Path) -> None:
    web.answers = [server.cut(1000)]
    code = f"from cvkit.models import store; print(store.get({NAME!r}).sha256)"
    both = [
        subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    assert [process.communicate(timeout=60)[0].strip() for process in both] == [DIGEST] * 2
    assert len(web.asked) == 2
    assert sorted(os.listdir(home / NAME)) == [FILE]


RESEARCH = """
family: Test
by: nobody
task: detect
licence: CC-BY-NC-4.0
terms: https://example.org/licence
research_only: true
decoder: yolov8
size: 640
from: https://example.org/
models:
  studied:
    aliases: [study]
    files: [{name: studied.onnx, about: 3}]
"""


def forget_cards() -> None:
    for cached in (cards.cards, cards._texts, cards._family):
        cached.cache_clear()


def test_a_licence_for_research_only_is_accepted_once(
    web: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "cards").mkdir()
    (tmp_path / "cards" / "test.yaml").write_text(RESEARCH)
    monkeypatch.setattr(cards, "HOME", tmp_path / "cards")
    forget_cards()
    try:
        web.add("studied/studied.onnx", CONTENT)
        with pytest.raises(MissingError, match=r"allows research only.*--accept-license studied"):
            store.get("studied")
        with pytest.raises(MissingError, match="allows research only"):
            store.get("studied", Settings(accept_license=("yolov8n",)))
        (tmp_path / "studied.onnx").write_bytes(CONTENT)
        importing.take(tmp_path / "studied.onnx")
        with pytest.raises(MissingError, match=r"studied is not opened: its licence, CC-BY-NC-4.0"):
            store.get("studied")
        keeping.remove("studied", forget=True)
        assert not web.asked
        assert store.get("studied", Settings(accept_license=("study",))).sha256 == DIGEST
        keeping.remove("studied")
        assert store.get("studied").sha256 == DIGEST
    finally:
        monkeypatch.undo()
        forget_cards()


def test_a_pickle_that_was_laid_there_is_not_trusted(web: Server, home: Path) -> None:
    path = home / PICKLE / f"{PICKLE}.pt"
    path.parent.mkdir(parents=True)
    path.write_bytes(CONTENT)
    with pytest.raises(ParameterError, match=r"it is a pickle.*--trust"):
        store.get(PICKLE)
    assert not store.pinned(path)
    with pytest.raises(ParameterError, match="--trust"):
        store.check_trust(path, Settings())
    store.check_trust(path, Settings(trust=True))
    assert store.get(PICKLE, Settings(trust=True)).sha256 == DIGEST
    assert store.pinned(path)
    store.check_trust(path, Settings())


def test_a_pickle_that_was_fetched_is_trusted_as_long_as_it_is_that(web: Server) -> None:
    path = store.get(PICKLE).files[0]
    assert store.pinned(path)
    path.write_bytes(CONTENT + b"more")
    assert not store.pinned(path)


def test_unknown_names_are_guessed() -> None:
    near = {"yolov8q": "yolov8", "har-face": "haar-face", "yolox-nan": "yolox-nano"}
    near |= {"yolov8n-seg": "yolov8n or", "ssd": "mobilenet-ssd", "yolo": "yolo"}
    for typed, meant in near.items():
        with pytest.raises(MissingError, match=f"did you mean .*{meant}"):
            Models().open(typed)


def test_a_file_that_is_not_there_and_has_a_models_name_is_told_of_it() -> None:
    with pytest.raises(MissingError, match=r"no model file yolov8n.onnx; yolov8n without"):
        Models().open("yolov8n.onnx")


def test_a_name_goes_before_a_file_and_a_path_does_not(
    web: Server, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make(1)
    monkeypatch.chdir(path.parent)
    path.rename(NAME)
    held = store.meant(NAME)
    assert held is not None
    assert held.sha256 == DIGEST
    assert store.meant(f"./{NAME}") is None
    assert Models(Settings("cpu")).open(f"./{NAME}").labels == ("red", "green", "blue")
    held = store.meant("yolov5nu.pt")
    assert held is not None
    assert held.name == PICKLE
    Path("yolov5nu.pt").write_bytes(b"my own")
    assert store.meant("yolov5nu.pt") is None


def test_what_was_opened_is_known_with_its_licence(make: Make) -> None:
    path = make(1)
    importing.take(path, "blocks")
    models = Models(Settings("cpu"))
    for model in ("blocks", str(path), "haar-face", "blocks"):
        models.open(model)
    digest = folder.sha256_of(path)
    assert [origin.plain() for origin in models.opened] == [
        {"name": "blocks", "sha256": digest},
        {"name": "blocks.onnx", "sha256": digest},
        {"name": "haar-face"},
    ]


def test_a_file_is_taken_by_its_content_its_name_or_the_users(
    models: Path, tmp_path: Path, home: Path
) -> None:
    renamed = tmp_path / "found on a stick.onnx"
    renamed.write_bytes((models / "detect/fastestdet_352.onnx").read_bytes())
    assert importing.take(renamed) == ["fastestdet"]
    assert (home / "fastestdet" / "FastestDet.onnx").is_file()
    named = tmp_path / FILE
    named.write_bytes(CONTENT)
    assert importing.take(named) == [NAME]
    assert store.get(NAME, Settings(offline=True)).sha256 == DIGEST
    assert importing.take(renamed, "little") == ["little"]
    held = store.get("little", Settings(offline=True))
    assert (held.card, held.licence, held.files[0].name) == (None, "", "found-on-a-stick.onnx")
    assert {row.name for row in keeping.rows() if row.state == "here"} == {
        *("fastestdet", NAME, "little"),
    }


def test_a_second_file_comes_along(tmp_path: Path, home: Path) -> None:
    (tmp_path / "net.cfg").write_text("[net]")
    (tmp_path / "net.weights").write_bytes(CONTENT)
    assert importing.take(tmp_path / "net.cfg", "mine") == ["mine"]
    assert sorted(os.listdir(home / "mine")) == ["net.cfg", "net.weights"]
    held = store.get("mine", Settings(offline=True))
    assert [file.name for file in held.files] == ["net.weights", "net.cfg"]
    assert held.sha256 == DIGEST
    assert importing.take(tmp_path / "net.weights", "yolov4-tiny") == ["yolov4-tiny"]
    assert os.listdir(home / "yolov4-tiny") == ["yolov4-tiny.weights"]


def test_a_folder_as_ultralytics_exports_it_is_taken_whole(tmp_path: Path, home: Path) -> None:
    exported = tmp_path / "best_openvino_model"
    exported.mkdir()
    (exported / "best.xml").write_text('<?xml version="1.0"?><net name="a" version="11"></net>')
    (exported / "best.bin").write_bytes(CONTENT)
    (exported / "metadata.yaml").write_text("task: detect")
    (exported / "notes.md").write_text("mine")
    with pytest.raises(ParameterError, match="is a folder; give it a name: --as NAME"):
        importing.take(exported)
    assert importing.take(exported, "mine") == ["mine"]
    held = store.get("mine", Settings(offline=True))
    assert [file.name for file in held.files] == ["best.bin", "best.xml", "metadata.yaml"]
    assert held.sha256 == DIGEST


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "the file is empty"),
        (b"version https://git-lfs.github.com/spec/v1\n", "it is a Git LFS pointer"),
        (b"just words", "it is a text file, not a network"),
    ],
)
def test_what_is_no_network_is_not_taken(
    tmp_path: Path, home: Path, content: bytes, said: str
) -> None:
    (tmp_path / "some.onnx").write_bytes(content)
    with pytest.raises(MissingError, match=said):
        importing.take(tmp_path / "some.onnx", "mine")
    assert not (home / "mine").exists()


@pytest.mark.parametrize(
    ("file", "name", "said"),
    [
        (
            "some.onnx",
            "",
            r"some.onnx is no model that cvkit knows: .*[0-9a-f]{64}.*--as NAME",
        ),
        ("yolox_nano.onnx", "", "is not the yolox_nano.onnx of yolox-nano.*--as NAME"),
        ("some.tflite", "yolox-nano", "is no file of yolox-nano: that has .onnx"),
        ("some.onnx", "haar-face", "is a detector without a file"),
        ("some.onnx", "exports", "exports is a word of the store's"),
        ("some.onnx", "Mine Own", "a model's name has small letters"),
        ("some.onnx", "mine.onnx", "no suffix, got 'mine.onnx'"),
        ("some.onnx", "../mine", "a model's name has small letters"),
        ("some.pt", "mine", "some.pt is not taken: it is a pickle.*--trust"),
        ("yolov5nu.pt", "", "yolov5nu.pt is not taken: it is a pickle.*--trust"),
    ],
)
def test_what_nobody_vouches_for_is_not_taken(
    tmp_path: Path, home: Path, file: str, name: str, said: str
) -> None:
    (tmp_path / file).write_bytes(CONTENT)
    with pytest.raises(ParameterError, match=said):
        importing.take(tmp_path / file, name)
    assert not home.exists()
    with pytest.raises(InputError, match="there is no file"):
        importing.take(tmp_path / "nothing.onnx", name)


def test_what_cannot_be_opened_is_not_taken(make: Make, tmp_path: Path, home: Path) -> None:
    cut = tmp_path / "cut.onnx"
    cut.write_bytes(make(1).read_bytes()[:-900])
    with pytest.raises(MissingError, match=r"cut\.onnx cannot be loaded"):
        importing.take(cut, "mine")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InputError, match="pipe is not a file"):
        importing.take(tmp_path / "pipe", "mine")
    assert not home.exists()


def test_the_way_out_says_what_a_pickle_of_unknown_content_needs() -> None:
    """The line that it gives, typed, works."""
    with pytest.raises(MissingError) as told:
        store.get(PICKLE, Settings(offline=True))
    assert "(its sha256 is not known)" in str(told.value.remedy)
    assert f"cvkit models import {PICKLE}.pt --trust" in str(told.value.remedy)


def test_a_name_of_the_users_is_not_taken_twice(tmp_path: Path) -> None:
    (tmp_path / "some.pt").write_bytes(CONTENT)
    importing.take(tmp_path / "some.pt", "mine", trust=True)
    with pytest.raises(ParameterError, match="there is a model mine; cvkit models rm mine"):
        importing.take(tmp_path / "some.pt", "mine", trust=True)
    assert keeping.remove("mine") == len(CONTENT)
    with pytest.raises(MissingError, match="there is no model 'mine'"):
        store.get("mine")


def test_a_bundle_carries_models(
    web: Server, make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    importing.take(make(1), "blocks")
    bundle = tmp_path / "models.tar"
    assert bundles.pack(["nanodet-plus-m-320", "blocks"], bundle) == [NAME, "blocks"]
    with pytest.raises(OutputError, match="exists"):
        bundles.pack([NAME], bundle)
    monkeypatch.setenv("CVKIT_CACHE", str(tmp_path / "elsewhere"))
    assert importing.take(bundle) == [NAME, "blocks"]
    assert store.get(NAME, Settings(offline=True)).sha256 == DIGEST
    offline = Models(Settings("cpu", offline=True))
    assert offline.open("blocks").labels == ("red", "green", "blue")
    assert importing.take(bundle) == [NAME, "blocks"]  # once more does no harm


def bundle_of(path: Path, files: dict[str, bytes], members: dict[str, bytes] | None = None) -> Path:
    """As somebody might write it who means ill."""
    told = {
        key: {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data)}
        for key, data in files.items()
    }
    with tarfile.open(path, "w") as archive:
        text = json.dumps({"cvkit": 1, "files": told}).encode()
        for key, data in {"models.json": text, **(files if members is None else members)}.items():
            entry = tarfile.TarInfo(key)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return path


@pytest.mark.parametrize(
    ("files", "members", "said"),
    [
        ({"../../evil/a.onnx": b"x"}, None, "is no bundle"),
        ({"/etc/evil": b"x"}, None, "is no bundle"),
        ({"mine/../../a.onnx": b"x"}, None, "is no bundle"),
        ({"mine/a.onnx": b"x"}, {}, "mine/a.onnx is not in it"),
        ({"mine/a.onnx": b"x"}, {"mine/a.onnx": b"y"}, "is damaged"),
        ({"mine/a.onnx": b"xxxx"}, {"mine/a.onnx": b"x"}, "is damaged"),
        ({"mine/a.pt": b"x"}, None, "it is a pickle.*--trust"),
        ({"fastestdet/FastestDet.onnx": b"x"}, None, "is not what the model fastestdet has"),
        ({"yolox/yolox_s.onnx": b"x"}, None, "is not what the model yolox has"),
        ({"fastestdet/other.onnx": b"x"}, None, "is not what the model fastestdet has"),
        ({"haar-face/a.onnx": b"x"}, None, "is a detector without a file"),
    ],
)
def test_a_bundle_from_a_stranger_brings_nothing_else(
    tmp_path: Path,
    home: Path,
    files: dict[str, bytes],
    members: dict[str, bytes] | None,
    said: str,
) -> None:
    bundle = bundle_of(tmp_path / "models.tar", files, members)
    before = sorted(tmp_path.rglob("*.onnx"))
    with pytest.raises((InputError, UsageError), match=said):
        importing.take(bundle)
    assert sorted(tmp_path.rglob("*.onnx")) == before
    assert not own()


def test_links_and_foreign_archives_are_no_bundles(tmp_path: Path, home: Path) -> None:
    linked = tmp_path / "linked.tar"
    digest = hashlib.sha256(b"x").hexdigest()
    with tarfile.open(linked, "w") as archive:
        text = json.dumps({"files": {"mine/a.onnx": {"sha256": digest, "size": 1}}}).encode()
        head = tarfile.TarInfo("models.json")
        head.size = len(text)
        archive.addfile(head, io.BytesIO(text))
        link = tarfile.TarInfo("mine/a.onnx")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/hostname"
        archive.addfile(link)
    with pytest.raises(InputError, match="is not in it"):
        importing.take(linked)
    other = tmp_path / "other.tar"
    with tarfile.open(other, "w") as archive:
        archive.add(linked, "a.tar")
    with pytest.raises(InputError, match=r"is no bundle of models.*cvkit models bundle"):
        importing.take(other)
    assert not (home / "mine").exists()


def test_what_was_made_of_a_model_goes_with_it(web: Server, home: Path) -> None:
    store.get(PICKLE)
    made = home / "exports" / f"{DIGEST}-ultralytics8-1"
    other = home / "exports" / f"{'0' * 64}-ultralytics8-1"
    for folder_of in (made, other):
        folder_of.mkdir(parents=True)
        (folder_of / "a.onnx").write_bytes(b"1234")
    assert keeping.size() == (1, sum(p.stat().st_size for p in home.rglob("*") if p.is_file()))
    assert keeping.remove(PICKLE) == len(CONTENT) + 4
    assert not made.exists()
    assert (other / "a.onnx").is_file()


def test_files_are_read_through(web: Server, home: Path) -> None:
    path = store.get(NAME).files[0]
    (found,) = keeping.verify()
    assert (found.name, found.sha256, found.wrong) == (NAME, DIGEST, "")
    stat = path.stat()
    path.write_bytes(CONTENT[:-1] + b"x")
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    store.get(NAME)  # size and time are those of the file that came
    (found,) = keeping.verify([NAME])
    assert f"its content is not {DIGEST}" in found.wrong
    (found,) = keeping.verify(["yolov8n"])
    assert found.wrong == "it is not here"


def test_a_store_that_can_only_be_read_is_used(
    web: Server, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a container: the files have other times there than when they came."""
    path = store.get(NAME).files[0]
    os.utime(path, ns=(0, 0))

    def refuse(*arguments: object, **more: object) -> None:
        raise OutputError("the file system is read-only")

    monkeypatch.setattr(folder, "change", refuse)
    assert store.get(NAME).sha256 == DIGEST
    path.write_bytes(CONTENT[::-1])
    with pytest.raises(MissingError, match="is not the file"):
        store.get(NAME)


def test_a_lock_that_is_damaged_says_so(home: Path) -> None:
    home.mkdir()
    (home / "models.lock").write_text("{")
    with pytest.raises(MissingError, match=r"models.lock is damaged; remove it"):
        store.get(NAME, Settings(offline=True))


def test_a_folder_that_cannot_be_made_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("CVKIT_CACHE", str(tmp_path / "file" / "store"))
    with pytest.raises(OutputError, match=r"cannot be written.*CVKIT_CACHE"):
        store.get(NAME)


def test_the_folder_is_where_the_system_has_such_things(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CVKIT_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", "/var/cache/me")
    assert store.cache_folder() == Path("/var/cache/me/cvkit/models")
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    monkeypatch.setenv("HOME", "/home/me")
    assert store.cache_folder() == Path("/home/me/.cache/cvkit/models")
