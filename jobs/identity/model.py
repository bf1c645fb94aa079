"""How much each level of each comparison weighs: the parameters of Fellegi and Sunter, shipped or learnt."""

from __future__ import annotations

import importlib.resources
import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources.abc import Traversable
from typing import Any

from jobs.identity.comparisons import COMPARISONS, DIFFERENT

# Not by a path: on other machines the code is imported from a zip.
SHIPPED = importlib.resources.files(__package__).joinpath("model.json")
Weights = Mapping[str, Mapping[str, tuple[float, float]]]


@dataclass(frozen=True)
class Model:
    """`weights`: comparison -> level -> (m, u), the shares of true and of random pairs at that level.

    `rate`: the share of pairs that are one person; `how`: where the figures come from; `rare`: whether a rare name
    weighs more, which needs enough records to know what is rare.
    """

    weights: Weights
    rate: float
    how: str
    rare: bool = False

    def document(self) -> dict[str, Any]:
        """As a JSON document."""
        weights = {name: {level: list(pair) for level, pair in levels.items()} for name, levels in self.weights.items()}
        return {"how": self.how, "rate": self.rate, "rare": self.rare, "weights": weights}


def shipped(path: Traversable = SHIPPED) -> Model:
    """The model that comes with the code; KeyError when it lacks a level."""
    found = json.loads(path.read_text(encoding="utf-8"))
    weights = {
        one.name: {level: _pair(found["weights"][one.name][level]) for level in (*names_of(one.name), DIFFERENT)}
        for one in COMPARISONS
    }
    return Model(weights, found["rate"], found["how"], found["rare"])


def _pair(given: list[float]) -> tuple[float, float]:
    m, u = given
    return float(m), float(u)


def names_of(comparison: str) -> list[str]:
    """The names of a comparison's levels, without `different`."""
    return [level.name for one in COMPARISONS if one.name == comparison for level in one.levels]
