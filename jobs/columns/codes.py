"""Code systems and codes: what FHIR, HL7 v2 and X12 call a vocabulary, in OMOP's words; codes as they are matched.

A system that OMOP has no vocabulary for has a name of ours (at most 20 characters, as the column allows), so
that SOURCE_TO_CONCEPT_MAP can speak of it. A system that is not known keeps null: nothing is guessed. The user's own
VOCABULARY may know it (`jobs.silver.concept_map`).
"""

from __future__ import annotations

from collections.abc import Mapping

from pyspark.sql import Column
from pyspark.sql import functions as F

ICD = ("ICD10", "ICD10CM", "ICD10PCS", "ICD9CM", "ICD9Proc")
# Codes that senders write with and without leading zeros (NUBC and CDC lists are two digits).
NUMBERED = ("CVX", "UB04 Pt dis status", "UB04 Point of Origin", "UB04 Pri Typ of Adm", "CMS Place of Service")
CPT = "^[0-9]{4}[0-9A-Za-z]$"

# FHIR system -> vocabulary, in lower case, http, without a slash at the end (FHIR R4 4.3.0; HL7 THO).
SYSTEMS: Mapping[str, str] = {
    "http://snomed.info/sct": "SNOMED",
    "http://loinc.org": "LOINC",
    "http://www.nlm.nih.gov/research/umls/rxnorm": "RxNorm",
    "http://unitsofmeasure.org": "UCUM",
    "http://hl7.org/fhir/sid/cvx": "CVX",
    "http://hl7.org/fhir/sid/ndc": "NDC",
    "http://hl7.org/fhir/sid/icd-10": "ICD10",
    "http://hl7.org/fhir/sid/icd-10-cm": "ICD10CM",
    "http://hl7.org/fhir/sid/icd-10-pcs": "ICD10PCS",
    "http://www.cms.gov/medicare/coding/icd10": "ICD10PCS",
    "http://hl7.org/fhir/sid/icd-9-cm": "ICD9CM",
    "http://terminology.hl7.org/codesystem/icd9cm": "ICD9CM",
    "http://terminology.hl7.org/codesystem/icd-o-3": "ICDO3",
    "http://www.ama-assn.org/go/cpt": "CPT4",
    "http://www.ada.org/cdt": "HCPCS",
    "http://terminology.hl7.org/codesystem/hcpcs": "HCPCS",
    "http://www.cms.gov/medicare/coding/hcpcsreleasecodesets": "HCPCS",
    "http://www.cms.gov/medicare/coding/medhcpcsgeninfo": "HCPCS",
    # As Medicare's Blue Button and BCDA name it.
    "http://bluebutton.cms.gov/resources/codesystem/hcpcs": "HCPCS",
    "http://www.whocc.no/atc": "ATC",
    "http://nucc.org/provider-taxonomy": "NUCC",
    "http://nahdo.org/sopt": "SOPT",
    "urn:iso:std:iso:4217": "Currency",
    "http://www.cms.gov/medicare/coding/place-of-service-codes": "CMS Place of Service",
    # FHIR's example codes of service places are those of CMS, and what senders take.
    "http://terminology.hl7.org/codesystem/ex-serviceplace": "CMS Place of Service",
    "http://www.nubc.org/patient-discharge": "UB04 Pt dis status",
    "http://www.nubc.org/codesystem/patdischargestatus": "UB04 Pt dis status",
    "http://www.nubc.org/codesystem/pointoforigin": "UB04 Point of Origin",
    "http://www.nubc.org/codesystem/prioritytypeofadmitorvisit": "UB04 Pri Typ of Adm",
    "http://www.nubc.org/codesystem/typeofbill": "UB04 Typ bill",
    "http://www.nubc.org/codesystem/revenuecodes": "Revenue Code",
    "http://www.cms.gov/medicare/medicare-fee-for-service-payment/acuteinpatientpps/ms-drg-classifications-and-software": "DRG",  # noqa: E501
    # From here on names of ours: OMOP has no vocabulary for them.
    "urn:oid:2.16.840.1.113883.6.238": "CDCREC",
    "urn:ietf:bcp:47": "BCP47",
    "http://dicom.nema.org/resources/ontology/dcm": "DICOM",
    "http://dicom.nema.org/medical/dicom/current/output/chtml/part16/sect_cid_29.html": "DICOM",
    "http://dicom.nema.org/medical/dicom/current/output/chtml/part16/chapter_l.html": "DICOM Body Part",
    "http://terminology.hl7.org/codesystem/v3-actcode": "HL7 ActCode",
    "http://terminology.hl7.org/codesystem/v3-maritalstatus": "HL7 MaritalStatus",
    "http://terminology.hl7.org/codesystem/v3-routeofadministration": "HL7 Route",
    "http://terminology.hl7.org/codesystem/v2-0487": "HL7 0487",
    "http://terminology.hl7.org/codesystem/discharge-disposition": "HL7 Discharge",
    "http://terminology.hl7.org/codesystem/admit-source": "HL7 AdmitSource",
}

