"""Values of HL7 v2 results whose type says less than they do."""

import pytest

from tests.jobs.formats.hl7v2_told import MMOL, OBR, PID, observation, obx, of_type

UNIT = "mmol/L^^UCUM"


@pytest.mark.parametrize(
    ("value", "unit", "element", "read"),
    [
        ("4.10", UNIT, "valueQuantity", {"value": 4.10, **MMOL}),
        ("<0.5", UNIT, "valueQuantity", {"value": 0.5, "comparator": "<", **MMOL}),
        ("4.10", "", "valueString", "4.10"),
        ("1:40", UNIT, "valueString", "1:40"),
        ("3 - 5", UNIT, "valueString", "3 - 5"),
        ("2+", UNIT, "valueString", "2+"),
    ],
)
def test_a_number_with_a_unit_is_one_also_where_it_is_sent_as_a_text(value, unit, element, read):
    assert observation(value, "ST", unit=unit)[element] == read


@pytest.mark.parametrize(
    ("value", "status", "element", "read"),
    [
        ("QNS", "X", "valueString", "QNS"),
        ("4.1", "X", "valueQuantity", {"value": 4.1}),
        ("1,200", "D", "valueQuantity", {"value": "1,200"}),
        ("QNS", "F", "valueQuantity", {"value": "QNS"}),
    ],
)
def test_words_in_the_place_of_a_number_are_wrong_unless_there_is_no_result(value, status, element, read):
    assert observation(value, status=status)[element] == read


@pytest.mark.parametrize(
    ("section", "category"),
    [("LAB", "laboratory"), ("CP", "laboratory"), ("CG", "laboratory"), ("", "laboratory"), ("CT", "imaging"),
     ("EC", None), ("ICU", None)],
)  # fmt: skip
def test_the_section_says_of_which_sort_a_result_is(section, category):
    body = of_type("Observation", PID, OBR.replace("||LAB|F", f"||{section}|F"), obx("4"))
    found = [coding["code"] for one in body.get("category", []) for coding in one["coding"]]
    assert found == ([category] if category else [])
