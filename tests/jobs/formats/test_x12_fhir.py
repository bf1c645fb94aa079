"""What claims and payments of X12 say as FHIR: ids that join them, codes, and money to the cent."""

import datetime
import json
import os
import pathlib
import random
import re
import zoneinfo
from decimal import Decimal

import pytest

from infra.bench import x12 as made_up
from jobs.formats import translation, x12, x12_claim, x12_fhir, x12_payment, x12_remittance

REFERENCE = pathlib.Path(os.environ.get("LAKEWARD_REFERENCE", "/work/shared/reference")) / "x12"
SAMPLES = sorted(path for path in REFERENCE.glob("*/*") if path.is_file())
needs_samples = pytest.mark.skipif(not SAMPLES, reason="the public samples are not here")

RECEIVED = datetime.datetime(2026, 3, 9, tzinfo=datetime.UTC)
ISA = "ISA*00*          *00*          *ZZ*SENDER         *ZZ*RECEIVER       *260301*0800*^*00501*000000001*0*P*:~"
BILLING = (
    "HL*1**20*1~PRV*BI*PXC*207Q00000X~NM1*85*2*CLINIC*****XX*1999999984~N3*1 MAIN ST~N4*BOSTON*MA*02101~"
    "REF*EI*999999999~"
)
SUBSCRIBER = (
    "HL*2*1*22*0~SBR*P*18*G1*GROUP*****CI~NM1*IL*1*DOE*JANE*Q***MI*M1~N3*2 ELM ST~N4*BOSTON*MA*02102~DMG*D8*19800102*F~"
    "NM1*PR*2*MEDICARE*****PI*00001~"
)
DEPENDENT = "HL*3*2*23*0~PAT*19~NM1*QC*1*DOE*TIM~DMG*D8*20100304*M~"
LINE = "LX*1~SV1*HC:99213:25*100.10*UN*1***1:2~DTP*472*D8*20260201~"
PAYMENT = (
    "BPR*I*{paid}*C*CHK************20260302~TRN*1*T1*1999999999~DTM*405*20260301~N1*PR*MEDICARE~REF*2U*00001~"
    "N1*PE*CLINIC*XX*1999999984~LX*1~"
)


def source(**options):
    return translation.Source("claims_x12", "demo", zoneinfo.ZoneInfo("America/New_York"), options, {})


def claims(*segments, guide="005010X222A1", levels=SUBSCRIBER):
    body = f"BHT*0019*00*R*20260301*0915*CH~{BILLING}{levels}{''.join(segments)}"
    return f"{ISA}GS*HC*S*R*20260301*0800*1*X*{guide}~ST*837*0001*{guide}~{body}SE*9*0001~GE*1*1~IEA*1*000000001~"


def payments(*segments, paid="80", at="20260301*0800"):
    body = f"{PAYMENT.format(paid=paid)}{''.join(segments)}"
    return f"{ISA}GS*HP*S*R*{at}*1*X*005010X221A1~ST*835*0001~{body}SE*9*0001~GE*1*1~IEA*1*000000001~"


def said(data, **options):
    """Every resource of a file: type, id, time, and what it is made of, decimals exact."""
    found = []
    feed = source(**options)
    for one in x12.records([data if isinstance(data, bytes) else data.encode()], x12.Limits()):
        if one.payload is not None:
            record = translation.Said(one.resource_type, one.resource_id, one.payload, one.context, RECEIVED)
            for resource in x12_fhir.translate(record, feed):
                text = json.loads(translation.write(resource), parse_float=Decimal, parse_int=Decimal)
                found.append((resource.resource_type, resource.resource_id, resource.last_updated, text))
    return found


def every(kind, data, **options):
    return [one[3] for one in said(data, **options) if one[0] == kind]


def only(kind, data, **options):
    [found] = every(kind, data, **options)
    return found


def code(concept):
    return [one["code"] for one in concept["coding"]]


def amounts(adjudications):
    return [(one["category"]["coding"][0]["code"], one["amount"]["value"]) for one in adjudications]


def test_a_claim_is_known_by_who_bills_its_number_and_who_pays():
    claim = only("Claim", claims("CLM*C1*100.10***11:B:1*Y*A*Y*Y~HI*ABK:E119*ABF:I10~", LINE))
    assert (claim["id"], claim["status"], claim["use"], code(claim["type"])) == (
        "npi-1999999984-C1-00001", "active", "claim", ["professional"],
    )  # fmt: skip
    assert claim["patient"] == {"reference": "Patient/member-00001-M1"}
    assert claim["provider"] == {"reference": "Organization/npi-1999999984"}
    assert claim["insurer"] == {"reference": "Organization/payer-00001", "display": "MEDICARE"}
    assert claim["total"] == {"value": Decimal("100.10"), "currency": "USD"}
    assert claim["billablePeriod"] == {"start": "2026-02-01", "end": "2026-02-01"}
    [line] = claim["item"]
    assert (line["sequence"], line["diagnosisSequence"], line["net"]["value"]) == (1, [1, 2], Decimal("100.10"))
    assert line["productOrService"]["coding"] == [{"system": "http://www.ama-assn.org/go/cpt", "code": "99213"}]
    assert (code(line["modifier"][0]), code(line["locationCodeableConcept"])) == (["25"], ["11"])
    assert line["servicedDate"] == "2026-02-01"


def test_diagnoses_get_their_dot_and_those_that_lines_point_to_come_first():
    text = "HI*ABK:E1165:::::::Y~HI*ABJ:R079~HI*ABF:I10~"
    told = only("Claim", claims(f"CLM*C1*1***13:A:1~{text}LX*1~SV2*0450**1~", guide="005010X223A2"))["diagnosis"]
    assert [(one["sequence"], code(one["diagnosisCodeableConcept"]), code(one["type"][0])) for one in told] == [
        (1, ["E11.65"], ["principal"]), (2, ["I10"], ["other"]), (3, ["R07.9"], ["admitting"]),
    ]  # fmt: skip
    assert code(told[0]["onAdmission"]) == ["Y"]
    assert told[0]["diagnosisCodeableConcept"]["coding"][0]["system"] == "http://hl7.org/fhir/sid/icd-10-cm"


