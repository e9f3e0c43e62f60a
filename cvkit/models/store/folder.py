"""Where models lie on this machine, and what is known of the files there: `models.lock`."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from cvkit.core.errors import MissingError, OutputError
from cvkit.io.safe import write_bytes

LOCK = "models.lock"
_GUARD = ".guard"


def cache_folder() -> Path:
    """`$CVKIT_CACHE`, else `cvkit/models` in `$XDG_CACHE_HOME` or `~/.cache`; it may not exist."""
    own = os.environ.get("CVKIT_CACHE")
    if own:
        return Path(own).expanduser().absolute()
    # The standard says that a relative path there is to be ignored.
    cache = os.environ.get("XDG_CACHE_HOME", "")
    home = Path(cache) if os.path.isabs(cache) else Path.home() / ".cache"
    return home / "cvkit" / "models"


EXPORTS = "exports"
"""The folder in it for what is made of models, under names that begin with their sha256."""


@dataclass(frozen=True, slots=True)
class Pin:
    """A file as it was when it came: its content by `sha256`, where it came from.

    `stamp` is its time of change in nanoseconds as it was when the content was last looked at.
    """

    sha256: str
    size: int
    url: str = ""
    stamp: int = 0


@dataclass
class Known:
    """What `models.lock` holds. Files are `NAME/FILE` below the folder."""

    files: dict[str, Pin] = field(default_factory=dict)
    accepted: list[str] = field(default_factory=list)
    """Models whose licence for research only was accepted."""


def known() -> Known:
    """Raises MissingError where the file is there and damaged."""
    path = cache_folder() / LOCK
    try:
        told = json.loads(path.read_bytes())
        pins = {name: Pin(**pin) for name, pin in told["files"].items()}
        return Known(pins, [str(name) for name in told.get("accepted", [])])
    except (FileNotFoundError, NotADirectoryError):
        return Known()
    except OSError as error:
        raise MissingError(f"{path} cannot be read", why=str(error.strerror)) from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        remedy = "remove it; cvkit models verify makes it anew of the files that cards know"
        raise MissingError(f"{path} is damaged", remedy=remedy) from error


def change(how: Callable[[Known], None]) -> None:
    """Read, change and write `models.lock`, one process at a time."""
    with alone(_GUARD):
        told = known()
        how(told)
        plain: dict[str, Any] = {"cvkit": 1, "files": {}, "accepted": sorted(set(told.accepted))}
        plain["files"] = {name: asdict(pin) for name, pin in sorted(told.files.items())}
        text = json.dumps(plain, indent=1) + "\n"
        write_bytes(cache_folder() / LOCK, text.encode(), overwrite=True)


@contextmanager
def alone(name: str, waiting: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Only one process at a time is here with this `name`; `waiting` is called before it waits."""
    path = cache_folder() / name
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = open(path, "a", encoding="utf-8")  # noqa: SIM115 - closed below
    except OSError as error:
        why = error.strerror or str(error)
        remedy = "name another folder by the variable CVKIT_CACHE"
        raise OutputError(f"{path.parent} cannot be written", why=why, remedy=remedy) from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            waiting()
            fcntl.flock(file, fcntl.LOCK_EX)
        yield  # closing the file lets the next one in


def sha256_of(path: Path) -> str:
    """Of a file's content, in hexadecimal digits."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def seen(path: Path, digest: str, url: str = "") -> Pin:
    """The file as it is now, whose content is known to be `digest`."""
    stat = path.stat()
    return Pin(digest, stat.st_size, url, stat.st_mtime_ns)


def pin(key: str, path: Path, digest: str, url: str = "") -> Pin:
    """Write down in `models.lock` that the file at `path` has this content now."""
    found = seen(path, digest, url)

    def how(known: Known) -> None:
        known.files[key] = found

    change(how)
    return found
