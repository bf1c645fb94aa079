"""Formats whose speed is promised: made-up files of each, and how fast one core reads and translates them.

Beside ours stands the fastest public library that reads the format (measured for all of them when they were chosen).
"""

from __future__ import annotations

import datetime
import importlib
import pathlib
import sys
import zoneinfo
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import schemas
from infra.bench import dicom as images
from infra.bench import hl7v2 as results
from infra.bench import x12 as billing
from infra.bench.rate import rate
from infra.setup import commands
from infra.setup.commands import TOOLS
from jobs.formats import dicom, dicom_fhir, hl7v2, hl7v2_fhir, hl7v2_message, x12, x12_claim, x12_fhir, x12_remittance
from jobs.formats.translation import Said, Source

LOCK = pathlib.Path(__file__).with_name("libraries.lock")
IN_A_FILE = 5_000
# Of an examination.
IMAGES = 40
_AT = datetime.datetime(2026, 3, 9, tzinfo=datetime.UTC)

Paths = Sequence[pathlib.Path]


class Format(NamedTuple):
    """A format: its feed, records a second and core to be reached, and the ways to read its files.

    `kind` is the type of the records that count; `make` writes so many of them into a folder; `library` counts them.
    """

    name: str
    feed: str
    kind: str | None
    goal: int
    count: int
    make: Callable[[pathlib.Path, int], list[pathlib.Path]]
    parse: Callable[[Any], Any]
    libraries: dict[str, Callable[[Paths], int]]


def _in_parts(suffix: str, part: Callable[[int, int], bytes]) -> Callable[[pathlib.Path, int], list[pathlib.Path]]:
    def make(folder: pathlib.Path, count: int) -> list[pathlib.Path]:
        made = []
        for number, begin in enumerate(range(0, count, IN_A_FILE), 1):
            made.append(folder / f"{number}.{suffix}")
            made[-1].write_bytes(part(min(IN_A_FILE, count - begin), number))
        return made

    return make


def _results(count: int, part: int) -> bytes:
    return b"".join(results.messages(count, part, first=(part - 1) * IN_A_FILE))


def _claims(count: int, part: int) -> bytes:
    return billing.claims(count, part, part=part, first=(part - 1) * IN_A_FILE)


def _payments(count: int, part: int) -> bytes:
    return billing.payments(count, part, part=part, first=(part - 1) * IN_A_FILE)


def _images(folder: pathlib.Path, count: int) -> list[pathlib.Path]:
    made = []
    for number in range(count):
        examination = 1 + number // IMAGES
        modality = tuple(images.SOP_CLASSES)[examination % len(images.SOP_CLASSES)]
        path = folder / f"{number}.dcm"
        path.write_bytes(
            images.instance(
                number,
                modality,
                StudyInstanceUID=f"1.2.826.0.1.3680043.8.498.{examination}",
                SeriesInstanceUID=f"1.2.826.0.1.3680043.8.498.{examination}.1",
                PatientID=f"P{examination:06}",
                AccessionNumber=f"A{examination:07}",
            )
        )
        made.append(path)
    return made


def _by_medforge(paths: Paths) -> int:
    """Whole messages as its objects, which it makes of all fields at once."""
    medforge = _locked("medforge")
    return sum(len(medforge.parse(message).segments) > 0 for message in _messages(paths))


def _by_hl7(paths: Paths) -> int:
    import hl7

    return sum(len(hl7.parse(message)) > 0 for message in _messages(paths))


def _messages(paths: Paths) -> Iterator[str]:
    """Neither library finds where a message ends."""
    for path in paths:
        yield from path.read_bytes().decode().replace("\rMSH|", "\r\0MSH|").split("\0")


def _by_openx12(kind: str) -> Callable[[Paths], int]:
    return lambda paths: sum(billing.by_openx12(path.read_bytes(), kind) for path in paths)


def _by_oxedi(paths: Paths) -> int:
    return sum(billing.by_oxedi(path.read_bytes(), "835") for path in paths)


def _by_pydicom(paths: Paths) -> int:
    for path in paths:
        images.eighteen(path)
    return len(paths)


FORMATS = [
    Format(
        "ORU^R01", "lab_hl7v2", None, 20_000, 60_000, _in_parts("hl7", _results),
        lambda one: hl7v2_message.parse(one.payload), {"medforge": _by_medforge, "hl7": _by_hl7},
    ),
    Format(
        "837P claim", "claims_x12", "837P", 15_000, 40_000, _in_parts("x12", _claims),
        lambda one: x12_claim.parse(one.payload, one.context), {"openx12": _by_openx12("837P")},
    ),
    Format(
        "835 claim", "claims_x12", "835", 60_000, 60_000, _in_parts("x12", _payments),
        lambda one: x12_remittance.parse(one.payload, one.context),
        {"oxedi": _by_oxedi, "openx12": _by_openx12("835")},
    ),
    Format("DICOM header", "imaging_dicom", None, 1_500, 8_000, _images, lambda one: one, {"pydicom": _by_pydicom}),
]  # fmt: skip
_READERS: dict[str, tuple[Any, Any]] = {
    "lab_hl7v2": (hl7v2, hl7v2_fhir),
    "claims_x12": (x12, x12_fhir),
    "imaging_dicom": (dicom, dicom_fhir),
}


def _records(form: Format, paths: Paths) -> Iterator[Any]:
    reader, _ = _READERS[form.feed]
    for path in paths:
        yield from reader.read(str(path), document=form.feed == "imaging_dicom", limits=reader.Limits())


def read(form: Format, paths: Paths) -> int:
    """Read and parse: how many records that count."""
    found = 0
    for one in _records(form, paths):
        if form.kind in (None, one.resource_type):
            found += form.parse(one) is not None
    return found


def translated(form: Format, paths: Paths) -> int:
    """The same to FHIR as JSON texts, as silver.translated says it."""
    return sum(form.kind in (None, kind) for kind, _ in _translations(form, paths))


def resource_types(form: Format, paths: Paths) -> set[str]:
    """The types of the resources that the records tell."""
    return {one[0] for _, made in _translations(form, paths) for one in made}


def _translations(form: Format, paths: Paths) -> Iterator[tuple[str, list[Any]]]:
    _, translator = _READERS[form.feed]
    declared = schemas.feed(form.feed)
    source = Source(form.feed, declared.tenant, zoneinfo.ZoneInfo(declared.time_zone), dict(declared.options), {})
    for one in _records(form, paths):
        said = Said(one.resource_type, one.resource_id, one.payload, getattr(one, "context", None), _AT)
        yield one.resource_type, translator.translate_written(said, source)


def fastest(form: Format, paths: Paths, count: int) -> tuple[str, float]:
    """The fastest public library here, and its rate."""
    rates = {}
    for name, work in form.libraries.items():
        try:
            rates[name] = rate(count, lambda work=work: work(paths), 2)  # type: ignore[misc]
        except commands.SetupError:
            print(f"{name}: no wheel for this machine")
    name = max(rates, key=rates.__getitem__)
    return name, rates[name]


def _locked(name: str) -> Any:
    """A module of libraries.lock, fetched by pip when it is not there."""
    folder = TOOLS / "bench-libraries"
    if not (folder / name).is_dir():
        pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--no-input", "--no-deps"]
        commands.run([*pip, "--require-hashes", "--only-binary", ":all:", "--target", folder, "-r", LOCK])
    if str(folder) not in sys.path:
        sys.path.append(str(folder))
    return importlib.import_module(name)