def test_an_inpatient_claim_has_bill_type_drg_procedures_and_an_encounter_of_its_stay():
    text = (
        "CLM*C1*900***11:A:1**A*Y*Y~DTP*434*RD8*20260201-20260205~DTP*435*DT*202602010830~CL1*1*2*01~REF*EA*MRN7~"
        "HI*ABK:I214~HI*DR:280~HI*BBR:02703DZ:D8:20260202~NM1*71*1*ROE*RAY****XX*1999999976~"
        "LX*1~SV2*0120**900*DA*4*225~DTP*472*RD8*20260201-20260205~"
    )
    data = claims(text, guide="005010X223A2")
    claim, encounter = only("Claim", data), only("Encounter", data)
    assert (code(claim["subType"]), code(claim["diagnosis"][0]["packageCode"])) == (["111"], ["280"])
    [procedure] = claim["procedure"]
    assert (procedure["date"], procedure["procedureCodeableConcept"]["coding"]) == (
        "2026-02-02", [{"system": "http://www.cms.gov/Medicare/Coding/ICD10", "code": "02703DZ"}],
    )  # fmt: skip
    [line] = claim["item"]
    assert (code(line["revenue"]), line["unitPrice"]["value"], line["quantity"]["code"]) == (["0120"], 225, "d")
    assert line["servicedPeriod"] == {"start": "2026-02-01", "end": "2026-02-05"}
    assert "productOrService" not in line
    assert (encounter["class"]["code"], encounter["period"]) == (
        "IMP", {"start": "2026-02-01T08:30:00-05:00", "end": "2026-02-05"},
    )  # fmt: skip
    assert code(encounter["hospitalization"]["dischargeDisposition"]) == ["01"]
    assert encounter["participant"][0]["individual"] == {"reference": "Practitioner/npi-1999999976"}
    assert line["encounter"] == [{"reference": f"Encounter/{encounter['id']}"}]
    assert only("Patient", data)["identifier"][1]["value"] == "MRN7"


def test_the_surgery_that_anaesthesia_was_given_for_is_no_procedure_of_the_anaesthetist():
    text = "CLM*C1*1***22:B:1~HI*ABK:K801~HI*BP:47562*BO:47000~LX*1~SV1*HC:00790:P3*1*MJ*60***1~"
    claim = only("Claim", claims(text))
    assert "procedure" not in claim
    told = [(code(one["category"]), one["code"]["coding"][0]) for one in claim["supportingInfo"][-2:]]
    cpt = "http://www.ama-assn.org/go/cpt"
    assert told == [
        (["anesthesia-related-procedure"], {"system": cpt, "code": "47562"}),
        (["anesthesia-related-procedure"], {"system": cpt, "code": "47000"}),
    ]


def test_the_encounter_of_a_claim_says_its_type_of_bill_or_its_place_of_service():
    def kind(data):
        [one] = only("Encounter", data)["type"]
        return one["coding"]

    hospital = claims("CLM*C1*1***11:A:1~LX*1~SV2*0450**1~", guide="005010X223A2")
    assert kind(hospital) == [{"system": "https://www.nubc.org/CodeSystem/TypeOfBill", "code": "11"}]
    padded = claims("CLM*C1*1***011:A:1~LX*1~SV2*0450**1~", guide="005010X223A2")
    assert (kind(padded), code(only("Claim", padded)["subType"])) == (kind(hospital), ["111"])
    place = "https://www.cms.gov/Medicare/Coding/place-of-service-codes"
    assert kind(claims("CLM*C1*100***21:B:1~", LINE)) == [{"system": place, "code": "21"}]


@pytest.mark.parametrize(
    ("bill", "admitted", "begins"),
    [
        ("11", "DT*202602012330", "2026-02-01T23:30:00-05:00"),
        ("11", "D8*20260129", "2026-01-29"),
        # A bill for a later part of a stay, and what is no stay.
        ("11", "D8*20260120", "2026-01-29"),
        ("13", "D8*20260201", "2026-01-29"),
    ],
)
def test_a_stay_begins_with_the_admission_and_not_with_what_was_done_in_the_days_before(bill, admitted, begins):
    text = f"CLM*C1*9***{bill}:A:1~DTP*434*RD8*20260129-20260205~DTP*435*{admitted}~CL1*1*2*01~LX*1~SV2*0120**9*DA*4~"
    data = claims(text, guide="005010X223A2")
    assert only("Encounter", data)["period"] == {"start": begins, "end": "2026-02-05"}
    assert only("Claim", data)["billablePeriod"] == {"start": "2026-01-29", "end": "2026-02-05"}


@pytest.mark.parametrize(
    ("days", "dates", "span"),
    [
        ("0301-20260311", "DTP*096*TM*1415~DTP*435*DT*202603012330~", ("01T23:30:00-05:00", "11T14:15:00-04:00")),
        ("0301-20260301", "DTP*435*DT*202603010800~DTP*096*TM*1415~", ("01T08:00:00-05:00", "01T14:15:00-05:00")),
        # Hours that are none, or would end a stay before it began.
        ("0301-20260311", "DTP*096*TM*9900~DTP*435*DT*202603012460~", ("01", "11")),
        ("0301-20260301", "DTP*435*DT*202603010800~DTP*096*TM*0700~", ("01", "01")),
        # Billed is a later part of the stay.
        ("0301-20260311", "DTP*435*DT*202602010800~", ("01", "11")),
    ],
)
def test_a_stay_is_from_the_hour_of_admission_to_the_hour_of_discharge(days, dates, span):
    text = f"CLM*C1*9***11:A:1~DTP*434*RD8*2026{days}~{dates}CL1*1*2*01~LX*1~SV2*0120**9*DA*4~"
    found = only("Encounter", claims(text, guide="005010X223A2"))["period"]
    assert (found["start"], found["end"]) == tuple(f"2026-03-{one}" for one in span)


@pytest.mark.parametrize(
    ("lines", "people"),
    [
        (["NM1*82*1*ROE*RAY****XX*1999999976~"] * 2, ["Practitioner/npi-1999999976"]),
        (["NM1*82*1*ROE*RAY****XX*1999999976~", "NM1*82*1*POE*MAY****XX*1999999950~"], []),
        (["NM1*82*1*ROE*RAY****XX*1999999976~", ""], []),
    ],
)
def test_who_rendered_every_line_of_a_claim_saw_the_patient(lines, people):
    data = claims("CLM*C1*200.2***11:B:1~", *[LINE.replace("LX*1", f"LX*{n}") + one for n, one in enumerate(lines, 1)])
    found = only("Encounter", data).get("participant", ())
    assert [one["individual"]["reference"] for one in found] == people


def test_claims_make_no_encounters_where_the_feed_says_so():
    data = claims("CLM*C1*100***11:B:1~", LINE)
    assert every("Encounter", data, encounters=False) == []
    assert "encounter" not in only("Claim", data, encounters=False)["item"][0]


def test_a_void_is_the_same_claim_cancelled_and_a_replacement_names_what_it_replaces():
    first = only("Claim", claims("CLM*C1*100***11:B:1~", LINE))
    void = claims("CLM*C1*100***11:B:8~REF*F8*ICN1~", LINE)
    replaced = only("Claim", claims("CLM*C2*90***11:B:7~REF*F8*ICN1~", LINE))
    assert (only("Claim", void)["id"], only("Claim", void)["status"]) == (first["id"], "cancelled")
    # Another claim may stand for the same visit.
    assert only("Encounter", void)["status"] == "finished"
    assert replaced["status"] == "active"
    asked = replaced["related"][0]["claim"]["identifier"]
    answer = payments("CLP*C1*1*100*80**MB*ICN1~NM1*QC*1*DOE*JANE****MI*M1~")
    assert asked in only("ExplanationOfBenefit", answer)["identifier"]


