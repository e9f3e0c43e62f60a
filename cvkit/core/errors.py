"""Every error that cvkit raises on purpose.

    CvkitError
    ├── UsageError        2  the command, spec or call is wrong; nothing was read
    │   ├── ParameterError   a value that a stage or option refuses
    │   └── ChainError       steps that do not fit together
    ├── InputError        3  one input cannot be read or processed
    │   └── DamagedError     bytes are missing or wrong
    ├── MissingError      4  a package or a model is not there
    ├── OutputError       5  a result cannot be written
    ├── ComparisonError   7  a comparison or a rule did not hold
    ├── InterruptedRun  130  Ctrl-C or SIGTERM
    └── InternalError     1  a fault of cvkit itself

0 means all done and 6 that some inputs failed; both are outcomes of a run, not errors.
"""

from __future__ import annotations

from typing import ClassVar


class CvkitError(Exception):
    """Something cvkit says to the person who typed the command: what failed, why, what to do."""

    exit_code: ClassVar[int] = 1

    def __init__(self, what: str, *, why: str = "", remedy: str = "") -> None:
        super().__init__(what, why, remedy)
        self.what = what
        self.why = why
        self.remedy = remedy

    def __str__(self) -> str:
        text = f"{self.what}: {self.why}" if self.why else self.what
        return f"{text}; {self.remedy}" if self.remedy else text

    def about(self, context: str) -> CvkitError:
        """The same error with where it happened put first, once (`street.mp4, frame 812`)."""
        if self.what.startswith(context):
            return self
        other = type(self)(f"{context}: {self.what}", why=self.why, remedy=self.remedy)
        other.__cause__ = self
        return other


class UsageError(CvkitError):
    """The command line, the spec or the call is wrong. Exit 2."""

    exit_code = 2


class ParameterError(UsageError):
    """A value that a stage, option or unit refuses. Exit 2."""


class ChainError(UsageError):
    """Steps that do not fit together. Exit 2."""


class InputError(CvkitError):
    """An input that cannot be read or processed. Exit 3 where it was the only one, else 6."""

    exit_code = 3


class DamagedError(InputError):
    """An input whose bytes are missing or wrong. Exit 3 where it was the only one, else 6."""


class MissingError(CvkitError):
    """A package or a model that is not there. Exit 4."""

    exit_code = 4


class OutputError(CvkitError):
    """A result that cannot be written; ends the run. Exit 5."""

    exit_code = 5


class ComparisonError(CvkitError):
    """A comparison or a rule that did not hold. Exit 7."""

    exit_code = 7


class InterruptedRun(CvkitError):
    """The run was interrupted. Exit 130."""

    exit_code = 130


class InternalError(CvkitError):
    """A fault of cvkit itself. Exit 1."""

    exit_code = 1


PRECEDENCE = (130, 1, 2, 4, 5, 3, 6, 7, 0)
"""Exit codes in the order in which the first that applies is the run's."""
