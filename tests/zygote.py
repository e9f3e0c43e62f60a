"""`cvkit` in a process of its own, without its start-up: forked from one that has imported it.

Most of a short run's time is the import of NumPy, OpenCV and pydantic. The fork server of
multiprocessing imports them once; each run is a fork with its own folder, environment and ends.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from subprocess import TimeoutExpired

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(
    ["cv2", "numpy", "pydantic", "cvkit.cli.app", "cvkit.cli.running", "cvkit.engine.run"]
)
_ENDS = ("stdin", "stdout", "stderr")


def run(
    argv: Sequence[str], *, cwd: Path, env: Mapping[str, str], stdin: bytes, timeout: float
) -> tuple[int, bytes, bytes]:
    """Exit code, stdout and stderr of `cvkit argv`. Raises TimeoutExpired."""
    with tempfile.TemporaryDirectory() as folder:
        ends = [Path(folder) / name for name in _ENDS]
        ends[0].write_bytes(stdin)
        told = (list(argv), str(cwd), dict(env), [str(end) for end in ends])
        process = _CONTEXT.Process(target=_forked, args=told)
        process.start()
        process.join(timeout)
        code = process.exitcode
        if code is None:
            process.kill()
            process.join()
            raise TimeoutExpired(list(argv), timeout)
        process.close()
        return code, ends[1].read_bytes(), ends[2].read_bytes()


def _forked(argv: list[str], cwd: str, env: dict[str, str], ends: list[str]) -> None:
    os.environ.clear()
    os.environ.update(env)
    os.chdir(cwd)
    for number, (name, path) in enumerate(zip(_ENDS, ends, strict=True)):
        flags = os.O_WRONLY | os.O_CREAT if number else os.O_RDONLY
        handle = os.open(path, flags)
        os.dup2(handle, number)
        os.close(handle)
        errors = "backslashreplace" if number == 2 else "strict"
        mode = "w" if number else "r"
        end = open(number, mode, encoding="utf-8", errors=errors, closefd=False)  # noqa: SIM115
        setattr(sys, name, end)
        setattr(sys, f"__{name}__", end)
    tempfile.tempdir = None  # asked for anew, of this environment
    sys.argv = ["cvkit", *argv]
    from cvkit.cli.app import main

    code = main(argv)
    sys.stderr.flush()
    sys.exit(code)
