"""Modality (0008,0060): as cleaned by what the SOP class can hold (PS3.3 C.7.3.1.1.1, PS3.4 B.5).

The modality is typed or left over from a template; the SOP class decides how the file is written, so a device
seldom gets it wrong. Where the two cannot both be true, the class is believed.
"""

from __future__ import annotations

_STORAGE = "1.2.840.10008.5.1.4.1.1."
# The end of a storage class's UID, the modality it is made for, and others that may truly be stored in it.
_CLASSES: dict[str, tuple[str, ...]] = {
    "1": ("CR", "DX", "MG", "RG", "IO", "PX", "BMD"),
    "1.1": ("DX", "PX", "RG", "BMD"),
    "1.1.1": ("DX", "PX", "RG", "BMD"),
    "1.2": ("MG",),
    "1.2.1": ("MG",),
    "1.3": ("IO",),
    "1.3.1": ("IO",),
    "2": ("CT",),
    "2.1": ("CT",),
    "2.2": ("CT",),
    "3.1": ("US", "IVUS", "BDUS"),
    "4": ("MR",),
    "4.1": ("MR",),
    "4.2": ("MR",),
    "4.3": ("MR",),
    "4.4": ("MR",),
    "6.1": ("US", "IVUS", "BDUS"),
    "6.2": ("US",),
    "9.1.1": ("ECG",),
    "9.1.2": ("ECG",),
    "9.1.3": ("ECG",),
    "9.2.1": ("HD",),
    "9.3.1": ("EPS",),
    "11.1": ("PR",),
    "11.2": ("PR",),
    "11.3": ("PR",),
    "11.4": ("PR",),
    "12.1": ("XA", "RF"),
    "12.1.1": ("XA", "RF"),
    "12.2": ("RF", "XA"),
    "12.2.1": ("RF", "XA"),
    "13.1.1": ("XA",),
    "13.1.2": ("DX", "CT", "IO", "PX"),
    "13.1.3": ("MG",),
    "13.1.4": ("MG",),
    "13.1.5": ("MG",),
    "14.1": ("IVOCT",),
    "14.2": ("IVOCT",),
    "20": ("NM",),
    "66.1": ("REG",),
    "66.2": ("FID",),
    "66.3": ("REG",),
    "66.4": ("SEG",),
    "66.5": ("SEG",),
    "67": ("RWV",),
    "77.1.1": ("ES",),
    "77.1.1.1": ("ES",),
    "77.1.2": ("GM", "SM"),
    "77.1.3": ("SM", "GM"),
    "77.1.4": ("XC",),
    "77.1.4.1": ("XC",),
    "77.1.5.1": ("OP",),
    "77.1.5.2": ("OP",),
    "77.1.5.4": ("OPT",),
    "77.1.6": ("SM",),
    "88.11": ("SR",),
    "88.22": ("SR",),
    "88.33": ("SR",),
    "88.34": ("SR",),
    "88.50": ("SR",),
    "88.59": ("KO",),
    "88.65": ("SR",),
    "88.67": ("SR",),
    "104.1": ("DOC", "ECG", "OT"),
    "104.2": ("DOC", "OT"),
    "128": ("PT",),
    "128.1": ("PT",),
    "130": ("PT",),
    "481.1": ("RTIMAGE",),
    "481.2": ("RTDOSE",),
    "481.3": ("RTSTRUCT",),
    "481.4": ("RTRECORD",),
    "481.5": ("RTPLAN",),
    "481.6": ("RTRECORD",),
    "481.7": ("RTRECORD",),
    "481.8": ("RTPLAN",),
    "481.9": ("RTRECORD",),
}
# Retired terms and the ones that took their place, and what people type.
_RETIRED = {
    "CD": "US", "DD": "US", "EC": "US", "CF": "RF", "DF": "RF", "VF": "RF", "DS": "XA", "DSA": "XA", "MA": "MR",
    "MS": "MR", "ST": "NM", "PET": "PT", "MRI": "MR", "MAMMO": "MG", "XR": "DX", "SPECT": "NM", "ANGIO": "XA",
}  # fmt: skip
# PS3.3 C.7.3.1.1.1, the terms that the classes above do not name.
KNOWN = frozenset(term for terms in _CLASSES.values() for term in terms) | {
    "AR", "ASMT", "AU", "BI", "CFM", "CTPROTOCOL", "DG", "DMS", "EEG", "EMG", "EOG", "FE", "KER", "LEN", "LS", "M3D",
    "MDUS", "NEARL", "OAM", "OCT", "OPM", "OPTBSV", "OPTENF", "OPV", "OSS", "OT", "PA", "PLAN", "POS", "PX", "RESP",
    "RTINTENT", "RTRAD", "RTSEGANN", "SMR", "SRF", "STAIN", "TEXTUREMAP", "TG", "VA", "XAPROTOCOL",
}  # fmt: skip

DISAGREES = "modality_disagrees"
UNKNOWN = "unknown_modality"


def cleaned(sent: str | None, sop_class: str | None, body_part: str | None = None) -> tuple[str | None, str | None]:
    """The modality to believe, and the fault of the one that was sent.

    >>> cleaned("CT", "1.2.840.10008.5.1.4.1.1.2"), cleaned("CR", "1.2.840.10008.5.1.4.1.1.1.2")
    (('CT', None), ('MG', 'modality_disagrees'))
    >>> cleaned("CR", "1.2.840.10008.5.1.4.1.1.1", "BREAST"), cleaned("EC", None), cleaned("??", None)
    (('MG', 'modality_disagrees'), ('US', None), (None, 'unknown_modality'))
    """
    term = (sent or "").strip().upper()
    term = _RETIRED.get(term, term)
    possible = _CLASSES.get((sop_class or "").removeprefix(_STORAGE), ())
    if possible and term not in possible:
        return possible[0], DISAGREES if term else None
    # Plates of computed radiography are also exposed in mammography units.
    if term == "CR" and body_part == "BREAST":
        return "MG", DISAGREES
    if term and term not in KNOWN:
        return None, UNKNOWN
    return term or None, None
