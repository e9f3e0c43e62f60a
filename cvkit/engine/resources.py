"""What stages open: once a process where it may be shared, else once a thread."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Literal

from cvkit.core.options import RunOptions
from cvkit.core.stage import Env
from cvkit.engine.bind import Bound
from cvkit.engine.report import Event, Tell

if TYPE_CHECKING:
    from cvkit.models.opening import Models
    from cvkit.models.origin import Origin
    from cvkit.models.settings import Step


class Resources:
    """Lends each step what its stage's `open` gave; safe from any thread.

    A resource says by its attribute `sharing` whether it is `shared` or `per_thread` (the default).
    """

    def __init__(
        self, options: RunOptions | None = None, tell: Tell | None = None, *, single: bool = False
    ) -> None:
        """`tell` is told how models are fetched; `single`: they will see one picture."""
        self._single = single
        self._options = options or RunOptions()
        self._tell = tell
        self._env: Env | None = None
        self._models: Models | None = None
        self._lock = threading.RLock()
        self._shared: dict[Any, object] = {}
        self._spare: dict[Any, object] = {}
        self._own = threading.local()
        self._gil = threading.Lock()

    def __call__(self, step: Bound) -> object:
        if not step.opens:
            return None
        key = step.stage
        own: dict[Any, object] = self._own.__dict__
        if key in own:
            return own[key]
        with self._lock:
            if key in self._shared:
                return self._shared[key]
            made = self._spare.pop(key, None) or self._open(step)
            if getattr(made, "sharing", "per_thread") == "shared":
                self._shared[key] = made
                return made
        own[key] = made
        return made

    def ready(self, step: Bound) -> object:
        """Opened before any pixel, so that what is missing is said at once."""
        with self._lock:
            made = self._shared.get(step.stage) or self._spare.get(step.stage)
            if made is None:
                made = self._open(step)
                shared = getattr(made, "sharing", "per_thread") == "shared"
                (self._shared if shared else self._spare)[step.stage] = made
            return made

    def lock_of(self, step: Bound) -> threading.Lock | None:
        """Held while a stage that holds the interpreter lock works."""
        return self._gil if step.stage.holds_lock else None

    def models(self) -> list[Origin]:
        """The models that were opened; ParameterError where the run asks for what none has."""
        if self._models is None:
            return []
        self._models.check_used()
        return self._models.opened

    def close(self) -> None:
        with self._lock:
            self._shared.clear()
            self._spare.clear()
            self._own = threading.local()
            if self._models is not None:
                self._models.close()
            self._env = self._models = None

    def _open(self, step: Bound) -> object:
        if self._env is None:
            from cvkit.models.opening import Models
            from cvkit.models.settings import Settings

            options = self._options
            self._models = Models(Settings.of(options, self._watch, single=self._single))
            self._env = Env(self._models, options.device, options.seed)
        return step.stage.open(self._env)  # type: ignore[attr-defined]

    def _watch(self, step: Step) -> None:
        if self._tell is not None:
            kind: Literal["note", "fetch"] = "note" if step.note else "fetch"
            self._tell(Event(kind, step.name, step.done, step.total, text=step.note))
