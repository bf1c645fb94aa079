"""What a series' headers say alike is worked out once: a header that agrees in all that was looked at gives the same.

The elements that were looked at are noted while the answer is made, so it is known what the answer depends on.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any, NamedTuple

import orjson

from jobs.formats.dicom_attributes import Tags, value
from jobs.formats.translation import Resource, Source, without_nothing, write

# A resource as translators give it that write it themselves: type, id, when it was said, method, JSON text.
Written = tuple[str, str, datetime.datetime | None, str | None, str]
# The resources told, what resources of the instance take over, and the beginning of the series in them.
Shared = tuple[list[Resource], dict[str, Any], dict[str, Any]]


class Remembered(NamedTuple):
    """What a series' headers say alike; `written` are the resources with JSON text for body, in the same order."""

    resources: list[Resource]
    written: list[Written]
    shared: dict[str, Any]
    series: dict[str, Any]


# The tags that were looked at, what they held, and the answer.
_Answer = tuple[tuple[str, ...], bytes, Remembered]

_STUDY, _SERIES = "0020000D", "0020000E"
_MOST = 256
_known: dict[str, _Answer] = {}


class _Watched(dict[str, Any]):
    """Elements that note which of them are asked for."""

    def __init__(self, tags: Tags) -> None:
        super().__init__(tags)
        self.asked: dict[str, None] = {}

    def get(self, key: str, default: Any = None) -> Any:
        self.asked[key] = None
        return super().get(key, default)

    def __getitem__(self, key: str) -> Any:
        self.asked[key] = None
        return super().__getitem__(key)

    def __contains__(self, key: object) -> bool:
        self.asked[str(key)] = None
        return super().__contains__(key)


def remembered(tags: Tags, feed: Source, make: Callable[[Tags, Source], Shared]) -> Remembered:
    """What `make` gives for these elements, worked out or remembered of a header of the same series."""
    names = (feed.feed, feed.tenant, str(feed.time_zone), value(tags, _STUDY), value(tags, _SERIES))
    key = "\x1f".join(str(one) for one in names)
    if (known := _known.get(key)) is not None and _held(tags, known[0]) == known[1]:
        return known[2]
    watched = _Watched(tags)
    resources, shared, series = make(watched, feed)
    resources = [one._replace(body=_written(one.body)) for one in resources]
    answer = Remembered(resources, [(*one[:4], write(one)) for one in resources], _written(shared), series)
    if len(_known) >= _MOST:
        _known.clear()
    asked = tuple(watched.asked)
    _known[key] = (asked, _held(tags, asked), answer)
    return answer


def _held(tags: Tags, asked: tuple[str, ...]) -> bytes:
    return orjson.dumps([tags.get(tag) for tag in asked])


def _written(body: dict[str, Any]) -> dict[str, Any]:
    """The same with each member as written JSON: it is written once for each instance."""
    return {name: orjson.Fragment(orjson.dumps(one)) for name, one in without_nothing(body).items()}
