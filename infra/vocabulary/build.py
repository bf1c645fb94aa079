"""Builds the starter vocabulary: `python -m infra.vocabulary.build [--reference DIR] [--demo DIR]`.

The files beside this script are what it wrote; the product reads them and never this script. A concept
comes from one of three places: `sources/verified.tsv` (id seen in a public source, named in the row),
`sources/local.tsv` (id of ours above 2,000,000,000), or the reference sample, of which only the codes
that occur in the demo are taken. `sources/maps_to.tsv` says what codes of claims mean.
docs/decisions/starter-vocabulary.md says what may be shipped.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import json
import pathlib
from collections.abc import Iterable, Iterator
from typing import Any

import schemas
from infra.vocabulary import strengths

HERE = pathlib.Path(__file__).resolve().parent
CHECKOUT = HERE.parents[1]
VERSION = "Lakeward starter 1"
FOREVER = "20991231"
# Systems whose codes may be taken from the sample; SNOMED CT is not among them.
SHIPPED = {
    "http://loinc.org": "LOINC",
    "http://www.nlm.nih.gov/research/umls/rxnorm": "RxNorm",
    "http://unitsofmeasure.org": "UCUM",
    "http://hl7.org/fhir/sid/cvx": "CVX",
}
# Kinds of relations that jobs name (jobs/columns/concepts.py) besides the maps.
RELATIONSHIPS = (
    "Maps to", "Mapped from", "Maps to value", "Value mapped from", "Is a", "Subsumes",
    "Panel contains", "Contained in panel", "Has specimen", "Specimen of", "Has due to", "Due to of",
)  # fmt: skip
# Levels between a drug and its ingredient, as the sample has them.
LEVELS = {"Branded Pack": ("3", "4")}
# Made up by the demo hospital (infra/hospital/truth/codes.jsonl): under which vocabulary the map has them.
MADE_UP = {"ndc": "NDC", "lims": "BAYLIS"}
# Vocabularies that the sample has not, and the local concepts for them.
OURS = {
    "Lakeward": "2000000001", "CVX": "2000000003", MADE_UP["lims"]: "2000000004", "DICOM": "2000000005",
    "DICOM Body Part": "2000000006",
}  # fmt: skip
MEANS = {"rxnorm": "RxNorm", "loinc": "LOINC"}
# Concepts of the sample that OMOP has replaced by others of it.
REPLACED = {"3030354": "46236952"}

Row = dict[str, str]


def read(path: pathlib.Path) -> list[Row]:
    """The rows of a tab-separated file without quoting."""
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))


def write(into: pathlib.Path, name: str, rows: Iterable[Row]) -> None:
    """Write an Athena-shaped file: the declared columns, tabs, no quoting, Unix line ends."""
    columns = [column for column in schemas.table(f"bronze.{name.lower()}").columns if column != "origin"]
    lines = ["\t".join(columns), *("\t".join(row.get(c, "") for c in columns) for row in rows)]
    (into / f"{name}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def codes(demo: pathlib.Path) -> set[tuple[str, str]]:
    """Every (system, code) in the demo's resources, wherever it stands."""
    found: set[tuple[str, str]] = set()
    for path in sorted(demo.glob("*.ndjson*")):
        data = path.read_bytes()
        for line in (gzip.decompress(data) if path.suffix == ".gz" else data).splitlines():
            found.update(_codings(json.loads(line)))
    return found


def _codings(node: Any) -> Iterator[tuple[str, str]]:
    if isinstance(node, dict):
        if isinstance(node.get("system"), str) and isinstance(node.get("code"), str):
            yield node["system"], node["code"]
        node = list(node.values())
    if isinstance(node, list):
        for child in node:
            yield from _codings(child)


def concepts(sample: dict[str, Row], in_demo: set[tuple[str, str]]) -> dict[str, Row]:
    """The shipped concepts by id: verified, local, from the sample; then the ones that name their kinds."""
    found = {row["concept_id"]: row for row in read(HERE / "sources" / "verified.tsv")}
    for row in read(HERE / "sources" / "local.tsv"):
        found[row["concept_id"]] = {"valid_start_date": "20260101", "valid_end_date": FOREVER, **row}
    wanted = {(SHIPPED[system], code) for system, code in in_demo if system in SHIPPED}
    targets = {row["target_concept_id"] for row in read(HERE / "sources" / "maps.tsv")}
    gender = {("Gender", "M"), ("Gender", "F"), ("Ethnicity", "Hispanic"), ("Ethnicity", "Not Hispanic")}
    for row in sample.values():
        named = (row["vocabulary_id"], row["concept_code"]) in wanted | gender
        if named or row["concept_id"] in targets or row["concept_id"] in strengths.UNITS.values():
            found.setdefault(row["concept_id"], row)
    names = {row["concept_name"].lower(): row for row in sample.values() if row["concept_class_id"] == "Ingredient"}
    for row in list(found.values()):
        for part in strengths.of(row, set(names)):
            if part.ingredient in names:
                found.setdefault(names[part.ingredient]["concept_id"], names[part.ingredient])
    return found