@pytest.mark.parametrize(
    ("frequency", "status", "replaces"),
    [("6", "active", True), ("Q", "active", True), ("Y", "active", True), ("X", "cancelled", True),
     ("1", "active", False), ("5", "active", False)],
)  # fmt: skip
def test_adjustments_stand_for_a_claim_and_late_charges_come_on_top_of_it(frequency, status, replaces):
    text = f"CLM*C1*1***13:A:{frequency}~REF*F8*ICN1~LX*1~SV2*0450**1~"
    data = claims(text, guide="005010X223A2")
    claim, encounter = only("Claim", data), only("Encounter", data)
    assert (claim["status"], "related" in claim) == (status, replaces)
    assert encounter["status"] == "finished"


def test_payment_and_claim_speak_of_one_claim_one_patient_and_the_same_lines():
    lines = "LX*1~SV1*HC:99213*60*UN*1***1~REF*6R*A7-01~LX*2~SV1*HC:85025*40*UN*1***1~REF*6R*A7-02~"
    asked = claims("CLM*C1*100***11:B:1~", lines, levels=SUBSCRIBER + DEPENDENT)
    claim = only("Claim", asked)
    answer = payments(
        "CLP*C1*1*100*80**MB*ICN1~NM1*QC*1*DOE*TIM~NM1*IL*1*DOE*JANE****MI*M1~"
        "SVC*HC:85025*40*30~CAS*CO*45*10~REF*6R*A7-02~SVC*HC:99213*60*50~CAS*CO*45*10~REF*6R*A7-01~"
    )
    benefit = only("ExplanationOfBenefit", answer)
    assert benefit["claim"] == {"reference": f"Claim/{claim['id']}"}
    assert re.fullmatch("Patient/member-00001-M1-[0-9a-f]{16}", claim["patient"]["reference"])
    # An 835 knows no birth date: the dependent of the claim refers to whom it names.
    patients = {f"Patient/{one['id']}": one for one in every("Patient", asked)}
    assert patients[claim["patient"]["reference"]]["link"] == [{"other": benefit["patient"], "type": "seealso"}]
    [known] = every("Patient", answer)
    assert (f"Patient/{known['id']}", "link" in known) == (benefit["patient"]["reference"], False)
    billed = {line["sequence"]: code(line["productOrService"]) for line in claim["item"]}
    paid = {line["sequence"]: code(line["productOrService"]) for line in benefit["item"]}
    assert billed == paid


@pytest.mark.parametrize(
    ("payee", "numbers"),
    [
        ("XX*1999999984~", {"npi-1999999984"}),
        ("XX*1999999984~REF*TJ*999999999~", {"npi-1999999984", "tin-999999999"}),
        ("FI*99-9999999~", {"tin-999999999"}),
    ],
)
def test_a_claim_and_its_answer_have_the_providers_number_by_every_number_of_the_provider(payee, numbers):
    def own(resource):
        return {one["system"].rpartition("/")[2] for one in resource["identifier"] if one["value"] == "C1"}

    answer = payments("CLP*C1*1*100*80**MB*ICN1~NM1*QC*1*DOE*JANE****MI*M1~").replace("XX*1999999984~", payee)
    assert own(only("ExplanationOfBenefit", answer)) == numbers
    assert own(only("Claim", claims("CLM*C1*100***11:B:1~", LINE))) == {"npi-1999999984", "tin-999999999"}


def test_a_line_paid_in_two_parts_has_two_numbers_and_answers_one_line():
    text = "CLP*C1*1*100*80**MB*ICN1~NM1*QC*1*DOE*JANE****MI*M1~" + "SVC*HC:99213*50*40~CAS*CO*45*10~REF*6R*1~" * 2
    items = only("ExplanationOfBenefit", payments(text))["item"]
    assert [(one["sequence"], one["itemSequence"]) for one in items] == [(1, [1]), (2, [1])]


def test_adjustments_keep_group_and_reason_and_the_patients_shares_have_their_names():
    text = (
        "CLP*C1*1*100*41.5*38.5*MB*ICN1~NM1*QC*1*DOE*JANE****MI*M1~CAS*OA*94*-1.5~"
        "SVC*HC:99213*100*40~CAS*CO*45*20~CAS*PR*1*25**2*10*1*3*5~AMT*B6*80~"
    )
    benefit = only("ExplanationOfBenefit", payments(text, paid="41.5"))
    assert amounts(benefit["item"][0]["adjudication"]) == [
        ("submitted", 100), ("benefit", 40), ("eligible", 80), ("CO-45", 20), ("deductible", 25), ("coinsurance", 10),
        ("copay", 5),
    ]  # fmt: skip
    assert amounts(benefit["adjudication"]) == [("OA-94", Decimal("-1.5"))]
    assert code(benefit["item"][0]["adjudication"][4]["category"]) == ["deductible", "PR-1"]
    assert amounts(benefit["total"]) == [
        ("submitted", 100), ("benefit", Decimal("41.5")), ("eligible", Decimal("81.5")), ("deductible", 25),
        ("coinsurance", 10), ("copay", 5), ("memberliability", Decimal("38.5")),
    ]  # fmt: skip
    assert benefit["payment"]["amount"]["value"] == Decimal("41.5")


def test_what_is_allowed_is_made_out_and_marked_only_where_no_former_payer_had_a_part():
    start = "NM1*QC*1*DOE*JANE****MI*M1~"
    own = f"CLP*C1*1*100*70**MB*ICN1~{start}SVC*HC:99213*100*70~CAS*CO*45*20~CAS*PR*2*10~"
    after = f"CLP*C1*2*100*10**MB*ICN1~{start}SVC*HC:99213*100*10~CAS*OA*23*90~"
    [line] = only("ExplanationOfBenefit", payments(own))["item"]
    eligible = line["adjudication"][2]
    assert (eligible["amount"]["value"], code(eligible["reason"])) == (80, ["paid-plus-patient-share"])
    later = only("ExplanationOfBenefit", payments(after))
    assert "eligible" not in dict(amounts(later["item"][0]["adjudication"]) + amounts(later["total"]))


def test_what_is_withheld_of_a_payment_is_allowed_all_the_same():
    text = "CLP*C1*1*100*{}**MB*ICN1~{}SVC*HC:99213*100*78.4~CAS*CO*45*0**253*1.6~CAS*PR*2*20~"
    benefit = only("ExplanationOfBenefit", payments(text.format("78.4", "")))
    [line] = benefit["item"]
    assert (dict(amounts(line["adjudication"]))["eligible"], dict(amounts(benefit["total"]))["eligible"]) == (100, 100)
    whole = only("ExplanationOfBenefit", payments(text.format("68.4", "CAS*CO*104*10~")))
    assert dict(amounts(whole["total"]))["eligible"] == 100


