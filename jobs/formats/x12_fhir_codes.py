"""Codes of claims as FHIR names them: code systems by X12 qualifier, codes with the dots that claims leave out.

Concepts are CodeableConcepts (FHIR R4 datatypes) as JSON text.
"""

from __future__ import annotations

import functools
import re

from jobs.formats.x12_fhir_json import Text, coding, concept, concepts, listed

OURS = "https://lakeward.dev/fhir/"
CPT = "http://www.ama-assn.org/go/cpt"
HCPCS = "https://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets"
CDT = "http://www.ada.org/cdt"
NDC = "http://hl7.org/fhir/sid/ndc"
ICD10_CM = "http://hl7.org/fhir/sid/icd-10-cm"
ICD10_PCS = "http://www.cms.gov/Medicare/Coding/ICD10"
ICD9_CM = "http://hl7.org/fhir/sid/icd-9-cm"
# FHIR R4 has one address for both parts of ICD-9-CM; the object identifier says which is meant.
ICD9_PROCEDURES = "urn:oid:2.16.840.1.113883.6.104"
DRG = (
    "https://www.cms.gov/Medicare/Medicare-Fee-for-Service-Payment/AcuteInpatientPPS/"
    "MS-DRG-Classifications-and-Software"
)
HIPPS = "https://www.cms.gov/Medicare/Medicare-Fee-for-Service-Payment/ProspMedicareFeeSvcPmtGen/HIPPSCodes"
ON_ADMISSION = "https://www.cms.gov/Medicare/Medicare-Fee-for-Service-Payment/HospitalAcqCond/Coding"
PLACE_OF_SERVICE = "https://www.cms.gov/Medicare/Coding/place-of-service-codes"
NUBC = "https://www.nubc.org/CodeSystem/"
REVENUE = f"{NUBC}RevenueCodes"
TYPE_OF_BILL = f"{NUBC}TypeOfBill"
ADMISSION_TYPE = f"{NUBC}PriorityTypeOfAdmitOrVisit"
ADMISSION_SOURCE = f"{NUBC}PointOfOrigin"
PATIENT_STATUS = f"{NUBC}PatDischargeStatus"
TAXONOMY = "http://nucc.org/provider-taxonomy"
NPI = "http://hl7.org/fhir/sid/us-npi"
EIN = "urn:oid:2.16.840.1.113883.4.4"
SSN = "http://hl7.org/fhir/sid/us-ssn"
TERMINOLOGY = "http://terminology.hl7.org/CodeSystem/"
CARIN = "http://hl7.org/fhir/us/carin-bb/CodeSystem/"
# TOO01 is always JP, the universal numbers of the ADA (1-32, A-T); those of the FDI are other teeth.
TOOTH, ORAL_AREA = f"{TERMINOLOGY}ADAUniversalToothDesignationSystem", f"{TERMINOLOGY}ADAAreaOralCavitySystem"
SURFACE = f"{CARIN}C4BBSurfaceCodes"
UCUM = "http://unitsofmeasure.org"
# Lists of X12 itself, named by their data element.
ELEMENT = "https://codesystem.x12.org/005010/"
CLAIM_STATUS = f"{ELEMENT}1029"
FREQUENCY = f"{ELEMENT}1325"
REFERENCE = f"{ELEMENT}128"
DATE = f"{ELEMENT}374"
AMOUNT = f"{ELEMENT}522"
QUANTITY = f"{ELEMENT}673"
RELATIONSHIP = f"{ELEMENT}1069"
FILING = f"{ELEMENT}1032"
INSURANCE = f"{ELEMENT}1336"
ADJUSTMENT_GROUPS = "https://x12.org/codes/claim-adjustment-group-codes"
ADJUSTMENT_REASONS = "https://x12.org/codes/claim-adjustment-reason-codes"
REMARKS = "https://x12.org/codes/remittance-advice-remark-codes"
REJECTS = f"{TERMINOLOGY}NCPDPRejectCode"

# CLM05-3 (code source 235, NUBC type of bill): what takes a former claim back, and what stands for one. 6 and the
# letters are adjustments, Q a reopening, X and Y of abbreviated encounters. Late charges (5) come on top.
VOIDS, REPLACEMENTS = frozenset("8X"), frozenset("67FGHIJKMPQY")


def bill(told: str | None) -> str | None:
    """A type of bill, or its facility and care alone, as electronic claims write it: without the zero of paper.

    >>> bill("0111"), bill("111"), bill("011"), bill("")
    ('111', '111', '11', None)
    """
    return told.lstrip("0") or None if told else None


