"""Models by name: fetched once, checked, kept in a folder of the user's."""

from cvkit.models.store.folder import cache_folder
from cvkit.models.store.holding import Held, get, known, meant, unknown
from cvkit.models.store.trust import check_trust, pinned

__all__ = ["Held", "cache_folder", "check_trust", "get", "known", "meant", "pinned", "unknown"]
