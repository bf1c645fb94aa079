"""What Claim and ExplanationOfBenefit share in FHIR R4: who pays whom, diagnoses, procedures, information.

Two extensions of ours say what FHIR has no place for: `encounter` is that of a claim whose lines are told by others,
`part-of` makes a resource a line of another, as rows of flat extracts are.
"""

from __future__ import annotations

from typing import Final

from pyspark.sql import Column
from pyspark.sql import functions as F

from jobs.columns.dates import moment
from jobs.columns.fhir import CODEABLE, CODES, PERIOD, REFERENCE, all_codings, codings, extended
from jobs.columns.lists import flat
from jobs.columns.money import AMOUNT, MONEY
from jobs.columns.quantities import QUANTITY, measured
from jobs.columns.reference_texts import reference, references, subject
from jobs.columns.spans import SPAN, span
from jobs.formats.claims_csv_header import ENCOUNTER
from jobs.formats.claims_csv_line import PART_OF
from jobs.formats.x12_fhir_claim import PRIOR_PAID
from jobs.formats.x12_fhir_codes import OURS

# The state of a claim that asks a later payer what an earlier one was asked before (silver.claim_state).
ASKED_AGAIN: Final = "asked_again"
# How a claim and its answers call the provider's own number of it, whoever pays.
_OWN_NUMBER: Final = f"?identifier={OURS}patient-control-number/"

# What a claim shares with its lines.
WHO: Final = f"""
    contained array<struct<resourceType: string, id: string, type: {CODEABLE}, payor: array<{REFERENCE}>>>,
    status string, type {CODEABLE}, use string, patient {REFERENCE}, provider {REFERENCE}, facility {REFERENCE},
    prescription {REFERENCE}, insurer {REFERENCE},
    insurance array<struct<sequence: int, focal: boolean, coverage: {REFERENCE},
        extension: array<struct<url: string, valueMoney: {MONEY}>>>>,
    billablePeriod {PERIOD}, extension array<struct<url: string, valueReference: {REFERENCE}>>
"""
RELATED: Final = f"related array<struct<claim: {REFERENCE}, relationship: {CODEABLE}>>"
HEADER: Final = f"""
    {WHO}, subType {CODEABLE}, created string,
    careTeam array<struct<sequence: int, provider: {REFERENCE}, responsible: boolean, role: {CODEABLE}>>,
    diagnosis array<struct<sequence: int, diagnosisCodeableConcept: {CODEABLE}, diagnosisReference: {REFERENCE},
        type: array<{CODEABLE}>, onAdmission: {CODEABLE}, packageCode: {CODEABLE}>>,
    procedure array<struct<sequence: int, date: string, procedureCodeableConcept: {CODEABLE},
        procedureReference: {REFERENCE}>>,
    supportingInfo array<struct<sequence: int, category: {CODEABLE}, code: {CODEABLE}, timingDate: string,
        timingPeriod: {PERIOD}, valueString: string, valueQuantity: {QUANTITY}, valueReference: {REFERENCE}>>
"""
CARE_TEAM: Final = f"array<struct<sequence: int, provider_ref: string, is_responsible: boolean, role_codes: {CODES}>>"
DIAGNOSES: Final = (
    f"array<struct<sequence: int, condition_ref: string, codes: {CODES}, type_codes: {CODES},"
    f" on_admission_codes: {CODES}, package_codes: {CODES}>>"
)
PROCEDURES: Final = (
    f"array<struct<sequence: int, procedure_ref: string, codes: {CODES}, done_date: date, done_at: timestamp>>"
)
INFORMATION: Final = (
    f"array<struct<sequence: int, category_codes: {CODES}, codes: {CODES}, {SPAN}, value_text: string,"
    f" value_number: decimal(38,18), value_unit: string, value_ref: string>>"
)


def who() -> list[Column]:
    """Whom a claim or benefit is about, who asks and who is asked to pay, and in which state it is."""
    r = F.col("r")
    coverage = focal(r)
    held = contained_coverage(r)
    payor = F.get(held["payor"], F.lit(0))
    insurer = F.coalesce(reference(r["insurer"], "Organization"), reference(payor, "Organization"))
    return [
        *subject(r["patient"]),
        reference(r["provider"], "Practitioner").alias("provider_ref"),
        reference(r["facility"], "Location").alias("facility_ref"),
        reference(r["prescription"], "MedicationRequest").alias("prescription_ref"),
        insurer.alias("insurer_ref"),
        F.when(held.isNull(), reference(coverage, "Coverage")).alias("coverage_ref"),
        F.coalesce(r["insurer"]["display"], payor["display"], coverage["display"]).alias("payer_name"),
        r["status"].alias("status"),
        r["use"].alias("use"),
        codings(r["type"]).alias("type_codes"),
    ]