def test_payment_reversal_and_correction_stand_side_by_side_and_add_up_to_the_final_state():
    who = "NM1*QC*1*DOE*JANE****MI*M1~"
    first = payments(f"CLP*C1*1*100*80*20*MB*ICN1~{who}SVC*HC:99213*100*80~CAS*PR*2*20~")
    later = payments(
        f"CLP*C1*22*-100*-80**MB*ICN1~{who}SVC*HC:99213*-100*-80~CAS*PR*2*-20~",
        f"CLP*C1*1*100*70*30*MB*ICN1~{who}SVC*HC:99213*100*70~CAS*PR*2*30~",
    ).replace("TRN*1*T1", "TRN*1*T2")
    found = every("ExplanationOfBenefit", first) + every("ExplanationOfBenefit", later)
    assert len({one["id"] for one in found}) == 3
    assert {one["claim"]["reference"] for one in found} == {"Claim/npi-1999999984-C1-00001"}
    assert [code(one["subType"]) for one in found] == [["1"], ["22"], ["1"]]
    assert found[1]["disposition"] == "reversal of a previous payment"
    sums = {
        name: sum(dict(amounts(one["total"]))[name] for one in found)
        for name in ("submitted", "benefit", "coinsurance")
    }
    assert sums == {"submitted": 100, "benefit": 70, "coinsurance": 30}


def test_a_reversal_takes_back_what_was_allowed_and_leaves_open_what_the_patient_owed_where_signs_were_not_turned():
    text = (
        "CLP*C1*22*-100*-70*{}*MB*ICN1~NM1*QC*1*DOE*JANE****MI*M1~{}"
        "SVC*HC:99213*-100*-70~CAS*PR*2*-10~CAS*CO*45*-20~AMT*B6*80~"
    )
    benefit = only("ExplanationOfBenefit", payments(text.format("0", "")))
    assert dict(amounts(benefit["item"][0]["adjudication"]))["eligible"] == -80
    told = dict(amounts(benefit["total"]))
    assert (told["eligible"], "memberliability" in told) == (-80, False)
    whole = only("ExplanationOfBenefit", payments(text.format("-10", "AMT*AU*75~")))
    assert dict(amounts(whole["total"])) == {
        "submitted": -100, "benefit": -70, "eligible": -75, "coinsurance": -10, "memberliability": -10,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("CLP*C1*1*1000*800**12*ICN1*11*1**470*1.5~CAS*CO*45*200~", "institutional"),
        ("CLP*C1*1*50*40**13*ICN1~SVC*N4:00093721410*50*40~CAS*CO*45*10~LQ*RX*75~LQ*HE*N4~", "pharmacy"),
        ("CLP*C1*1*50*40**13*ICN1~SVC*HC:J1885*50*40~CAS*CO*45*10~", "professional"),
    ],
)
def test_a_payment_says_what_kind_of_claim_it_answers_as_far_as_it_can_be_told(text, kind):
    assert code(only("ExplanationOfBenefit", payments(text))["type"]) == [kind]


def test_a_paid_line_has_the_days_of_its_claim_unless_it_says_its_own_and_counts_what_is_paid():
    text = (
        "CLP*C1*1*300*200**MB*ICN1~DTM*232*20260101~DTM*233*20260103~"
        "SVC*HC:97110*300*100****3~CAS*CO*222*200*2~SVC*HC:97112*0*100**2~DTM*472*20260102~"
    )
    first, second = only("ExplanationOfBenefit", payments(text))["item"]
    assert first["servicedPeriod"] == {"start": "2026-01-01", "end": "2026-01-03"}
    assert (second["servicedDate"], second["quantity"]["value"]) == ("2026-01-02", 2)
    [billed] = first["extension"]
    assert (first["quantity"]["value"], billed["valueQuantity"]["value"]) == (1, 3)
    assert [one["value"] for one in first["adjudication"] if "value" in one] == [2]


def test_a_pharmacys_reject_code_is_no_remark_of_remittance_advice():
    text = "CLP*C1*4*50*0**13*ICN1~SVC*N4:00093721410*50*0~CAS*CO*16*50~LQ*RX*75~LQ*HE*N4~"
    [line] = only("ExplanationOfBenefit", payments(text))["item"]
    told = [one["valueCodeableConcept"]["coding"][0] for one in line["extension"]]
    assert told == [
        {"system": "http://terminology.hl7.org/CodeSystem/NCPDPRejectCode", "code": "75"},
        {"system": "https://x12.org/codes/remittance-advice-remark-codes", "code": "N4"},
    ]


def test_what_a_payer_says_besides_of_a_claim_is_supporting_information():
    text = (
        "CLP*C1*19*1000*800**MB*ICN1*11*1**470~CAS*CO*45*200~NM1*QC*1*DOE*JANE****MI*M1~NM1*TT*2*SECOND*****PI*22~"
        "MIA*4***780.5*MA01~REF*CE*PLAN~REF*IG*POL1~REF*EA*MRN7~DTM*232*20260101~DTM*233*20260105~DTM*050*20260110~"
        "AMT*AU*900~AMT*I*5.25~QTY*CA*4~"
    )
    drg, remark, days, group, received, interest, covered, contract, passed_on = (
        only("ExplanationOfBenefit", payments(text))["supportingInfo"]
    )  # fmt: skip
    assert (code(drg["code"]), code(remark["code"]), code(days["code"])) == (["470"], ["MA01"], ["covered-days"])
    assert (code(group["code"]), group["valueQuantity"]["value"]) == (["drg-amount"], Decimal("780.5"))
    assert (code(received["category"]), received["timingDate"]) == (["clmrecvddate"], "2026-01-10")
    assert (code(interest["code"]), interest["valueQuantity"]["value"]) == (["I"], Decimal("5.25"))
    assert (code(covered["code"]), covered["valueQuantity"]["value"]) == (["CA"], 4)
    assert (code(contract["code"]), contract["valueString"]) == (["CE"], "PLAN")
    assert (code(passed_on["category"]), code(passed_on["code"]), passed_on["code"]["text"]) == (
        ["crossover-carrier"], ["22"], "SECOND",
    )  # fmt: skip


def test_the_same_remittance_sent_again_says_the_same_benefits():
    text = payments("CLP*C1*1*100*80**MB*ICN1~CAS*CO*45*20~", "CLP*C1*1*100*80**MB*ICN1~CAS*CO*45*20~")
    again = text.replace("000000001", "000000002").replace("20260301*0800*1*X", "20260302*0800*2*X")
    names = [one["id"] for one in every("ExplanationOfBenefit", text)]
    assert len(set(names)) == 2
    assert [one["id"] for one in every("ExplanationOfBenefit", again)] == names