def kinds(found: dict[str, Row], sample: dict[str, Row], folder: pathlib.Path) -> dict[str, list[Row]]:
    """The rows of DOMAIN, VOCABULARY, CONCEPT_CLASS and RELATIONSHIP in use; adds their concepts to `found`."""
    tables = {name: read(folder / f"{name.upper()}.csv") for name in ("domain", "vocabulary", "concept_class")}
    tables["vocabulary"] += [
        {"vocabulary_id": name, "vocabulary_name": found[made]["concept_name"], "vocabulary_concept_id": made}
        for name, made in OURS.items()
    ]
    tables["concept_class"].append(
        {"concept_class_id": "Local", "concept_class_name": "Local", "concept_class_concept_id": "2000000002"}
    )
    sources = [row for name in ("local", "maps") for row in read(HERE / "sources" / f"{name}.tsv")]
    mapped = {"None", *MADE_UP.values(), *(row["source_vocabulary_id"] for row in sources)}
    kept: dict[str, list[Row]] = {"relationship": []}
    for row in read(folder / "RELATIONSHIP.csv"):
        if row["relationship_id"] in RELATIONSHIPS:
            kept["relationship"].append(row)
            found.setdefault(row["relationship_concept_id"], sample[row["relationship_concept_id"]])
    before = -1
    while before != len(found):  # the concept that names a kind has kinds of its own
        before = len(found)
        for name, rows in tables.items():
            used = {row[f"{name}_id"] for row in found.values()} | (mapped if name == "vocabulary" else set())
            kept[name] = [row for row in rows if name == "domain" or row[f"{name}_id"] in used]
            for row in kept[name]:
                made = row[f"{name}_concept_id"]
                if made not in found:
                    found[made] = sample[made]
    for row in kept["vocabulary"]:
        if row["vocabulary_id"] in ("None", "Lakeward"):
            row["vocabulary_version"] = VERSION
    return kept


def relations(found: dict[str, Row]) -> list[Row]:
    """Maps to and Mapped from: every standard concept to itself, the others as the sources say."""
    pairs = [(i, i) for i, row in found.items() if row["standard_concept"] == "S"]
    pairs += [("8940", "581477"), *REPLACED.items(), *mapped_to(found)]
    rows = []
    for one, other in pairs:
        if one in found and other in found:
            start = max(found[one]["valid_start_date"], found[other]["valid_start_date"])
            same = {"valid_start_date": start, "valid_end_date": FOREVER}
            rows.append({"concept_id_1": one, "concept_id_2": other, "relationship_id": "Maps to", **same})
            rows.append({"concept_id_1": other, "concept_id_2": one, "relationship_id": "Mapped from", **same})
    return rows


def by_code(found: dict[str, Row]) -> dict[tuple[str, str], str]:
    """Concept ids by vocabulary and code, the SNOMED CT codes for which a local concept stands among them."""
    ids = {(row["vocabulary_id"], row["concept_code"]): i for i, row in found.items()}
    return ids | {
        (row["source_vocabulary_id"], row["source_code"]): i for i, row in found.items() if row.get("source_code")
    }


def mapped_to(found: dict[str, Row]) -> list[tuple[str, str]]:
    """From codes of claims to what the EHR says of the same thing; a KeyError names a code that is nowhere."""
    ids = by_code(found)
    rows = read(HERE / "sources" / "maps_to.tsv")
    return [(ids[r["vocabulary_id"], r["concept_code"]], ids[r["to_vocabulary_id"], r["to_code"]]) for r in rows]


def own_codes(truth: pathlib.Path, found: dict[str, Row]) -> list[Row]:
    """Codes that the demo hospital made up (NDC of packages, tests of its laboratory), by what it says they are."""
    ids = by_code(found)
    rows = []
    for one in map(json.loads, truth.read_text(encoding="utf-8").splitlines()):
        if one["system"] in MADE_UP:
            target = ids[MEANS[one["means"]], one["is"]]
            target = REPLACED.get(target, target)
            rows.append(
                {"source_vocabulary_id": MADE_UP[one["system"]], "source_code": one["code"],
                 "source_code_description": found[target]["concept_name"], "target_concept_id": target}
            )  # fmt: skip
    return rows