def focal(r: Column) -> Column:
    """The coverage that is asked to pay: the focal one, else the first (FHIR R4 Claim.insurance.focal).

    >>> from pyspark.sql import SparkSession
    >>> spark = SparkSession.getActiveSession() or SparkSession.builder.master("local[1]").getOrCreate()
    >>> lists = [[(None, "a"), (True, "b")], [(False, "a"), (None, "b")], []]
    >>> given = [([(focal, (name, None, None, None)) for focal, name in one],) for one in lists]
    >>> ddl = f"insurance array<struct<focal: boolean, coverage: {REFERENCE}>>"
    >>> rows = spark.createDataFrame([*given, (None,)], ddl).select(F.struct("insurance").alias("r"))
    >>> [row.name for row in rows.select(focal(F.col("r"))["reference"].alias("name")).collect()]
    ['b', 'a', None, None]
    """
    return F.get(r["insurance"]["coverage"], _focal_place(r))


def payer_turn(r: Column) -> Column:
    """Which payer in turn is asked: the place of the focal coverage among all (FHIR R4 Claim.insurance.sequence)."""
    return F.get(r["insurance"]["sequence"], _focal_place(r))


def prior_paid(r: Column) -> Column:
    """What payers that were asked before paid, in all (837 2320 AMT D); null where none is told to have decided."""
    told = F.filter(flat(r["insurance"]["extension"]), lambda one: one["url"] == PRIOR_PAID)["valueMoney"]["value"]
    wide = "decimal(38,4)"
    total = F.aggregate(told, F.lit(0).cast(wide), lambda sofar, one: (sofar + one).cast(wide))
    return F.when(F.size(told) > 0, total.try_cast(AMOUNT))


def _focal_place(r: Column) -> Column:
    asked = F.array_position(r["insurance"]["focal"], F.lit(True)).cast("int") - 1
    return F.when(asked > 0, asked).otherwise(0)


def own_number(names: Column) -> Column:
    """Of the texts a claim or its answer is known by, that of the provider's own number, as a claim's; else null.

    >>> from pyspark.sql import SparkSession
    >>> spark = SparkSession.getActiveSession() or SparkSession.builder.master("local[1]").getOrCreate()
    >>> given = [(["ExplanationOfBenefit/1", f"ExplanationOfBenefit{_OWN_NUMBER}npi-1|7"],), (["Claim/1"],)]
    >>> rows = spark.createDataFrame(given, "names array<string>")
    >>> [row.own for row in rows.select(own_number(F.col("names")).alias("own")).collect()]
    ['Claim?identifier=https://lakeward.dev/fhir/patient-control-number/npi-1|7', None]
    """
    return _first_number(names, _OWN_NUMBER)


def is_own_number(name: Column) -> Column:
    """Whether such a text is that of a provider's own number."""
    return name.contains(_OWN_NUMBER)


def tax_number(names: Column) -> Column:
    """Of the same texts, that of the provider's own number where the provider is known by the tax number; else null."""
    return _first_number(names, f"{_OWN_NUMBER}tin-")


def _first_number(names: Column, kind: str) -> Column:
    own = F.try_element_at(F.filter(names, lambda text: text.contains(kind)), F.lit(1))
    return F.regexp_replace(own, "^[A-Za-z]+", "Claim")


def contained_coverage(r: Column) -> Column:
    """The contained Coverage that the focal insurance names by "#id", as Synthea writes it; or null.

    >>> from pyspark.sql import SparkSession
    >>> spark = SparkSession.getActiveSession() or SparkSession.builder.master("local[1]").getOrCreate()
    >>> held = '[{"resourceType": "Basic", "id": "b"}, {"resourceType": "Coverage", "id": "c"}]'
    >>> said = '{"contained": %s, "insurance": [{"coverage": {"reference": "%s"}}]}'
    >>> rows = spark.createDataFrame([(said % (held, ref),) for ref in ("#c", "#b", "#d", "c")], "payload string")
    >>> read = rows.select(F.from_json("payload", WHO).alias("r"))
    >>> [row.id for row in read.select(contained_coverage(F.col("r"))["id"].alias("id")).collect()]
    ['c', None, None, None]
    """
    ref = focal(r)["reference"]
    # An id stands once in a resource (FHIR R4 dom-contained resources, 2.3.0.2).
    place = F.array_position(r["contained"]["id"], F.substr(ref, F.lit(2))).cast("int") - 1
    held = F.get(r["contained"], place)
    return F.when(ref.startswith("#") & (held["resourceType"] == "Coverage"), held)


