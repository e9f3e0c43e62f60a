"""Every result of an input in one file: the pages of a TIFF."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from cvkit.core.errors import OutputError
from cvkit.core.options import RunOptions
from cvkit.engine import templates
from cvkit.engine.outputs import Output
from cvkit.engine.sinks import Made, encoded
from cvkit.io.codecs.metadata import Album
from cvkit.io.safe import SafeFiles

if TYPE_CHECKING:
    from cvkit.io.codecs.tiff_pages import PageWriter


class Pages:
    """A result a page; the file appears when it is whole."""

    def __init__(
        self,
        output: Output,
        template: str,
        options: RunOptions,
        files: SafeFiles,
        notes: list[str],
        album: Album,
    ) -> None:
        self._output, self._options, self._notes = output, options, notes
        self._path, self._files, self._album = templates.whole(template), files, album
        self._replace = options.overwrite or options.in_place or not output.named
        self._stack = ExitStack()
        self._writer: PageWriter | None = None

    def write(self, made: Made, number: int) -> None:
        data = encoded(self._output, made, "tiff", self._options, self._album, self._notes)
        if self._writer is None:
            self._open()
        assert self._writer is not None
        try:
            self._writer.add(data)
        except OutputError as error:
            raise error.about(self._path) from error

    def _open(self) -> None:
        from cvkit.io.codecs.tiff_pages import PageWriter

        appears = self._files.appearing(Path(self._path), overwrite=self._replace)
        temporary = self._stack.enter_context(appears)
        file = open(temporary, "r+b")  # noqa: SIM115 - the stack closes it
        self._writer = PageWriter(self._stack.enter_context(file))

    def close(self) -> list[str]:
        if self._writer is None:
            return []
        self._stack.close()
        return [self._path]

    def abort(self) -> None:
        """Leave the file's context as on an error, so that nothing appears."""
        dropped = OutputError("dropped")
        try:
            self._stack.__exit__(OutputError, dropped, None)
        except OutputError as raised:
            if raised is not dropped:
                raise
