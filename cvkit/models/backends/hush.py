"""Quiet while native code loads a file: what goes wrong is raised, and said once, by cvkit."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import RLock

_lock = RLock()


@contextmanager
def hushed() -> Iterator[None]:
    """File descriptor 2 goes nowhere: TensorFlow's and protobuf's parsers write to it directly.

    It is the process's, so this is for the short time in which a model is loaded, before pixels.
    """
    with _lock:
        sys.stderr.flush()
        try:
            kept = os.dup(2)
        except OSError:  # closed by whoever started the process
            yield
            return
        nowhere = os.open(os.devnull, os.O_WRONLY)
        try:
            os.dup2(nowhere, 2)
            yield
        finally:
            sys.stderr.flush()
            os.dup2(kept, 2)
            os.close(kept)
            os.close(nowhere)
