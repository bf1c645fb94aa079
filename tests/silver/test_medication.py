"""silver.medication: drugs as the source describes them."""

from __future__ import annotations

from decimal import Decimal

RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
GEL = {"coding": [{"system": RXNORM, "code": "854235", "display": "sodium fluoride Oral Gel"}], "text": "fluoride gel"}


def medication(**given):
    return {"resourceType": "Medication", "id": "m1", "status": "active", "code": GEL, **given}


def test_a_coded_drug_is_known_by_its_id_and_its_identifiers(only):
    row = only(medication(identifier=[{"system": "http://pharmacy", "value": "17"}]))
    assert row.aliases == ["Medication/m1", "Medication?identifier=http://pharmacy|17"]
    assert ([code.code for code in row.codes], row.code_text) == (["854235"], "fluoride gel")


def test_ingredients_have_their_strength_and_what_holds_it(only):
    strength = {
        "numerator": {"value": 0.0272, "unit": "milligram", "code": "mg"},
        "denominator": {"value": 1, "unit": "milligram", "code": "mg"},
    }
    item = {"coding": [{"system": RXNORM, "code": "9873"}], "text": "sodium fluoride"}
    [part] = only(
        medication(ingredient=[{"itemCodeableConcept": item, "isActive": True, "strength": strength}])
    ).ingredients
    assert (part.codes[0].code, part.code_text, part.is_active) == ("9873", "sodium fluoride", True)
    assert (part.strength, part.strength_unit, part.strength_unit_code) == (Decimal("0.0272"), "milligram", "mg")
    assert (part.per, part.per_unit_code) == (1, "mg")


def test_a_compound_without_a_code_is_known_by_its_ingredients(only):
    given = medication(ingredient=[{"itemReference": {"reference": "Medication/m2"}}])
    del given["code"]
    row = only(given)
    assert (row.codes, row.ingredients[0].medication_ref, row.faults) == ([], "Medication/m2", [])


def test_nothing_but_an_id_is_no_drug(only):
    assert only({"resourceType": "Medication", "id": "m1"}).faults == ["no_code"]


def test_an_expiry_date_that_is_none_does_not_spoil_the_drug(only):
    row = only(medication(batch={"lotNumber": "L7", "expirationDate": "soon"}))
    assert (row.lot_number, row.expiration_date, row.faults) == ("L7", None, [])


def test_an_ingredient_that_is_contained_is_read_where_it_stands(only):
    item = {"coding": [{"system": "http://www.nlm.nih.gov/research/umls/rxnorm", "code": "7980"}], "text": "penicillin"}
    inside = [{"resourceType": "Substance", "id": "sub", "code": item}]
    [part] = only(medication(contained=inside, ingredient=[{"itemReference": {"reference": "#sub"}}])).ingredients
    assert ([code.code for code in part.codes], part.code_text, part.medication_ref) == (["7980"], "penicillin", None)
