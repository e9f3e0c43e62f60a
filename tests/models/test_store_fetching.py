"""Downloads, from a server that stalls, cuts and lies."""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from cvkit.core.errors import OutputError
from cvkit.models.store import fetching
from cvkit.models.store.fetching import NotFetchedError, Wanted, fetch
from tests.models import server
from tests.models.server import Server

CONTENT = bytes(range(256)) * 4096
DIGEST = hashlib.sha256(CONTENT).hexdigest()
HALF = len(CONTENT) // 2


@pytest.fixture
def web(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setattr(fetching, "WAIT", 0.01)
    monkeypatch.setattr(fetching, "STALL", 0.3)
    monkeypatch.setattr(fetching, "_CHUNK", 1 << 14)
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with server.serving() as ours:
        ours.add("a.onnx", CONTENT)
        yield ours


def known(web: Server) -> Wanted:
    return Wanted(f"{web.url}/a.onnx", (DIGEST,), len(CONTENT))


def silent(done: int, total: int | None) -> None:
    """Nobody wants to know."""


def test_a_file_comes_whole_and_nothing_else_stays(web: Server, tmp_path: Path) -> None:
    told: list[tuple[int, int | None]] = []
    path = tmp_path / "new" / "a.onnx"
    digest = fetch(known(web), path, lambda done, total: told.append((done, total)))
    assert digest == DIGEST
    assert path.read_bytes() == CONTENT
    assert os.listdir(path.parent) == ["a.onnx"]
    assert told[0] == (0, len(CONTENT))
    assert told[-1] == (len(CONTENT), len(CONTENT))
    assert [done for done, _ in told] == sorted({done for done, _ in told})
    assert web.asked[0]["Accept-Encoding"] == "identity"


def test_what_was_cut_goes_on_where_it_ended(web: Server, tmp_path: Path) -> None:
    web.answers = [server.cut(HALF), server.cut(20_000)]
    assert fetch(known(web), tmp_path / "a.onnx", silent) == DIGEST
    assert "Range" not in web.asked[0]
    assert web.asked[1]["Range"] == f"bytes={HALF}-"
    assert web.asked[1]["If-Range"] == '"one"'
    assert web.asked[2]["Range"] == f"bytes={HALF + 16384}-"  # whole chunks are kept
    assert len(web.asked) == 3


def test_a_later_call_goes_on_too(web: Server, tmp_path: Path) -> None:
    web.answers = [server.cut(HALF)] + [server.cut(0)] * fetching.TRIES
    with pytest.raises(NotFetchedError, match="cut"):
        fetch(known(web), tmp_path / "a.onnx", silent)
    assert (tmp_path / "a.onnx.part").stat().st_size == HALF
    web.asked.clear()
    web.answers.clear()
    assert fetch(known(web), tmp_path / "a.onnx", silent) == DIGEST
    assert [asked["Range"] for asked in web.asked] == [f"bytes={HALF}-"]


def test_halves_of_two_files_are_never_joined(web: Server, tmp_path: Path) -> None:
    """The server has a new file by then and says so by its ETag."""
    web.answers = [server.cut(HALF)] + [server.cut(0)] * fetching.TRIES
    with pytest.raises(NotFetchedError):
        fetch(Wanted(f"{web.url}/a.onnx"), tmp_path / "a.onnx", silent)
    newer = CONTENT[::-1]
    web.answers = [server.send(newer, ETag='"two"')]
    digest = fetch(Wanted(f"{web.url}/a.onnx"), tmp_path / "a.onnx", silent)
    assert digest == hashlib.sha256(newer).hexdigest()


def test_leftovers_of_another_address_are_not_used(web: Server, tmp_path: Path) -> None:
    web.answers = [server.cut(HALF)] + [server.cut(0)] * fetching.TRIES
    with pytest.raises(NotFetchedError):
        fetch(known(web), tmp_path / "a.onnx", silent)
    web.answers.clear()
    other = Wanted(web.add("b.onnx", CONTENT[::-1]))
    assert fetch(other, tmp_path / "a.onnx", silent) == hashlib.sha256(CONTENT[::-1]).hexdigest()
    assert "Range" not in web.asked[-1]


def test_leftovers_that_are_damaged_are_fetched_anew(web: Server, tmp_path: Path) -> None:
    web.answers = [server.cut(HALF)] + [server.cut(0)] * fetching.TRIES
    with pytest.raises(NotFetchedError):
        fetch(known(web), tmp_path / "a.onnx", silent)
    web.answers.clear()
    (tmp_path / "a.onnx.part").write_bytes(b"x" * HALF)
    assert fetch(known(web), tmp_path / "a.onnx", silent) == DIGEST


def test_a_server_that_ignores_ranges_is_understood(web: Server, tmp_path: Path) -> None:
    web.answers = [server.cut(HALF), server.ignorant]
    assert fetch(known(web), tmp_path / "a.onnx", silent) == DIGEST


def test_another_part_than_was_asked_for_is_not_taken(web: Server, tmp_path: Path) -> None:
    web.answers = [server.cut(HALF), server.shifted]
    assert fetch(known(web), tmp_path / "a.onnx", silent) == DIGEST
    assert "Range" not in web.asked[-1]


def test_a_connection_that_stalls_is_given_up_and_gone_on_with(web: Server, tmp_path: Path) -> None:
    web.answers = [server.stall(HALF)]
    assert fetch(known(web), tmp_path / "a.onnx", silent) == DIGEST
    assert web.asked[1]["Range"].startswith("bytes=")


def test_a_server_that_is_busy_is_asked_again(web: Server, tmp_path: Path) -> None:
    web.answers = [server.status(503), server.status(429, Retry_After="0.05")]
    assert fetch(known(web), tmp_path / "a.onnx", silent) == DIGEST
    assert len(web.asked) == 3


def test_a_redirect_is_followed_and_keeps_the_range(web: Server, tmp_path: Path) -> None:
    elsewhere = web.add("b.onnx", CONTENT)
    web.answers = [server.cut(HALF), server.status(302, Location=elsewhere)]
    assert fetch(known(web), tmp_path / "a.onnx", silent) == DIGEST
    assert web.asked[-1]["path"] == "/b.onnx"
    assert web.asked[-1]["Range"] == f"bytes={HALF}-"


def test_a_proxy_of_the_environment_is_used(
    web: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", web.url)
    monkeypatch.setenv("no_proxy", "")
    web.add("http:/models.invalid/a.onnx", CONTENT)
    assert fetch(Wanted("http://models.invalid/a.onnx"), tmp_path / "a.onnx", silent) == DIGEST
    assert web.asked[0]["path"] == "http://models.invalid/a.onnx"
    assert web.asked[0]["Host"] == "models.invalid"


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ([server.send(CONTENT[::-1])], "what came is another file: its sha256 is [0-9a-f]{64}"),
        ([server.claim(len(CONTENT) + 5)], "the server offers a file of 1,048,581 bytes"),
        ([server.claim(HALF)], "the server offers a file of 524,288 bytes"),
        ([server.send(b"<html>", Content_Type="text/html")], "a web page came instead"),
        ([server.status(403)], "the server answers 403 Forbidden"),
        ([server.status(503)] * 9, "the server answers 503"),
        ([server.cut(0)] * 9, "the connection was cut"),
        ([server.stall(0)] * 9, "the server does not answer"),
    ],
)
def test_what_cannot_be_right_is_refused_and_leaves_no_file(
    web: Server, tmp_path: Path, answers: list[server.Answer], said: str
) -> None:
    web.answers = list(answers)
    with pytest.raises(NotFetchedError, match=said):
        fetch(known(web), tmp_path / "a.onnx", silent)
    assert not (tmp_path / "a.onnx").exists()