def drugs(found: dict[str, Row]) -> tuple[list[Row], list[Row]]:
    """Ancestors (drug to ingredient) and strengths, from what the drug names say."""
    by_name = {row["concept_name"].lower(): i for i, row in found.items() if row["concept_class_id"] == "Ingredient"}
    ancestors = [(i, i, "0", "0") for i, row in found.items() if row["standard_concept"] == "S"]
    amounts = []
    for i, row in found.items():
        for part in strengths.of(row, set(by_name)):
            ingredient = by_name[part.ingredient]
            ancestors.append((ingredient, i, *LEVELS.get(row["concept_class_id"], ("2", "3"))))
            if part.amounts:
                dates = {"valid_start_date": row["valid_start_date"], "valid_end_date": FOREVER}
                amounts.append({"drug_concept_id": i, "ingredient_concept_id": ingredient, **part.amounts, **dates})
    names = ["ancestor_concept_id", "descendant_concept_id", "min_levels_of_separation", "max_levels_of_separation"]
    return [dict(zip(names, row, strict=True)) for row in ancestors], amounts


def local_map(found: dict[str, Row], truth: pathlib.Path) -> list[Row]:
    """SOURCE_TO_CONCEPT_MAP: local concepts for SNOMED codes of the demo, and what else only the demo writes so."""
    rows = [
        {"source_vocabulary_id": row["source_vocabulary_id"], "source_code": row["source_code"],
         "source_concept_id": row["concept_id"], "source_code_description": row["concept_name"],
         "target_concept_id": row["concept_id"]}
        for row in read(HERE / "sources" / "local.tsv") if row["source_code"]
    ]  # fmt: skip
    also = read(HERE / "sources" / "maps.tsv") + own_codes(truth, found)
    rows += [{"source_concept_id": "0", **row} for row in also]
    for row in rows:
        row["target_vocabulary_id"] = found[row["target_concept_id"]]["vocabulary_id"]
        row |= {"valid_start_date": "20260101", "valid_end_date": FOREVER}
    return sorted(rows, key=lambda row: (row["source_vocabulary_id"], row["source_code"]))


def main(given: list[str] | None = None) -> int:
    """Write the starter vocabulary and say what is in it."""
    parser = argparse.ArgumentParser(prog="python -m infra.vocabulary.build")
    parser.add_argument("--reference", type=pathlib.Path, default=CHECKOUT.parent / "shared" / "reference")
    parser.add_argument("--demo", type=pathlib.Path, default=CHECKOUT / "infra" / "hospital" / "ehr_fhir")
    parser.add_argument("--into", type=pathlib.Path, default=HERE)
    asked = parser.parse_args(given)
    folder = asked.reference / "vocabulary-sample"
    sample = {row["concept_id"]: row for row in read(folder / "CONCEPT.csv")}
    in_demo = codes(asked.demo)
    found = concepts(sample, in_demo)
    kept = kinds(found, sample, folder)
    ancestors, amounts = drugs(found)
    write(asked.into, "CONCEPT", (found[i] for i in sorted(found, key=int)))
    for name, rows in kept.items():
        write(asked.into, name.upper(), sorted(rows, key=lambda row: next(iter(row.values()))))
    write(asked.into, "CONCEPT_RELATIONSHIP", relations(found))
    write(asked.into, "CONCEPT_ANCESTOR", ancestors)
    write(asked.into, "DRUG_STRENGTH", amounts)
    mapped = local_map(found, asked.demo.parent / "truth" / "codes.jsonl")
    write(asked.into, "SOURCE_TO_CONCEPT_MAP", mapped)
    write(asked.into, "CONCEPT_SYNONYM", [])
    known = {(row["vocabulary_id"], row["concept_code"]) for row in found.values()}
    known |= {(row["source_vocabulary_id"], row["source_code"]) for row in mapped}
    vocabularies = {**SHIPPED, "http://snomed.info/sct": "SNOMED"}
    left = sorted((vocabularies[s], c) for s, c in in_demo if s in vocabularies and (vocabularies[s], c) not in known)
    print(f"{len(found)} concepts, {len(amounts)} strengths; codes of the demo without a concept: {left}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
