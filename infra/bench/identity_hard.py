"""Hard cases of identity, made up by us: what FEBRL has not, twins, families, newborns, changed names, placeholders.

All cases are matched together, as one tenant: each is the background of the others.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Any, NamedTuple

import pyarrow as pa

from jobs.identity.bands import AUTO, REVIEW
from jobs.identity.matching import Matched, Settings, match


class Case(NamedTuple):
    """`people`: which of the records are one person; `shown`: pairs that a steward must be shown."""

    group: str
    name: str
    records: Sequence[dict[str, Any]]
    people: Sequence[Sequence[int]]
    shown: Sequence[tuple[int, int]] = ()


def of(given: str, family: str, born: str | None, sex: str | None = None, at: str = "", **more: Any) -> dict[str, Any]:
    """A record; `at` is 'street, city, state, postal code', `ids` are (type, system, value)."""
    street, city, state, code = (at.split(", ") + [""] * 4)[:4]
    name = {"use": "official", "family": family, "given": given.split(), "suffix": more.get("suffix", [])}
    return {
        "feed": more.get("feed", "ehr"),
        "names": [name, *more.get("names", [])],
        "birth_date": datetime.date.fromisoformat(born) if born else None,
        "gender": sex,
        "addresses": [{"lines": [street], "city": city, "state": state, "postal_code": code}] if at else [],
        "telecom": [{"system": "phone", "value": one} for one in more.get("phones", [])]
        + [{"system": "email", "value": one} for one in more.get("mails", [])],
        "identifiers": [dict(zip(("type_code", "system", "value"), one, strict=True)) for one in more.get("ids", [])],
        "is_multiple_birth": more.get("multiple"),
    }  # fmt: skip


_OAK = "12 Oak Lane, Salem, MA, 01970"
_ELM = "7 Elm Street, Dover, NH, 03820"
_BAY = "88 Bay Road, Quincy, MA, 02169"
_FIR = "31 Fir Court, Keene, NH, 03431"
_ASH = "5 Ash Avenue, Bangor, ME, 04401"
_IVY = "19 Ivy Place, Lowell, MA, 01852"
_MAY = "402 Maple Drive, Nashua, NH, 03060"
_SSN, _MRN = "http://hl7.org/fhir/sid/us-ssn", "urn:oid:1.2.3"


def _twins() -> list[Case]:
    group = "twins"
    return [
        Case(group, "a girl and a boy", [of("Anna", "Keller", "2015-04-12", "female", _OAK),
             of("Paul", "Keller", "2015-04-12", "male", _OAK)], [[0], [1]]),
        Case(group, "two girls", [of("Nora", "Lindqvist", "2016-02-03", "female", _ELM),
             of("Greta", "Lindqvist", "2016-02-03", "female", _ELM)], [[0], [1]], [(0, 1)]),
        Case(group, "names that sound alike", [of("Jayden", "Okafor", "2014-08-21", "male", _BAY),
             of("Hayden", "Okafor", "2014-08-21", "male", _BAY)], [[0], [1]], [(0, 1)]),
        Case(group, "names one letter apart", [of("Maria", "Petrakis", "2013-11-30", "female", _FIR),
             of("Marie", "Petrakis", "2013-11-30", "female", _FIR)], [[0], [1]], [(0, 1)]),
        Case(group, "told to be a multiple birth, at two addresses",
             [of("Kian", "Sorensen", "2011-01-09", "male", _ASH, multiple=True),
              of("Kiran", "Sorensen", "2011-01-09", "male", _IVY, multiple=True)], [[0], [1]]),
        Case(group, "one telephone, no address",
             [of("Ruth", "Adeyemi", "2012-05-05", "female", phones=["617 555 0142"]),
             of("Esther", "Adeyemi", "2012-05-05", "female", phones=["617 555 0142"])], [[0], [1]]),
        Case(group, "one insurance number", [of("Otto", "Brandt", "2010-10-10", "male", ids=[("MB", "payer", "W7781")]),
             of("Emil", "Brandt", "2010-10-10", "male", ids=[("MB", "payer", "W7781")])], [[0], [1]]),
        Case(group, "both with their mother's number on the claim",
             [of("Ines", "Carvalho", "2017-07-17", "female", _MAY, ids=[("SS", _SSN, "536-22-7711")]),
              of("Luzia", "Carvalho", "2017-07-17", "female", _MAY, ids=[("SS", _SSN, "536-22-7711")]),
              of("Teresa", "Carvalho", "1986-03-02", "female", _MAY, ids=[("SS", _SSN, "536-22-7711")])],
             [[0], [1], [2]], [(0, 1)]),
        Case(group, "and a record with no given name between them", [of("Silas", "Novak", "2009-09-19", "male", _OAK),
             of("Jonas", "Novak", "2009-09-19", "male", _OAK), of("", "Novak", "2009-09-19", "male", _OAK, feed="lab")],
             [[0], [1], [2]], [(0, 2), (1, 2)]),
        Case(group, "each known to two feeds", [of("Mila", "Horvat", "2008-12-01", "female", _ELM),
             of("Ema", "Horvat", "2008-12-01", "female", _ELM),
             of("Mila", "Horvat", "2008-12-01", "female", _ELM, feed="claims"),
             of("Ema", "Horvat", "2008-12-01", "female", _ELM, feed="claims")], [[0, 2], [1, 3]]),
    ]  # fmt: skip


def _newborns() -> list[Case]:
    group = "newborns"
    return [
        Case(group, "two unnamed boys of one day", [of("BABY BOY", "Tanaka", "2025-01-15", "male", _BAY),
             of("BABY BOY", "Tanaka", "2025-01-15", "male", _BAY)], [[0], [1]]),
        Case(group, "baby girls A and B", [of("BABY GIRL A", "Rossi", "2025-02-02", "female", _FIR),
             of("BABY GIRL B", "Rossi", "2025-02-02", "female", _FIR)], [[0], [1]]),
        Case(group, "and the mother", [of("Babygirl", "Dubois", "2025-03-03", "female", _ASH, phones=["207 555 0118"]),
             of("Claire", "Dubois", "1994-06-23", "female", _ASH, phones=["207 555 0118"])], [[0], [1]]),
        Case(group, "named later, the number stays",
             [of("BABY BOY", "Mensah", "2025-04-04", "male", _IVY, ids=[("MR", _MRN, "550017")]),
              of("Kofi", "Mensah", "2025-04-04", "male", _IVY, ids=[("MR", _MRN, "550017")])], [[0, 1]]),
        Case(group, "named later, with no number",
             [of("Girl of Jane", "Whitfield", "2025-05-05", "female", _MAY),
              of("Harriet", "Whitfield", "2025-05-05", "female", _MAY)], [[0], [1]]),
    ]  # fmt: skip


def _names() -> list[Case]:
    group = "changed names"
    return [
        Case(group, "married, maiden name told", [of("Sofia", "Marino", "1988-01-31", "female", _OAK),
             of("Sofia", "Castell", "1988-01-31", "female", _OAK, feed="lab",
                names=[{"use": "maiden", "family": "Marino", "given": ["Sofia"]}])], [[0, 1]]),
        Case(group, "married, one number",
             [of("Judith", "Kowalski", "1979-06-14", "female", _ELM, ids=[("SS", _SSN, "401 33 9021")]),
             of("Judith", "Fairbanks", "1979-06-14", "female", _BAY, ids=[("SS", _SSN, "401339021")])], [[0, 1]]),
        Case(group, "double-barrelled since", [of("Helena", "Voss", "1983-10-02", "female", _FIR),
             of("Helena", "Voss-Amari", "1983-10-02", "female", _FIR, feed="claims")], [[0, 1]]),
        Case(group, "called by a short form", [of("William", "Ashdown", "1961-03-28", "male", _ASH),
             of("Bill", "Ashdown", "1961-03-28", "male", _ASH, feed="lab")], [[0, 1]]),
        Case(group, "a second given name told elsewhere", [of("Peter", "Grimaldi", "1957-12-19", "male", _IVY),
             of("Peter John", "Grimaldi", "1957-12-19", "male", _IVY, feed="claims")], [[0, 1]]),
    ]  # fmt: skip


def _letters() -> list[Case]:
    group = "accents and letters"
    return [
        Case(group, "accents left out", [of("José", "Núñez", "1972-04-25", "male", _MAY),
             of("JOSE", "NUNEZ", "1972-04-25", "male", _MAY, feed="claims")], [[0, 1]]),
        Case(group, "u with dots, three ways", [of("Jürgen", "Müller", "1949-09-13", "male", _OAK),
             of("Juergen", "Mueller", "1949-09-13", "male", _OAK, feed="lab"),
             of("Jurgen", "Muller", "1949-09-13", "male", _OAK, feed="claims")], [[0, 1, 2]]),
        Case(group, "Cyrillic", [of("Юрий", "Щербаков", "1966-02-17", "male", _ELM),
             of("Yurii", "Shcherbakov", "1966-02-17", "male", _ELM, feed="lab")], [[0, 1]]),
        Case(group, "apostrophe and blank", [of("Sean", "O'Donoghue", "1953-07-07", "male", _BAY),
             of("Sean", "O DONOGHUE", "1953-07-07", "male", _BAY, feed="claims")], [[0, 1]]),
        Case(group, "Polish", [of("Łukasz", "Wójcik", "1990-05-16", "male", _FIR),
             of("Lukasz", "Wojcik", "1990-05-16", "male", _FIR, feed="lab")], [[0, 1]]),
    ]  # fmt: skip


def _fields() -> list[Case]:
    group = "swapped and mistyped fields"
    return [
        Case(group, "given name and surname", [of("Malik", "Barreto", "1970-11-11", "male", _ASH),
             of("Barreto", "Malik", "1970-11-11", "male", _ASH, feed="lab")], [[0, 1]]),
        Case(group, "day and month", [of("Ottilie", "Strand", "1968-05-09", "female", _IVY),
             of("Ottilie", "Strand", "1968-09-05", "female", _IVY, feed="claims")], [[0, 1]]),
        Case(group, "a digit of the birth date", [of("Rashida", "Coleman", "1976-08-14", "female", _MAY),
             of("Rashida", "Coleman", "1976-08-19", "female", _MAY, feed="lab")], [[0, 1]]),
        Case(group, "two letters of the surname", [of("Dmitri", "Vasquez", "1959-01-23", "male", _OAK),
             of("Dmitri", "Vasqeuz", "1959-01-23", "male", _OAK, feed="lab")], [[0, 1]]),
        Case(group, "moved house", [of("Philippa", "Thornbury", "1964-10-29", "female", _ELM, phones=["603-555-0177"]),
             of("Philippa", "Thornbury", "1964-10-29", "female", _BAY, phones=["+1 603 555 0177"])], [[0, 1]]),
    ]  # fmt: skip


def _households() -> list[Case]:
    group = "households"
    return [
        Case(group, "a couple", [of("Graham", "Ellison", "1950-02-11", "male", _FIR, phones=["603 555 0101"]),
             of("Marjorie", "Ellison", "1952-08-30", "female", _FIR, phones=["603 555 0101"])], [[0], [1]]),
        Case(group, "a couple born on one day", [of("Vikram", "Rao", "1981-06-06", "male", _ASH),
             of("Leela", "Rao", "1981-06-06", "female", _ASH)], [[0], [1]]),
        Case(group, "father and son of one name", [of("Thomas", "Whitlock", "1948-03-12", "male", _IVY, suffix=["Sr"]),
             of("Thomas", "Whitlock", "1977-05-20", "male", _IVY, suffix=["Jr"])], [[0], [1]]),
        Case(group, "father and son of one name, no suffix", [of("Ahmed", "Farouk", "1955-09-01", "male", _MAY),
             of("Ahmed", "Farouk", "1984-11-27", "male", _MAY)], [[0], [1]]),
        Case(group, "brothers a year apart", [of("Leon", "Zielinski", "2006-07-15", "male", _OAK),
             of("Noel", "Zielinski", "2007-07-15", "male", _OAK)], [[0], [1]]),
        Case(group, "strangers of one address and birthday", [of("Carlos", "Benavides", "1993-12-24", "male", _ELM),
             of("Hugo", "Lestrange", "1993-12-24", "male", _ELM)], [[0], [1]]),
    ]  # fmt: skip


def _placeholders() -> list[Case]:
    group = "placeholders"
    return [
        Case(group, "unknown of one day", [of("UNKNOWN", "UNKNOWN", "1900-01-01", None, _BAY),
             of("UNKNOWN", "UNKNOWN", "1900-01-01", None, _BAY)], [[0], [1]]),
        Case(group, "John Doe", [of("John", "Doe", "1901-01-01", "male", _FIR, phones=["000 000 0000"]),
             of("John", "Doe", "1901-01-01", "male", _FIR, phones=["000 000 0000"])], [[0], [1]]),
        Case(group, "999-99-9999", [of("Alma", "Reyes", "1941-04-04", "female", ids=[("SS", _SSN, "999-99-9999")]),
             of("Wanda", "Kruger", "1941-04-04", "female", ids=[("SS", _SSN, "999-99-9999")])], [[0], [1]]),
        Case(group, "123-45-6789 and a telephone of nines",
             [of("Derek", "Osei", "1936-10-20", "male", ids=[("SS", _SSN, "123-45-6789")], phones=["999-999-9999"]),
              of("Derek", "Osei", "1971-01-02", "male", ids=[("SS", _SSN, "123-45-6789")], phones=["999-999-9999"])],
             [[0], [1]]),
        Case(group, "test patients", [of("Test", "ZZTest", "1980-01-01", "male", _ASH),
             of("Test", "ZZTest", "1980-01-01", "male", _ASH)], [[0], [1]]),
    ]  # fmt: skip


def _numbers() -> list[Case]:
    group = "numbers"
    return [
        Case(group, "one record number, other name and birth date",
             [of("Iris", "Fontaine", "1945-02-26", "female", ids=[("MR", _MRN, "771200")]),
              of("Gordon", "Sharpe", "1999-09-09", "male", ids=[("MR", _MRN, "771200")])], [[0], [1]], [(0, 1)]),
        Case(group, "one record number of two authorities",
             [of("Edna", "Blackwood", "1938-06-18", "female", ids=[("MR", "hospital-a", "4411")]),
              of("Lionel", "Peake", "1938-06-18", "male", ids=[("MR", "hospital-b", "4411")])], [[0], [1]]),
        Case(group, "one record number, the surname is new",
             [of("Yvette", "Lambert", "1991-03-21", "female", ids=[("MR", _MRN, "882311")]),
              of("Yvette", "Delacroix", "1991-03-21", "female", ids=[("MR", _MRN, "882311")])], [[0, 1]]),
        Case(group, "two NHS numbers",
             [of("Rhys", "Penhaligon", "1962-08-08", "male", _IVY, ids=[("NH", "", "943 476 5919")]),
              of("Rhys", "Penhaligon", "1962-08-08", "male", _IVY, ids=[("NH", "", "943 476 5927")])],
             [[0], [1]], [(0, 1)]),
    ]  # fmt: skip


CASES = [
    *_twins(), *_newborns(), *_names(), *_letters(), *_fields(), *_households(), *_placeholders(), *_numbers()
]  # fmt: skip


def matched(settings: Settings = Settings()) -> Matched:  # noqa: B008 - frozen
    """All cases matched together; patient_id is the case's number * 10 + the record's."""
    rows = [
        {"patient_id": number * 10 + place, "tenant": "hard", **record}
        for number, case in enumerate(CASES, 1)
        for place, record in enumerate(case.records)
    ]
    return match(pa.Table.from_pylist(rows, schema=_schema(rows)), settings=settings)


def _schema(rows: list[dict[str, Any]]) -> pa.Schema:
    # A column whose first values are empty would lose its type.
    return pa.Table.from_pylist(sorted(rows, key=lambda one: -len(str(one)))).schema


def wrong(found: Matched) -> list[str]:
    """The cases that did not come out as they must, with what is wrong."""
    person = dict(zip(found.persons["patient_id"].to_pylist(), found.persons["person_id"].to_pylist(), strict=True))
    bands = {(one["left_id"], one["right_id"]): one["band"] for one in found.pairs.to_pylist()}
    faults = []
    for number, case in enumerate(CASES, 1):
        ids = [number * 10 + place for place in range(len(case.records))]
        made = sorted(sorted(i - number * 10 for i in ids if person[i] == one) for one in {person[i] for i in ids})
        others = {other for other, one in person.items() if one in {person[i] for i in ids}} - set(ids)
        if made != sorted(map(sorted, case.people)) or others:
            faults.append(f"{case.group}: {case.name}: people are {made}{' and strangers' if others else ''}")
        split = [(a, b) for a, b in case.shown if bands.get((ids[a], ids[b])) != REVIEW]
        apart = {(a, b) for (a, b), band in bands.items() if band == AUTO} & {(a, b) for a in ids for b in ids}
        apart = {(a, b) for a, b in apart if not any({a % 10, b % 10} <= set(one) for one in case.people)}
        if split or apart:
            faults.append(f"{case.group}: {case.name}: not in review {split}, linked {sorted(apart)}")
    return faults
