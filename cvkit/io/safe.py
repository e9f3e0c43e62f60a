"""The one way a file appears: whole, under its final name, or not at all.

A file is written under a hidden temporary name in the folder where it belongs, its size is
checked, it is synced, and only then takes its name; the folder is synced last. A run shares one
`SafeFiles`, which syncs in groups, since one sync after another costs more than the pictures.
Whatever ends a write leaves no fragment behind; after a SIGKILL the hidden name is left, which the
next run that writes to the folder removes.
"""

from __future__ import annotations

import errno
import os
import stat
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from cvkit.core.errors import OutputError

PREFIX = ".cvkit-"
"""How every temporary name begins; folders are walked without such names."""

_GROUP = 64
_LONGEST_SUFFIX = 16
_NO_LINKS = {errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EXDEV, errno.EINVAL}
_REASONS = {
    errno.ENOSPC: ("the disk is full", "free some space or write elsewhere"),
    errno.EDQUOT: ("the disk quota is used up", "free some space or write elsewhere"),
    errno.EACCES: ("there is no permission to write there", "write elsewhere"),
    errno.EPERM: ("there is no permission to write there", "write elsewhere"),
    errno.EROFS: ("the file system is read-only", "write elsewhere"),
    errno.ENAMETOOLONG: ("the name is too long for the file system", "choose a shorter one"),
    errno.ENOTDIR: ("a part of the path is a file, not a folder", "check the path"),
    errno.EFBIG: ("the file is too big for the file system or the limit set", "write elsewhere"),
    errno.EIO: ("the disk reports an error", "check the disk"),
}

