"""Services charged inside the house as statements."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from jobs.columns import concepts
from jobs.columns.codes import vocabulary_id
from jobs.columns.keys import key
from jobs.formats.hl7v2_fhir_charge import CHARGE, CREDIT
from jobs.silver._statement import excluded_by, statements

# What was done, in the words of bills; a drug that was charged is not known to have been given.
DONE = ("CPT4", "HCPCS", "ICD10PCS", "ICD9Proc")
CREDITED = "credited"


def codes_of_charges() -> Column:
    """The codes of a charge that say what was done: its procedure's first, then those of the price list."""
    said = F.concat("procedure_codes", "codes")
    return F.filter(said, lambda code: vocabulary_id(code["system"]).isin(*DONE))


def of_charges(charges: DataFrame) -> DataFrame:
    """Charges in the words of bills, those taken back by a credit excluded; one that refers to what it is for is that.

    Payments and adjustments are money alone, and credits speak of their charge: they state nothing of their own.
    """
    spoken = with_credits(charges).withColumn("_done", codes_of_charges())
    stated = spoken.where((F.size("_done") > 0) & (F.size("service_refs") == 0))
    credited = F.when(F.col("is_credited"), F.lit(CREDITED))
    return statements(
        stated,
        "charge",
        home=F.lit("procedure_occurrence"),
        excluded=F.coalesce(excluded_by(F.col("status"), "planned", "aborted"), credited),
        codes=F.col("_done"),
        code_text=F.col("code_text"),
        type_concept_id=F.lit(concepts.TYPE_EHR_BILLING),
        encounter_ref=F.col("encounter_ref"),
        practitioner_ref=F.col("performer_ref"),
        start_date=F.coalesce("start_date", "entered_date"),
        start_at=F.col("start_at"),
        end_date=F.col("end_date"),
        end_at=F.col("end_at"),
        quantity=F.col("quantity"),
    )


def with_credits(charges: DataFrame) -> DataFrame:
    """The charges among postings, each once, with `is_credited`: whether it was taken back.

    A credit (FT1-6 CD, or a charge below zero) takes back the charge of its number (FT1-2) and code, when it is not
    less and not posted before it; one whose number is no charge's takes back a charge of the patient that is alike
    in code, day, amount and quantity, one each.
    """
    # A credit need not repeat the procedure; the code of the price list is required of both (FT1-7).
    what = F.coalesce(_code("codes"), _code("procedure_codes"), F.lower("code_text"))
    who = [F.col("tenant"), F.col("feed"), F.col("patient_ref"), what]
    sizes = [F.abs("amount"), F.abs("quantity")]
    below = F.coalesce(F.col("amount") < 0, F.lit(False)) | F.coalesce(F.col("quantity") < 0, F.lit(False))
    # A source of charges alone does not say their kind; a posting of no kind and no status says nothing.
    kind = F.coalesce(F.upper("kind_code"), F.when(F.coalesce("status", F.lit("unknown")) != "unknown", CHARGE))
    numbered = F.when(F.col("transaction_number").isNotNull(), key("charged", *who, F.col("transaction_number")))
    marked = charges.withColumns({"_number": numbered, "_alike": key("alike", *who, F.col("start_date"), *sizes)})
    credits = marked.where((kind == CREDIT) | ((kind == CHARGE) & below))
    posted = marked.where((kind == CHARGE) & ~below)
    named = _by_number(posted, credits)
    loose = credits.join(posted.select("_number"), on="_number", how="left_anti")
    counts = loose.groupBy("_alike").agg(F.count(F.lit(1)).alias("_more"))
    standing_first = Window.partitionBy("_alike").orderBy("_is_named", "entered_date", "charge_id")
    found = named.join(counts, on="_alike", how="left").withColumn("_place", F.rank().over(standing_first))
    credited = F.col("_is_named") | F.coalesce(F.col("_place") <= F.col("_more"), F.lit(False))
    return found.select(*charges.columns, credited.alias("is_credited"))


def _code(codes: str) -> Column:
    return F.try_element_at(F.col(codes)["code"], F.lit(1))


def _by_number(posted: DataFrame, credits: DataFrame) -> DataFrame:
    """Add `_is_named`: whether the credits of a charge's number come to what is charged under it."""
    totals = credits.groupBy("_number").agg(
        F.sum(F.abs("amount")).alias("_back"), F.max("entered_date").alias("_back_on"), F.lit(True).alias("_credited")
    )
    charged = F.sum("amount").over(Window.partitionBy("_number"))
    enough = F.coalesce(F.col("_back") >= charged, F.lit(True))
    # Charged anew after the credit, under the old number.
    anew = F.coalesce(F.col("entered_date") > F.col("_back_on"), F.lit(False))
    known = posted.join(totals, on="_number", how="left")
    return known.withColumn("_is_named", F.coalesce(F.col("_credited"), F.lit(False)) & enough & ~anew)
