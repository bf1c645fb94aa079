"""The two CSV feeds as their YAML declares them: a LIMS extract; claims, pharmacy and enrolment files of a payer."""

import datetime
from decimal import Decimal

import pytest
import yaml

from jobs.formats.csv_inspection import inspect
from jobs.formats.csv_layout import Layout, Limits
from jobs.formats.csv_rows import read
from jobs.formats.csv_values import Typist

LAB_CSV = r"""
encoding: windows-1252
delimiter: ";"
quoted_newlines: true
preamble: 1
decimal: ","
thousands: "."
nulls: ["NULL", "n/a"]
dates: ["%d.%m.%Y"]
datetimes: ["%d.%m.%Y %H:%M", "%d.%m.%Y %H:%M:%S"]
files:
  lab_result:
    key: [result_id]
    columns:
      result_id: {names: [ResultNo, Result No.], max_length: 40}
      patient_id: {names: [MRN], required: true, max_length: 40}
      family_name: {names: [Surname]}
      given_name: {names: [First Name]}
      birth_date: {names: [DOB], type: date}
      sex: {one_of: ["F", "M", "U"]}
      order_id: {names: [OrderNo]}
      specimen_id: {names: [Accession], may_lack: true}
      loinc_code: {names: [LOINC], max_length: 10}
      test_code: {names: [Test], required: true}
      test_name: {names: [Test Name]}
      value: {names: [Result], type: decimal, scale: 6}
      value_text: {names: [Result Text]}
      unit: {names: [Units], max_length: 40}
      reference_low: {names: [Ref Low], type: decimal}
      reference_high: {names: [Ref High], type: decimal}
      abnormal_flag: {names: [Flag], max_length: 5}
      status: {required: true, one_of: ["F", "P", "C", "X"]}
      collected: {names: [Collected At], type: datetime}
      resulted: {names: [Resulted At], type: datetime, required: true}
      comment: {}
    trailer: {mark: TRL, count: 2, totals: {value: 3}}
"""
CLAIMS_CSV = r"""
delimiter: "|"
dates: ["%Y%m%d", "%m/%d/%Y"]
nulls: ["00000000"]
files:
  claim:
    key: [claim_id, version]
    columns:
      claim_id: {names: [CLM_ID], max_length: 38}
      version: {names: [ADJ_NUM], type: integer, required: true}
      frequency_code: {names: [CLM_FREQ_CD], one_of: ["1", "7", "8"], required: true}
      replaces_claim_id: {names: [ORIG_CLM_ID]}
      claim_type: {names: [CLM_TYPE], one_of: ["P", "I", "D"], required: true}
      member_id: {names: [MBR_ID], required: true}
      billing_npi: {names: [BILL_NPI], max_length: 10}
      from_date: {names: [FROM_DT], type: date, required: true}
      to_date: {names: [THRU_DT], type: date}
      bill_type: {names: [TOB], max_length: 4}
      admit_date: {names: [ADM_DT], type: date, may_lack: true}
      discharge_status: {names: [DSCH_STUS], may_lack: true}
      drg: {names: [DRG], may_lack: true}
      diagnosis_1: {names: [DX1], max_length: 8}
      diagnosis_2: {names: [DX2], max_length: 8}
      charge_amount: {names: [TOT_CHRG], type: decimal, scale: 2, required: true}
      allowed_amount: {names: [TOT_ALWD], type: decimal, scale: 2}
      paid_amount: {names: [TOT_PAID], type: decimal, scale: 2}
      paid_date: {names: [PAID_DT], type: date}
    trailer: {mark: T, count: 2, totals: {charge_amount: 3, paid_amount: 4}}
  claim_line:
    key: [claim_id, version, line_number]
    columns:
      claim_id: {names: [CLM_ID], max_length: 38}
      version: {names: [ADJ_NUM], type: integer, required: true}
      line_number: {names: [LINE_NUM], type: integer}
      from_date: {names: [FROM_DT], type: date, required: true}
      to_date: {names: [THRU_DT], type: date}
      revenue_code: {names: [REV_CD], max_length: 4}
      procedure_code: {names: [PROC_CD], max_length: 5}
      modifier_1: {names: [MOD1], max_length: 2}
      modifier_2: {names: [MOD2], max_length: 2}
      place_of_service: {names: [POS], max_length: 2}
      rendering_npi: {names: [REND_NPI], max_length: 10}
      units: {names: [UNITS], type: decimal, scale: 3}
      charge_amount: {names: [LINE_CHRG], type: decimal, scale: 2, required: true}
      allowed_amount: {names: [LINE_ALWD], type: decimal, scale: 2}
      deductible_amount: {names: [DED], type: decimal, scale: 2}
      coinsurance_amount: {names: [COINS], type: decimal, scale: 2}
      copay_amount: {names: [COPAY], type: decimal, scale: 2}
      paid_amount: {names: [LINE_PAID], type: decimal, scale: 2}
    trailer: {mark: T, count: 2, totals: {charge_amount: 3}}
  pharmacy_claim:
    key: [claim_id]
    columns:
      claim_id: {names: [RX_CLM_ID]}
      member_id: {names: [MBR_ID], required: true}
      fill_date: {names: [FILL_DT], type: date, required: true}
      ndc: {names: [NDC], required: true, max_length: 11}
      quantity: {names: [QTY], type: decimal, scale: 3}
      days_supply: {names: [DAYS], type: integer}
      refill_number: {names: [REFILL], type: integer}
      prescriber_npi: {names: [PRSCR_NPI], max_length: 10}
      pharmacy_npi: {names: [PHARM_NPI], max_length: 10}
      ingredient_cost: {names: [INGR_CST], type: decimal, scale: 2}
      dispensing_fee: {names: [DISP_FEE], type: decimal, scale: 2}
      copay_amount: {names: [COPAY], type: decimal, scale: 2}
      paid_amount: {names: [PAID], type: decimal, scale: 2}
      reversed: {names: [RVRSL], one_of: ["Y", "N"], required: true}
  enrolment:
    key: [member_id, plan_id, start_date]
    file_names: ["elig_*.txt"]
    columns:
      member_id: {names: [MBR_ID]}
      plan_id: {names: [PLAN]}
      start_date: {names: [EFF_DT], type: date}
      end_date: {names: [TERM_DT], type: date}
      relationship: {names: [REL], one_of: ["18", "01", "19"]}
      birth_date: {names: [DOB], type: date}
      sex: {names: [SEX], one_of: ["F", "M", "U"]}
"""
LIMITS = Limits()


