"""What we know about measurements: what a living body can show, in the unit it is measured in.

A value outside is a unit that was swapped, a decimal point that moved, or a device that was not attached.
Bounds are wide on purpose: they hold for newborns and for intensive care. Concept and unit ids are OMOP's
of LOINC and UCUM; a test checks each against the vocabulary.
"""

from expectations.check import WARN, Check, Limits, rows

KILOGRAM, CENTIMETRE, KG_PER_M2, MM_HG, PER_MINUTE, PERCENT = 9529, 8582, 9531, 8876, 8541, 8554
MG_PER_DL, MMOL_PER_L, G_PER_DL, CELSIUS, FEMTOLITRE, THOUSAND_PER_UL = 8840, 8753, 8713, 586323, 8583, 8848

# (concept, unit, lowest, highest)
BODY = [
    (3036277, CENTIMETRE, 20, 250),  # Body height
    (3025315, KILOGRAM, 0.3, 500),  # Body weight
    (3038553, KG_PER_M2, 5, 120),  # Body mass index
    (3004249, MM_HG, 30, 300),  # Systolic blood pressure
    (3012888, MM_HG, 10, 200),  # Diastolic blood pressure
    (3027018, PER_MINUTE, 10, 350),  # Heart rate
    (3024171, PER_MINUTE, 2, 120),  # Respiratory rate
    (3020891, CELSIUS, 25, 45),  # Body temperature
    (3016502, PERCENT, 30, 100),  # Oxygen saturation
    (3004410, PERCENT, 2, 25),  # Haemoglobin A1c
    (3000963, G_PER_DL, 2, 26),  # Haemoglobin
    (3023314, PERCENT, 5, 80),  # Haematocrit
    (3004501, MG_PER_DL, 10, 2000),  # Glucose
    (3016723, MG_PER_DL, 0.05, 30),  # Creatinine
    (3013682, MG_PER_DL, 1, 300),  # Urea nitrogen
    (3006906, MG_PER_DL, 3, 20),  # Calcium
    (3019550, MMOL_PER_L, 90, 200),  # Sodium
    (3023103, MMOL_PER_L, 1, 12),  # Potassium
    (3014576, MMOL_PER_L, 50, 160),  # Chloride
    (3027114, MG_PER_DL, 30, 1000),  # Cholesterol
    (3007070, MG_PER_DL, 2, 200),  # Cholesterol in HDL
    (3022192, MG_PER_DL, 5, 10000),  # Triglyceride
    (3000905, THOUSAND_PER_UL, 0.01, 600),  # Leukocytes
    (3024929, THOUSAND_PER_UL, 1, 3000),  # Platelets
    (3023599, FEMTOLITRE, 40, 160),  # Mean corpuscular volume
]
COLUMN = "measurement_concept_id"


def _limits() -> list[Check]:
    found: list[Check] = []
    for concept, unit, low, high in BODY:
        found.append(Limits("body_low", COLUMN, 0.01, WARN, f"from {low}", concept, unit, low, None))
        found.append(Limits("body_high", COLUMN, 0.01, WARN, f"to {high}", concept, unit, None, high))
    return found


EXPECTATIONS = [
    *_limits(),
    rows("range_order", "range_low", "range_low > range_high", at_most=0.001, doc="the range is not upside down"),
    rows(
        "says_something",
        "",
        "value_as_number is null and value_as_concept_id is null and value_source_value is null",
        at_most=0.2,
        doc="a measurement has a value of some kind",
    ),
]
