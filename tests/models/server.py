"""A server of files on this machine that stalls, cuts and lies as it is told."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import PurePosixPath

Answer = Callable[["Handler", bytes], None]


@dataclass
class Server:
    """`files` by path. Each request takes the next of `answers`; after them, all is well."""

    url: str
    files: dict[str, bytes] = field(default_factory=dict)
    answers: list[Answer] = field(default_factory=list)
    asked: list[dict[str, str]] = field(default_factory=list)
    """Headers of the requests that came, with `path`."""
    stop: threading.Event = field(default_factory=threading.Event)

    def add(self, path: str, content: bytes) -> str:
        self.files[path] = content
        return f"{self.url}/{path}"


class Handler(BaseHTTPRequestHandler):
    server_of: Server
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        ours = self.server_of
        ours.asked.append({**{k.title(): v for k, v in self.headers.items()}, "path": self.path})
        content = ours.files.get(str(PurePosixPath(self.path.lstrip("/"))))
        if content is None:
            self.send_error(404)
            return
        answer = ours.answers.pop(0) if ours.answers else well
        answer(self, content)

    def head(self, code: int, length: int, **headers: str) -> None:
        self.send_response(code)
        self.send_header("Content-Length", str(length))
        self.send_header("Content-Type", "application/octet-stream")
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()

    def start(self) -> int:
        """The first byte that is asked for, if the file is still the one that the asker has."""
        wanted = self.headers.get("Range", "")
        same = self.headers.get("If-Range", '"one"') == '"one"'
        return int(wanted.removeprefix("bytes=").partition("-")[0]) if wanted and same else 0

    def log_message(self, *arguments: object) -> None:
        """Nobody reads it."""


def well(handler: Handler, content: bytes) -> None:
    start = handler.start()
    if start >= len(content) > 0 and start:
        handler.head(416, 0)
        return
    if start:
        span = f"bytes {start}-{len(content) - 1}/{len(content)}"
        handler.head(206, len(content) - start, ETag='"one"', Content_Range=span)
    else:
        handler.head(200, len(content), ETag='"one"')
    handler.wfile.write(content[start:])


def cut(after: int) -> Answer:
    """Close the connection after so many bytes."""

    def answer(handler: Handler, content: bytes) -> None:
        start = handler.start()
        if start:
            span = f"bytes {start}-{len(content) - 1}/{len(content)}"
            handler.head(206, len(content) - start, ETag='"one"', Content_Range=span)
        else:
            handler.head(200, len(content), ETag='"one"')
        handler.wfile.write(content[start : start + after])
        handler.close_connection = True

    return answer


def stall(after: int) -> Answer:
    """Fall silent after so many bytes, until the test is over."""

    def answer(handler: Handler, content: bytes) -> None:
        handler.head(200, len(content), ETag='"one"')
        handler.wfile.write(content[:after])
        handler.wfile.flush()
        handler.server_of.stop.wait(20)
        handler.close_connection = True

    return answer


def claim(length: int) -> Answer:
    """Say another length than is sent."""

    def answer(handler: Handler, content: bytes) -> None:
        handler.head(200, length)
        handler.wfile.write(content)
        handler.close_connection = True

    return answer


def status(code: int, **headers: str) -> Answer:
    def answer(handler: Handler, content: bytes) -> None:
        handler.head(code, 0, **headers)

    return answer


def send(other: bytes, **headers: str) -> Answer:
    """Another content, whatever is asked for."""

    def answer(handler: Handler, content: bytes) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(other)))
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(other)

    return answer


def unmeasured(handler: Handler, content: bytes) -> None:
    """Without a length, in chunks."""
    handler.send_response(200)
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    handler.wfile.write(f"{len(content):x}\r\n".encode() + content + b"\r\n0\r\n\r\n")


def ignorant(handler: Handler, content: bytes) -> None:
    """All of it, though a part was asked for."""
    handler.head(200, len(content), ETag='"one"')
    handler.wfile.write(content)


def shifted(handler: Handler, content: bytes) -> None:
    """Another part than was asked for."""
    span = f"bytes 1-{len(content) - 1}/{len(content)}"
    handler.head(206, len(content) - 1, ETag='"one"', Content_Range=span)
    handler.wfile.write(content[1:])


class _Quiet(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up is what some tests are about."""


@contextmanager
def serving() -> Iterator[Server]:
    handler = type("OwnHandler", (Handler,), {})
    http = _Quiet(("127.0.0.1", 0), handler)
    http.daemon_threads = True
    ours = Server(f"http://127.0.0.1:{http.server_address[1]}")
    handler.server_of = ours  # type: ignore[attr-defined]
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield ours
    finally:
        ours.stop.set()
        http.shutdown()
        http.server_close()
        thread.join()
