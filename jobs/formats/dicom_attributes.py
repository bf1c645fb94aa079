"""Attributes of one instance in the DICOM JSON model, by tag: texts, numbers, names, codes (PS3.18 annex F)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

# Functional groups of an enhanced multi-frame image: what its frames share, and what each has (PS3.3 C.7.6.16).
_SHARED, _PER_FRAME = "52009229", "52009230"
_NAME_PARTS = ("family", "given", "middle", "prefix", "suffix")

Tags = dict[str, Any]


def values(tags: Tags, tag: str) -> list[Any]:
    """All values of an element; none when it is absent, empty or left out."""
    if (element := tags.get(tag)) is None:
        return []
    found = element.get("Value") if type(element) is dict else None
    return found if type(found) is list else []


def value(tags: Tags, tag: str) -> Any:
    """The first value of an element."""
    # Most attributes that are asked for are not there: for those, no further call.
    if (element := tags.get(tag)) is None:
        return None
    try:
        return element["Value"][0]
    except (KeyError, IndexError, TypeError):
        return None


def text(tags: Tags, tag: str) -> str | None:
    """The first value as text, as sent; numbers as they are written.

    >>> text({"00080060": {"vr": "CS", "Value": ["CT"]}}, "00080060"), text({}, "00080060")
    ('CT', None)
    """
    found = value(tags, tag)
    return None if found is None else plain(found)


def plain(found: Any) -> str | None:
    """A value as text; None for what has parts, and for nothing but spaces."""
    if type(found) is not str:
        if found is None or type(found) in (dict, list):
            return None
        found = str(found)
    return found.strip() or None


def joined(tags: Tags, tag: str) -> str | None:
    r"""All values as they stand in a file, between them a backslash.

    >>> joined({"00080008": {"vr": "CS", "Value": ["ORIGINAL", None, "AXIAL"]}}, "00080008")
    'ORIGINAL\\\\AXIAL'
    """
    found = ["" if one is None else str(one) for one in values(tags, tag) if type(one) not in (dict, list)]
    return "\\".join(found) if any(found) else None


def texts(tags: Tags, tag: str) -> list[str]:
    """All values that are not empty."""
    return [str(one) for one in values(tags, tag) if one not in (None, "") and type(one) not in (dict, list)]


def items(tags: Tags, tag: str) -> list[Tags]:
    """The items of a sequence."""
    return [one for one in values(tags, tag) if type(one) is dict]


def name(tags: Tags, tag: str) -> str | None:
    """A person's name as it stands in a file: its groups, between them an equals sign.

    >>> name({"00100010": {"vr": "PN", "Value": [{"Alphabetic": "Roe^Jane", "Phonetic": "ro"}]}}, "00100010")
    'Roe^Jane==ro'
    """
    found = value(tags, tag)
    if type(found) is not dict:
        # Some servers send a plain text, against PS3.18 F.2.2.
        return str(found).strip() or None if type(found) is str else None
    groups = [str(found.get(group) or "") for group in ("Alphabetic", "Ideographic", "Phonetic")]
    return "=".join(groups).rstrip("=") or None


def name_parts(tags: Tags, tag: str) -> dict[str, str | None]:
    """Family, given, middle, prefix and suffix of the first group that is there (PS3.5 6.2.1)."""
    groups = (name(tags, tag) or "").split("=")
    parts = next((group for group in groups if group.strip("^ ")), "").split("^")
    return {part: (parts[i].strip() or None) if i < len(parts) else None for i, part in enumerate(_NAME_PARTS)}


def codes(tags: Tags, tag: str) -> list[dict[str, str | None]]:
    """The codes of a code sequence (PS3.3 section 8.8): long and URN codes stand in elements of their own."""
    found = []
    for item in items(tags, tag):
        code = text(item, "00080100") or text(item, "00080119") or text(item, "00080120")
        if code or text(item, "00080104"):
            system, version, display = (text(item, t) for t in ("00080102", "00080103", "00080104"))
            found.append({"system": system, "code": code, "display": display, "version": version})
    return found


def anywhere(tags: Tags, tag: str) -> list[Any]:
    """The values of an element of the image, of what its frames share, or of its first frame."""
    if tag in tags and (found := values(tags, tag)):
        return found
    if _SHARED not in tags and _PER_FRAME not in tags:
        return []
    for group in _groups(tags):
        if nested := values(group, tag):
            return nested
    return []


def _groups(tags: Tags) -> Iterator[Tags]:
    for place in (_SHARED, _PER_FRAME):
        for frame in items(tags, place)[:1]:
            for macro in frame:
                yield from items(frame, macro)[:1]
