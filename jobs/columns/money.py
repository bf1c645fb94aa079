"""Money of claims and benefits: exact decimals, and what an adjudicated amount stands for."""

from __future__ import annotations

from typing import Final

from pyspark.sql import Column
from pyspark.sql import functions as F

AMOUNT = "decimal(19,4)"
MONEY: Final = f"struct<value: {AMOUNT}, currency: string>"
# FHIR R4 ExplanationOfBenefit.item.adjudication; its `value` (a percentage) is no money and stays in bronze.
_CODINGS: Final = "array<struct<code: string>>"
ADJUDICATION: Final = f"struct<category: struct<coding: {_CODINGS}>, amount: {MONEY}>"
ADJUDICATED: Final = f"array<struct<category: string, amount: {AMOUNT}, currency: string>>"

# Each kind of amount by the codes that mean it, in order of trust: the first alternative that a line holds counts,
# and the codes inside one alternative are parts of one sum. Plain codes: HL7 `adjudication` and CARIN
# `C4BBAdjudication`; CCW: Blue Button 2 variables, whose codes are their addresses; CLM_: their successors.
CCW = "https://bluebutton.cms.gov/resources/variables/"
Alternatives = tuple[tuple[str, ...], ...]
SUBMITTED: Alternatives = (
    ("submitted",),
    (f"{CCW}line_sbmtd_chrg_amt",),
    (f"{CCW}rev_cntr_tot_chrg_amt",),
    ("CLM_LINE_SBMT_CHRG_AMT",),
)
ELIGIBLE: Alternatives = (("eligible",), (f"{CCW}line_alowd_chrg_amt",), ("CLM_LINE_ALOWD_CHRG_AMT",))
DEDUCTIBLE: Alternatives = (
    ("deductible",),
    (f"{CCW}line_bene_ptb_ddctbl_amt",),
    (f"{CCW}rev_cntr_cash_ddctbl_amt", f"{CCW}rev_cntr_blood_ddctbl_amt"),
    ("CLM_LINE_MDCR_DDCTBL_AMT", "CLM_LINE_BLOOD_DDCTBL_AMT"),
)
COPAY: Alternatives = (("copay",),)
COINSURANCE: Alternatives = (
    ("coinsurance",),
    (f"{CCW}line_coinsrnc_amt",),
    (f"{CCW}rev_cntr_coinsrnc_wge_adjstd_c",),
    ("CLM_LINE_INSTNL_ADJSTD_AMT",),
)
# The NCH payment is the sum of what went to the provider and to the beneficiary: never both, never added twice.
BENEFIT: Alternatives = (
    ("benefit",),
    (f"{CCW}line_nch_pmt_amt",),
    (f"{CCW}rev_cntr_pmt_amt_amt",),
    ("CLM_LINE_CVRD_PD_AMT",),
    (f"{CCW}cvrd_d_plan_pd_amt",),
    ("paidtoprovider", "paidtopatient"),
    (f"{CCW}line_prvdr_pmt_amt", f"{CCW}line_bene_pmt_amt"),
    (f"{CCW}rev_cntr_prvdr_pmt_amt", f"{CCW}rev_cntr_bene_pmt_amt"),
)
PAID_BY_PATIENT: Alternatives = (
    ("paidbypatient",),
    (f"{CCW}ptnt_pay_amt",),
    (f"{CCW}rev_cntr_ptnt_rspnsblty_pmt",),
    ("CLM_LINE_BENE_PMT_AMT",),
)
PRIMARY_PAID: Alternatives = (
    ("priorpayerpaid",),
    (f"{CCW}line_bene_prmry_pyr_pd_amt",),
    (f"{CCW}rev_cntr_1st_msp_pd_amt",),
    ("CLM_LINE_INSTNL_MSP1_PD_AMT",),
)
# What the patient owes in all (835 CLP05), whatever its parts.
MEMBER_LIABILITY: Alternatives = (("memberliability",),)
INGREDIENT: Alternatives = (("drugcost",),)
DISPENSING: Alternatives = (("dispensing-fee",),)
NONCOVERED: Alternatives = (("noncovered",), (f"{CCW}rev_cntr_ncvrd_chrg_amt",), ("CLM_LINE_NCVRD_CHRG_AMT",))
KINDS: Final[dict[str, Alternatives]] = {
    "submitted_amount": SUBMITTED,
    "eligible_amount": ELIGIBLE,
    "deductible_amount": DEDUCTIBLE,
    "copay_amount": COPAY,
    "coinsurance_amount": COINSURANCE,
    "benefit_amount": BENEFIT,
    "paid_by_patient_amount": PAID_BY_PATIENT,
    "primary_paid_amount": PRIMARY_PAID,
    "noncovered_amount": NONCOVERED,
    "member_liability_amount": MEMBER_LIABILITY,
    "ingredient_cost_amount": INGREDIENT,
    "dispensing_fee_amount": DISPENSING,
}
KNOWN: Final = frozenset(code for kind in KINDS.values() for alternative in kind for code in alternative)


