"""What every test may ask for: the command itself, real pictures, real weights."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import settings

from tests import zygote

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared"

settings.register_profile("full", deadline=None, derandomize="CI" in os.environ, print_blob=True)
settings.register_profile("quick", settings.get_profile("full"), max_examples=15)
settings.load_profile("full")

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell's background job ignores Ctrl-C, and so would every process that a test interrupts.
    signal.signal(signal.SIGINT, signal.default_int_handler)


@dataclass(frozen=True)
class Ran:
    """How a run of the command ended; `out` and `err` are text, undecodable bytes replaced."""

    code: int
    out_bytes: bytes
    err_bytes: bytes

    @property
    def out(self) -> str:
        return self.out_bytes.decode(errors="replace")

    @property
    def err(self) -> str:
        return self.err_bytes.decode(errors="replace")


@dataclass(frozen=True)
class Command:
    """`cvkit` in a process of its own, in an empty folder, without the caller's settings."""

    folder: Path
    home: Path

    def __call__(
        self,
        *arguments: str | Path,
        stdin: bytes = b"",
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        timeout: float = 120,
    ) -> Ran:
        where, surroundings = cwd or self.folder, self.env(env)
        if env is not None and any(name.startswith(("PYTHON", "OPENCV")) for name in env):
            done = subprocess.run(  # these are read while Python starts
                self.argv(*arguments),
                input=stdin,
                cwd=where,
                env=surroundings,
                capture_output=True,
                timeout=timeout,
                check=False,
            )
            return Ran(done.returncode, done.stdout, done.stderr)
        words = list(map(str, arguments))
        return Ran(*zygote.run(words, cwd=where, env=surroundings, stdin=stdin, timeout=timeout))

    def start(
        self, *arguments: str | Path, env: Mapping[str, str] | None = None
    ) -> subprocess.Popen[bytes]:
        """The running process with its three ends as pipes: for signals and shell pipes."""
        return subprocess.Popen(
            self.argv(*arguments),
            cwd=self.folder,
            env=self.env(env),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def argv(self, *arguments: str | Path) -> list[str]:
        return [sys.executable, "-m", "cvkit", *map(str, arguments)]

    def env(self, more: Mapping[str, str] | None = None) -> dict[str, str]:
        """What finding programs and libraries needs, a plain terminal, and `more`."""
        kept = ("PATH", "LD_LIBRARY_PATH", "TMPDIR")
        return {
            **{name: os.environ[name] for name in kept if name in os.environ},
            "HOME": str(self.home),
            "LANG": "C.UTF-8",
            "COLUMNS": "100",
            "NO_COLOR": "1",
            **(more or {}),
        }


@pytest.fixture
def cvkit(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Command:
    """`cvkit("threshold", "a.png").code`; runs in `tmp_path`."""
    return Command(tmp_path, tmp_path_factory.getbasetemp())


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real pictures and clips that lies beside a checkout."""
    return _beside("media")


@pytest.fixture(scope="session")
def models() -> Path:
    """The folder of real weights that lies beside a checkout."""
    return _beside("models")


def _beside(name: str) -> Path:
    folder = SHARED / name
    if not folder.is_dir():
        pytest.skip(f"needs ../shared/{name}, which is not beside this checkout")
    return folder


def pytest_collection_modifyitems(items: Sequence[pytest.Item]) -> None:
    needy = [item for item in items if item.get_closest_marker("gpu")]
    if needy and not _cuda():
        for item in needy:
            item.add_marker(pytest.mark.skip(reason="needs a CUDA device"))


def _cuda() -> bool:
    try:
        driver = ctypes.CDLL("libcuda.so.1")
    except OSError:
        return False
    devices = ctypes.c_int(0)
    return (
        driver.cuInit(0) == 0
        and driver.cuDeviceGetCount(ctypes.byref(devices)) == 0
        and devices.value > 0
    )
