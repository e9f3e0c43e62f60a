"""Write a .y4m file: the raw video that other programs read, as a file instead of a pipe."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

from cvkit.core.errors import OutputError
from cvkit.core.time import Time
from cvkit.core.values import Raster
from cvkit.io.sinks.encoding import Encoding
from cvkit.io.sinks.y4m import Y4mWriter


class RawFile:
    """One raw video at a temporary path. `write` each frame, then `close`; or `abort`."""

    def __init__(
        self,
        path: Path,
        *,
        rate: Fraction | None,
        aspect: Fraction,
        encoding: Encoding,
        background: tuple[int, int, int],
    ) -> None:
        """Raises ParameterError for a pixel format that y4m does not hold."""
        self._path, self._file = path, open(path, "wb")  # noqa: SIM115 - closed by close or abort
        self._writer = Y4mWriter(
            self._file,
            rate=encoding.fps or rate,
            aspect=aspect,
            pix_fmt=encoding.pix_fmt,
            background=background,
        )
        self.notes = self._writer.notes

    def write(self, time: Time, raster: Raster) -> None:
        """Add an Image or a Mask of the first one's size. Raises InputError for another one."""
        self._writer.write(time, raster)

    def close(self) -> None:
        """Finish the file. Raises OutputError where no frame came."""
        if not self._writer.frames:
            raise OutputError("the video has no frame", why="none reached the output")
        self._file.close()

    def abort(self) -> None:
        """Drop what was written and remove the file; harmless when repeated."""
        self._file.close()
        self._path.unlink(missing_ok=True)
