"""What an RxNorm name says of a drug: its ingredients, and how much of each (RxNorm technical documentation, names)."""

from __future__ import annotations

import csv
import functools
import pathlib
import re
from collections.abc import Set
from dataclasses import dataclass, field

BRANDS = pathlib.Path(__file__).resolve().parent / "sources" / "brands.tsv"
# UCUM concepts of the units that names use.
UNITS = {"MG": "8576", "UNT": "8510", "ML": "8587", "ACTUAT": "45744809"}

# "24 HR", "10 ML", "200 ACTUAT" before the ingredients: how much of the product one package holds.
QUANTITY = re.compile(r"(?:NDA\d+ )?(?:(?P<amount>[\d.]+) (?P<unit>ML|ACTUAT|HR) )?(?P<rest>.*)")
# "Acetaminophen 325 MG", "albuterol 0.09 MG/ACTUAT", "insulin isophane, human 70 UNT/ML"
PART = re.compile(
    r"(?P<name>.+?) (?P<amount>[\d.]+) (?P<unit>MG|UNT)(?:/(?P<over>ML|MG|ACTUAT))?(?: (?P<form>[A-Z].*))?$"
)


@dataclass(frozen=True)
class Part:
    """One ingredient of a drug, by its name in lower case; `amounts` are columns of DRUG_STRENGTH."""

    ingredient: str
    amounts: dict[str, str] = field(default_factory=dict)


@functools.cache
def _brands() -> dict[str, str]:
    with BRANDS.open(encoding="utf-8", newline="") as lines:
        return {row["rxnorm_code"]: row["ingredients"] for row in csv.DictReader(lines, delimiter="\t")}


def of(concept: dict[str, str], ingredients: Set[str]) -> list[Part]:
    """The ingredients of a drug concept, each among the given names; none when the name does not say."""
    if concept["vocabulary_id"] != "RxNorm" or concept["concept_class_id"] == "Ingredient":
        return []
    name = re.sub(r" \[[^\]]+\]$", "", concept["concept_name"])
    text = _brands().get(concept["concept_code"], name)
    given = QUANTITY.fullmatch(text)
    assert given is not None
    parts = []
    for said in given["rest"].split(" / "):
        amount = PART.fullmatch(said)
        ingredient = _longest((amount["name"] if amount else said).lower(), ingredients)
        if ingredient:
            parts.append(Part(ingredient, _amounts(amount, given["amount"], given["unit"]) if amount else {}))
    return parts


def _longest(text: str, ingredients: Set[str]) -> str | None:
    """The longest ingredient name that the text begins with: a salt follows its ingredient."""
    found = [name for name in ingredients if text == name or text.startswith(name + " ")]
    return max(found, key=len, default=None)


def _amounts(part: re.Match[str], package: str | None, package_unit: str | None) -> dict[str, str]:
    value = float(part["amount"])
    if not part["over"]:
        return {"amount_value": _text(value), "amount_unit_concept_id": UNITS[part["unit"]]}
    # A quantified drug states the whole package: 10 ML of 0.5 MG/ML is 5 MG in 10 ML.
    whole = float(package) if package and package_unit == part["over"] else None
    return {
        "numerator_value": _text(value * whole if whole else value),
        "numerator_unit_concept_id": UNITS[part["unit"]],
        "denominator_value": _text(whole) if whole else "",
        "denominator_unit_concept_id": UNITS[part["over"]],
    }


def _text(value: float) -> str:
    return f"{round(value, 6):g}" if value < 1e6 else str(int(value))
