"""What the user chose for a model, for as long as the settings are kept."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping

from inspector.graph.preprocessing import Preprocessing
from inspector.ui.settings import Settings


class Remembered(MutableMapping[str, Preprocessing]):
    """The preprocessing of models by their fingerprint, in the settings.

    A model without a fingerprint is not remembered: any other could be taken for it.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def __getitem__(self, fingerprint: str) -> Preprocessing:
        return dict(self._settings.values.recipes)[fingerprint]

    def __setitem__(self, fingerprint: str, recipe: Preprocessing) -> None:
        if fingerprint and self.get(fingerprint) != recipe:
            self._settings.remember_recipe(fingerprint, recipe)

    def __delitem__(self, fingerprint: str) -> None:
        if fingerprint not in self:
            raise KeyError(fingerprint)
        self._settings.remember_recipe(fingerprint, None)

    def __iter__(self) -> Iterator[str]:
        return iter(dict(self._settings.values.recipes))

    def __len__(self) -> int:
        return len(self._settings.values.recipes)
