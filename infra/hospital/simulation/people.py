"""The people of a simulation: who is drawn from a population, by what name and number each system knows them."""

from __future__ import annotations

import functools
import pathlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import orjson

from infra.hospital.simulation import population
from infra.hospital.simulation.chance import Chance
from infra.hospital.simulation.spelling import Name, otherwise, plain

# So often a system has a name in another spelling than the EHR.
OTHERWISE = 0.12
SYSTEMS = ("adt", "lab", "claims", "imaging")
_STREETS = ("Elm Street", "Harbor Road", "Chestnut Avenue", "Quarry Lane", "Mill Street", "Orchard Way", "Cedar Court")


@dataclass(frozen=True)
class Person:
    """One person. `copy` is 0 for a patient of the population as they are, else the number of the re-draw.

    `written` are the name, street and phone as the population has them; `shift` days are added to every date.
    """

    number: int
    source: str
    copy: int
    shift: int
    fhir_id: str
    lab_mrn: str
    member_id: str
    imaging_id: str
    former_mrn: str
    ssn: str
    names: dict[str, Name]
    written: dict[str, str]
    birth_date: date
    sex: str
    street: str
    city: str
    state: str
    postal_code: str
    phone: str

    def own(self, identifier: str) -> str:
        """The person's own of an identifier that belongs to the patient they were drawn from."""
        return identifier if not self.copy else own_id(identifier, self.copy)

    def own_uid(self, uid: str) -> str:
        """The same of a DICOM UID."""
        return f"{uid}.{self.copy}" if self.copy else uid


@functools.lru_cache(1 << 17)
def own_id(identifier: str, copy: int) -> str:
    """An identifier of a re-drawn person, always the same for the same."""
    return _OWN.uuid(copy, identifier)


_OWN = Chance(0)


def draw(folder: pathlib.Path, count: int | None, chance: Chance) -> list[Person]:
    """So many people of a population, all of it by default; when it has fewer, they are drawn again as others."""
    patients = sorted((orjson.loads(line) for line in population.lines(folder, "Patient")), key=lambda one: one["id"])
    count = len(patients) if count is None else count
    places = (divmod(number, len(patients)) for number in range(count))
    return [_person(n, patients[place], copy, patients, chance) for n, (copy, place) in enumerate(places, 1)]


def _person(number: int, said: dict[str, Any], copy: int, patients: Sequence[dict[str, Any]], chance: Chance) -> Person:
    source, address, sex = said["id"], said["address"][0], said["gender"][:1].upper()
    written = {
        "family": said["name"][0]["family"],
        **{f"given{place}": one for place, one in enumerate(said["name"][0]["given"])},
        "street": address["line"][0],
        "phone": said["telecom"][0]["value"],
        "ssn": next(one["value"] for one in said["identifier"] if one["system"].endswith("us-ssn")),
        **{f"id{n}": one["value"] for n, one in enumerate(said["identifier"]) if one["value"][0].isupper()},
    }
    fresh = written if not copy else _fresh(written, sex, copy, source, patients, chance)
    fhir_id = source if not copy else own_id(source, copy)
    name = Name(plain(fresh["family"]), plain(fresh["given0"]), plain(fresh.get("given1", "")))
    names = {"ehr": name}
    for system in SYSTEMS:
        is_other = chance.share("otherwise", system, fhir_id) < OTHERWISE
        names[system] = otherwise(name, chance, system, fhir_id) if is_other else name
    shift = -chance.between(1, 300, "shift", fhir_id) if copy else 0
    return Person(
        number, source, copy, shift, fhir_id,
        # The number keeps each apart from all others of its system, the rest keeps them from being guessed.
        lab_mrn=f"L{number:06}{chance.digits(2, 'lab', fhir_id)}",
        member_id=f"W{chance.digits(3, 'member', fhir_id)}{number:06}",
        imaging_id=f"NR-{chance.digits(2, 'imaging', fhir_id)}{number:06}",
        former_mrn=f"T{number:07}",
        ssn=fresh["ssn"], names=names, written=dict(zip(written.values(), fresh.values(), strict=True)) if copy else {},
        birth_date=date.fromisoformat(said["birthDate"]) + timedelta(shift), sex=sex, street=fresh["street"],
        city=address["city"], state=address["state"], postal_code=address.get("postalCode", "02101"),
        phone=fresh["phone"],
    )  # fmt: skip


def _fresh(written: dict[str, str], sex: str, copy: int, source: str, patients: Sequence[dict[str, Any]],
           chance: Chance) -> dict[str, str]:  # fmt: skip
    """Another name, street and phone for a re-drawn person, of those that the population has."""
    alike = [one for one in patients if one["gender"][:1].upper() == sex]
    found = dict(written)
    for key in written:
        words = ("fresh", key, copy, source)
        if key == "family":
            found[key] = chance.pick(patients, *words)["name"][0]["family"]
        elif key.startswith("given"):
            found[key] = chance.pick(alike, *words)["name"][0]["given"][0]
        elif key == "street":
            found[key] = f"{chance.between(1, 980, *words)} {chance.pick(_STREETS, 'street', *words)}"
        elif key == "phone":
            found[key] = f"555-{chance.digits(3, *words)}-{chance.digits(4, 'end', *words)}"
        elif key.startswith("id"):
            # Of a driver's licence or a passport; the first letter stays.
            found[key] = written[key][0] + chance.digits(len(written[key]) - 1, *words)
        elif key == "ssn":
            found[key] = f"999-{chance.between(10, 99, *words)}-{chance.digits(4, 'end', *words)}"
    return found
