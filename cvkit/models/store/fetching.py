"""A file from the network: gone on with where it was cut, and checked before it takes its name."""

from __future__ import annotations

import json
import os
import re
import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cvkit.core.errors import OutputError
from cvkit.io.safe import appearing
from cvkit.models.store.folder import sha256_of

if TYPE_CHECKING:
    from requests import Response

TRIES = 4
"""How often in a row a file is asked for without one new byte."""
WAIT = 1.0
"""Seconds before the second try; they double."""
LONGEST_WAIT = 20.0
CONNECT = 10.0
"""Seconds that a connection may take."""
STALL = 30.0
"""Seconds without a byte after which a connection counts as dead."""
MOST = 4 << 30
"""Bytes that a file may have whose size is not known beforehand."""
_SPARE = 16 << 20
_CHUNK = 1 << 15
"""Bytes that are lost at most where a connection ends."""
_PASSING = {408, 425, 429, 500, 502, 503, 504}
"""Answers that may be others a little later."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is fetched: the contents that will do, and the size, where they are known."""

    url: str
    sha256: tuple[str, ...] = ()
    size: int | None = None


Told = Callable[[int, int | None], None]
"""Is called with the bytes that are there and how many there will be, None where nobody knows."""


class NotFetchedError(Exception):
    """Why the file did not come, in words for people."""


class _PassingError(Exception):
    """Another try may help, if not much; `wait` are the seconds that the server asks for."""

    def __init__(self, why: str, wait: float = 0.0, *, much: bool = True) -> None:
        super().__init__(why)
        self.why, self.wait = why, wait
        self.tries = 1 if much else TRIES // 2


def fetch(wanted: Wanted, path: Path, told: Told) -> str:
    """Make `path` the file at the address, synced; gives its sha256.

    What has come lies beside it as `FILE.part` until it is whole, and a later call goes on from
    there. Raises NotFetchedError where it cannot be had or is not what is wanted, OutputError where
    it cannot be written.
    """
    part = _Part(path.with_name(f"{path.name}.part"))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        begun = part.size > 0
        _whole(wanted, part, told)
        digest, wrong = _judged(wanted, part)
        if wrong and begun:  # what lay there from an earlier call may be of another file
            _whole(wanted, part, told)
            digest, wrong = _judged(wanted, part)
        if wrong:
            raise NotFetchedError(wrong)
        with appearing(path, overwrite=True) as temporary:
            os.replace(part.path, temporary)
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise OutputError(f"{path} cannot be written", why=why) from error
    part.drop()
    return digest