# Object identifiers (HL7 OID registry), as in CDA and in `urn:oid:` systems.
OIDS: Mapping[str, str] = {
    "2.16.840.1.113883.6.96": "SNOMED",
    "2.16.840.1.113883.6.1": "LOINC",
    "2.16.840.1.113883.6.88": "RxNorm",
    "2.16.840.1.113883.6.8": "UCUM",
    "2.16.840.1.113883.12.292": "CVX",
    "2.16.840.1.113883.6.69": "NDC",
    "2.16.840.1.113883.6.3": "ICD10",
    "2.16.840.1.113883.6.90": "ICD10CM",
    "2.16.840.1.113883.6.4": "ICD10PCS",
    "2.16.840.1.113883.6.103": "ICD9CM",
    "2.16.840.1.113883.6.104": "ICD9Proc",
    "2.16.840.1.113883.6.12": "CPT4",
    "2.16.840.1.113883.6.285": "HCPCS",
    "2.16.840.1.113883.6.73": "ATC",
    "2.16.840.1.113883.6.101": "NUCC",
    "2.16.840.1.113883.3.221.5": "SOPT",
    "2.16.840.1.113883.6.259": "NHSN Location",
}

# Vocabularies whose systems are known here.
KNOWN = tuple(sorted({*SYSTEMS.values(), *OIDS.values()}))

# HL7 v2 table 0396, the third component of a coded element.
HL7V2: Mapping[str, str] = {
    "SCT": "SNOMED", "SNM3": "SNOMED", "LN": "LOINC", "LOINC": "LOINC", "RXNORM": "RxNorm", "UCUM": "UCUM",
    "CVX": "CVX", "NDC": "NDC", "I10": "ICD10", "I10C": "ICD10CM", "ICD10CM": "ICD10CM", "I10P": "ICD10PCS",
    "I9": "ICD9CM", "I9C": "ICD9CM", "I9CDX": "ICD9CM", "I9CP": "ICD9Proc", "C4": "CPT4", "CPT": "CPT4",
    "CPT4": "CPT4", "HCPCS": "HCPCS", "HPC": "HCPCS", "NUCC": "NUCC", "DCM": "DICOM",
}  # fmt: skip

# X12 005010: HI (code list qualifier), SV1 and SV2 (product or service qualifier), LIN, PRV.
X12: Mapping[str, str] = {
    "ABK": "ICD10CM", "ABF": "ICD10CM", "ABJ": "ICD10CM", "APR": "ICD10CM", "ABN": "ICD10CM",
    "BK": "ICD9CM", "BF": "ICD9CM", "BJ": "ICD9CM", "PR": "ICD9CM", "BN": "ICD9CM",
    "BBR": "ICD10PCS", "BBQ": "ICD10PCS", "BR": "ICD9Proc", "BQ": "ICD9Proc",
    "HC": "HCPCS", "AD": "HCPCS", "N4": "NDC", "DR": "DRG", "PXC": "NUCC", "NU": "Revenue Code",
}  # fmt: skip


def lookup(pairs: Mapping[str, int] | Mapping[int, str] | Mapping[str, str]) -> Column:
    """A table of codes as a map, to be asked by `try_element_at`.

    >>> from pyspark.sql import SparkSession
    >>> spark = SparkSession.getActiveSession() or SparkSession.builder.master("local[1]").getOrCreate()
    >>> rows = spark.createDataFrame([("a",), ("z",)], "code string")
    >>> [row.n for row in rows.select(F.try_element_at(lookup({"a": 1, "b": 2}), F.col("code")).alias("n")).collect()]
    [1, None]
    """
    return F.create_map(*[F.lit(part) for pair in pairs.items() for part in pair])