def encounters(r: Column) -> Column:
    """Every encounter that a line names, or the whole, once."""
    of_lines = references(flat(r["item"]["encounter"]), "Encounter")
    whole = reference(extended(r["extension"], ENCOUNTER)["valueReference"], "Encounter")
    return F.array_distinct(F.when(whole.isNull(), of_lines).otherwise(F.concat(of_lines, F.array(whole))))


def whole_id(r: Column) -> Column:
    """The id of the Claim or ExplanationOfBenefit that this one is a line of; null for what stands by itself.

    >>> from pyspark.sql import SparkSession
    >>> spark = SparkSession.getActiveSession() or SparkSession.builder.master("local[1]").getOrCreate()
    >>> said = '{"extension": [{"url": "%s", "valueReference": {"reference": "Claim/7"}}]}' % PART_OF
    >>> rows = spark.createDataFrame([(said,), ("{}",)], "payload string")
    >>> from jobs.columns.fhir import parsed
    >>> read = parsed(rows, f"extension array<struct<url: string, valueReference: {REFERENCE}>>", contained=False)
    >>> [row.id for row in read.select(whole_id(F.col("r")).alias("id")).collect()]
    ['7', None]
    """
    return F.substring_index(reference(extended(r["extension"], PART_OF)["valueReference"], "Claim"), "/", -1)


def is_line_of_another(payload: Column) -> Column:
    """Whether a resource is a line of another, by its text: such a one is no claim or benefit of its own."""
    return payload.contains(f'"{PART_OF}"')


def replaced(r: Column) -> Column:
    """The claims that this one stands for (FHIR R4 Claim.related, relationship `prior`)."""
    prior = F.filter(r["related"], lambda one: F.array_contains(one["relationship"]["coding"]["code"], "prior"))
    return references(prior["claim"], "Claim")


def care_team(r: Column) -> Column:
    """Who took part, in the order sent."""
    shaped = F.transform(
        r["careTeam"],
        lambda one: F.struct(
            one["sequence"].alias("sequence"),
            reference(one["provider"], "Practitioner").alias("provider_ref"),
            one["responsible"].alias("is_responsible"),
            codings(one["role"]).alias("role_codes"),
        ),
    )
    return F.coalesce(shaped, F.array()).cast(CARE_TEAM)


def diagnoses(r: Column) -> Column:
    """The diagnoses: a code, or a reference to the condition; package_codes hold the DRG."""
    shaped = F.transform(
        r["diagnosis"],
        lambda one: F.struct(
            one["sequence"].alias("sequence"),
            reference(one["diagnosisReference"], "Condition").alias("condition_ref"),
            codings(one["diagnosisCodeableConcept"]).alias("codes"),
            all_codings(one["type"]).alias("type_codes"),
            codings(one["onAdmission"]).alias("on_admission_codes"),
            codings(one["packageCode"]).alias("package_codes"),
        ),
    )
    return F.coalesce(shaped, F.array()).cast(DIAGNOSES)


def by_role(team: Column, roles: tuple[str, ...]) -> Column:
    """Of a care team the one whose role comes first among these; null where nobody has one."""
    ranked = F.array(*[F.lit(role) for role in roles])

    def placed(one: Column) -> Column:
        place = F.array_position(ranked, F.try_element_at(one["role_codes"]["code"], F.lit(1)))
        return F.struct(place.alias("place"), one["sequence"].alias("sequence"), one["provider_ref"].alias("ref"))

    return F.array_min(F.filter(F.transform(team, placed), lambda one: one["place"] > 0))["ref"]


def procedures(r: Column, zone: Column) -> Column:
    """The procedures: a code, or a reference to the procedure."""
    shaped = F.transform(
        r["procedure"],
        lambda one: F.struct(
            one["sequence"].alias("sequence"),
            reference(one["procedureReference"], "Procedure").alias("procedure_ref"),
            codings(one["procedureCodeableConcept"]).alias("codes"),
            *moment("done", one["date"], zone),
        ),
    )
    return F.coalesce(shaped, F.array()).cast(PROCEDURES)


def information(r: Column, zone: Column) -> Column:
    """Supporting information: admission and discharge, days' supply, vaccines, ..."""

    def one(said: Column) -> Column:
        start = F.coalesce(said["timingDate"], said["timingPeriod"]["start"])
        return F.struct(
            said["sequence"].alias("sequence"),
            codings(said["category"]).alias("category_codes"),
            codings(said["code"]).alias("codes"),
            *span(start, said["timingPeriod"]["end"], zone),
            said["valueString"].alias("value_text"),
            *measured("value", said["valueQuantity"])[:2],
            reference(said["valueReference"], "Observation").alias("value_ref"),
        )

    return F.coalesce(F.transform(r["supportingInfo"], one), F.array()).cast(INFORMATION)
