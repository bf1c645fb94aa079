"""Payments of payers and their parts (FHIR R4 PaymentReconciliation, PaymentNotice; X12 835 BPR, CLP, PLB)."""

from __future__ import annotations

from typing import Final

from pyspark.sql import Column
from pyspark.sql import functions as F

from jobs.columns.fhir import DECIMAL, NUMBER, extended
from jobs.columns.keys import key
from jobs.columns.money import AMOUNT
from jobs.columns.numbers import decimal, digits, is_no_number
from jobs.columns.reference_texts import reference
from jobs.formats.x12_fhir_payment import PART_OF

PAYMENT: Final = "PaymentReconciliation"
# An amount with every digit that it came with, so that none is rounded unseen.
EXACT: Final = f"struct<value: {NUMBER}, currency: string>"


def amount_of(money: Column) -> Column:
    """The value of an EXACT amount; null when it is no number.

    >>> from pyspark.sql import SparkSession
    >>> spark = SparkSession.getActiveSession() or SparkSession.builder.master("local[1]").getOrCreate()
    >>> sent = [('{"value":-12.5}',), ('{"value":"much"}',), ('{"value":0.00001}',)]
    >>> rows = spark.createDataFrame(sent, "t string").select(F.from_json("t", EXACT).alias("m"))
    >>> [str(row.a) for row in rows.select(amount_of(F.col("m")).alias("a")).collect()]
    ['-12.5000', 'None', '0.0000']
    """
    return digits(money["value"]).try_cast(AMOUNT)


def amount_faults(money: Column) -> dict[str, Column]:
    """Why an EXACT amount cannot be reckoned with: it is the one thing that a payment and its parts must say."""
    value = money["value"]
    return {
        "no_amount": digits(value).isNull(),
        "value_not_a_number": is_no_number(value),
        "amount_not_exact": ~amount_of(money).cast(DECIMAL).eqNullSafe(decimal(value)) & decimal(value).isNotNull(),
    }


def payment_key(ref: Column) -> Column:
    """The key in silver.payment of the payment that a normalised reference names directly; null when it does not."""
    source = F.col("tenant"), F.col("feed"), F.lit(PAYMENT)
    resource_id = F.substr(ref, F.lit(len(PAYMENT) + 2))
    return F.when(ref.startswith(f"{PAYMENT}/"), key("payment", *source, resource_id))


def payment_ref(extensions: Column) -> Column:
    """The payment that a resource says it is a part of, as a normalised reference; null when it says none."""
    return reference(extended(extensions, PART_OF)["valueReference"], PAYMENT)
