"""Patient records as what can be compared: one row of keys a record, nothing that is a placeholder."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, get_type_hints

import pyarrow as pa

from jobs.identity.addresses import Address, addresses
from jobs.identity.births import birth
from jobs.identity.identifiers import identifiers
from jobs.identity.names import names
from jobs.identity.sexes import sex
from jobs.identity.telecoms import telecoms


class Normalised(NamedTuple):
    """One record. Lists are sorted; `known` counts what is told, so that the record that tells most can be found.

    `birth` is YYYYMMDD, `birth_key` the smaller of it and its swapped reading; `places` are household keys.
    """

    patient_id: int
    feed: str
    given: str | None
    surname: str | None
    givens: list[str]
    surnames: list[str]
    nicknames: list[str]
    name_key: str | None
    generation: str | None
    is_newborn: bool
    birth: str | None
    birth_swapped: str | None
    birth_key: str | None
    birth_year: int | None
    sex: str | None
    number: str | None
    street: str | None
    rest: str | None
    city: str | None
    state: str | None
    postcode: str | None
    places: list[str]
    phones: list[str]
    mails: list[str]
    own_ids: list[str]
    national_ids: list[str]
    national: str | None
    national_by: list[str]
    family_ids: list[str]
    checked_ids: list[str]
    checked_by: list[str]
    is_multiple_birth: bool
    known: int


_NOWHERE = Address(None, None, None, None, None, None)
_TYPES = {int: pa.int64(), int | None: pa.int64(), bool: pa.bool_(), list[str]: pa.list_(pa.string())}
SCHEMA = pa.schema([(name, _TYPES.get(kind, pa.string())) for name, kind in get_type_hints(Normalised).items()])


def normalise(patient: Mapping[str, Any], checks: Mapping[str, str] | None = None) -> Normalised:
    """A row of silver.patient as keys; columns that are not given count as not told."""
    called = names(patient.get("names"))
    born = birth(patient.get("birth_date"), patient.get("birth_sent"))
    homes = addresses(patient.get("addresses"))
    home = homes[0] if homes else _NOWHERE
    phones, mails = telecoms(patient.get("telecom") or patient.get("telecoms"))
    numbers = identifiers(patient.get("identifiers"), patient["feed"], checks)
    told = sex(patient.get("sex"), patient.get("birth_sex"), patient.get("gender"))
    given, surname = called.given, called.surname
    return Normalised(
        patient_id=patient["patient_id"],
        feed=patient["feed"],
        given=given,
        surname=surname,
        givens=list(called.givens),
        surnames=list(called.surnames),
        nicknames=list(called.nicknames),
        name_key=" ".join(sorted((given, surname))) if given and surname else None,
        generation=called.generation,
        is_newborn=called.is_newborn,
        birth=born.day,
        birth_swapped=born.swapped,
        birth_key=min(filter(None, born[:2]), default=None),
        birth_year=born.year,
        sex=told,
        **home._asdict(),
        places=sorted({one.place for one in homes if one.place}),
        phones=phones,
        mails=mails,
        own_ids=list(numbers.own),
        national_ids=list(numbers.national),
        national=min(numbers.national, default=None),
        national_by=sorted({one.partition("|")[0] for one in numbers.national}),
        family_ids=list(numbers.family),
        checked_ids=list(numbers.checked),
        checked_by=sorted({one.partition("|")[0] for one in numbers.checked}),
        is_multiple_birth=bool(patient.get("is_multiple_birth")) or (patient.get("birth_order") or 0) > 1,
        known=_known(given, surname, born.day, told, home.street, home.postcode or home.city, phones, mails),
    )


def _known(*told: Any) -> int:
    return sum(bool(one) for one in told)


def table(records: Iterable[Normalised]) -> pa.Table:
    """Records as Arrow, in the order of patient_id, so that the same records give the same bytes."""
    ordered = sorted(records, key=lambda one: one.patient_id)
    columns = list(zip(*ordered, strict=True)) or [()] * len(SCHEMA)
    return pa.table(
        [pa.array(values, field.type) for values, field in zip(columns, SCHEMA, strict=True)], schema=SCHEMA
    )
