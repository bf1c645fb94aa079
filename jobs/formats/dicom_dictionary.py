"""The data dictionary (PS3.6) as far as a reader needs it: which VR a tag has where the file does not say.

The entries are those of pydicom, which renders them from the published standard.
"""

from __future__ import annotations

import functools

from pydicom.datadict import dictionary_VR

UN = "UN"
# Several VRs, told apart by Pixel Representation or by length (PS3.5 A.1): words, or whole numbers that
# may be signed.
SIGNED_OR_NOT = "xs"
_SEVERAL = {"US or SS": SIGNED_OR_NOT, "US or SS or OW": SIGNED_OR_NOT, "OB or OW": "OW", "US or OW": "OW"}


@functools.lru_cache(20_000)
def vr_of(number: int) -> str:
    """The VR of a tag given as a number; UN for what the standard does not know.

    >>> vr_of(0x00100010), vr_of(0x00280106), vr_of(0x00090010), vr_of(0x00091001), vr_of(0x00080000)
    ('PN', 'xs', 'LO', 'UN', 'UL')
    """
    group, element = number >> 16, number & 0xFFFF
    if element == 0:
        return "UL"
    if group & 1:
        # PS3.5 7.8.1: who owns a private block is said in an LO; the rest only its owner knows.
        return "LO" if 0x10 <= element <= 0xFF else UN
    try:
        found = str(dictionary_VR(number))
    except KeyError:
        return UN
    return _SEVERAL.get(found, found)