def test_payments_without_a_trace_number_are_two_where_two_transactions_tell_of_them():
    text = payments("CLP*C1*1*100*80**MB*ICN1~", "PLB*1999999984*20261231*WO:OLD*15.5~").replace("TRN*1*T1*", "TRN*1**")
    kinds = ("PaymentReconciliation", "ExplanationOfBenefit")
    whole, part, paid = (one for kind in kinds for one in every(kind, text))
    names = {one["extension"][-1]["valueReference"]["reference"] for one in (part, paid["payment"])}
    assert names == {f"PaymentReconciliation/{whole['id']}"}
    others = [text.replace("*000000001*", "*000000002*"), text.replace("ST*835*0001", "ST*835*0002"),
              text.replace("BPR*I*80", "BPR*I*81"), text.replace("20260302~TRN", "20260303~TRN")]  # fmt: skip
    for kind in kinds:
        told = [tuple(one["id"] for one in every(kind, one)) for one in (text, *others)]
        assert len({*told}) == len({name for names in told for name in names}) / len(told[0]) == 5
        assert tuple(one["id"] for one in every(kind, text)) == told[0]


def test_what_the_provider_owes_stays_at_the_payment():
    plb = "PLB*1999999984*20261231*WO:OLD*15.5*L6*-1~PLB*1999999984*20261231*WO:OLD*15.5~"
    text = payments("CLP*C1*1*100*80**MB*ICN1~CAS*CO*45*20~", plb, paid="50")
    benefits, found = every("ExplanationOfBenefit", text), every("PaymentReconciliation", text)
    whole, *parts = found
    taken = [one["amount"]["value"] for part in parts for one in part["detail"]]
    assert taken == [Decimal("-15.5"), 1, Decimal("-15.5")]
    assert len({one["id"] for one in found}) == 3
    assert (
        whole["paymentAmount"]["value"] == 50 == sum(one["payment"]["amount"]["value"] for one in benefits) + sum(taken)
    )
    names = [one["extension"][-1]["valueReference"]["reference"] for one in (*parts, *(b["payment"] for b in benefits))]
    assert set(names) == {f"PaymentReconciliation/{whole['id']}"}
    assert whole["paymentIdentifier"]["value"] == benefits[0]["payment"]["identifier"]["value"] == "T1"


def test_a_former_payer_has_a_coverage_of_its_own_and_what_it_paid():
    other = "SBR*P*01*****12~CAS*PR*1*20~AMT*D*75~NM1*IL*1*DOE*JOHN****MI*J1~NM1*PR*2*FIRST*****PI*F1~"
    data = claims("CLM*C1*100***11:B:1~", other, LINE, levels=SUBSCRIBER.replace("SBR*P", "SBR*S"))
    own, former = only("Claim", data)["insurance"]
    assert (own["focal"], former["focal"], former["coverage"]["display"]) == (True, False, "FIRST")
    assert (own["sequence"], former["sequence"]) == (2, 1)
    assert former["extension"][0]["valueMoney"]["value"] == 75
    first, second = every("Coverage", data)
    assert (first["order"], second["order"], second["subscriberId"]) == (2, 1, "J1")
    assert second["beneficiary"] == first["beneficiary"] == {"reference": "Patient/member-00001-M1"}
    assert code(second["relationship"]) == ["spouse", "01"]
    assert first["class"] == [{"type": first["class"][0]["type"], "value": "G1", "name": "GROUP"}]


def test_what_a_former_payer_decided_has_its_number_its_day_and_what_it_left_to_the_patient():
    other = (
        "SBR*P*18*******CI~CAS*PR*1*20~AMT*D*75~AMT*EAF*20~AMT*A8*5~NM1*IL*1*DOE*JANE****MI*J1~"
        "NM1*PR*2*FIRST*****PI*F1~DTP*573*D8*20260115~REF*F8*ICN7~REF*G1*AUTH7~"
    )
    decided = "SVD*F1*75*HC:99213**1~CAS*PR*1*20~DTP*573*D8*20260115~AMT*EAF*20~"
    data = claims("CLM*C1*100***11:B:1~", other, LINE, decided, levels=SUBSCRIBER.replace("SBR*P", "SBR*S"))
    claim = only("Claim", data)

    def told(extensions):
        return {
            one["url"].removeprefix("https://lakeward.dev/fhir/prior-payer-"): one["valueMoney"]["value"]
            if "valueMoney" in one
            else one.get("valueDate", one.get("valueString"))
            for one in extensions
        }

    former = claim["insurance"][1]
    whole = told(former["extension"])
    whole.pop("https://lakeward.dev/fhir/prior-adjudication")
    assert whole == {
        "paid": 75,
        "left-to-patient": 20,
        "noncovered": 5,
        "claim-number": "ICN7",
        "decided": "2026-01-15",
    }
    assert former["preAuthRef"] == ["AUTH7"]
    assert told(claim["item"][0]["extension"][0]["extension"]) == {
        "payer": "F1", "paid": 75, "left-to-patient": 20, "decided": "2026-01-15", "PR-1": 20,
    }  # fmt: skip


def test_a_coverage_says_why_medicare_pays_second_and_a_claim_why_it_comes_late():
    late = "CLM*C1*100***11:B:1*Y*A*Y*Y***02********9~"
    data = claims(late, LINE, levels=SUBSCRIBER.replace("SBR*P*18*G1*GROUP*****CI", "SBR*S*18***12****MB"))
    assert [(one["system"][-4:], one["code"]) for one in only("Coverage", data)["type"]["coding"]] == [
        ("1032", "MB"), ("1336", "12"),
    ]  # fmt: skip
    told = [one["code"]["coding"][0] for one in only("Claim", data)["supportingInfo"]]
    assert [(one["system"][-4:], one["code"]) for one in told] == [("1325", "1"), ("1366", "02"), ("1514", "9")]


def test_the_visit_is_told_by_the_claim_to_the_first_payer_and_in_passing_by_later_ones():
    other = "SBR*P*01*****12~NM1*IL*1*DOE*JOHN****MI*J1~NM1*PR*2*FIRST*****PI*F1~"
    later = claims("CLM*C1*100***11:B:1~", other, LINE, levels=SUBSCRIBER.replace("SBR*P", "SBR*S"))
    first = claims("CLM*C1*100***11:B:1~", LINE)
    [own] = [one for one in said(first) if one[0] == "Encounter"]
    [passing] = [one for one in said(later) if one[0] == "Encounter"]
    assert own[1] == passing[1] == "npi-1999999984-C1"
    assert (own[2] is None, passing[2]) == (False, None)
    assert [one[2] is None for one in said(later) if one[0] == "Claim"] == [False]