def vocabulary_id(system: Column) -> Column:
    """The vocabulary of a FHIR code system or OID; null when the system is missing or not known.

    >>> from pyspark.sql import SparkSession
    >>> spark = SparkSession.getActiveSession() or SparkSession.builder.master("local[1]").getOrCreate()
    >>> systems = ["http://loinc.org", "https://LOINC.org/", "urn:oid:2.16.840.1.113883.6.96", "http://x.example", None]
    >>> rows = spark.createDataFrame([(s,) for s in systems], "s string").select(vocabulary_id(F.col("s")).alias("v"))
    >>> [row.v for row in rows.collect()]
    ['LOINC', 'LOINC', 'SNOMED', None, None]
    """
    text = _plain(system)
    return F.coalesce(_looked_up(SYSTEMS, text), _looked_up(OIDS, F.regexp_replace(text, "^urn:oid:", "")))


def vocabulary_of(system: Column, code: Column) -> Column:
    """The same of a coding: level I of HCPCS is CPT, and its codes alone begin with four digits (CMS, HCPCS levels).

    >>> from pyspark.sql import SparkSession
    >>> spark = SparkSession.getActiveSession() or SparkSession.builder.master("local[1]").getOrCreate()
    >>> medicare = "https://bluebutton.cms.gov/resources/codesystem/hcpcs"
    >>> given = [(medicare, "45384"), (medicare, "J1100"), ("http://loinc.org", "1234-5")]
    >>> rows = spark.createDataFrame(given, "s string, c string")
    >>> [row.v for row in rows.select(vocabulary_of(F.col("s"), F.col("c")).alias("v")).collect()]
    ['CPT4', 'HCPCS', 'LOINC']
    """
    return _by_level(vocabulary_id(system), code)


def is_of(system: Column, vocabulary: str) -> Column:
    """Whether a FHIR code system is that of one vocabulary: a smaller plan than asking of which it is.

    >>> from pyspark.sql import SparkSession
    >>> spark = SparkSession.getActiveSession() or SparkSession.builder.master("local[1]").getOrCreate()
    >>> rows = spark.createDataFrame([("https://LOINC.org/",), ("http://snomed.info/sct",)], "s string")
    >>> [row.i for row in rows.select(is_of(F.col("s"), "LOINC").alias("i")).collect()]
    [True, False]
    """
    return _plain(system).isin([name for name, one in SYSTEMS.items() if one == vocabulary])


def system_key(system: Column) -> Column:
    """A code system as it is looked up, however it is spelt: what a local one is known by to silver.concept_map.

    >>> from pyspark.sql import SparkSession
    >>> spark = SparkSession.getActiveSession() or SparkSession.builder.master("local[1]").getOrCreate()
    >>> rows = spark.createDataFrame([("https://clinic.example/Class/",), ("99LAB",), (" ",)], "s string")
    >>> [row.s for row in rows.select(system_key(F.col("s")).alias("s")).collect()]
    ['http://clinic.example/class', '99lab', None]
    """
    return F.nullif(_plain(system), F.lit(""))


def _plain(system: Column) -> Column:
    text = F.lower(F.trim(system))
    return F.regexp_replace(F.regexp_replace(text, "/+$", ""), "^https:", "http:")


def hl7v2_vocabulary_id(name: Column) -> Column:
    """The vocabulary of an HL7 v2 coding system name (table 0396); null for local (L, 99xxx) and unknown ones.

    >>> from pyspark.sql import SparkSession
    >>> spark = SparkSession.getActiveSession() or SparkSession.builder.master("local[1]").getOrCreate()
    >>> rows = spark.createDataFrame([("LN",), ("i10c",), ("99LAB",)], "n string")
    >>> [row[0] for row in rows.select(hl7v2_vocabulary_id(F.col("n"))).collect()]
    ['LOINC', 'ICD10CM', None]
    """
    return _looked_up(HL7V2, F.upper(F.trim(name)))


