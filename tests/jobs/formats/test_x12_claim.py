"""Claims of an 837 and payments of an 835 as nested values, and whether their money adds up."""

import os
import pathlib
from datetime import date
from decimal import Decimal

import pytest

from infra.bench import x12 as made
from jobs.formats import x12, x12_balance, x12_claim, x12_payment, x12_remittance, x12_write
from jobs.formats.x12_delimiters import Delimiters
from jobs.formats.x12_pieces import Cutter

REFERENCE = pathlib.Path(os.environ.get("LAKEWARD_REFERENCE", "/work/shared/reference")) / "x12"
SAMPLES = sorted(path for path in REFERENCE.glob("*/*") if path.is_file())
needs_samples = pytest.mark.skipif(not SAMPLES, reason="the public samples are not here")

ISA = "ISA*00*          *00*          *ZZ*SENDER         *ZZ*RECEIVER       *260301*0800*^*00501*000000001*0*P*:~"
ABOVE = (
    ISA + "GS*HC*S*R*20260301*0800*1*X*005010X222A1~ST*837*0001*005010X222A1~BHT*0019*00*R*20260301*0800*CH~"
    "NM1*41*2*CLEARING*****46*S1~PER*IC*DESK*TE*5550100~NM1*40*2*PAYER*****46*R1~"
    "HL*1**20*1~PRV*BI*PXC*207Q00000X~NM1*85*2*CLINIC*****XX*1999999984~N3*1 MAIN ST*SUITE 2~N4*BOSTON*MA*02101~"
    "REF*EI*999999999~NM1*87*2~N3*PO BOX 1~HL*2*1*22*1~SBR*P**G1*GROUP*****CI~NM1*IL*1*DOE*JANE*Q***MI*M1~"
    "DMG*D8*19800102*F~NM1*PR*2*MEDICARE*****PI*00001~"
)
PATIENT = "HL*3*2*23*0~PAT*19~NM1*QC*1*DOE*TIM~DMG*D8*20100304*M~"
PAID = (
    ISA + "GS*HP*S*R*20260301*0800*1*X*005010X221A1~ST*835*0001~BPR*I*80*C*CHK************20260302~TRN*1*T1*1999999999~"
    "DTM*405*20260301~N1*PR*PAYER~REF*2U*1~N1*PE*CLINIC*XX*1999999984~REF*TJ*999999999~LX*1~TS3*1*11*20261231*2*100~"
)


def claim(text, above=ABOVE):
    return x12_claim.parse(text.encode(), above.encode())


def payment(text):
    return x12_remittance.parse(text.encode(), PAID.encode())


def faults(parsed):
    return [(one.fault, one.segment, one.tag, one.element) for one in parsed["problems"]]


def lines(*segments):
    return claim("CLM*C1*100***11:B:1*Y*A*Y*Y~" + "".join(segments))["lines"]


def test_a_claim_knows_who_bills_who_is_insured_and_who_pays():
    found = claim("CLM*C1*100***11:B:7*Y*A*Y*Y~LX*1~SV1*HC:99213*100*UN*1***1~")
    assert (found["claim_id"], found["charge"], found["frequency"], found["place_of_service"]) == (
        "C1", Decimal("100"), "7", "11",
    )  # fmt: skip
    assert (found["billing"]["id"], found["billing"]["line2"], found["billing_taxonomy"]) == (
        "1999999984", "SUITE 2", "207Q00000X",
    )  # fmt: skip
    assert found["billing"]["references"] == [{"qualifier": "EI", "value": "999999999", "description": None}]
    assert found["pay_to"]["line1"] == "PO BOX 1"
    subscriber = found["subscriber"]
    assert (subscriber["name"], subscriber["id"], subscriber["birth_date"], subscriber["group_number"]) == (
        "DOE", "M1", date(1980, 1, 2), "G1",
    )  # fmt: skip
    assert (found["payer"]["id"], found["patient"], found["submitter"]["id"]) == ("00001", None, "S1")
    assert (found["interchange"]["sender_id"], found["group"]["guide"]) == ("SENDER", "005010X222A1")
    assert found["problems"] == []