def test_an_older_file_stays_where_the_new_one_is_refused(web: Server, tmp_path: Path) -> None:
    (tmp_path / "a.onnx").write_bytes(b"old")
    web.answers = [server.send(CONTENT[::-1])]
    with pytest.raises(NotFetchedError):
        fetch(known(web), tmp_path / "a.onnx", silent)
    assert (tmp_path / "a.onnx").read_bytes() == b"old"


def test_a_length_that_is_too_long_is_seen_where_the_size_is_not_known(
    web: Server, tmp_path: Path
) -> None:
    web.answers = [server.claim(len(CONTENT) + 5)] * 9
    with pytest.raises(NotFetchedError, match="the connection was cut"):
        fetch(Wanted(f"{web.url}/a.onnx"), tmp_path / "a.onnx", silent)
    web.answers = [server.claim(len(CONTENT) + 5)]
    assert fetch(Wanted(f"{web.url}/a.onnx"), tmp_path / "a.onnx", silent) == DIGEST


def test_a_file_without_a_length_comes(web: Server, tmp_path: Path) -> None:
    web.answers = [server.unmeasured]
    assert fetch(Wanted(f"{web.url}/a.onnx"), tmp_path / "a.onnx", silent) == DIGEST


def test_a_file_without_end_is_stopped(
    web: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "MOST", HALF)
    web.answers = [server.unmeasured]
    with pytest.raises(NotFetchedError, match="more than 524,288 bytes came"):
        fetch(Wanted(f"{web.url}/a.onnx"), tmp_path / "a.onnx", silent)
    web.answers = []
    with pytest.raises(NotFetchedError, match="offers 1,048,576 bytes, more than any model"):
        fetch(Wanted(f"{web.url}/a.onnx"), tmp_path / "b.onnx", silent)


def test_what_is_not_there_is_not_asked_for_twice(web: Server, tmp_path: Path) -> None:
    with pytest.raises(NotFetchedError, match="the server answers 404 Not Found"):
        fetch(Wanted(f"{web.url}/nothing.onnx"), tmp_path / "a.onnx", silent)
    assert len(web.asked) == 1


def test_a_server_that_is_not_there_is_said_soon(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "WAIT", 0.01)
    with pytest.raises(NotFetchedError, match="the server cannot be reached"):
        fetch(Wanted("http://127.0.0.1:9/a.onnx"), tmp_path / "a.onnx", silent)


def test_a_disk_without_room_is_said_before_anything_comes(
    web: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = type("Usage", (), {"free": 1000})
    monkeypatch.setattr("shutil.disk_usage", lambda path: usage)
    with pytest.raises(
        OutputError, match=r"no room for the model: 1 MB are to come .* CVKIT_CACHE"
    ):
        fetch(known(web), tmp_path / "a.onnx", silent)
    assert not (tmp_path / "a.onnx").exists()


def test_a_disk_that_fills_up_is_an_error_of_ours(
    web: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(done: int, total: int | None) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(OutputError, match="cannot be written: no space left on device"):
        fetch(known(web), tmp_path / "a.onnx", full)


def test_a_folder_that_may_not_be_written_is_an_error_of_ours(web: Server, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be written"):
        fetch(known(web), tmp_path / "file" / "a.onnx", silent)