def test_every_insurance_of_a_claim_has_a_place_of_its_own_whatever_its_payers_turns_are_told_to_be():
    others = [f"SBR*{turn}*18~NM1*IL*1*DOE*JANE****MI*J{n}~NM1*PR*2*X*****PI*F{n}~" for n, turn in enumerate("SSU")]
    data = claims("CLM*C1*100***11:B:1~", *others, LINE, levels=SUBSCRIBER.replace("SBR*P", "SBR*A"))
    assert [one["sequence"] for one in only("Claim", data)["insurance"]] == [4, 2, 1, 3]


def test_a_drug_on_a_line_is_told_by_both_of_its_codes():
    text = "CLM*C1*50***11:B:1~LX*1~SV1*HC:J1885*50*UN*2***1~LIN**N4*00409379601~CTP****1.5*ML~"
    [line] = only("Claim", claims(text))["item"]
    assert [one["system"] for one in line["productOrService"]["coding"]] == [
        "https://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets", "http://hl7.org/fhir/sid/ndc",
    ]  # fmt: skip
    assert line["detail"][0]["quantity"] == {
        "value": Decimal("1.5"), "unit": "ML", "system": "http://unitsofmeasure.org", "code": "mL",
    }  # fmt: skip


def test_who_bills_is_told_by_the_level_and_who_renders_by_the_claim():
    text = "CLM*C1*100***11:B:1~NM1*82*1*ROE*RAY****XX*1999999976~PRV*PE*PXC*208D00000X~"
    data = claims(text, LINE)
    payer, clinic = sorted(every("Organization", data), key=lambda one: one["id"], reverse=True)
    assert (clinic["name"], clinic["address"][0]["city"]) == ("CLINIC", "BOSTON")
    assert code(clinic["type"][1]) == ["207Q00000X"]
    assert payer["name"] == "MEDICARE"
    person, role = only("Practitioner", data), only("PractitionerRole", data)
    assert (person["id"], person["name"][0]["family"]) == ("npi-1999999976", "ROE")
    assert person["identifier"][0]["system"] == "http://hl7.org/fhir/sid/us-npi"
    assert (role["organization"], code(role["specialty"][0])) == (
        {"reference": "Organization/npi-1999999984"}, ["208D00000X"],
    )  # fmt: skip
    assert only("Claim", data)["careTeam"][0]["provider"] == {"reference": "Practitioner/npi-1999999976"}


def test_a_payment_says_which_name_and_which_number_of_the_member_are_right():
    own = "CLP*C1*1*100*80**MB*ICN1~NM1*QC*1*DOE*JANE****MI*M1~NM1*74*1*ROE****JR*C*M2~"
    other = "CLP*C1*1*100*80**MB*ICN1~NM1*QC*1*DOE*TIM~NM1*IL*1*DOE*JANE****MI*M1~NM1*74*1*ROE*J****C*M2~"
    for text, name, numbers in ((own, "ROE", ["M1", "M2"]), (other, "DOE", ["M1"])):
        patient, benefit = only("Patient", payments(text)), only("ExplanationOfBenefit", payments(text))
        assert benefit["patient"] == {"reference": f"Patient/{patient['id']}"}
        assert [one["value"] for one in patient["identifier"]] == numbers
        assert patient["name"][0]["family"] == name
        assert benefit["insurance"][0]["coverage"]["identifier"]["value"] == "M2"


@pytest.mark.parametrize(
    ("parties", "linked"),
    [
        ("NM1*QC*1*DOE*JANE****MI*M1~NM1*74*1******C*M2~", [("M2", "M1")]),
        # The number is that of the insured, whoever the patient is.
        ("NM1*QC*1*DOE*TIM~NM1*IL*1*DOE*JANE****MI*M1~NM1*74*1*ROE*J****C*M2~", [("M2", "M1")]),
        ("NM1*QC*1*DOE*JANE****MI*M1~NM1*74*1*ROE*J****C*M1~", []),
        ("NM1*QC*1*DOE*JANE****MI*M1~NM1*74*1*ROE*J~", []),
        ("NM1*QC*1*DOE*JANE~NM1*74*1*ROE*J****C*M2~", []),
        ("NM1*QC*1*DOE*TIM~NM1*IL*2*MILL INC*****MI*M1~NM1*74*2*MILL INC*****C*M2~", []),
    ],
)
def test_the_member_under_the_number_that_is_right_is_the_one_under_the_number_that_was_billed(parties, linked):
    found = every("Linkage", payments(f"CLP*C1*1*100*80**MB*ICN1~{parties}"))
    items = [[(one["type"], one["resource"]["reference"]) for one in linkage["item"]] for linkage in found]
    names = [[f"Patient/member-00001-{number}" for number in pair] for pair in linked]
    assert items == [[("source", right), ("alternate", billed)] for right, billed in names]


def test_a_payment_tells_of_everybody_that_it_names():
    text = "CLP*C1*1*100*80**MB*ICN1~NM1*QC*1*DOE*JANE****MI*M1~NM1*82*1*ROE*RAY****XX*1999999976~"
    data = payments(text, "PLB*1*20261231*WO*3~", paid="77")
    told = {f"{kind}/{name}": (at, body) for kind, name, at, body in said(data)}
    named = {ref for _, body in told.values() for ref in re.findall(r"(?:Org|Pra|Pat)[a-z]+/[^']+", str(body))}
    assert named == {"Organization/npi-1999999984", "Organization/payer-00001", "Practitioner/npi-1999999976",
                     "Patient/member-00001-M1"}  # fmt: skip
    assert named <= set(told)
    # In passing: whoever bills says more, and whether the practice is that of a single person.
    at, clinic = told["Organization/npi-1999999984"]
    assert (at, clinic["name"], code(clinic["type"][0])) == (None, "CLINIC", ["payee"])


def test_the_senders_clock_is_local_and_what_a_payment_says_of_a_patient_has_no_time():
    zone = zoneinfo.ZoneInfo("America/New_York")
    times = {one[0]: one[2] for one in said(claims("CLM*C1*100***11:B:1~", LINE))}
    assert times["Claim"] == times["Patient"] == datetime.datetime(2026, 3, 1, 9, 15, tzinfo=zone)
    answer = payments("CLP*C1*1*100*80**MB*ICN1~NM1*QC*1*DOE*JANE****MI*M1~")
    times = {one[0]: one[2] for one in said(answer)}
    assert (times["ExplanationOfBenefit"], times["Patient"]) == (datetime.datetime(2026, 3, 1, 8, tzinfo=zone), None)