class _Part:
    """What has come of a file, and beside it which file that is."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._note = path.with_name(f"{path.name}.json")

    @property
    def size(self) -> int:
        try:
            return self.path.stat().st_size
        except FileNotFoundError:
            return 0

    def drop(self) -> None:
        self.path.unlink(missing_ok=True)
        self._note.unlink(missing_ok=True)

    def mark(self, url: str, validator: str) -> None:
        """Say of which file the bytes are; `validator` is an ETag or a date."""
        self._note.write_text(json.dumps({"url": url, "validator": validator}))

    def validator(self, url: str) -> str | None:
        """None where the bytes are not from this address."""
        try:
            told: Any = json.loads(self._note.read_text())
            return str(told["validator"]) if told["url"] == url else None
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return None


def _whole(wanted: Wanted, part: _Part, told: Told) -> None:
    """Ask until all is there, patiently where it helps."""
    fruitless = 0
    while True:
        before = part.size
        try:
            _more(wanted, part, told)
        except _PassingError as error:
            fruitless = error.tries + (fruitless if part.size <= before else 0)
            if fruitless >= TRIES:
                raise NotFetchedError(error.why) from error
            time.sleep(min(max(WAIT * 2 ** (fruitless - 1), error.wait), LONGEST_WAIT))
        else:
            return


def _more(wanted: Wanted, part: _Part, told: Told) -> None:
    """One request for what is missing."""
    import requests

    there = part.size
    validator = part.validator(wanted.url) if there else None
    # Without a mark of the server's only a known content shows whether the halves belong together.
    if validator is None or not (validator or wanted.sha256) or there > (wanted.size or there):
        part.drop()
        there = 0
    if there and there == wanted.size:
        return
    headers = {"Accept-Encoding": "identity", "User-Agent": "cvkit"}
    if there:
        headers["Range"] = f"bytes={there}-"
        headers |= {"If-Range": validator} if validator else {}
    try:
        with requests.get(
            wanted.url, headers=headers, stream=True, timeout=(CONNECT, STALL)
        ) as answer:
            _take(answer, wanted, part, there, told)
    except (requests.exceptions.SSLError, requests.exceptions.ProxyError) as error:
        raise NotFetchedError(_said(error)) from error
    except requests.exceptions.ConnectTimeout as error:
        raise _PassingError(_said(error), much=False) from error
    except (
        requests.exceptions.ConnectionError,  # also what stalls in the middle
        requests.exceptions.Timeout,
        requests.exceptions.ChunkedEncodingError,
        requests.exceptions.ContentDecodingError,
    ) as error:
        raise _PassingError(_said(error)) from error
    except requests.exceptions.RequestException as error:
        raise NotFetchedError(_said(error)) from error


def _take(answer: Response, wanted: Wanted, part: _Part, there: int, told: Told) -> None:
    if answer.status_code == 416:  # there is no more, so what is here is of another file
        part.drop()
        raise _PassingError("the server has less than is here already")
    if answer.status_code in _PASSING:
        raise _PassingError(_status(answer), _asked_to_wait(answer))
    if answer.status_code not in (200, 206):
        raise NotFetchedError(_status(answer))
    if answer.status_code == 200:
        there = 0
        page = "html" in answer.headers.get("Content-Type", "")
        if page and not wanted.url.endswith((".html", ".htm")):
            raise NotFetchedError("a web page came instead: a log-in of the network, perhaps")
    elif _start(answer) != there:
        part.drop()
        raise _PassingError("the server sent another part than it was asked for")
    length = answer.headers.get("Content-Length", "")
    total = there + int(length) if length.isdecimal() else None
    _sizes(wanted, total, there, part)
    if not there:
        etag = answer.headers.get("ETag", "")
        weak = not etag or etag.startswith("W/")
        part.mark(wanted.url, answer.headers.get("Last-Modified", "") if weak else etag)
    most = wanted.size or total or MOST
    with open(part.path, "ab" if there else "wb") as file:
        told(there, total or wanted.size)
        for chunk in answer.iter_content(_CHUNK):
            there += len(chunk)
            if there > most:
                raise NotFetchedError(f"more than {most:,} bytes came")
            file.write(chunk)
            told(there, total or wanted.size)
    if there < (total or 0):
        raise _PassingError(f"the connection ended after {there:,} of {total:,} bytes")


def _sizes(wanted: Wanted, total: int | None, there: int, part: _Part) -> None:
    """Refuse what cannot be right or has no room, before it is fetched."""
    if wanted.size is not None and total is not None and total != wanted.size:
        part.drop()
        raise NotFetchedError(
            f"the server offers a file of {total:,} bytes, and this one has {wanted.size:,}"
        )
    if total is not None and total > MOST and wanted.size is None:
        raise NotFetchedError(f"the server offers {total:,} bytes, more than any model has")
    free = shutil.disk_usage(part.path.parent).free
    missing = (total or wanted.size or 0) - there
    if missing + _SPARE > free:
        raise OutputError(
            f"{part.path.parent} has no room for the model",
            why=f"{missing / 1e6:,.0f} MB are to come and {free / 1e6:,.0f} MB are free",
            remedy="free some space, or name another folder by the variable CVKIT_CACHE",
        )


def _judged(wanted: Wanted, part: _Part) -> tuple[str, str]:
    """The sha256 of what came, and what is wrong with it; what is wrong is dropped."""
    digest, size = sha256_of(part.path), part.size
    wrong = ""
    if wanted.sha256 and digest not in wanted.sha256:
        wrong = f"what came is another file: its sha256 is {digest}, not {wanted.sha256[0]}"
    elif not wanted.sha256 and wanted.size is not None and size != wanted.size:
        wrong = f"what came has {size:,} bytes, not {wanted.size:,}"
    elif not size:
        wrong = "nothing came"
    if wrong:
        part.drop()
    return digest, wrong


def _start(answer: Response) -> int | None:
    match = re.match(r"bytes (\d+)-", answer.headers.get("Content-Range", ""))
    return int(match[1]) if match else None


def _status(answer: Response) -> str:
    return f"the server answers {answer.status_code} {answer.reason or ''}".rstrip()


def _asked_to_wait(answer: Response) -> float:
    with suppress(ValueError):
        return float(answer.headers.get("Retry-After", ""))
    return 0.0


def _said(error: Exception) -> str:
    """In a few words; requests wraps its reasons in one another."""
    import requests

    if isinstance(error, requests.exceptions.SSLError):
        return "the server's certificate is not accepted"
    if isinstance(error, requests.exceptions.ProxyError):
        return "the proxy that HTTPS_PROXY names cannot be used"
    if isinstance(error, requests.exceptions.Timeout) or "timed out" in str(error):
        return "the server does not answer"
    if isinstance(error, requests.exceptions.ChunkedEncodingError) or "broken" in str(error):
        return "the connection was cut"
    if isinstance(error, requests.exceptions.ConnectionError):
        return "the server cannot be reached"
    return str(error)