def layout(text):
    return Layout.of(yaml.safe_load(text))


@pytest.fixture
def arrive(tmp_path):
    """A file as it goes through the feed: what the door says, and every row typed."""

    def at(declared, data, name="arrived.csv"):
        path = tmp_path / name
        path.write_bytes(data)
        known = layout(declared)
        found = inspect(str(path), known, LIMITS, name)
        whole = found.shape == "csv-over-lines"
        records = list(read(str(path), document=whole, limits=LIMITS, layout=known, kind=found.resource_type))
        typist = Typist(known, known.kind(found.resource_type)) if found.resource_type else None
        return found, records, [typist.read(one.payload, one.context) for one in records if not one.faults]

    return at


LAB_HEADER = (
    "ResultNo;MRN;Surname;First Name;DOB;Sex;OrderNo;LOINC;Test;Test Name;Result;Result Text;Units;Ref Low;Ref High;"
    "Flag;Status;Collected At;Resulted At;Comment"
)
POTASSIUM = (
    "R1;M7;Muñoz;Ana;03.05.1970;F;O1;2823-3;K;Kalium;1.004,25;;mmol/L;3,5;5,1;H;F;01.03.2026 07:05;"
    '01.03.2026 08:00:30;"haemolysed; ""repeat""\r\nphoned"'
)
SODIUM = "R2;M7;Muñoz;Ana;03.05.1970;F;O1;2951-2;NA;Natrium;n/a;pending;mmol/L;;;;P;NULL;01.03.2026 08:01;"


def lab_file(*rows, trailer="TRL;2;1004,25"):
    return "\r\n".join(["LIMS extract 7", LAB_HEADER, *rows, trailer, ""]).encode("cp1252")


def test_a_lims_extract_goes_through_the_door_and_becomes_values(arrive):
    found, records, typed = arrive(LAB_CSV, lab_file(POTASSIUM, SODIUM))
    assert (found.shape, found.resource_type, found.texts, found.faults) == ("csv-over-lines", "lab_result", 2, ())
    assert [one.resource_id for one in records] == ["R1", "R2"]
    potassium, sodium = (row.values for row in typed)
    assert potassium["value"] == Decimal("1004.25")
    assert potassium["family_name"] == "Muñoz"
    assert potassium["birth_date"] == datetime.date(1970, 5, 3)
    assert potassium["collected"] == datetime.datetime(2026, 3, 1, 7, 5)
    assert potassium["comment"] == 'haemolysed; "repeat"\r\nphoned'
    assert (sodium["value"], sodium["collected"], sodium["specimen_id"]) == (None, None, None)