@pytest.mark.parametrize(
    ("parties", "whose"),
    [
        ("NM1*QC*1*DOE*JANE****MI*M1~", "member-00001-M1"),
        # Told again, not another.
        ("NM1*QC*1*DOE*JANE****MI*M1~NM1*IL*1*Doe*Jane****MI*M1~", "member-00001-M1"),
        ("NM1*QC*1*DOE*JANE~NM1*IL*1*DOE*JANE****MI*M1~", "member-00001-M1"),
        ("NM1*QC*1*DOE*JANE****MI*M1~NM1*74*1*DOE-ROE*JANET****C*M2~", "member-00001-M1"),
        ("NM1*QC*1*DOE*TIM~NM1*IL*1*DOE*JANE****MI*M1~NM1*74*1*ROE*TIMOTHY~", "member-00001-M1-9197a9082b21d025"),
        ("NM1*QC*1*DOE*JOHN***JR*MI*M1~NM1*IL*1*DOE*JOHN***SR*MI*M1~", "member-00001-M1-a03c172e1c2f6493"),
    ],
)
def test_a_payment_knows_the_patient_by_number_and_corrected_names_make_nobody_else(parties, whose):
    data = payments(f"CLP*C1*1*100*80**MB*ICN1~{parties}")
    assert only("ExplanationOfBenefit", data)["patient"]["reference"] == f"Patient/{whose}"
    assert [one["id"] for one in every("Patient", data)] == [whose]


def test_a_payer_that_has_another_number_in_its_payments_is_one_payer_when_the_feed_says_so():
    text = payments("CLP*C1*1*100*80**MB*ICN1~").replace("REF*2U*00001", "REF*2U*99999")
    assert only("ExplanationOfBenefit", text)["insurer"]["reference"] == "Organization/payer-99999"
    known = only("ExplanationOfBenefit", text, payers={"99999": "00001"})
    assert known["insurer"]["reference"] == "Organization/payer-00001"
    assert known["claim"]["reference"] == "Claim/npi-1999999984-C1-00001"


def test_an_employer_that_insures_is_no_patient_and_those_it_insures_are_told_apart_by_whole_name_and_birth_date():
    employer = "HL*2*1*22*1~SBR*P**G1*****WC~NM1*IL*2*MILL INC*****MI*POL1~NM1*PR*2*MEDICARE*****PI*00001~"
    names = set()
    for level in (DEPENDENT, DEPENDENT.replace("*DOE*", "*ROE*"), DEPENDENT.replace("20100304", "19900304")):
        data = claims("CLM*C1*1***11:B:1~", LINE, levels=employer + level)
        [person] = every("Patient", data)
        coverage = only("Coverage", data)
        assert only("Claim", data)["patient"]["reference"] == f"Patient/{person['id']}"
        assert ("subscriber" in coverage, coverage["subscriberId"]) == (False, "POL1")
        names.add(person["id"])
    assert len(names) == 3


def test_two_dependents_of_one_member_with_one_first_name_are_two_patients():
    names, links = set(), set()
    for level in (DEPENDENT, DEPENDENT.replace("20100304", "19790506").replace("PAT*19", "PAT*01")):
        data = claims("CLM*C1*1***11:B:1~", LINE, levels=SUBSCRIBER + level)
        whose = only("Claim", data)["patient"]["reference"]
        names.add(whose)
        [person] = [one for one in every("Patient", data) if f"Patient/{one['id']}" == whose]
        links.add(person["link"][0]["other"]["reference"])
    assert (len(names), len(links)) == (2, 1)


def test_newborn_twins_without_a_name_are_told_apart_by_their_sex():
    names = {
        only("Claim", claims("CLM*C1*1***11:B:1~", LINE, levels=SUBSCRIBER + level))["patient"]["reference"]
        for level in (DEPENDENT.replace("*TIM", "*BABY"), DEPENDENT.replace("*TIM", "*BABY").replace("*M~", "*F~"))
    }
    assert len(names) == 2


def test_two_newborns_without_a_name_are_two_patients():
    first = DEPENDENT.replace("*TIM", "*BABY BOY")
    names = {
        only("Claim", claims("CLM*C1*1***11:B:1~", LINE, levels=SUBSCRIBER + level))["patient"]["reference"]
        for level in (first, first.replace("20100304", "20120607"))
    }
    assert len(names) == 2


def test_a_dental_predetermination_is_no_claim_to_be_paid():
    text = "CLM*C1*50***11:B:1*Y*A*Y*Y**********PB~LX*1~SV3*AD:D2150*50****1~TOO*JP*12*M:O~"
    data = claims(text, guide="005010X224A2")
    claim = only("Claim", data)
    assert every("Encounter", data) == []
    assert (claim["use"], code(claim["type"])) == ("predetermination", ["oral"])
    [line] = claim["item"]
    assert line["productOrService"]["coding"] == [{"system": "http://www.ada.org/cdt", "code": "D2150"}]
    assert (code(line["bodySite"]), [code(one) for one in line["subSite"]]) == (["12"], [["M"], ["O"]])


def test_how_far_somebody_was_taken_which_teeth_are_missing_and_what_the_patient_is_are_information_of_the_claim():
    def told(data):
        return [(code(one["code"])[0], one.get("valueString", one.get("valueQuantity", {}).get("value")))
                for one in only("Claim", data)["supportingInfo"][1:]]  # fmt: skip

    taken = claims("CLM*C1*100***41:B:1~CR1*LB*140*I*A*DH*12.5~", LINE, levels=SUBSCRIBER + DEPENDENT.replace(
        "PAT*19", "PAT*19******01*100*Y"))  # fmt: skip
    assert told(taken) == [("pregnant", None), ("weight-in-pounds", 100), ("A", None),
                           ("ambulance-miles", Decimal("12.5"))]  # fmt: skip
    dental = claims("CLM*C1*5***11:B:1~DN2*8*M~LX*1~SV3*AD:D2150*5****1~", guide="005010X224A2")
    assert told(dental) == [("8", "M")]


def test_teeth_have_the_numbers_of_the_ada_and_each_its_own_surfaces():
    text = (
        "CLM*C1*50***11:B:1*Y*A*Y*Y~LX*1~SV3*AD:D2150*50**20**1~TOO*JP*12*M:O~TOO*JP*13*D~LX*2~SV3*AD:D4341*0**10:20~"
    )
    claim = only("Claim", claims(text, guide="005010X224A2"))
    first, second = claim["item"]
    tooth = "http://terminology.hl7.org/CodeSystem/ADAUniversalToothDesignationSystem"
    assert first["bodySite"]["coding"] == [{"system": tooth, "code": "12"}]
    assert [code(one) for one in first["subSite"]] == [["M"], ["O"]]
    assert code(second["bodySite"]) == ["10"]
    told = {one["sequence"]: one for one in claim["supportingInfo"]}
    more, area = (told[number] for number in first["informationSequence"])
    assert (more["code"]["coding"], more["valueString"]) == ([{"system": tooth, "code": "13"}], "D")
    assert (code(area["category"]), code(area["code"])) == (["additionalbodysite"], ["20"])
    assert [code(told[number]["code"]) for number in second["informationSequence"]] == [["20"]]


