"""The doctors and organisations of a population, by id, by NPI and by name."""

from __future__ import annotations

import pathlib

import orjson

from infra.hospital.simulation import population
from infra.hospital.simulation.chance import Chance, npi
from infra.hospital.simulation.spelling import plain

_NOBODY = ("1999999984", "Unknown", "Doctor")


class Registry:
    """Who is who among those who treat."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.shared: set[bytes] = set()
        self._doctors: dict[str, tuple[str, str, str]] = {}
        self._organizations: dict[str, tuple[str, str, str, str, str]] = {}
        for kind in population.SHARED:
            for line in population.lines(folder, kind):
                said = orjson.loads(line)
                self.shared.add(said["id"].encode())
                if kind == "Practitioner":
                    number = said["identifier"][0]["value"]
                    name = said["name"][0]
                    found = (number, plain(name["family"]), plain(name["given"][0]))
                    # References are by id or by the number.
                    self._doctors.setdefault(said["id"], found)
                    self._doctors.setdefault(number, found)
                elif kind == "Organization":
                    place = said["address"][0]
                    where = (place["line"][0], place["city"], place["state"], place.get("postalCode", "02101"))
                    self._organizations.setdefault(said["id"], (said["name"], *where))
        self._npis = Chance(0)

    def doctor(self, reference: str) -> tuple[str, str, str]:
        """NPI, family and given name."""
        return self._doctors.get(reference, _NOBODY)

    def organization(self, reference: str) -> str:
        """Its name."""
        return self._organizations.get(reference, ("NORTH RIVER HOSPITAL",))[0]

    def address(self, reference: str) -> tuple[str, str, str, str]:
        """Street, city, state and postal code."""
        return self._organizations.get(reference, ("", "1 MAIN STREET", "BOSTON", "MA", "02101"))[1:5]

    def npi(self, reference: str) -> str:
        """The National Provider Identifier of an organisation; the population has none."""
        return npi(self._npis, reference)
