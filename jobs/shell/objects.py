"""Objects of an S3 store, as the shell writes them: whole or not at all, and where it matters only if none is there.

What other zones do by a hard link or a rename, a store does by a conditional PUT (`If-None-Match: *`): of two writers
one is told that it lost. Addresses are `s3://bucket/key`; jobs.formats.stored says which store.
"""

from __future__ import annotations

import functools
import http
from collections.abc import Iterable, Iterator
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from jobs.formats import stored

# So many keys a DELETE takes at most.
MOST_DELETED = 1000
# A store may refuse a conditional PUT because another is under way (409): so often it is asked again.
TRIES = 5


class StoreError(RuntimeError):
    """A store that did not do what it was asked, or was not reached: names the address, and what is wrong in a word."""


# What goes wrong on the way to a store or in it: no credentials, no answer, a refusal.
_FAULTS = (ClientError, BotoCoreError)


def read(address: str) -> bytes | None:
    """The content of an object; None where there is none."""
    bucket, key = _place(address)
    try:
        return bytes(_client().get_object(Bucket=bucket, Key=key)["Body"].read())
    except _FAULTS as refused:
        if isinstance(refused, ClientError) and refused.response["Error"]["Code"] == "NoSuchKey":
            return None
        raise _told(address, refused) from None


def write(address: str, content: bytes) -> None:
    """Make this the content of an object, whatever it was."""
    _put(address, content)


def create(address: str, content: bytes) -> None:
    """Make an object where there is none; FileExistsError where there is one with another content.

    An answer may be lost on its way and the request sent again, which then meets our own object.
    """
    for attempt in range(1, TRIES + 1):
        try:
            _put(address, content, IfNoneMatch="*")
            return
        except FileExistsError:
            if read(address) == content:
                return
            raise
        except _BusyError as busy:
            if attempt == TRIES:
                raise StoreError(str(busy)) from None


def upload(path: str, address: str) -> None:
    """Make an object of a file, in parts where it is large."""
    bucket, key = _place(address)
    try:
        _client().upload_file(path, bucket, key)
    except _FAULTS as refused:
        raise _told(address, refused) from None


def names(folder: str) -> list[str]:
    """What lies directly under an address, sorted: objects, and folders that objects lie in."""
    bucket, prefix = _place(f"{folder}/")
    found: set[str] = set()
    for page in _pages(Bucket=bucket, Prefix=prefix, Delimiter="/"):
        keys = [one["Key"] for one in page.get("Contents", ())]
        keys += [one["Prefix"] for one in page.get("CommonPrefixes", ())]
        found |= {key[len(prefix) :].rstrip("/") for key in keys}
    return sorted(found - {""})


def under(folder: str) -> Iterator[tuple[str, int]]:
    """All objects under an address, at any depth: name from there, and size in bytes."""
    bucket, prefix = _place(f"{folder}/")
    for page in _pages(Bucket=bucket, Prefix=prefix):
        for one in page.get("Contents", ()):
            yield one["Key"][len(prefix) :], one["Size"]


def delete(addresses: Iterable[str]) -> None:
    """Take objects away; one that is not there is no fault."""
    by_bucket: dict[str, list[str]] = {}
    for address in addresses:
        bucket, key = _place(address)
        by_bucket.setdefault(bucket, []).append(key)
    for bucket, keys in by_bucket.items():
        for start in range(0, len(keys), MOST_DELETED):
            gone = {"Objects": [{"Key": key} for key in keys[start : start + MOST_DELETED]], "Quiet": True}
            try:
                answer = _client().delete_objects(Bucket=bucket, Delete=gone)
            except _FAULTS as refused:
                raise _told(f"{stored.SCHEME}{bucket}", refused) from None
            if left := answer.get("Errors"):
                raise StoreError(f"{stored.SCHEME}{bucket}: {len(left)} objects not deleted ({left[0].get('Code')})")


class _BusyError(StoreError):
    """Another conditional PUT of the same key is under way."""


def _put(address: str, content: bytes, **condition: str) -> None:
    bucket, key = _place(address)
    try:
        _client().put_object(Bucket=bucket, Key=key, Body=content, **condition)
    except _FAULTS as refused:
        if condition and _status(refused) == http.HTTPStatus.PRECONDITION_FAILED:
            raise FileExistsError(address) from None
        if condition and _status(refused) == http.HTTPStatus.CONFLICT:
            raise _BusyError(str(_told(address, refused))) from None
        raise _told(address, refused) from None


def _pages(**asked: str) -> Iterator[dict[str, Any]]:
    try:
        yield from _client().get_paginator("list_objects_v2").paginate(**asked)
    except _FAULTS as refused:
        raise _told(f"{stored.SCHEME}{asked['Bucket']}/{asked['Prefix']}", refused) from None


def _place(address: str) -> tuple[str, str]:
    bucket, _, key = stored.within(address).partition("/")
    return bucket, key


@functools.cache
def _client() -> Any:
    # Most lakes are folders: who has no store does not wait for its client.
    import boto3
    from botocore.config import Config

    patient = Config(retries={"mode": "standard", "max_attempts": TRIES})
    return boto3.client("s3", endpoint_url=stored.endpoint(), region_name=stored.region(), config=patient)


def _status(refused: ClientError | BotoCoreError) -> int:
    return int(refused.response["ResponseMetadata"]["HTTPStatusCode"]) if isinstance(refused, ClientError) else 0


def _told(address: str, refused: ClientError | BotoCoreError) -> StoreError:
    if isinstance(refused, ClientError):
        return StoreError(f"{address}: the store says {refused.response['Error']['Code']}")
    return StoreError(f"{address}: the store is not reached ({type(refused).__name__})")
