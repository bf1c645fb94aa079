"""Results: the eleven kinds of value of an observation or component, and the ranges they are read against."""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

from jobs.columns.dates import moment
from jobs.columns.fhir import CODEABLE, NUMBER, PERIOD, QUANTITY, codings, has_content, text_of
from jobs.columns.numbers import decimal, digits

_RANGE = f"struct<low:{QUANTITY},high:{QUANTITY}>"
_RATIO = f"struct<numerator:{QUANTITY},denominator:{QUANTITY}>"
_SAMPLES = f"struct<origin:{QUANTITY},period:{NUMBER},factor:{NUMBER},dimensions:int,data:string>"
_REFERENCE_RANGE = (
    f"struct<low:{QUANTITY},high:{QUANTITY},type:{CODEABLE},appliesTo:array<{CODEABLE}>,age:{_RANGE},text:string>"
)
# The fields that an observation and each of its components say a result with (FHIR R4 Observation.value[x]).
RESULT = (
    f"code {CODEABLE}",
    f"valueQuantity {QUANTITY}",
    f"valueCodeableConcept {CODEABLE}",
    "valueString string",
    "valueBoolean boolean",
    "valueInteger string",
    f"valueRange {_RANGE}",
    f"valueRatio {_RATIO}",
    f"valueSampledData {_SAMPLES}",
    "valueTime string",
    "valueDateTime string",
    f"valuePeriod {PERIOD}",
    f"dataAbsentReason {CODEABLE}",
    f"interpretation array<{CODEABLE}>",
    f"referenceRange array<{_REFERENCE_RANGE}>",
)
# http://terminology.hl7.org/CodeSystem/referencerange-meaning
NORMAL = "normal"


def value_kind(result: Column) -> Column:
    """Which kind of value a result has; null when it has none."""
    return (
        F.when(digits(result["valueQuantity"]["value"]).isNotNull(), "quantity")
        .when(has_content(result["valueCodeableConcept"]), "concept")
        .when(result["valueString"].isNotNull(), "string")
        .when(result["valueBoolean"].isNotNull(), "boolean")
        .when(result["valueInteger"].isNotNull(), "integer")
        .when(result["valueRange"].isNotNull(), "range")
        .when(result["valueRatio"].isNotNull(), "ratio")
        .when(result["valueSampledData"].isNotNull(), "sampled_data")
        .when(result["valueTime"].isNotNull(), "time")
        .when(result["valueDateTime"].isNotNull(), "datetime")
        .when(result["valuePeriod"].isNotNull(), "period")
    )


def value_columns(result: Column, zone: Column) -> list[Column]:
    """All value_ columns of a result; those of other kinds than its own are null."""
    quantity, concept = result["valueQuantity"], result["valueCodeableConcept"]
    span, ratio, samples = result["valueRange"], result["valueRatio"], result["valueSampledData"]
    measure = F.coalesce(quantity, span["low"], span["high"], ratio["numerator"], samples["origin"])
    started = F.coalesce(result["valueDateTime"], result["valuePeriod"]["start"])
    return [
        value_kind(result).alias("value_kind"),
        decimal(F.coalesce(digits(quantity["value"]), result["valueInteger"])).alias("value_number"),
        _as_sent(result).alias("value_sent"),
        quantity["comparator"].alias("value_comparator"),
        measure["unit"].alias("value_unit"),
        measure["code"].alias("value_unit_code"),
        measure["system"].alias("value_unit_system"),
        codings(concept).alias("value_codes"),
        F.coalesce(result["valueString"], text_of(concept)).alias("value_string"),
        result["valueBoolean"].alias("value_boolean"),
        decimal(F.coalesce(span["low"]["value"], ratio["numerator"]["value"])).alias("value_low"),
        decimal(F.coalesce(span["high"]["value"], ratio["denominator"]["value"])).alias("value_high"),
        result["valueTime"].alias("value_time"),
        *moment("value", started, zone),
        *moment("value_end", result["valuePeriod"]["end"], zone),
        _samples(samples).alias("value_samples"),
    ]


def _as_sent(result: Column) -> Column:
    concept, span, ratio = result["valueCodeableConcept"], result["valueRange"], result["valueRatio"]
    return F.coalesce(
        digits(result["valueQuantity"]["value"]),
        F.try_element_at(concept["coding"]["code"], F.lit(1)),
        concept["text"],
        result["valueString"],
        result["valueBoolean"].cast("string"),
        result["valueInteger"],
        F.when(span.isNotNull(), F.concat_ws(" - ", digits(span["low"]["value"]), digits(span["high"]["value"]))),
        F.when(
            ratio.isNotNull(),
            F.concat_ws(":", digits(ratio["numerator"]["value"]), digits(ratio["denominator"]["value"])),
        ),
        result["valueTime"],
        result["valueDateTime"],
        result["valuePeriod"]["start"],
    )


def _samples(given: Column) -> Column:
    shaped = F.struct(
        decimal(given["origin"]["value"]).alias("origin"),
        decimal(given["period"]).alias("period_ms"),
        decimal(given["factor"]).alias("factor"),
        given["dimensions"].alias("dimensions"),
        given["data"].alias("data"),
    )
    return F.when(given.isNotNull(), shaped)


def normal_ranges(given: Column) -> list[Column]:
    """The reference_ columns: all ranges, and the normal one.

    Several normal ones are of people of several ages, sexes or states (FHIR R4 Observation.referenceRange.age and
    appliesTo), of which nobody says which the patient is: then none is that of the result, unless one is of everybody.
    """
    shaped = F.transform(
        given,
        lambda one: F.struct(
            decimal(one["low"]["value"]).alias("low"),
            decimal(one["high"]["value"]).alias("high"),
            F.coalesce(one["low"]["unit"], one["high"]["unit"]).alias("unit"),
            F.coalesce(one["low"]["code"], one["high"]["code"]).alias("unit_code"),
            codings(one["type"]).alias("type_codes"),
            one["text"].alias("text"),
        ),
    )
    # FHIR R4: a range without a type is the normal one.
    usual = F.filter(given, lambda one: ~has_content(one["type"]) | _is_typed(one, NORMAL))
    of_everybody = F.filter(
        usual, lambda one: one["age"].isNull() & (F.coalesce(F.size(one["appliesTo"]), F.lit(0)) == 0)
    )
    normal = F.get(F.when(F.size(usual) > 1, of_everybody).otherwise(usual), F.lit(0))
    return [
        decimal(normal["low"]["value"]).alias("reference_low"),
        decimal(normal["high"]["value"]).alias("reference_high"),
        F.coalesce(normal["low"]["unit"], normal["high"]["unit"]).alias("reference_unit"),
        normal["text"].alias("reference_text"),
        shaped.alias("reference_ranges"),
    ]


def _is_typed(one: Column, code: str) -> Column:
    return F.coalesce(F.array_contains(one["type"]["coding"]["code"], code), F.lit(False))
