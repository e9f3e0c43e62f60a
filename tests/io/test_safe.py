"""A file appears whole or not at all, and a stranger's is never touched."""

from __future__ import annotations

import errno
import os
import resource
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from cvkit.core.errors import OutputError
from cvkit.io import safe
from cvkit.io.safe import PREFIX, SafeFiles, appearing, remove_stale, write_bytes


def names(folder: Path) -> list[str]:
    return sorted(os.listdir(folder))


def write_while_another_comes(path: Path) -> None:
    with appearing(path, overwrite=False) as temporary:
        temporary.write_bytes(b"ours")
        path.write_bytes(b"a stranger's")


def test_bytes_appear_under_their_name_only(tmp_path: Path):
    write_bytes(tmp_path / "new" / "a.png", b"picture", overwrite=False)
    assert (tmp_path / "new" / "a.png").read_bytes() == b"picture"
    assert names(tmp_path / "new") == ["a.png"]


def test_a_new_file_has_the_rights_that_the_user_gives_new_files(tmp_path: Path):
    before = os.umask(0o027)
    try:
        write_bytes(tmp_path / "a", b"x", overwrite=False)
    finally:
        os.umask(before)
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o640


def test_an_existing_file_is_refused_or_replaced_as_told(tmp_path: Path):
    path = tmp_path / "a.png"
    path.write_bytes(b"old")
    with pytest.raises(OutputError, match=r"exists.*--overwrite"):
        write_bytes(path, b"new", overwrite=False)
    assert path.read_bytes() == b"old"
    write_bytes(path, b"new", overwrite=True)
    assert path.read_bytes() == b"new"
    assert names(tmp_path) == ["a.png"]


def test_a_file_that_came_meanwhile_is_not_replaced(tmp_path: Path):
    path = tmp_path / "a.png"
    with pytest.raises(OutputError, match="exists"):
        write_while_another_comes(path)
    assert path.read_bytes() == b"a stranger's"
    assert names(tmp_path) == ["a.png"]