def test_a_control_total_that_does_not_fit_holds_the_file_with_the_difference(arrive):
    found, _, _ = arrive(LAB_CSV, lab_file(POTASSIUM, SODIUM, trailer="TRL;3;1.004,26"))
    assert found.faults == ("count_mismatch", "total_mismatch")
    count, total = found.findings
    assert (count.expected, count.found, count.difference) == ("3", "2", "-1")
    assert (total.columns, total.expected, total.found, total.difference) == (("value",), "1004.26", "1004.25", "-0.01")


def test_a_lab_row_with_faults_names_the_columns_and_no_values(arrive):
    wrong = POTASSIUM.replace("03.05.1970", "31.02.1970").replace(";F;O1", ";X;O1").replace("1.004,25", "<4")
    _, records, _ = arrive(LAB_CSV, lab_file(wrong, SODIUM))
    assert records[0].faults == ("not_a_date:birth_date", "not_allowed:sex", "not_a_number:value")
    assert (records[0].resource_id, records[1].faults) == ("R1", ())


CLAIM_HEADER = (
    "CLM_ID|ADJ_NUM|CLM_FREQ_CD|ORIG_CLM_ID|CLM_TYPE|MBR_ID|BILL_NPI|FROM_DT|THRU_DT|TOB|DX1|DX2|TOT_CHRG|TOT_ALWD|"
    "TOT_PAID|PAID_DT"
)
CLAIM = "C1|0|1||P|M1|1234567893|20260105|01/06/2026||E119||120.50|100.00|80.00|20260201"
LINE_HEADER = (
    "CLM_ID|ADJ_NUM|LINE_NUM|FROM_DT|THRU_DT|REV_CD|PROC_CD|MOD1|MOD2|POS|REND_NPI|UNITS|LINE_CHRG|LINE_ALWD|DED|COINS|"
    "COPAY|LINE_PAID"
)
LINE = "C1|0|1|20260105|20260105||99213|25||11|1234567893|1|120.50|100.00|10|5|5|80.00"
PHARMACY_HEADER = "RX_CLM_ID|MBR_ID|FILL_DT|NDC|QTY|DAYS|REFILL|PRSCR_NPI|PHARM_NPI|INGR_CST|DISP_FEE|COPAY|PAID|RVRSL"
FILL = "X1|M1|20260110|00093721410|30|30|0|1234567893|1234567893|12.30|1.50|10.00|3.80|N"


@pytest.mark.parametrize(
    ("kind", "header", "row", "trailer", "identifier"),
    [
        ("claim", CLAIM_HEADER, CLAIM, "T|1|120.5|80", "C1|0"),
        ("claim_line", LINE_HEADER, LINE, "T|1|120.50", "C1|0|1"),
        ("pharmacy_claim", PHARMACY_HEADER, FILL, None, "X1"),
    ],
)
def test_files_of_claims_are_told_apart_by_their_headers(arrive, kind, header, row, trailer, identifier):
    found, records, _ = arrive(CLAIMS_CSV, "\n".join([header, row, *([trailer] if trailer else []), ""]).encode())
    assert (found.shape, found.resource_type, found.faults) == ("csv", kind, ())
    assert [(one.resource_type, one.resource_id, one.faults) for one in records] == [(kind, identifier, ())]


def test_enrolment_spans_are_known_by_the_name_of_their_file(arrive):
    header = b"MBR_ID|PLAN|EFF_DT|TERM_DT|REL|DOB|SEX\n"
    data = header + b"M1|GOLD|20260101|12/31/9999|18|19700503|F\nM1|GOLD|20250101|00000000|18||F\n"
    found, records, typed = arrive(CLAIMS_CSV, data, "elig_202601.txt")
    assert (found.resource_type, found.texts, found.faults) == ("enrolment", 2, ())
    assert [one.resource_id for one in records] == ["M1|GOLD|20260101", "M1|GOLD|20250101"]
    assert [row.values["end_date"] for row in typed] == [datetime.date(9999, 12, 31), None]


def test_a_line_file_without_its_charges_says_which_columns_it_lacks(arrive):
    header = LINE_HEADER.replace("|LINE_CHRG", "").replace("|DED", "|PATIENT_NAME")
    found, records, _ = arrive(CLAIMS_CSV, f"{header}\n{LINE}\n".encode())
    [finding] = found.findings
    assert (finding.fault, finding.kind, finding.columns, finding.extra) == (
        "unknown_header", "claim_line", ("charge_amount", "deductible_amount"), 1,
    )  # fmt: skip
    assert [one.faults for one in records] == [("unknown_header",)]


def test_money_is_added_to_the_cent_whatever_the_number_of_rows(arrive):
    rows = [CLAIM.replace("120.50", "0.10") for _ in range(1000)]
    trailer = "T|1000|100.00|80000.00"
    found, _, _ = arrive(CLAIMS_CSV, "\n".join([CLAIM_HEADER, *rows, trailer]).encode())
    assert found.faults == ()