Bytes = bytes | bytearray | memoryview
Done = Callable[[], None]


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A whole file that has not its name yet. `path` is as the user wrote it."""

    temporary: str
    final: str
    path: Path
    size: int
    overwrite: bool
    done: Done | None


class SafeFiles:
    """The files of one run; threads may share it. As a context it finishes what is waiting.

    `done` of each write is called once the file would survive a power cut, from whichever thread
    ends the group: the one whose write finds it `seconds` old or full, or that of `flush`.
    """

    def __init__(self, *, overwrite: bool = False, seconds: float = 1.0) -> None:
        """`overwrite` is what a write does where it does not say. 0 `seconds`: sync each file."""
        self._overwrite = overwrite
        self._seconds = seconds
        self._lock = threading.Lock()
        self._waiting: list[_Waiting] = []
        self._since = 0.0
        self._folders: set[str] = set()

    def write_bytes(
        self, path: Path, data: Bytes, *, overwrite: bool | None = None, done: Done | None = None
    ) -> None:
        """Make `path` hold `data`. Folders on the way are made.

        Raises OutputError where it exists and `overwrite` is false, or cannot be written.
        """
        with self.appearing(path, overwrite=overwrite, done=done) as temporary:
            _fill(temporary, data)
            if os.stat(temporary).st_size != len(data):
                raise OutputError(f"{path} cannot be written", why="the disk kept only a part")

    @contextmanager
    def appearing(
        self,
        path: Path,
        *,
        overwrite: bool | None = None,
        done: Done | None = None,
        may_be_empty: bool = False,
    ) -> Iterator[Path]:
        """A temporary path, an empty file with the same suffix, which `path` becomes at the end.

        On any exception the file is removed and nothing appears. An OSError raised inside is told
        as an OutputError about `path`; so is a file that is still empty, unless it `may_be`.
        """
        replaces = self._overwrite if overwrite is None else overwrite
        final = os.path.realpath(path)  # a link's target is written, the link stays
        with _told(path):
            temporary = self._temporary(final, path, overwrite=replaces)
            try:
                yield Path(temporary)
                size = os.stat(temporary).st_size
                if not size and not may_be_empty:
                    raise OutputError(f"{path} cannot be written", why="nothing reached the disk")
            except BaseException:
                with suppress(OSError):
                    os.unlink(temporary)
                raise
        self._queue(_Waiting(temporary, final, path, size, replaces, done))

    def flush(self) -> None:
        """Sync and name all that is waiting. Raises the first OutputError after trying all."""
        with self._lock:
            group, self._waiting = self._waiting, []
        _settle(group)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        # What waits is whole and its item is done, so it is kept however the run ends.
        if kind is None:
            self.flush()
        else:
            with suppress(OutputError):
                self.flush()

    def _temporary(self, final: str, path: Path, *, overwrite: bool) -> str:
        _refuse_what_is_there(final, path, overwrite=overwrite)
        folder, name = os.path.split(final)
        if folder not in self._folders:
            os.makedirs(folder, exist_ok=True)
            remove_stale(folder)
            self._folders.add(folder)
            _refuse_what_is_there(final, path, overwrite=overwrite)  # now a long name is seen too
        temporary = os.path.join(folder, _temporary_name(name))
        os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o666))
        return temporary

    def _queue(self, file: _Waiting) -> None:
        now = time.monotonic()
        with self._lock:
            self._since = self._since if self._waiting else now
            self._waiting.append(file)
            due = now - self._since >= self._seconds or len(self._waiting) >= _GROUP
        if due:
            self.flush()


def write_bytes(path: Path, data: Bytes, *, overwrite: bool) -> None:
    """Make `path` hold `data`, synced, at once; errors as `SafeFiles.write_bytes`."""
    SafeFiles(overwrite=overwrite, seconds=0).write_bytes(path, data)


@contextmanager
def appearing(path: Path, *, overwrite: bool) -> Iterator[Path]:
    """A temporary path that becomes `path`, synced, at the end; as `SafeFiles.appearing`."""
    with SafeFiles(overwrite=overwrite, seconds=0).appearing(path) as temporary:
        yield temporary


def remove_stale(folder: str | Path) -> int:
    """Remove temporary files that dead processes of this machine left in `folder`; how many."""
    start = f"{PREFIX}{_machine()}-"
    removed = 0
    with os.scandir(folder) as entries:
        names = [entry.name for entry in entries if entry.name.startswith(start)]
    for name in names:
        pid = name[len(start) :].partition("-")[0]
        if pid.isdecimal() and not _alive(int(pid)):
            with suppress(OSError):
                os.unlink(os.path.join(folder, name))
                removed += 1
    return removed


def _temporary_name(name: str) -> str:
    suffix = os.path.splitext(name)[1]
    if len(os.fsencode(suffix)) > _LONGEST_SUFFIX:
        suffix = ""
    return f"{PREFIX}{_machine()}-{os.getpid()}-{os.urandom(4).hex()}{suffix}"


def _machine() -> str:
    # A process id means something only on its machine and in its container.
    names = os.uname().nodename
    with suppress(OSError):
        names += os.readlink("/proc/self/ns/pid")
    return f"{zlib.crc32(names.encode()):08x}"


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True


def _refuse_what_is_there(final: str, path: Path, *, overwrite: bool) -> None:
    try:
        mode = os.stat(final).st_mode
    except FileNotFoundError:
        return
    if stat.S_ISDIR(mode):
        raise OutputError(f"{path} cannot be written", why="it is a folder")
    if not stat.S_ISREG(mode):
        raise OutputError(f"{path} cannot be written", why="it is a device, not a file")
    if not overwrite:
        raise _exists(path)


def _exists(path: Path) -> OutputError:
    return OutputError(f"{path} exists", remedy="choose another name or add --overwrite")


def _fill(temporary: Path, data: Bytes) -> None:
    handle = os.open(temporary, os.O_WRONLY | os.O_CLOEXEC)
    try:
        rest = memoryview(data)
        while rest:  # a full disk takes a part, then says so
            rest = rest[os.write(handle, rest) :]
    finally:
        os.close(handle)


def _settle(group: list[_Waiting]) -> None:
    """Sync all files, name them, sync their folders, then say done."""
    errors: list[OutputError] = []
    named: list[_Waiting] = []
    pending = list(group)
    try:
        if len(group) > 1:
            _start_writing(group)
        for file in group:
            _attempt(errors, file, _sync)
        for file in group:
            if os.path.exists(file.temporary) and _attempt(errors, file, _name):
                named.append(file)
            pending.remove(file)
    finally:  # an interrupt leaves no fragment either
        for file in pending:
            with suppress(OSError):
                os.unlink(file.temporary)
    for folder in {os.path.dirname(file.final) for file in named}:
        _sync_folder(folder)
    for file in named:
        if file.done is not None:
            file.done()
    if errors:
        raise errors[0]


def _attempt(errors: list[OutputError], file: _Waiting, act: Callable[[_Waiting], None]) -> bool:
    try:
        with _told(file.path):
            act(file)
    except OutputError as error:
        errors.append(error)
        with suppress(OSError):
            os.unlink(file.temporary)
        return False
    return True


def _start_writing(group: list[_Waiting]) -> None:
    """Let the disk take all files at once, which halves the time of the syncs one by one."""
    if not hasattr(os, "posix_fadvise"):
        return
    for file in group:
        with suppress(OSError):
            handle = os.open(file.temporary, os.O_RDONLY | os.O_CLOEXEC)
            try:
                os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
            finally:
                os.close(handle)


def _sync(file: _Waiting) -> None:
    handle = os.open(file.temporary, os.O_RDONLY | os.O_CLOEXEC)
    try:
        if os.fstat(handle).st_size != file.size:
            raise OutputError(f"{file.path} cannot be written", why="its size on disk changed")
        os.fsync(handle)
    finally:
        os.close(handle)


def _sync_folder(folder: str) -> None:
    # Some network file systems cannot sync a folder; the files themselves are safe by then.
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _name(file: _Waiting) -> None:
    if file.overwrite:
        os.replace(file.temporary, file.final)
        return
    try:
        os.link(file.temporary, file.final)  # unlike rename, never replaces
    except FileExistsError:
        raise _exists(file.path) from None
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        if os.path.lexists(file.final):
            raise _exists(file.path) from None
        os.rename(file.temporary, file.final)
    else:
        os.unlink(file.temporary)


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """Tell an OSError as an OutputError about `path`."""
    try:
        yield
    except OSError as error:
        number = error.errno or 0
        why, remedy = _REASONS.get(
            number, (os.strerror(number).lower() if number else str(error), "")
        )
        raise OutputError(f"{path} cannot be written", why=why, remedy=remedy) from error
