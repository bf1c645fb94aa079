"""gold.cost: the DRG and the revenue code of a claim, by whoever knows them."""

import pytest

import schemas
from tests.gold.test_cost import benefit, number_of, x12


def codes(code, system=None, display=None):
    """A list of codings with one code."""
    return [{"system": system, "code": code, "display": display, "version": None, "user_selected": None}]


def group(code, system=None):
    """A DRG as an 835 tells it."""
    from jobs.formats.x12_fhir_codes import DRG

    return {"information": [{"sequence": 1, "category_codes": codes("drg"), "codes": codes(code, system or DRG)}]}


def packed(code):
    """A DRG as it stands on a claim, with its first diagnosis."""
    from jobs.formats.x12_fhir_codes import DRG

    return {"diagnoses": [{"sequence": 1, "package_codes": codes(code, DRG)}, {"sequence": 2, "package_codes": []}]}


def paid(number, claim, status="1", **more):
    return x12(number, claim, status, ("100", "80", "60", "20"), **{"paid_on": number % 10 + 1, **more})


def of_claim(number):
    return {"identifiers": [number_of("payer-claim", number)], "insurer_ref": "o"}


BENEFITS = [
    paid(10, "answered", **group(" 39 ")),
    paid(11, "packed"),
    paid(12, "answered and packed", **group("0470")),
    # Four places are those of another grouper, or of another country.
    paid(13, "longer", **group("1942")),
    paid(14, "elsewhere", **group("470", "http://example.org/apr-drg")),
    paid(15, "unmapped", **group("998")),
    paid(16, "none"),
    benefit(17, "of ehr", ("30", "20", "20", "0"), encounter_refs=["Encounter/1"]),
    # The first answer knows the DRG, the second, which is the one that stands, does not.
    paid(20, "twice", **group("470")),
    paid(21, "twice", "22"),
    paid(22, "twice"),
    # The payer splits a claim: its parts have a revenue code each.
    paid(23, "split", paid_on=9),
    paid(24, "split", paid_on=9),
    # Told by the payer, who leaves the codes out, and by an extract.
    paid(30, "told", **of_claim("P3")),
    benefit(31, "c3", ("100", "80", "60", "20"), feed="claims_csv", **of_claim("P3"), **packed("470")),
    # The payer knows of two revenue codes, the extract of one of them.
    paid(32, "several", **of_claim("P4")),
    benefit(33, "c4", ("100", "80", "60", "20"), feed="claims_csv", **of_claim("P4")),
    paid(40, "alike"),
    paid(41, "different"),
    paid(42, "half"),
    paid(43, "not ours"),
    paid(44, "words"),
    paid(45, "local"),
]
CLAIMS = {"packed": packed("470"), "answered and packed": packed("039"), "none": {}, "of ehr": packed("39")}
# Benefit -> the revenue codes of its lines.
LINES = {23: ["0300"], 24: ["0450"], 31: ["0120"], 32: ["0120", "0300"], 33: ["0120"],
         40: ["450", " 0450", "0450"], 41: ["0450", "0300"], 42: ["0450", None], 43: ["0450"], 44: ["ER"],
         45: ["0999"]}  # fmt: skip
MAP = {("DRG", "470"): 2001, ("DRG", "039"): 2002, ("DRG", "194"): 2003, ("Revenue Code", "0450"): 3001,
       ("Revenue Code", "0120"): 3002, ("Revenue Code", "0999"): None, ("CPT4", "470"): 9001}  # fmt: skip


@pytest.fixture(scope="module")
def built(rows):
    from jobs.formats.x12_fhir_codes import REVENUE
    from jobs.gold import cost

    claims = [
        {"claim_id": place, "tenant": "demo", "feed": "ehr_fhir" if name == "of ehr" else "claims_x12",
         "resource_id": name, "aliases": [f"Claim/{name}"], "encounter_refs": ["Encounter/1"], **more}
        for place, (name, more) in enumerate(CLAIMS.items())
    ]  # fmt: skip
    items = [
        {"benefit_item_id": number * 10 + line, "benefit_id": number, "line": line,
         "revenue_codes": codes(code, "http://example.org/wards" if number == 43 else REVENUE) if code else []}
        for number, told in LINES.items() for line, code in enumerate(told)
    ]  # fmt: skip
    meant = [
        {"vocabulary_id": vocabulary, "code_key": code,
         "targets": [{"concept_id": concept, "domain_id": "Observation"}] if concept else []}
        for (vocabulary, code), concept in MAP.items()
    ]  # fmt: skip
    given = {
        "benefits": rows("silver.benefit", *BENEFITS),
        "items": rows("silver.benefit_item", *items),
        "claims": rows("silver.claim", *claims),
        "links": rows("silver.person_link", {"patient_id": 1, "person_id": 7}),
        "people": rows("gold.person", {"person_id": 7}),
        "concept_map": rows("silver.concept_map", *meant),
    }
    empty = {name: rows(table) for name, table in schemas.table("gold.cost").built_from.items() if name not in given}
    costs = cost.build(**given, **empty).collect()
    return {key: row for row in costs for key in row.lw_told_by}


def drg(row):
    return row.drg_source_value, row.drg_concept_id


def revenue(row):
    return row.revenue_code_source_value, row.revenue_code_concept_id


def test_the_drg_of_an_835_is_that_of_its_cost_in_three_digits(built):
    assert drg(built[10]) == ("039", 2002)


def test_where_the_answer_tells_no_drg_the_claim_does(built):
    assert drg(built[11]) == ("470", 2001)


def test_what_the_payer_groups_goes_before_what_was_asked(built):
    assert drg(built[12]) == ("470", 2001)


def test_a_benefit_that_names_its_encounter_asks_its_claim_for_the_drg_too(built):
    assert drg(built[17]) == ("039", 2002)


def test_a_drg_that_does_not_fit_is_not_cut_into_another(built):
    assert drg(built[13]) == (None, None)


def test_a_drg_of_another_grouper_keeps_its_code_and_means_nothing_known(built):
    assert drg(built[14]) == ("470", 0)


def test_a_drg_that_maps_to_nothing_is_zero_and_none_at_all_is_null(built):
    assert (drg(built[15]), drg(built[16])) == (("998", 0), (None, None))


def test_of_several_answers_the_last_that_knows_the_drg_tells_it(built):
    assert built[22].lw_told_by == [20, 21, 22]
    assert drg(built[22]) == ("470", 2001)


def test_codes_that_the_payer_leaves_out_the_next_teller_tells(built):
    assert built[30].lw_told_by == [30, 31]
    assert (drg(built[30]), revenue(built[30])) == (("470", 2001), ("0120", 3002))


def test_a_teller_who_knows_of_two_revenue_codes_is_believed(built):
    assert built[32].lw_told_by == [32, 33]
    assert revenue(built[32]) == (None, None)


def test_parts_of_a_split_claim_that_have_a_revenue_code_each_give_none(built):
    assert built[24].lw_told_by == [23, 24]
    assert revenue(built[24]) == (None, None)


def test_the_revenue_code_that_all_lines_have_is_that_of_the_cost_in_four_digits(built):
    assert revenue(built[40]) == ("0450", 3001)


def test_lines_with_two_revenue_codes_or_with_one_and_none_give_none(built):
    assert (revenue(built[41]), revenue(built[42]), revenue(built[16])) == ((None, None),) * 3


def test_a_revenue_code_that_is_not_known_is_zero(built):
    assert (revenue(built[43]), revenue(built[45])) == (("0450", 0), ("0999", 0))


def test_a_word_is_no_revenue_code(built):
    assert revenue(built[44]) == (None, None)