def adjudicated(adjudications: Column) -> Column:
    """The adjudications of an array of ADJUDICATION by the code of their category, in the order sent.

    A category with several codings counts by the first that we understand, else by the first.

    >>> from pyspark.sql import SparkSession
    >>> spark = SparkSession.getActiveSession() or SparkSession.builder.master("local[1]").getOrCreate()
    >>> text = '[{"category": {"coding": [{"code": "x"}, {"code": "copay"}]}, "amount": {"value": 27.2}}]'
    >>> said = F.from_json(F.lit(text), f"array<{ADJUDICATION}>")
    >>> row = spark.range(1).select(adjudicated(said).alias("said")).first()
    >>> row.said[0].category, str(row.said[0].amount)
    ('copay', '27.2000')
    """
    each = adjudications["category"]["coding"]
    flat = F.flatten(each)
    # One coding for each, the rule: taken by place, without calling a function for every element.
    is_plain = (F.size(flat) == F.size(adjudications)) & (F.array_position(each, F.array().cast(_CODINGS)) == 0)
    chosen = F.transform(each, _category)
    categories = F.when(is_plain, flat["code"]).otherwise(chosen)
    amounts = adjudications["amount"]
    zipped = F.arrays_zip(categories, amounts["value"], amounts["currency"]).cast(ADJUDICATED)
    return F.coalesce(zipped, F.array().cast(ADJUDICATED))


def _category(codings: Column) -> Column:
    known = F.filter(codings["code"], lambda code: code.isin(*sorted(KNOWN)))
    return F.coalesce(F.get(known, F.lit(0)), F.get(codings["code"], F.lit(0)))


def amount(adjudications: Column, kind: Alternatives) -> Column:
    """What these `adjudicated` amounts say of one kind; null when they say nothing.

    >>> from pyspark.sql import SparkSession
    >>> spark = SparkSession.getActiveSession() or SparkSession.builder.master("local[1]").getOrCreate()
    >>> text = '[{"category": "copay", "amount": 10}, {"category": "copay", "amount": -2.5}]'
    >>> said = F.from_json(F.lit(text), ADJUDICATED)
    >>> row = spark.range(1).select(amount(said, COPAY).alias("copay"), amount(said, BENEFIT).alias("benefit")).first()
    >>> str(row.copay), row.benefit
    ('7.5000', None)
    """
    return F.coalesce(*[_sum(adjudications, codes) for codes in kind])


def _sum(adjudications: Column, codes: tuple[str, ...]) -> Column:
    """The amounts of these categories added up; a category that is named twice counts twice."""
    categories = adjudications["category"]
    first = _get(adjudications, codes[0])
    if len(codes) == 1:
        repeats = F.size(categories) > F.size(F.array_distinct(categories))
        return F.when(repeats, _added(adjudications, codes)).otherwise(first)
    present = F.arrays_overlap(categories, F.array(*[F.lit(code) for code in codes]))
    return F.when(present, _added(adjudications, codes))


def _get(adjudications: Column, code: str) -> Column:
    place = F.array_position(adjudications["category"], code).cast("int") - 1
    return F.get(adjudications["amount"], place)


def _added(adjudications: Column, codes: tuple[str, ...]) -> Column:
    mine = F.filter(adjudications, lambda said: said["category"].isin(*codes) & said["amount"].isNotNull())
    # Wide while adding, so that no sum of money overflows under ANSI rules.
    zero = F.lit(0).cast("decimal(37,4)")
    total = F.aggregate(
        mine,
        F.lit(None).cast("decimal(38,4)"),
        lambda sofar, said: (F.coalesce(sofar, zero) + said["amount"]).cast("decimal(38,4)"),
    )
    return total.try_cast(AMOUNT)