def test_a_dependent_is_the_patient_and_takes_nothing_from_the_subscriber():
    found = claim("CLM*C1*0~LX*1~SV1*HC:1*0~", ABOVE + PATIENT.replace("PAT*19", "PAT*19*****20250101"))
    patient = found["patient"]
    assert (patient["relationship"], patient["first_name"], patient["birth_date"]) == ("19", "TIM", date(2010, 3, 4))
    assert found["subscriber"]["first_name"] == "JANE"
    assert "died" not in found["subscriber"]


def test_what_is_read_once_for_many_claims_is_not_changed_by_one_of_them():
    text = "CLM*C1*0~REF*EA*1~NTE*ADD*X~DTP*431*D8*20260101~LX*1~SV1*HC:1*0~"
    first, second = claim(text), claim(text)
    assert first == second
    assert len(second["references"]) == len(second["notes"]) == 1


@pytest.mark.parametrize(
    ("composite", "collection", "expected"),
    [
        ("ABK:E119", "diagnoses", ("principal", "ICD-10-CM", "E119")),
        ("ABF:I10", "diagnoses", ("other", "ICD-10-CM", "I10")),
        ("ABJ:R079", "diagnoses", ("admitting", "ICD-10-CM", "R079")),
        ("APR:R079", "diagnoses", ("reason_for_visit", "ICD-10-CM", "R079")),
        ("ABN:W19", "diagnoses", ("external_cause", "ICD-10-CM", "W19")),
        ("BK:4779", "diagnoses", ("principal", "ICD-9-CM", "4779")),
        ("BBR:0DT:D8:20260101", "procedures", ("principal", "ICD-10-PCS", "0DT")),
        ("BBQ:0DT:D8:20260101", "procedures", ("other", "ICD-10-PCS", "0DT")),
        ("BH:11:D8:20260101", "occurrences", (None, "NUBC", "11")),
        ("BI:70:RD8:20260101-20260105", "occurrence_spans", (None, "NUBC", "70")),
        ("BE:80:::5", "values", (None, "NUBC", "80")),
        ("BG:C5", "conditions", (None, "NUBC", "C5")),
        ("DR:470", "drgs", (None, "DRG", "470")),
        ("XX:1", "other_codes", (None, None, "1")),
    ],
)
def test_each_health_code_lands_in_its_list(composite, collection, expected):
    [found] = claim(f"CLM*C1*0~HI*{composite}~LX*1~SV2*0300**0~")[collection]
    assert (found["role"], found["system"], found["code"]) == expected


def test_health_codes_carry_dates_amounts_and_whether_present_on_admission():
    found = claim("CLM*C1*0~HI*ABK:E119:::::::Y*BI:70:RD8:20260101-20260105*BE:80:::5.25~LX*1~SV2*1**0~")
    assert found["diagnoses"][0]["on_admission"] == "Y"
    assert (found["occurrence_spans"][0]["start"], found["occurrence_spans"][0]["end"]) == (
        date(2026, 1, 1), date(2026, 1, 5),
    )  # fmt: skip
    assert found["values"][0]["amount"] == Decimal("5.25")


def test_a_professional_line():
    [found] = lines(
        "LX*1~SV1*HC:99213:25:59::: visit*100.10*UN*2*22**1:3**Y~DTP*472*RD8*20260201-20260203~REF*6R*L1~"
        "LIN**N4*00011122233~CTP****1.5*ML~NM1*DK*1*JONES*AL****XX*1999999976~"
    )
    assert (found["code"], found["modifiers"], found["charge"], found["quantity"]) == (
        "99213", ["25", "59"], Decimal("100.10"), Decimal("2"),
    )  # fmt: skip
    assert (found["pointers"], found["place_of_service"], found["is_emergency"]) == ([1, 3], "22", True)
    assert (found["service_start"], found["service_end"]) == (date(2026, 2, 1), date(2026, 2, 3))
    assert found["drugs"] == [
        {"qualifier": "N4", "code": "00011122233", "drug_quantity": Decimal("1.5"), "drug_unit": "ML"}
    ]
    assert found["ordering"]["id"] == "1999999976"


