"""Money of claims and benefits: exact decimals, and what an adjudicated amount stands for."""

from __future__ import annotations

from typing import Final

from pyspark.sql import Column
from pyspark.sql import functions as F

AMOUNT = "decimal(19,4)"
MONEY: Final = f"struct<value: {AMOUNT}, currency: string>"
# FHIR R4 ExplanationOfBenefit.item.adjudication; its `value` (a percentage) is no money and stays in bronze.
ADJUDICATION: Final = f"struct<category: struct<coding: array<struct<code: string>>>, amount: {MONEY}>"
ADJUDICATED: Final = f"array<struct<category: string, amount: {AMOUNT}, currency: string>>"

# Each kind of amount by the codes that mean it, in order of trust: the first alternative that a line holds counts,
# and the codes inside one alternative are parts of one sum. Plain codes: HL7 `adjudication` and CARIN
# `C4BBAdjudication`; the others are Blue Button 2 variables (CCW names) and their CLM_ successors.
Alternatives = tuple[tuple[str, ...], ...]
SUBMITTED: Alternatives = (
    ("submitted",),
    ("line_sbmtd_chrg_amt",),
    ("rev_cntr_tot_chrg_amt",),
    ("clm_line_sbmt_chrg_amt",),
)
ELIGIBLE: Alternatives = (("eligible",), ("line_alowd_chrg_amt",), ("clm_line_alowd_chrg_amt",))
DEDUCTIBLE: Alternatives = (
    ("deductible",),
    ("line_bene_ptb_ddctbl_amt",),
    ("rev_cntr_cash_ddctbl_amt", "rev_cntr_blood_ddctbl_amt"),
    ("clm_line_mdcr_ddctbl_amt", "clm_line_blood_ddctbl_amt"),
)
COPAY: Alternatives = (("copay",),)
COINSURANCE: Alternatives = (
    ("coinsurance",),
    ("line_coinsrnc_amt",),
    ("rev_cntr_coinsrnc_wge_adjstd_c",),
    ("clm_line_instnl_adjstd_amt",),
)
# The NCH payment is the sum of what went to the provider and to the beneficiary: never both, never added twice.
BENEFIT: Alternatives = (
    ("benefit",),
    ("line_nch_pmt_amt",),
    ("rev_cntr_pmt_amt_amt",),
    ("clm_line_cvrd_pd_amt",),
    ("cvrd_d_plan_pd_amt",),
    ("paidtoprovider", "paidtopatient"),
    ("line_prvdr_pmt_amt", "line_bene_pmt_amt"),
    ("rev_cntr_prvdr_pmt_amt", "rev_cntr_bene_pmt_amt"),
)
PAID_BY_PATIENT: Alternatives = (
    ("paidbypatient",),
    ("ptnt_pay_amt",),
    ("rev_cntr_ptnt_rspnsblty_pmt",),
    ("clm_line_bene_pmt_amt",),
)
PRIMARY_PAID: Alternatives = (
    ("priorpayerpaid",),
    ("line_bene_prmry_pyr_pd_amt",),
    ("rev_cntr_1st_msp_pd_amt",),
    ("clm_line_instnl_msp1_pd_amt",),
)
NONCOVERED: Alternatives = (("noncovered",), ("rev_cntr_ncvrd_chrg_amt",), ("clm_line_ncvrd_chrg_amt",))
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
}
KNOWN: Final = frozenset(code for kind in KINDS.values() for alternative in kind for code in alternative)


def adjudicated(adjudications: Column) -> Column:
    """The amounts of an array of ADJUDICATION by category: the code's last path segment, in small letters.

    A category may be coded twice (FHIR R4 CodeableConcept); the coding we understand names it, else the first.

    >>> from pyspark.sql import SparkSession
    >>> spark = SparkSession.getActiveSession() or SparkSession.builder.master("local[1]").getOrCreate()
    >>> text = '{"a": [{"category": {"coding": [{"code": "http://x/LINE_COINSRNC_AMT"}]}, "amount": {"value": 27.2}}]}'
    >>> said = F.from_json(F.lit(text), f"a array<{ADJUDICATION}>")["a"]
    >>> str(spark.range(1).select(adjudicated(said)[0]["amount"]).first()[0])
    '27.2000'
    """

    def category(codes: Column) -> Column:
        plain = F.transform(codes, lambda code: F.lower(F.substring_index(code, "/", -1)))
        known = F.filter(plain, lambda code: code.isin(*sorted(KNOWN)))
        alone = F.lower(F.substring_index(F.get(codes, F.lit(0)), "/", -1))
        return F.when(F.size(codes) > 1, F.coalesce(F.get(known, F.lit(0)), alone)).otherwise(alone)

    with_amount = F.filter(adjudications, lambda said: said["amount"]["value"].isNotNull())
    return F.transform(
        with_amount,
        lambda said: F.struct(
            category(said["category"]["coding"]["code"]).alias("category"),
            said["amount"]["value"].alias("amount"),
            said["amount"]["currency"].alias("currency"),
        ),
    )


def amount(amounts: Column, kind: Alternatives) -> Column:
    """What these adjudicated amounts say of one kind; null when they say nothing.

    >>> from pyspark.sql import SparkSession
    >>> spark = SparkSession.getActiveSession() or SparkSession.builder.master("local[1]").getOrCreate()
    >>> text = '[{"category": "copay", "amount": 10}, {"category": "copay", "amount": -2.5}]'
    >>> said = F.from_json(F.lit(text), ADJUDICATED)
    >>> row = spark.range(1).select(amount(said, COPAY).alias("copay"), amount(said, BENEFIT).alias("benefit")).first()
    >>> str(row.copay), row.benefit
    ('7.5000', None)
    """
    return F.coalesce(*[_sum(amounts, codes) for codes in kind])


def _sum(amounts: Column, codes: tuple[str, ...]) -> Column:
    mine = F.filter(amounts, lambda said: said["category"].isin(*codes))
    # Wide while adding, so that no sum of money overflows under ANSI rules.
    nothing = F.lit(None).cast("decimal(38,4)")
    total = F.aggregate(
        mine,
        nothing,
        lambda sofar, said: (F.coalesce(sofar, F.lit(0).cast("decimal(37,4)")) + said["amount"]).cast("decimal(38,4)"),
    )
    return total.try_cast(AMOUNT)


def currency(amounts: Column, net: Column) -> Column:
    """The one currency of a line: its net's, else that of the first adjudicated amount which names one."""
    return F.coalesce(net, F.get(currencies(amounts), F.lit(0)))


def currencies(amounts: Column) -> Column:
    """The currencies that these adjudicated amounts name, each once."""
    return F.array_compact(F.array_distinct(amounts["currency"]))
