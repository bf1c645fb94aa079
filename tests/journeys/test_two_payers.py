"""Claims that two payers are asked to pay, and payments that name the subscriber, in the order they should not come."""

import datetime

import pytest

# Five builds of everything.
pytestmark = [pytest.mark.timeout(3600), pytest.mark.soak]

JANE = "NM1*IL*1*DOE*JANE*Q***MI*M1~N3*2 ELM ST~N4*BOSTON*MA*02102~DMG*D8*19800201*F~"
FIRST, SECOND = "NM1*PR*2*FIRST HEALTH*****PI*00001~", "NM1*PR*2*SECOND HEALTH*****PI*00002~"
BILLING = "HL*1**20*1~NM1*85*2*CLINIC*****XX*1999999984~N3*1 MAIN ST~N4*BOSTON*MA*02101~REF*EI*999999999~"
LINE = "HI*ABK:E119~LX*1~SV1*HC:99213*100*UN*1***1~DTP*472*D8*20260201~"
TO_FIRST = f"HL*2*1*22*0~SBR*P*18*******CI~{JANE}{FIRST}CLM*C1*100***11:B:1*Y*A*Y*Y~{LINE}"
# Of the second payer the spouse is the member, and the patient depends on him.
OTHER = f"SBR*P*18*******CI~CAS*PR*1*40~AMT*D*60~OI***Y***Y~NM1*IL*1*DOE*JANE****MI*M1~{FIRST}"
TO_SECOND = (
    f"HL*2*1*22*1~SBR*S********CI~NM1*IL*1*DOE*JOHN****MI*J1~{SECOND}HL*3*2*23*0~PAT*01~NM1*QC*1*DOE*JANE*Q~"
    f"N3*2 ELM ST~N4*BOSTON*MA*02102~DMG*D8*19800201*F~CLM*C1*100***11:B:1*Y*A*Y*Y~HI*ABK:E119~{OTHER}"
    "LX*1~SV1*HC:99213*100*UN*1***1~DTP*472*D8*20260201~SVD*00001*60*HC:99213**1~CAS*PR*1*40~DTP*573*D8*20260210~"
)
OF_CHILD = (
    f"HL*2*1*22*1~SBR*P********CI~{JANE}{FIRST}HL*3*2*23*0~PAT*19~NM1*QC*1*DOE*TIM~N3*2 ELM ST~N4*BOSTON*MA*02102~"
    "DMG*D8*20100304*M~CLM*C2*50***11:B:1*Y*A*Y*Y~HI*ABK:J069~LX*1~SV1*HC:99213*50*UN*1***1~DTP*472*D8*20260203~"
)
# The same claim again, corrected: the patient was the member herself.
OF_MEMBER = (
    f"HL*2*1*22*0~SBR*P*18*******CI~{JANE}{FIRST}CLM*C2*50***11:B:7*Y*A*Y*Y~HI*ABK:J069~LX*1~SV1*HC:99213*50*UN*1***1~"
    "DTP*472*D8*20260203~"
)


def interchange(number, kind, guide, body):
    segments = f"ST*{kind}*0001*{guide}~{body}"
    whole = f"{segments}SE*{segments.count('~') + 1}*0001~"
    group = f"{'HP' if kind == '835' else 'HC'}*S*R*202603{number:02}*0800*{number}*X*{guide}"
    return (
        f"ISA*00*          *00*          *ZZ*SENDER         *ZZ*RECEIVER       *2603{number:02}*0800*^*00501*"
        f"{number:09}*0*P*:~GS*{group}~{whole}GE*1*{number}~IEA*1*{number:09}~"
    )


def claim(number, levels):
    guide = "005010X222A1"
    body = f"BHT*0019*00*{number}*202603{number:02}*0900*CH~NM1*41*2*B*****46*S~NM1*40*2*R*****46*R~{BILLING}{levels}"
    return interchange(number, "837", guide, body)


def payment(number, payer, paid, claims, payee="XX*1999999984"):
    body = (
        f"BPR*I*{paid}*C*CHK************202603{number:02}~TRN*1*T{number}*1999999999~DTM*405*202603{number:02}~"
        f"N1*PR*HEALTH~REF*2U*{payer}~N1*PE*CLINIC*{payee}~LX*1~{claims}"
    )
    return interchange(number, "835", "005010X221A1", body)