def test_what_a_line_says_besides_is_supporting_information_that_it_points_to():
    text = (
        "CLM*C1*100***22:B:1*Y*A*Y*Y**AA:EM~PWK*OZ*EL***AC*A7~CN1*09*10.5~HI*ABK:D631~HI*TC:A01~CRC*ZZ*Y*AV~HCP*03*40~"
        "LX*1~SV1*HC:99213*60*UN*1***1~DTP*472*D8*20260101~LX*2~SV1*HC:J0885*40*UN*1***1**Y**Y*N***0~REF*6R*7~"
        "DTP*472*D8*20260101~DTP*738*D8*20251231~MEA*TR*R2*31.5~REF*X4*11D~AMT*T*1.25~NTE*ADD*TEXT~LIN**N4*1~REF*XZ*RX7~"
    )
    claim = only("Claim", claims(text))
    plain, other = claim["item"]
    told = {one["sequence"]: one for one in claim["supportingInfo"]}

    def values(one):
        value = one.get("valueString") or one.get("valueQuantity", {}).get("value") or one.get("timingDate")
        return (code(one["code"]) if "code" in one else code(one["category"]))[0], value

    assert "informationSequence" not in plain
    assert [values(told[number]) for number in other["informationSequence"]] == [
        ("738", "2025-12-31"), ("X4", "11D"), ("XZ", "RX7"), ("T", Decimal("1.25")), ("R2", Decimal("31.5")),
        ("emergency", None), ("epsdt", None), ("copay-exempt", None), ("info", "TEXT"),
    ]  # fmt: skip
    whole = [values(one) for number, one in told.items() if number not in other["informationSequence"]]
    assert whole == [
        ("1", None), ("A01", None), ("EM", None), ("AV", None), ("OZ", "A7"), ("09", Decimal("10.5")),
        ("allowed", Decimal(40)),
    ]  # fmt: skip


def test_other_transactions_and_the_rest_of_the_envelope_say_nothing():
    data = claims("CLM*C1*100***11:B:1~", LINE)
    kinds = [one.resource_type for one in x12.records([data.encode()], x12.Limits())]
    record = translation.Said("999", None, b"ST*999*1~", None, RECEIVED)
    assert kinds.count("interchange") == 4
    assert x12_fhir.translate(record, source()) == []
    assert x12_fhir.translate(record._replace(resource_type="837P"), source()) == []


def parsed(data):
    for one in x12.records([data], x12.Limits()):
        if one.resource_type == "835":
            yield x12_remittance.parse(one.payload, one.context)
        elif one.entry is not None and one.resource_type in ("837P", "837I", "837D"):
            yield x12_claim.parse(one.payload, one.context)


def total(numbers):
    return sum((one for one in numbers if one is not None), Decimal(0))


def sums_of_x12(data):
    found = list(parsed(data))
    parts = [part for one in found for part in (one, *one["lines"])]
    adjusted = [one["amount"] for part in parts if "paid" in part for one in part.get("adjustments", ())]
    orders = [
        x12_payment.header(one.context + one.payload)["payment"].get("amount")
        for one in x12.records([data], x12.Limits())
        if one.resource_type == "835.header"
    ]
    return {
        "claims": total(one.get("charge") for one in found),
        "lines": total(line.get("charge") for one in found for line in one["lines"]),
        "paid": total(one.get("paid") for one in found),
        "lines paid": total(line.get("paid") for one in found for line in one["lines"]),
        "adjusted": total(adjusted),
        "orders": total(orders),
    }


def sums_of_fhir(data):
    found = said(data)
    billed, benefits, paid = (
        [one[3] for one in found if one[0] == kind]
        for kind in ("Claim", "ExplanationOfBenefit", "PaymentReconciliation")
    )
    items = [line for one in benefits for line in one.get("item", ())]
    decided = [part for one in benefits for part in one.get("adjudication", ())]
    decided += [part for line in items for part in line["adjudication"]]
    kinds = [(one["category"]["coding"][-1]["code"], one["amount"]["value"]) for one in decided]
    totals = [(one["category"]["coding"][0]["code"], one["amount"]["value"]) for b in benefits for one in b["total"]]
    net = [line["net"]["value"] for one in (*billed, *benefits) for line in one.get("item", ()) if "net" in line]
    orders = [one["paymentAmount"]["value"] for one in paid if "paymentAmount" in one]
    return {
        "claims": total(one["total"]["value"] for one in billed) + total(v for k, v in totals if k == "submitted"),
        "lines": total(net),
        "paid": total(v for k, v in totals if k == "benefit"),
        "lines paid": total(v for k, v in kinds if k == "benefit"),
        "adjusted": total(v for k, v in kinds if re.fullmatch("[A-Z]{2}-.*", k)),
        "orders": total(orders),
    }


@needs_samples
@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.name)
def test_every_cent_of_a_public_sample_is_in_its_resources(path):
    data = path.read_bytes()
    assert sums_of_fhir(data) == sums_of_x12(data)


@needs_samples
def test_every_claim_and_payment_of_the_samples_that_is_read_becomes_one_resource():
    kinds = [one[0] for path in SAMPLES for one in said(path.read_bytes())]
    assert (kinds.count("Claim"), kinds.count("ExplanationOfBenefit")) == (13, 475)


def test_every_cent_of_made_up_files_is_in_their_resources():
    for data in (made_up.claims(40, lines=4), made_up.payments(40, lines=3)):
        assert sums_of_fhir(data) == sums_of_x12(data)


def test_what_is_written_at_once_is_what_is_written_in_two_steps():
    feed = source()
    for data in (made_up.claims(5), made_up.payments(5)):
        for one in x12.records([data], x12.Limits()):
            record = translation.Said(one.resource_type, one.resource_id, one.payload, one.context, RECEIVED)
            plain = [(*r[:4], json.loads(translation.write(r))) for r in x12_fhir.translate(record, feed)]
            assert [(*r[:4], json.loads(r[4])) for r in x12_fhir.translate_written(record, feed)] == plain


def test_spoilt_files_never_raise_and_ids_stay_ids(spoilt):
    chance = random.Random(7)
    whole = claims("CLM*C1*100***11:B:1~REF*F8*I~HI*ABK:E119*ABF:I10~", LINE, levels=SUBSCRIBER + DEPENDENT).encode()
    paid = payments("CLP*C1*22*-100*80**MB*ICN1~CAS*PR*1*3~SVC*HC:1*3*2~REF*6R*1~", "PLB*1*20261231*WO*3~").encode()
    for data in (whole, paid, made_up.claims(3), made_up.payments(3)):
        for _ in range(spoilt(800, share=4)):
            for one in x12.records([made_up.mutated(data, chance)], x12.Limits()):
                if one.payload is None or one.resource_type is None:
                    continue
                record = translation.Said(one.resource_type, one.resource_id, one.payload, one.context, RECEIVED)
                for kind, name, _, _, text in x12_fhir.translate_written(record, source()):
                    assert re.fullmatch(r"[A-Za-z0-9\-.]{1,64}", name), kind
                    assert json.loads(text)["id"] == name
