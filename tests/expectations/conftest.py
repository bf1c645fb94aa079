"""A small hospital in gold, made by rule: everything in it is as it should be."""

import datetime
import random

import pytest

AS_OF = "2026-03-01"
EHR, INPATIENT, OUTPATIENT = 32817, 9201, 9202
MALE_ONLY, FEMALE_ONLY, ANY_CONDITION, LOOSE = 26662, 192367, 201826, 44820047
DRUG, PROCEDURE = 1127433, 4107731
# (concept, unit, unit as sent, mean, spread)
RESULTS = [
    (3004249, 8876, "mm[Hg]", 125, 10),
    (3012888, 8876, "mm[Hg]", 80, 6),
    (3025315, 9529, "kg", 75, 8),
    (3004501, 8840, "mg/dL", 100, 10),
]
CONCEPTS = [
    (0, "Metadata"), (8507, "Gender"), (8532, "Gender"), (EHR, "Type Concept"), (INPATIENT, "Visit"),
    (OUTPATIENT, "Visit"), (MALE_ONLY, "Condition"), (FEMALE_ONLY, "Condition"), (ANY_CONDITION, "Condition"),
    (DRUG, "Drug"), (PROCEDURE, "Procedure"), (44818668, "Currency"),
    *((concept, "Measurement") for concept, *_ in RESULTS),
    (8876, "Unit"), (9529, "Unit"), (8840, "Unit"), (8753, "Unit"),
]  # fmt: skip


def _people(chance):
    for i in range(1, 101):
        born = datetime.date(1930 + i * 7 % 70, i % 12 + 1, i % 28 + 1)
        yield {
            "person_id": i, "gender_concept_id": (8507, 8532)[i % 2], "year_of_birth": born.year,
            "month_of_birth": born.month, "day_of_birth": born.day, "race_concept_id": 0, "ethnicity_concept_id": 0,
            "birth_datetime": datetime.datetime.combine(born, datetime.time()), "person_source_value": f"p{i}",
        }  # fmt: skip


def _visits(chance):
    for i in range(400):
        first = datetime.date(2010, 1, 1) + datetime.timedelta(days=chance.randrange(4700))
        last = first + datetime.timedelta(days=chance.randrange(4) if i % 4 == 0 else 0)
        yield {
            "visit_occurrence_id": i + 1, "person_id": i // 4 + 1, "visit_start_date": first, "visit_end_date": last,
            "visit_concept_id": INPATIENT if i % 4 == 0 else OUTPATIENT, "visit_type_concept_id": EHR,
            "visit_source_value": "IMP" if i % 4 == 0 else "AMB",
        }  # fmt: skip


def _of_visits(visits, chance):
    """Events of each visit: two conditions, a drug, a procedure, four results, a cost."""
    found = {
        name: [] for name in ("condition_occurrence", "drug_exposure", "procedure_occurrence", "measurement", "cost")
    }
    for visit in visits:
        of = {"person_id": visit["person_id"], "visit_occurrence_id": visit["visit_occurrence_id"]}
        day, person = visit["visit_start_date"], visit["person_id"]
        at = datetime.datetime.combine(day, datetime.time(15, visit["visit_occurrence_id"] % 60))
        for concept in (FEMALE_ONLY if person % 2 else MALE_ONLY, ANY_CONDITION):
            made = {
                "condition_concept_id": concept, "condition_start_date": day, "condition_start_datetime": at,
                "condition_type_concept_id": EHR, "condition_source_value": f"C{concept}",
                "condition_source_concept_id": concept,
            }  # fmt: skip
            found["condition_occurrence"].append({**of, **made})
        made = {
            "drug_concept_id": DRUG, "drug_exposure_start_date": day, "drug_exposure_end_date": day,
            "drug_type_concept_id": EHR, "quantity": float(chance.randrange(10, 90)), "drug_source_value": "D1",
            "drug_source_concept_id": DRUG, "days_supply": chance.randrange(5, 60),
        }  # fmt: skip
        found["drug_exposure"].append({**of, **made})
        made = {
            "procedure_concept_id": PROCEDURE, "procedure_date": day, "procedure_type_concept_id": EHR,
            "procedure_source_value": f"P{visit['visit_occurrence_id'] % 5}", "procedure_source_concept_id": PROCEDURE,
        }  # fmt: skip
        found["procedure_occurrence"].append({**of, **made})
        for concept, unit, sent, mean, spread in RESULTS:
            made = {
                "measurement_concept_id": concept, "measurement_date": day, "measurement_datetime": at,
                "measurement_type_concept_id": EHR, "value_as_number": round(chance.gauss(mean, spread), 1),
                "unit_concept_id": unit, "unit_source_value": sent, "measurement_source_value": f"M{concept}",
                "measurement_source_concept_id": concept,
            }  # fmt: skip
            found["measurement"].append({**of, **made})
        made = {
            "cost_event_id": of["visit_occurrence_id"], "cost_domain_id": "Visit", "cost_type_concept_id": EHR,
            "currency_concept_id": 44818668, "lw_person_id": person, "total_paid": chance.randrange(50, 100),
            "total_charge": chance.randrange(100, 900),
        }  # fmt: skip
        found["cost"].append(made)
    return {name: [{f"{name}_id": i + 1, **row} for i, row in enumerate(rows)] for name, rows in found.items()}


def _spans(visits):
    """Observation periods, condition eras and deaths that follow from the visits."""
    days = {}
    for visit in visits:
        days.setdefault(visit["person_id"], []).append(visit["visit_start_date"])
        days[visit["person_id"]].append(visit["visit_end_date"])
    periods, eras, deaths = [], [], []
    for person, known in days.items():
        first, last = min(known), max(known)
        periods.append(
            {
                "observation_period_id": person,
                "person_id": person,
                "observation_period_start_date": first,
                "observation_period_end_date": last,
                "period_type_concept_id": EHR,
            }  # fmt: skip
        )
        eras.append(
            {
                "condition_era_id": person,
                "person_id": person,
                "condition_concept_id": ANY_CONDITION,
                "condition_era_start_date": first,
                "condition_era_end_date": last,
                "condition_occurrence_count": 4,
            }  # fmt: skip
        )
        if person % 10 == 0:
            deaths.append({"person_id": person, "death_date": last + datetime.timedelta(days=5)})
    return {"observation_period": periods, "condition_era": eras, "death": deaths}


@pytest.fixture(scope="session")
def good_rows():
    """Rows of the good tables, as dicts, by bare table name."""
    chance = random.Random(7)
    visits = list(_visits(chance))
    known = {"domain_id": None, "concept_class_id": "x", "standard_concept": "S"}
    concepts = [{**known, "concept_id": one, "domain_id": domain} for one, domain in CONCEPTS]
    concepts.append({**known, "concept_id": LOOSE, "domain_id": "Condition", "standard_concept": None})
    return {
        "person": list(_people(chance)), "visit_occurrence": visits, "concept": concepts,
        "domain": [{"domain_id": "Visit"}], **_of_visits(visits, chance), **_spans(visits),
    }  # fmt: skip


@pytest.fixture
def good_gold(rows, good_rows):
    """The good tables as frames."""
    from decimal import Decimal

    def exact(row):
        return {k: Decimal(v) if k in ("total_paid", "total_charge") else v for k, v in row.items()}

    return {
        f"gold.{name}": rows(f"gold.{name}", *(map(exact, given) if name == "cost" else given))
        for name, given in good_rows.items()
    }
