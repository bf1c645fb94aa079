"""Files where they lie: by a path on this machine, or by the address of an object in an S3 store, `s3://bucket/key`.

Which store, the environment says as it does to every AWS SDK: AWS_ENDPOINT_URL_S3 or AWS_ENDPOINT_URL where it is not
Amazon's own, AWS_REGION or AWS_DEFAULT_REGION, and the usual chain of credentials.
"""

from __future__ import annotations

import contextlib
import functools
import io
import os
import shutil
import tempfile
from collections.abc import Iterator
from typing import IO, TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    import pyarrow.fs as fs

SCHEME = "s3://"
# What one request asks a store for, where a reader asks for less.
BUFFER = 1 << 20


def is_object(address: str) -> bool:
    """Whether this is the address of an object and no path.

    >>> is_object("s3://lake/landing/ehr_fhir"), is_object("/srv/lake/landing/ehr_fhir")
    (True, False)
    """
    return address.startswith(SCHEME)


def endpoint() -> str | None:
    """Where the store answers; None for Amazon's own."""
    return os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL") or None


def region() -> str:
    """The region of the store; one that is not Amazon's takes any."""
    return os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "us-east-1"


def filesystem(address: str) -> fs.FileSystem:
    """The file system that an address is of, as Arrow knows it."""
    import pyarrow.fs as fs

    return _store() if is_object(address) else fs.LocalFileSystem()


def within(address: str) -> str:
    """What an address is called in its file system.

    >>> within("s3://lake/gold/person"), within("/srv/lake")
    ('lake/gold/person', '/srv/lake')
    """
    return address.removeprefix(SCHEME)


@functools.cache
def _store() -> fs.S3FileSystem:
    # Most lakes are folders: who has no store does not wait for its client.
    import pyarrow.fs as fs

    at = endpoint()
    if at is None:
        return fs.S3FileSystem(region=region())
    parts = urlsplit(at)
    return fs.S3FileSystem(region=region(), endpoint_override=parts.netloc, scheme=parts.scheme)


def open_file(address: str) -> IO[bytes]:
    """The bytes of a file or an object, from wherever they are sought."""
    if not is_object(address):
        return open(address, "rb")  # noqa: SIM115 - the caller closes it
    try:
        found = _store().open_input_file(within(address))
    except OSError:
        # The store's own message names its host, and of a key that is not there it says no more than this.
        raise FileNotFoundError(f"{address}: no such object, or the store does not give it") from None
    return io.BufferedReader(found, BUFFER)


@contextlib.contextmanager
def at_hand(address: str) -> Iterator[str]:
    """A path to read it by more than once; an object is fetched into a folder that is closed to others, and let go."""
    if not is_object(address):
        yield address
        return
    with tempfile.TemporaryDirectory(prefix="lakeward-") as folder:
        path = os.path.join(folder, "object")
        with open_file(address) as source, open(path, "xb") as copy:
            shutil.copyfileobj(source, copy, BUFFER)
        yield path
