"""What a claim is billed by: its diagnosis-related group and its revenue code, as their vocabularies write them.

Either is a struct of vocabulary_id (null when the list it stands in is not known) and code.
"""

from __future__ import annotations

from typing import Final

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.columns.codes import is_of
from jobs.columns.fhir import CODES
from jobs.columns.lists import flat
from jobs.columns.mapping import first_concept

DRG: Final = "DRG"
REVENUE_CODE: Final = "Revenue Code"
# The columns of a cost that hold them.
BILLED_BY: Final = ("drg", "revenue_code")
# The category of supporting information in CARIN Blue Button.
_GROUP: Final = "drg"


def with_group(rows: DataFrame) -> DataFrame:
    """Add `drg`, the group that a claim or benefit names with its diagnoses or else besides; null when it names none.

    Three digits, as the vocabulary writes it. What has more places is of another grouper: cut, it would name another
    group, so it is none.

    >>> from pyspark.sql import SparkSession
    >>> spark = SparkSession.getActiveSession() or SparkSession.builder.master("local[1]").getOrCreate()
    >>> from jobs.columns.codes import SYSTEMS
    >>> category, system = [(None, "drg", None, None, None)], next(s for s, v in SYSTEMS.items() if v == DRG)
    >>> given = [([(category, [(system, code, None, None, None)])],) for code in ("39", " 0470", "1942", "")]
    >>> ddl = f"diagnoses array<struct<package_codes:{CODES}>>, information array<struct<category_codes:{CODES}"
    >>> rows = spark.createDataFrame([(None, *one) for one in [*given, (None,)]], f"{ddl}, codes:{CODES}>>")
    >>> for row in with_group(rows).collect():
    ...     print(row.drg)
    Row(vocabulary_id='DRG', code='039')
    Row(vocabulary_id='DRG', code='470')
    None
    None
    None
    """
    categories = flat(F.col("information")["category_codes"])
    besides = F.filter("information", lambda one: F.array_contains(one["category_codes"]["code"], _GROUP))
    # Few claims have a group: of the others no list is gone through.
    told = F.when(F.array_contains(categories["code"], _GROUP), flat(besides["codes"]))
    nothing = F.array().cast(CODES)
    said = F.concat(F.coalesce(flat(F.col("diagnoses")["package_codes"]), nothing), F.coalesce(told, nothing))
    known = rows.withColumn("_said", said).withColumn("drg", _first("_said", DRG))
    digits = F.regexp_replace("drg.code", "^0+(?=[0-9])", "")
    numbered = F.when(F.col("drg.code").rlike("^[0-9]+$"), F.lpad(digits, F.greatest(F.length(digits), F.lit(3)), "0"))
    code = F.coalesce(numbered, F.col("drg.code"))
    whole = F.struct(F.col("drg.vocabulary_id").alias("vocabulary_id"), code.alias("code"))
    return known.withColumn("drg", F.when(F.length(code) <= 3, whole)).drop("_said")


def with_number(items: DataFrame) -> DataFrame:
    """Add `_revenue`, the revenue code of a line as a number, and `_is_listed`: whether it is one of the NUBC's list.

    A number, since texts are not gathered as fast; what is none is -1.
    """
    known = items.withColumn("_first", _first("revenue_codes", REVENUE_CODE))
    is_number = F.col("_first.code").rlike("^[0-9]{1,4}$")
    number = F.when(is_number, F.col("_first.code").try_cast("int")).when(F.col("_first.code").isNotNull(), -1)
    listed = F.col("_first.vocabulary_id").isNotNull()
    return known.withColumns({"_revenue": number, "_is_listed": listed}).drop("_first")


def of_all_lines() -> Column:
    """The revenue code that all lines of a group have, after `with_number`: an aggregate, null when none has one.

    Of lines that differ the code is null: who knows that does not ask another.
    """
    number = F.min("_revenue")
    is_same = (number == F.max("_revenue")) & (F.count("_revenue") == F.count(F.lit(1))) & (number >= 0)
    listed = F.when(F.bool_and("_is_listed"), REVENUE_CODE).alias("vocabulary_id")
    code = F.when(is_same, F.lpad(number.cast("string"), 4, "0")).alias("code")
    return F.when(F.count("_revenue") > 0, F.struct(listed, code))


def with_concepts(rows: DataFrame, concept_map: DataFrame) -> DataFrame:
    """Add the concept of each of BILLED_BY: null without a code, 0 when unmapped."""
    # Two small vocabularies, made once for both; the codes are written as the map is asked for them.
    meant = concept_map.where(F.col("vocabulary_id").isin(DRG, REVENUE_CODE)).select(
        F.col("vocabulary_id").alias("_vocabulary_id"), F.col("code_key").alias("_code"), "targets"
    )
    found = rows
    for name in BILLED_BY:
        said = F.col(name)
        same = (said["vocabulary_id"] == F.col("_vocabulary_id")) & (said["code"] == F.col("_code"))
        concept = first_concept(F.when(said["code"].isNotNull(), F.struct("targets")))
        found = found.join(F.broadcast(meant), on=same, how="left").withColumn(f"{name}_concept_id", concept)
        found = found.drop("_vocabulary_id", "_code", "targets")
    return found


def _first(codes: str, vocabulary: str) -> Column:
    """The first of the codings that is of the vocabulary, else the first; trimmed, null when blank or none."""
    known = F.get(F.filter(codes, lambda one: is_of(one["system"], vocabulary)), F.lit(0))["code"]
    code = F.trim(F.coalesce(known, F.get(F.col(codes)["code"], F.lit(0))))
    whose = F.when(known.isNotNull(), vocabulary)
    coding = F.struct(whose.alias("vocabulary_id"), F.when(code != "", code).alias("code"))
    return F.when(F.size(codes) > 0, coding)