def test_an_institutional_and_a_dental_line():
    first, second = lines("LX*1~SV2*0301*HC:82270*14.84*UN*1~", "LX*2~SV3*AD:D2150*50**10**2~TOO*JP*12*M:O~")
    assert (first["revenue_code"], first["code"], first["charge"]) == ("0301", "82270", Decimal("14.84"))
    assert (second["code"], second["oral_cavity"], second["teeth"]) == (
        "D2150", ["10"], [{"code": "12", "surfaces": ["M", "O"]}],
    )  # fmt: skip


def test_what_a_former_payer_decided_stays_with_payer_and_line():
    found = claim(
        "CLM*C1*100~SBR*P*18~CAS*PR*1*20**2*5~AMT*D*75~OI***Y*P**Y~NM1*IL*1*DOE~NM1*PR*2*FIRST*****PI*F1~"
        "LX*1~SV1*HC:99213*100~SVD*F1*75*HC:99213**1~CAS*CO*45*25~DTP*573*D8*20260201~"
    )
    [other] = found["other_subscribers"]
    assert [(one["reason"], one["amount"]) for one in other["adjustments"]] == [("1", Decimal(20)), ("2", Decimal(5))]
    assert (other["payer"]["id"], other["amounts"]) == ("F1", [{"qualifier": "D", "amount": Decimal(75)}])
    [decided] = found["lines"][0]["adjudications"]
    assert (decided["payer_id"], decided["paid"], decided["adjustments"][0]["amount"]) == (
        "F1",
        Decimal(75),
        Decimal(25),
    )
    assert decided["dates"][0]["start"] == date(2026, 2, 1)


def test_what_cannot_be_read_is_told_with_its_place_and_the_rest_is_read():
    found = claim("CLM*C1*1OO***11:B:1~ZZZ*secret~LX*1~SV1*HC:99213*100~DTP*472*D8*20260231~")
    assert faults(found) == [
        ("bad_number", 1, "CLM", 2), ("unknown_segment", 2, "ZZZ", 0), ("bad_date", 5, "DTP", 3),
        ("no_charge", 1, "CLM", 2),
    ]  # fmt: skip
    assert found["lines"][0]["charge"] == Decimal(100)


def test_a_claim_without_context_cannot_be_read():
    with pytest.raises(x12_claim.X12ClaimError):
        x12_claim.parse(b"CLM*1*2~", b"")
    with pytest.raises(x12_payment.X12PaymentError):
        x12_remittance.parse(b"CLP*1~", None)


def test_a_payment_says_who_paid_whom_what_and_why_not_more():
    found = payment(
        "CLP*C1*1*100*80*15*MB*P1*11*1~CAS*PR*2*15~NM1*QC*1*DOE*JANE~NM1*74*1*ROE~MOA*.5**MA01~DTM*232*20260201~"
        "SVC*HC:99213:25*100*80**1*HC:99214*2~DTM*150*20260201~DTM*151*20260202~CAS*CO*45*5~REF*6R*L1~AMT*B6*95~LQ*HE*N1~"
    )
    assert (found["claim_id"], found["status"], found["charge"], found["paid"], found["patient_responsibility"]) == (
        "C1", "1", Decimal(100), Decimal(80), Decimal(15),
    )  # fmt: skip
    assert (found["payment"]["amount"], found["payment"]["trace"], found["payment"]["date"]) == (
        Decimal(80), "T1", date(2026, 3, 2),
    )  # fmt: skip
    assert (found["payer"]["name"], found["payee"]["id"], found["level"]["charge"]) == ("PAYER", "1999999984", 100)
    assert (found["corrected"]["name"], found["outpatient"]["remarks"]) == ("ROE", ["MA01"])
    [line] = found["lines"]
    assert (line["service_start"], line["service_end"], line["units_billed"]) == (date(2026, 2, 1), date(2026, 2, 2), 2)
    assert (line["submitted"]["code"], line["remarks"]) == ("99214", [{"list": "HE", "code": "N1"}])
    assert found["problems"] == []
    assert x12_balance.of_payment(found) == (x12_balance.Imbalance("service_payment_unbalanced", 0, Decimal(15)),)


