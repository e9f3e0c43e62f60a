"""Licences of models: shown when one is fetched, and accepted where they allow research only."""

from __future__ import annotations

from cvkit.core.errors import MissingError
from cvkit.models.cards.card import Card, find
from cvkit.models.settings import Settings
from cvkit.models.store import folder


def told(card: Card) -> str:
    """In a line: what the model is under, and where that can be read."""
    only = ", for research only" if card.research_only else ""
    return f"{card.name} is by {card.by}, under {card.licence}{only}: {card.terms}"


def check(card: Card, settings: Settings) -> None:
    """Raises MissingError where the licence has to be accepted first and was not.

    What `--accept-license` names is remembered.
    """
    if not card.research_only or card.name in folder.known().accepted:
        return
    if any((other := find(name)) and other.name == card.name for name in settings.accept_license):
        folder.change(lambda known: known.accepted.append(card.name))
        return
    raise MissingError(
        f"{card.name} is not opened",
        why=f"its licence, {card.licence}, allows research only",
        remedy=f"read {card.terms}, and give --accept-license {card.name} once if it fits",
    )
