"""Money of claims and benefits: exact decimals, and what an adjudicated amount stands for."""

from __future__ import annotations

import functools
import operator
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
    ("tot_rx_cst_amt",),
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
