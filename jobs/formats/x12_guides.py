"""Which X12 transaction sets and implementation guides we know, told by ST01 and the first ten characters of GS08.

Errata change the end of GS08 (005010X222A1, A2, ...) and not what it means here. Senders that leave GS08 at the bare
version name the guide in ST03.
"""

from __future__ import annotations

import re

VERSION_4010 = "version_4010"
UNKNOWN_GUIDE = "unknown_guide"
BAD_TRANSACTION_TYPE = "bad_transaction_type"

CLAIMS = ("837P", "837I", "837D")
# ST01 and guide -> what a transaction is called here.
GUIDES = {
    ("837", "005010X222"): "837P",
    ("837", "005010X223"): "837I",
    ("837", "005010X224"): "837D",
    ("835", "005010X221"): "835",
    ("999", "005010X231"): "999",
    ("277", "005010X214"): "277CA",
    ("277", "005010X212"): "277",
    ("276", "005010X212"): "276",
    ("270", "005010X279"): "270",
    ("271", "005010X279"): "271",
    ("278", "005010X217"): "278",
    ("820", "005010X218"): "820",
    ("834", "005010X220"): "834",
    ("824", "005010X186"): "824",
}
_ISSUED = 10
_SET = re.compile(r"[0-9]{3}\Z")


def route(set_id: str, version: str, convention: str) -> tuple[str | None, tuple[str, ...]]:
    """What a transaction is, from ST01, GS08 and ST03, with what speaks against reading it.

    One that cannot be read keeps its ST01 as its name.

    >>> route("837", "005010X222A1", "005010X222A1"), route("837", "005010", "005010X223A2")
    (('837P', ()), ('837I', ()))
    >>> route("837", "004010X098A1", ""), route("835", "005010X999", ""), route("8X", "005010", "")
    (('837', ('version_4010',)), ('835', ('unknown_guide',)), (None, ('bad_transaction_type',)))
    """
    if not _SET.match(set_id):
        return None, (BAD_TRANSACTION_TYPE,)
    kind = GUIDES.get((set_id, version[:_ISSUED]))
    if kind is None and version in ("", "005010"):
        kind = GUIDES.get((set_id, convention[:_ISSUED]))
    if kind is not None:
        return kind, ()
    return set_id, (VERSION_4010 if version.startswith("00401") else UNKNOWN_GUIDE,)
