"""What keeps bad input out before a pixel is taken: reading, bounds, and refusals that say why.

Unreadable, empty, no picture, unsupported, too big and damaged are told apart here; what each
format can tell of its own damage is in `io.codecs`.
"""

from __future__ import annotations

import errno
import os
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2

from cvkit.core.errors import DamagedError, InputError
from cvkit.core.warp import Size
from cvkit.io.codecs.formats import FORMATS, NAMES, READ, SUFFIX_FORMAT
from cvkit.io.codecs.sniff import MOVING, looks_like

_REASONS = {
    errno.ENOENT: "there is no such file",
    errno.EACCES: "there is no permission to read it",
    errno.EPERM: "there is no permission to read it",
    errno.EISDIR: "it is a folder",
    errno.ENOTDIR: "a part of the path is a file, not a folder",
    errno.ENAMETOOLONG: "the name is too long",
    errno.EIO: "the disk reports an error",
    errno.ELOOP: "its links lead in a circle",
}


def read_bytes(path: Path, name: str) -> bytes:
    """The file's bytes. Raises InputError, which says why it cannot be read."""
    try:
        with open(path, "rb", buffering=0) as file:
            mode = os.fstat(file.fileno()).st_mode
            if not (stat.S_ISREG(mode) or stat.S_ISFIFO(mode)):  # the shell's <(command) is a pipe
                raise unsupported(name, "it is a device, not a file")
            return file.read()
    except OSError as error:
        number = error.errno or 0
        why = _REASONS.get(number, os.strerror(number).lower() if number else str(error))
        raise InputError(f"{name} cannot be read", why=why) from error


def damaged(name: str, why: str) -> DamagedError:
    return DamagedError(f"{name} is damaged", why=why)


def unsupported(name: str, why: str) -> InputError:
    return InputError(f"{name} cannot be read", why=why)


def page_out_of(name: str, page: int, pages: int) -> InputError:
    """The error for a page that the file does not have; `page` counts from 0."""
    has = f"it has {pages} pages" if pages != 1 else "it has one page"
    return InputError(f"{name} has no page {page + 1}", why=has)


def bounded(size: Size, max_pixels: int, name: str) -> None:
    """Raises InputError where a picture of `size` is empty or bigger than the run allows."""
    width, height = size
    if width < 1 or height < 1:
        raise damaged(name, f"its header says {width}×{height} pixels")
    if width * height > max_pixels:
        raise InputError(
            f"{name} is too big",
            why=f"its header says {width}×{height}, and more than {max_pixels:,} pixels are not"
            " read unasked",
            remedy=f"if it is what it says, --max-pixels {width * height} reads it",
        )


def refuse(kind: str | None, head: bytes, name: str) -> InputError:
    """The error for content that is no picture that is read; `kind` is what `sniff` said."""
    if kind in NAMES and kind not in READ:
        return unsupported(name, FORMATS[kind].why or f"{NAMES[kind]} pictures are not read yet")
    if kind in MOVING:
        return unsupported(name, "it is a video, not a picture")
    if kind == "cvkit":
        return unsupported(name, "it is a frame stream of cvkit, not a picture")
    seems = looks_like(head)
    if seems == "sound":
        return unsupported(name, "it is sound without a picture")
    if seems is not None:
        return unsupported(name, f"it is not a picture: it begins like {seems}")
    wanted = NAMES.get(SUFFIX_FORMAT.get(os.path.splitext(name)[1].lower(), ""))
    if wanted:
        return damaged(name, f"its first bytes are not those of a {wanted} or any known picture")
    return unsupported(name, "its first bytes are those of no known picture")


class _Quiet:
    """OpenCV's log held back while decoders run; the errors raised say it better."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0
        self._level = 0

    @contextmanager
    def __call__(self) -> Iterator[None]:
        log = cv2.utils.logging
        with self._lock:
            if not self._inside:
                self._level = log.setLogLevel(log.LOG_LEVEL_SILENT)
            self._inside += 1
        try:
            yield
        finally:
            with self._lock:
                self._inside -= 1
                if not self._inside:
                    log.setLogLevel(self._level)


quiet = _Quiet()
"""A context without OpenCV's log lines, for any number of threads at once."""