_SYSTEMS = {
    "ICD-10-CM": ICD10_CM, "ICD-9-CM": ICD9_CM, "ICD-10-PCS": ICD10_PCS, "ICD-9-CM procedures": ICD9_PROCEDURES,
    "DRG": DRG,
}  # fmt: skip
_SERVICES = {"AD": CDT, "N4": NDC, "HP": HIPPS, "NU": REVENUE}
# X12 data element 355, where UCUM has the same.
UNITS = {"MJ": "min", "DA": "d", "ML": "mL", "GR": "g", "ME": "mg", "F2": "[iU]", "WK": "wk", "MO": "mo"}
_CPT = re.compile(r"[0-9]{4}[0-9A-Za-z]")


@functools.lru_cache(maxsize=1 << 14)
def dotted(system: str | None, code: str) -> str:
    """An ICD code with the dot that X12 leaves out (837 TR3, HI); one that has it, or another, as it is.

    >>> dotted(ICD10_CM, "E119"), dotted(ICD9_CM, "E8190"), dotted(ICD9_PROCEDURES, "0331"), dotted(ICD10_CM, "I10")
    ('E11.9', 'E819.0', '03.31', 'I10')
    """
    code = code.strip()
    if "." in code:
        return code
    if system == ICD10_CM:
        place = 3
    elif system == ICD9_CM:
        place = 4 if code[:1] in "Ee" else 3
    elif system == ICD9_PROCEDURES:
        place = 2
    else:
        return code
    return f"{code[:place]}.{code[place:]}" if len(code) > place else code


@functools.lru_cache(maxsize=1 << 14)
def health(system: str | None, code: str | None) -> Text:
    """A code of an HI segment by the system x12_health_codes gives it.

    >>> health("HCPCS", "00567")
    '{"coding":[{"system":"http://www.ama-assn.org/go/cpt","code":"00567"}]}'
    """
    if not code:
        return None
    if system == "HCPCS":
        # BP and BO stand for CPT and HCPCS both, as HC does.
        return service("HC", code)
    address = _SYSTEMS.get(system or "")
    if address is None:
        return concept(f"{NUBC}{system}" if system == "NUBC" else None, code)
    return concept(address, dotted(address, code))


@functools.lru_cache(maxsize=1 << 14)
def service_coding(qualifier: str | None, code: str | None) -> Text:
    """The coding of a service (data element 235); HC stands for CPT and HCPCS both, so the shape decides.

    >>> service_coding("HC", "99213"), service_coding("ZZ", "1")
    ('{"system":"http://www.ama-assn.org/go/cpt","code":"99213"}', '{"code":"1"}')
    """
    if not code:
        return None
    if qualifier == "HC":
        return coding(CPT if _CPT.fullmatch(code) else HCPCS, code)
    return coding(_SERVICES.get(qualifier or ""), code)


def service(qualifier: str | None, code: str | None) -> Text:
    """What was done or given."""
    told = service_coding(qualifier, code)
    return f'{{"coding":[{told}]}}' if told else None


def modifiers(codes: list[str]) -> Text:
    """Modifiers of a service: those of two digits are of CPT, others of HCPCS."""
    return listed([concept(CPT if code.isdigit() else HCPCS, code) for code in codes]) if codes else None


# X12 external code list 139: what the patient owes by the plan's rules.
_SHARES = {("PR", "1"): "deductible", ("PR", "2"): "coinsurance", ("PR", "3"): "copay"}


def share(group: str | None, reason: str | None) -> str | None:
    """deductible, coinsurance or copay; None for any other adjustment."""
    return _SHARES.get((group or "", reason or ""))


@functools.lru_cache(maxsize=1 << 12)
def adjustment(group: str | None, reason: str | None) -> Text:
    """What a CAS amount is: FHIR's word where there is one, and always group and reason themselves."""
    told = share(group, reason)
    own = coding(f"{OURS}adjustment", f"{group or ''}-{reason or ''}")
    return concepts([coding(f"{TERMINOLOGY}adjudication", told), own] if told else [own])


def category(code: str) -> Text:
    """The category of an adjudicated amount that FHIR itself names."""
    return concept(f"{TERMINOLOGY}adjudication", code)


def information(code: str) -> Text:
    """The category of supporting information, in the words of CARIN Blue Button."""
    return concept(f"{CARIN}C4BBSupportingInfoType", code)


INFO = concept(f"{TERMINOLOGY}claiminformationcategory", "info")