def test_a_reversal_is_one_and_balances_with_its_signs():
    found = payment("CLP*C1*22*-100*-80~CAS*CO*45*-20~")
    assert found["is_reversal"]
    assert x12_balance.of_payment(found) == ()


def test_each_imbalance_is_named_with_its_difference():
    short = claim("CLM*C1*100~LX*1~SV1*HC:1*33.33~LX*2~SV1*HC:1*66.66~")
    assert x12_balance.of_claim(short) == (x12_balance.Imbalance("claim_charge_unbalanced", None, Decimal("0.01")),)
    over = payment("CLP*C1*1*100*80.01~CAS*CO*45*20~")
    assert x12_balance.of_payment(over) == (x12_balance.Imbalance("claim_payment_unbalanced", None, Decimal("-0.01")),)
    assert x12_balance.of_remittance(Decimal(80), Decimal(100), Decimal(20)) == ()


def test_provider_adjustments_have_reason_reference_and_sign():
    found = x12_payment.summary(b"PLB*1*20261231*FB:X*-20*WO:Y*5.5~SE*2*1~", PAID.encode())
    assert [(one["reason"], one["reference"], one["amount"]) for one in found["provider_adjustments"]] == [
        ("FB", "X", Decimal(-20)), ("WO", "Y", Decimal("5.5")),
    ]  # fmt: skip
    assert x12_payment.taken_away(found) == Decimal("-14.5")


def parsed(data):
    found = []
    for one in x12.records([data], x12.Limits()):
        if one.entry is not None:
            read = x12_remittance if one.resource_type == "835" else x12_claim
            found.append(read.parse(one.payload, one.context))
    return found


def pieces(data):
    cutter = Cutter(1 << 24)
    return [*cutter.feed(data), *cutter.close()]


@needs_samples
@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.name)
def test_what_is_written_again_with_other_delimiters_says_the_same(path):
    data = path.read_bytes()
    wanted = Delimiters(b"\x1d", b"\x1f", b"\x1c", b"\x1e")
    again = x12_write.respell(pieces(data), wanted, line_end=b"\r\n")
    assert parsed(again) == parsed(data)
    assert x12_write.respell(pieces(again), wanted, line_end=b"\r\n") == again


@needs_samples
@pytest.mark.parametrize("path", [p for p in SAMPLES if "835_005010" in p.name], ids=lambda path: path.name)
def test_oxedi_and_openx12_read_the_same_payments(path):
    import oxedi
    from openx12 import x835

    data = path.read_bytes()
    theirs = x835.parse(data.decode()).claims
    ours = parsed(data)
    names = ("patient_control_number", "claim_status", "total_claim_charge", "claim_payment_amount")
    assert [tuple(one[name] for name in names) for one in theirs] == [
        (one["claim_id"], one["status"], float(one["charge"]), float(one["paid"])) for one in ours
    ]
    assert [[line["cpt_code"] or None for line in one["services"]] for one in theirs] == [
        [line["code"] for line in one["lines"]] for one in ours
    ]
    counted = oxedi.parse(data)
    assert counted.count_claims() == len(ours)
    assert Decimal(str(counted.sum_payments())) == sum(one["paid"] for one in ours)


@needs_samples
def test_public_claims_of_5010_balance():
    found = [one for path in SAMPLES if "DeIdent" not in path.name for one in parsed(path.read_bytes())]
    wrong = [one for one in found if (x12_balance.of_payment if "payee" in one else x12_balance.of_claim)(one)]
    # The README of the samples counts 24 outside of the masked files.
    assert len(found) == 24
    assert wrong == []


def test_made_up_claims_and_payments_balance():
    assert not any(x12_balance.of_claim(one) for one in parsed(made.claims(30)))
    assert not any(x12_balance.of_payment(one) for one in parsed(made.payments(30)))
