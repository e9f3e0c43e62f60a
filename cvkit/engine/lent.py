"""What a run makes only where it needs it: pools of threads and a folder for its records."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor
    from pathlib import Path


class Lent:
    """Each is made at its first use, which costs a short run nothing; `close` gives all back."""

    def __init__(self, jobs: int) -> None:
        self.jobs = jobs

    @cached_property
    def frames(self) -> ThreadPoolExecutor:
        """For frames of a moving input."""
        from concurrent.futures import ThreadPoolExecutor

        return ThreadPoolExecutor(self.jobs, "cvkit-frames")

    @cached_property
    def stills(self) -> ThreadPoolExecutor:
        """For whole pictures."""
        from concurrent.futures import ThreadPoolExecutor

        return ThreadPoolExecutor(self.jobs, "cvkit-stills")

    @cached_property
    def folder(self) -> Path:
        """For records and rows, removed at the end of the run."""
        import tempfile
        from pathlib import Path

        return Path(tempfile.mkdtemp(prefix="cvkit-run-"))

    def close(self) -> None:
        for name in ("stills", "frames"):
            if name in self.__dict__:
                self.__dict__[name].shutdown(wait=True, cancel_futures=True)
        if "folder" in self.__dict__:
            import shutil

            shutil.rmtree(self.folder, ignore_errors=True)