def test_file_systems_without_links_are_served_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def no_links(*_: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", no_links)
    write_bytes(tmp_path / "a", b"ours", overwrite=False)
    assert (tmp_path / "a").read_bytes() == b"ours"
    with pytest.raises(OutputError, match="exists"):
        write_while_another_comes(tmp_path / "b")
    assert (tmp_path / "b").read_bytes() == b"a stranger's"
    assert names(tmp_path) == ["a", "b"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_any_exception_leaves_nothing(tmp_path: Path, error: type[BaseException]):
    def broken() -> None:
        with appearing(tmp_path / "a.mp4", overwrite=False) as temporary:
            temporary.write_bytes(b"half a video")
            raise error

    with pytest.raises(error):
        broken()
    assert names(tmp_path) == []


def test_a_writer_that_wrote_nothing_is_an_error(tmp_path: Path):
    with (
        pytest.raises(OutputError, match="nothing reached the disk"),
        appearing(tmp_path / "a.mp4", overwrite=False),
    ):
        pass
    assert names(tmp_path) == []


def test_the_temporary_name_is_hidden_beside_the_target_and_keeps_its_suffix(tmp_path: Path):
    with appearing(tmp_path / "a.b.mkv", overwrite=False) as temporary:
        assert temporary.parent == tmp_path
        assert temporary.name.startswith(PREFIX)
        assert PREFIX.startswith(".")
        assert temporary.suffix == ".mkv"
        temporary.write_bytes(b"x")


@pytest.mark.parametrize("name", ["a" * 251 + ".png", "." + "b" * 254, "ü" * 127, "new\nline.png"])
def test_names_up_to_the_limit_are_written(tmp_path: Path, name: str):
    write_bytes(tmp_path / name, b"x", overwrite=False)
    assert names(tmp_path) == [name]


def test_a_name_beyond_the_limit_is_refused_before_the_work(tmp_path: Path):
    for folder in (tmp_path, tmp_path / "new"):
        with (
            pytest.raises(OutputError, match="too long"),
            appearing(folder / ("a" * 252 + ".png"), overwrite=False),
        ):
            pytest.fail("began to write")
    assert names(tmp_path) == ["new"]
    assert names(tmp_path / "new") == []


def test_a_link_stays_and_its_target_is_written(tmp_path: Path):
    (tmp_path / "there").mkdir()
    (tmp_path / "link.png").symlink_to(tmp_path / "there" / "real.png")
    write_bytes(tmp_path / "link.png", b"x", overwrite=False)
    assert (tmp_path / "there" / "real.png").read_bytes() == b"x"
    assert (tmp_path / "link.png").is_symlink()


@pytest.mark.parametrize("overwrite", [False, True])
def test_folders_and_devices_are_no_targets(tmp_path: Path, overwrite: bool):
    with pytest.raises(OutputError, match="it is a folder"):
        write_bytes(tmp_path, b"x", overwrite=overwrite)
    with pytest.raises(OutputError, match="it is a device"):
        write_bytes(Path("/dev/null"), b"x", overwrite=overwrite)
    (tmp_path / "file").write_bytes(b"x")
    with pytest.raises(OutputError, match="not a folder"):
        write_bytes(tmp_path / "file" / "a", b"x", overwrite=overwrite)


CLOSED = """
import os, sys
from pathlib import Path
from cvkit.core.errors import OutputError
from cvkit.io.safe import write_bytes
if os.geteuid() == 0:  # root may write everywhere
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
try:
    write_bytes(Path(sys.argv[1]), b"x", overwrite=False)
except OutputError as error:
    print(error)
"""


def test_a_folder_without_permission_is_said():
    with tempfile.TemporaryDirectory() as folder:  # pytest's own are closed to everybody else
        Path(folder).chmod(0o555)
        argv = [sys.executable, "-c", CLOSED, f"{folder}/a"]
        done = subprocess.run(argv, capture_output=True, text=True, check=True)
        assert "no permission to write there" in done.stdout
        assert names(Path(folder)) == []


def test_a_disk_that_takes_no_more_is_an_error_and_leaves_nothing(tmp_path: Path):
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
    try:
        with pytest.raises(OutputError, match="too big"):
            write_bytes(tmp_path / "a.png", bytes(200_000), overwrite=False)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    assert names(tmp_path) == []


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)]
    try:
        mounted = subprocess.run(mount, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        mounted = False
    if not mounted:
        pytest.skip("a disk of 1 MB can only be mounted by root")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def test_a_full_disk_is_said_and_keeps_what_was_whole(small_disk: Path):
    write_bytes(small_disk / "a.png", bytes(600_000), overwrite=False)
    with pytest.raises(OutputError, match="the disk is full"):
        write_bytes(small_disk / "b.png", bytes(600_000), overwrite=False)
    with pytest.raises(OutputError, match="the disk is full"):
        write_bytes(small_disk / "a.png", bytes(600_000), overwrite=True)
    assert names(small_disk) == ["a.png"]
    assert (small_disk / "a.png").stat().st_size == 600_000


KILLED = """
import os, signal, sys
from pathlib import Path
from cvkit.io import safe
os.link = os.replace = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
safe.write_bytes(Path(sys.argv[1]), b"whole", overwrite=sys.argv[2] == "overwrite")
"""


@pytest.mark.parametrize("how", ["overwrite", "keep"])
def test_killed_before_the_rename_only_a_hidden_name_is_left_until_the_next_run(
    tmp_path: Path, how: str
):
    path = tmp_path / "a.png"
    if how == "overwrite":
        path.write_bytes(b"old")
    done = subprocess.run([sys.executable, "-c", KILLED, str(path), how], check=False)
    assert done.returncode == -signal.SIGKILL
    (left,) = (name for name in names(tmp_path) if name != "a.png")
    assert left.startswith(PREFIX)
    assert path.exists() == (how == "overwrite")
    if path.exists():
        assert path.read_bytes() == b"old"
    write_bytes(tmp_path / "b.png", b"next", overwrite=False)
    assert left not in names(tmp_path)


def test_only_leftovers_of_dead_processes_of_this_machine_are_removed(tmp_path: Path):
    with appearing(tmp_path / "a", overwrite=False) as living:
        machine = living.name[len(PREFIX) :].partition("-")[0]
        keep = [".cvkit", f"{PREFIX}notes", f"{PREFIX}00000000-999999999-aa", f"{PREFIX}{machine}-"]
        for name in (*keep, f"{PREFIX}{machine}-999999999-aa.png"):
            (tmp_path / name).write_bytes(b"x")
        assert remove_stale(tmp_path) == 1
        assert names(tmp_path) == sorted([*keep, living.name])
        living.write_bytes(b"x")


def test_a_group_is_named_when_it_is_old_full_or_flushed(tmp_path: Path):
    done: list[int] = []
    with SafeFiles(seconds=3600) as files:
        for index in range(safe._GROUP - 1):
            files.write_bytes(tmp_path / f"{index}", b"x", done=lambda i=index: done.append(i))  # type: ignore[misc]
        assert done == []
        assert all(name.startswith(PREFIX) for name in names(tmp_path))
        files.write_bytes(tmp_path / "last", b"x")
        assert done == list(range(safe._GROUP - 1))
        files.write_bytes(tmp_path / "late", b"x")
        assert "late" not in names(tmp_path)
    assert len(names(tmp_path)) == safe._GROUP + 1
    with SafeFiles(seconds=0) as files:
        files.write_bytes(tmp_path / "now", b"x")
        assert "now" in names(tmp_path)


def test_what_waits_is_kept_when_the_run_ends_by_an_exception(tmp_path: Path):
    def interrupted() -> None:
        with SafeFiles(seconds=3600) as files:
            files.write_bytes(tmp_path / "a", b"x")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert names(tmp_path) == ["a"]


def test_one_bad_file_of_a_group_does_not_cost_the_others(tmp_path: Path):
    done: list[str] = []
    files = SafeFiles(seconds=3600)
    for name in "abc":
        files.write_bytes(tmp_path / name, b"ours", done=lambda n=name: done.append(n))  # type: ignore[misc]
    (tmp_path / "b").write_bytes(b"a stranger's")
    with pytest.raises(OutputError, match="b exists"):
        files.flush()
    assert done == ["a", "c"]
    assert names(tmp_path) == ["a", "b", "c"]
    assert (tmp_path / "b").read_bytes() == b"a stranger's"


def test_a_waiting_file_that_lost_bytes_is_an_error(tmp_path: Path):
    files = SafeFiles(seconds=3600)
    files.write_bytes(tmp_path / "a", b"whole")
    (tmp_path / names(tmp_path)[0]).write_bytes(b"who")
    with pytest.raises(OutputError, match="size on disk changed"):
        files.flush()
    assert names(tmp_path) == []


def test_threads_share_one_run(tmp_path: Path):
    handles = len(os.listdir("/proc/self/fd"))
    with SafeFiles(seconds=0.001) as files:

        def work(thread: int) -> None:
            for index in range(40):
                files.write_bytes(
                    tmp_path / str(thread) / f"{index}", bytes([thread]) * index + b"x"
                )

        threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    for number in range(4):
        assert len(names(tmp_path / str(number))) == 40
        assert (tmp_path / str(number) / "39").read_bytes() == bytes([number]) * 39 + b"x"
    assert len(os.listdir("/proc/self/fd")) == handles