def x12_vocabulary_id(qualifier: Column, code: Column) -> Column:
    """The vocabulary behind an X12 qualifier; HC stands for CPT and HCPCS both, so the code's shape decides.

    >>> from pyspark.sql import SparkSession
    >>> spark = SparkSession.getActiveSession() or SparkSession.builder.master("local[1]").getOrCreate()
    >>> given = [("ABK", "F17210"), ("HC", "99213"), ("HC", "J1100"), ("ZZ", "1")]
    >>> rows = spark.createDataFrame(given, "q string, c string")
    >>> [row[0] for row in rows.select(x12_vocabulary_id(F.col("q"), F.col("c"))).collect()]
    ['ICD10CM', 'CPT4', 'HCPCS', None]
    """
    return _by_level(_looked_up(X12, F.upper(F.trim(qualifier))), code)


def _by_level(vocabulary: Column, code: Column) -> Column:
    return F.when((vocabulary == "HCPCS") & F.trim(code).rlike(CPT), "CPT4").otherwise(vocabulary)


def code_key(vocabulary: Column, code: Column) -> Column:
    """The code as silver.concept_map is asked for it: trimmed, null when blank, nothing guessed.

    ICD in upper case, without spaces and without a dot at its end; a code without its dot stays without
    and meets the dotless spelling that the map holds where it is unique. NDC with hyphens in the eleven
    digits of billing (5-4-2). UCUM is case-sensitive and left alone.

    >>> from pyspark.sql import SparkSession
    >>> spark = SparkSession.getActiveSession() or SparkSession.builder.master("local[1]").getOrCreate()
    >>> given = [("ICD10CM", " f17.210"), ("ICD10CM", "I10."), ("NDC", "0002-8215-01"), ("UCUM", "mm[Hg]")]
    >>> rows = spark.createDataFrame(given, "v string, c string").select(code_key(F.col("v"), F.col("c")).alias("k"))
    >>> [row.k for row in rows.collect()]
    ['F17.210', 'I10', '00002821501', 'mm[Hg]']
    """
    text = F.trim(code)
    icd = F.rtrim(F.regexp_replace(F.upper(text), r"\s+", ""), F.lit("."))
    parts = F.split(text, "-")
    ndc = F.concat(*[F.lpad(F.get(parts, F.lit(i)), length, "0") for i, length in enumerate((5, 4, 2))])
    is_hyphened_ndc = (vocabulary == "NDC") & text.rlike("^[0-9]{4,5}-[0-9]{3,4}-[0-9]{1,2}$")
    key = F.when(vocabulary.isin(*ICD), icd).when(is_hyphened_ndc, ndc).otherwise(text)
    return F.when(F.length(key) > 0, key)


def spellings(vocabulary: Column, code: Column) -> Column:
    """Further keys under which a vocabulary's code may be sent: ICD without its dot, numbers with or without zeros.

    The map holds such a key only when no other code of the vocabulary comes to the same.

    >>> from pyspark.sql import SparkSession
    >>> spark = SparkSession.getActiveSession() or SparkSession.builder.master("local[1]").getOrCreate()
    >>> rows = spark.createDataFrame([("ICD10CM", "F17.210"), ("CVX", "08"), ("LOINC", "2339-0")], "v string, c string")
    >>> [row.s for row in rows.select(spellings(F.col("v"), F.col("c")).alias("s")).collect()]
    [['F17210'], ['8'], []]
    """
    dotless = F.regexp_replace(F.upper(code), r"[.\s]", "")
    short = F.regexp_replace(code, "^0+(?=[0-9])", "")
    is_number = vocabulary.isin(*NUMBERED) & code.rlike("^[0-9]{1,2}$")
    found = F.when(vocabulary.isin(*ICD), F.array(dotless)).when(is_number, F.array(short, F.lpad(short, 2, "0")))
    return F.filter(F.coalesce(found, F.array().cast("array<string>")), lambda spelling: spelling != code)


def _looked_up(names: Mapping[str, str], text: Column) -> Column:
    pairs = [F.lit(word) for pair in names.items() for word in pair]
    return F.try_element_at(F.create_map(*pairs), text)
