"""Tables as delta-rs reads them, which needs to be told where an object store is."""

from __future__ import annotations

import deltalake
from deltalake.exceptions import DeltaError

from jobs.formats import stored
from jobs.shell.objects import StoreError


def table(path: str, number: int | None = None) -> deltalake.DeltaTable:
    """The table as delta-rs knows it, at its head or at a version."""
    if not stored.is_object(path):
        return deltalake.DeltaTable(path, version=number)
    try:
        return deltalake.DeltaTable(path, version=number, storage_options=_store())
    except (OSError, DeltaError) as fault:
        raise StoreError(f"{path}: its log cannot be read from the store ({type(fault).__name__})") from None


def _store() -> dict[str, str]:
    """What delta-rs does not find in the environment by itself."""
    at = stored.endpoint()
    plain = {"aws_endpoint": at, "allow_http": str(at.startswith("http://")).lower()} if at else {}
    return {"aws_region": stored.region(), **plain}
