"""silver.payment: one payment of a payer to a provider (835 BPR, TRN), or one notice of such, newest version."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.columns.dates import local_date, moment
from jobs.columns.faults import faults
from jobs.columns.fhir import CODEABLE, IDENTIFIER, PERIOD, REFERENCE, codings, current, extended, identity, parsed
from jobs.columns.parties import identifiers
from jobs.columns.payments import EXACT, PAYMENT, amount_faults, amount_of
from jobs.columns.reference_texts import aliases, reference
from jobs.columns.spans import span, span_faults
from jobs.formats.x12_fhir_payment import PART_OF
from jobs.formats.x12_fhir_remittance import HANDLING, METHOD

NOTICE = "PaymentNotice"
RESOURCE = f"""
    extension array<struct<url: string, valueCodeableConcept: {CODEABLE}>>,
    identifier array<{IDENTIFIER}>, status string, period {PERIOD}, created string, outcome string, disposition string,
    paymentIssuer {REFERENCE}, requestor {REFERENCE}, paymentDate string, paymentAmount {EXACT},
    paymentIdentifier {IDENTIFIER}, payment {REFERENCE}, request {REFERENCE}, response {REFERENCE}, payee {REFERENCE},
    provider {REFERENCE}, amount {EXACT}, paymentStatus {CODEABLE}
"""


def without_row() -> Column:
    """Why a resource gives no row here, by its payload: what a payer takes back of a payment (PLB) is none itself."""
    return F.when(F.col("payload").contains(PART_OF), "part_of_payment")


def build(resources: DataFrame, translated: DataFrame | None = None, superseded: DataFrame | None = None) -> DataFrame:
    """One row for each payment and each notice that is not deleted; its parts are rows of silver.payment_detail."""
    r, zone = F.col("r"), F.col("time_zone")
    own = current(resources, PAYMENT, NOTICE, translated=translated, superseded=superseded)
    # PaymentNotice.amount is 1..1 and no element of a PaymentReconciliation.
    amount = F.coalesce(r["paymentAmount"], r["amount"])
    number, period, is_notice = r["paymentIdentifier"], r["period"], F.col("resource_type") == NOTICE
    said = F.array_compact(
        F.concat(F.coalesce(r["identifier"], F.array().cast(f"array<{IDENTIFIER}>")), F.array(number))
    )
    payee = F.coalesce(reference(r["requestor"], "Organization"), reference(r["payee"], "Organization"))
    return parsed(own.where(without_row().isNull()), RESOURCE).select(
        *identity("payment"),
        aliases(F.col("resource_type"), F.col("resource_id"), F.col("full_url"), r["identifier"]).alias("aliases"),
        r["status"].alias("status"),
        r["outcome"].alias("outcome"),
        r["disposition"].alias("disposition"),
        number["value"].alias("payment_number"),
        identifiers(said).alias("identifiers"),
        reference(r["paymentIssuer"], "Organization").alias("payer_ref"),
        r["paymentIssuer"]["display"].alias("payer_name"),
        F.coalesce(payee, reference(r["provider"], "Organization")).alias("payee_ref"),
        amount_of(amount).alias("amount"),
        amount["currency"].alias("currency"),
        local_date(r["paymentDate"], zone).alias("payment_date"),
        *moment("created", r["created"], zone),
        *span(period["start"], period["end"], zone),
        codings(_extended(METHOD)).alias("method_codes"),
        codings(_extended(HANDLING)).alias("handling_codes"),
        codings(r["paymentStatus"]).alias("payment_status_codes"),
        reference(r["payment"], PAYMENT).alias("payment_ref"),
        # Of a PaymentReconciliation that is the Task by which it was asked for.
        F.when(is_notice, reference(r["request"], "Claim")).alias("claim_ref"),
        F.when(is_notice, reference(r["response"], "ClaimResponse")).alias("response_ref"),
        faults(**amount_faults(amount), **span_faults(period["start"], period["end"], r["paymentDate"])).alias(
            "faults"
        ),
    )


def _extended(url: str) -> Column:
    return extended(F.col("r")["extension"], url)["valueCodeableConcept"]