PAID_FIRST = (
    "CLP*C1*1*100*60*40*12*P1~NM1*QC*1*DOE*JANE****MI*M1~SVC*HC:99213*100*60~DTM*472*20260201~CAS*PR*1*40~AMT*B6*100~"
)
PAID_SECOND = (
    "CLP*C1*2*100*30*10*12*S1~NM1*QC*1*DOE*JANE****MI*J1~NM1*IL*1*DOE*JOHN****MI*J1~"
    "SVC*HC:99213*100*30~DTM*472*20260201~CAS*OA*23*60~CAS*PR*2*10~"
)
# The member's number and the name of the child; the name that the payer knows is another one.
PAID_CHILD = (
    "CLP*C2*1*50*45*5*12*P2~NM1*QC*1*DOE*TIM****MI*M1~NM1*74*1*DOE*TIMOTHY~SVC*HC:99213*50*45~DTM*472*20260203~"
    "CAS*PR*3*5~"
)
# What came on which day: every answer before its claim, and the second payer before the first.
DAYS = (
    [payment(1, "00001", 45, PAID_CHILD), payment(2, "00002", 30, PAID_SECOND), claim(3, TO_SECOND)],
    [claim(4, OF_CHILD), claim(5, TO_FIRST)],
    # It knows the clinic by its tax number only.
    [payment(6, "00001", 60, PAID_FIRST, payee="FI*999999999")],
)


def a_day(lake, folder, number, files):
    """Land what came on a day, and build everything."""
    from jobs.shell import deliveries, run

    folder.mkdir()
    for place, text in enumerate(files):
        (folder / f"{place}.x12").write_text(text)
        at = datetime.datetime(2026, 3, 10 + number, 6, place, tzinfo=datetime.UTC)
        landed = deliveries.land("claims_x12", [folder / f"{place}.x12"], lake.settings, received_at=at)
        assert landed.state == "landed", landed
    report = run.run(lake, (), say=lambda text: None)
    assert report.state == "succeeded", [o["message"] for o in report.outcomes if o["message"]]


@pytest.fixture(scope="module")
def clinic(spark, tmp_path_factory):
    """The lake after three days."""
    from jobs.shell.lake import Lake
    from jobs.shell.settings import Settings

    home = tmp_path_factory.mktemp("clinic")
    lake = Lake(spark, Settings(str(home / "lake")))
    for number, files in enumerate(DAYS, 1):
        a_day(lake, home / str(number), number, files)
    return lake


@pytest.fixture
def ask(clinic):
    from jobs.shell import query

    return lambda text: query.connect(clinic.settings, trace=True).execute(text).fetchall()


def test_the_facts_of_a_claim_to_two_payers_are_told_once_in_its_one_visit(ask):
    whose = "SELECT year_of_birth, {} FROM {} t JOIN person USING (person_id) JOIN visit_occurrence v"
    whose += " USING (visit_occurrence_id) WHERE v.person_id = t.person_id ORDER BY 1"
    days = [(1980, datetime.date(2026, 2, 1)), (2010, datetime.date(2026, 2, 3))]
    assert ask(whose.format("condition_start_date", "condition_occurrence")) == days
    assert ask(whose.format("procedure_date", "procedure_occurrence")) == days
    assert ask("SELECT (SELECT count(*) FROM silver.claim), (SELECT count(*) FROM visit_occurrence)") == [(3, 2)]
    reasons = "SELECT excluded, count(*) FROM silver.clinical_event WHERE excluded IS NOT NULL GROUP BY 1"
    assert ask(reasons) == [("claim_asked_again", 2)]


def test_what_each_payer_pays_is_of_the_patient_of_the_claim_and_its_charge_counts_once(ask):
    amounts = ask(
        "SELECT person_source_value, total_charge, paid_by_payer, paid_by_patient FROM cost JOIN person"
        " ON person_id = lw_person_id JOIN visit_occurrence v ON visit_occurrence_id = cost_event_id"
        " WHERE v.person_id = lw_person_id ORDER BY total_charge NULLS LAST"
    )
    member = "claims_x12|member-00001-M1"
    assert [(who[: len(member)], who == member, *told) for who, *told in amounts] == [
        (member, False, 50, 45, 5),
        (member, True, 100, 60, None),
        (member, True, None, 30, 10),
    ]


def test_when_the_claim_turns_out_to_be_of_the_member_the_payment_goes_along(clinic, ask, tmp_path):
    a_day(clinic, tmp_path / "4", 4, [claim(7, OF_MEMBER)])
    whose = "SELECT DISTINCT p.person_source_value FROM {} t JOIN person p ON p.person_id = t.{}"
    for table, column in (("cost", "lw_person_id"), ("condition_occurrence", "person_id")):
        assert ask(whose.format(table, column)) == [("claims_x12|member-00001-M1",)]
    assert ask("SELECT count(*), sum(total_charge), sum(paid_by_payer) FROM cost") == [(3, 150, 135)]
    # Of what the two payers know by two numbers, three records are left: the second one's payment knows the name only.
    assert ask("SELECT count(DISTINCT patient_id), count(*) FROM silver.shared_claim") == [(3, 3)]


def test_a_full_rebuild_gives_what_the_days_gave_one_by_one(clinic):
    from jobs.shell import publication, run

    before = publication.current(clinic.settings)["tables"]
    report = run.run(clinic, ("silver", "gold", "publication"), say=lambda text: None, full=True)
    assert report.state == "succeeded"
    assert [o["table"] for o in report.outcomes if o["action"] == "built"] == []
    assert publication.current(clinic.settings)["tables"] == before
