"""Files where they lie: on this machine or in a store, read in the same way."""

import gzip
import os

import pytest

from jobs.formats import ndjson, stored
from jobs.shell import objects

CONTENT = b"first\nsecond\n" + bytes(range(256)) * 20_000


@pytest.fixture(params=["file", "object"])
def put(request, tmp_path):
    """Puts bytes somewhere and says where."""
    if request.param == "file":

        def place(content):
            (tmp_path / "one").write_bytes(content)
            return str(tmp_path / "one")
    else:
        bucket = request.getfixturevalue("store")()

        def place(content):
            objects.write(f"{bucket}/folder/one", content)
            return f"{bucket}/folder/one"

    return place


def test_bytes_are_read_from_wherever_they_are_sought(put):
    with stored.open_file(put(CONTENT)) as found:
        assert found.readline() == b"first\n"
        assert found.seek(6) == 6
        assert found.read(6) == b"second"
        assert found.seek(-3, os.SEEK_END) == len(CONTENT) - 3
        assert found.read() == CONTENT[-3:]


def test_what_is_gzip_is_unpacked_and_closed_with_what_it_lies_in(put):
    with ndjson.open_bytes(put(gzip.compress(CONTENT))) as found:
        assert found.read() == CONTENT
        inner = found.fileobj
    assert inner is None or inner.closed
    with ndjson.open_bytes(put(CONTENT)) as found:
        assert found.read() == CONTENT
    with ndjson.open_bytes(put(b"")) as found:
        assert found.read() == b""


def test_a_path_is_at_hand_while_it_is_read(put):
    address = put(CONTENT)
    with stored.at_hand(address) as path, open(path, "rb") as found:
        assert found.read() == CONTENT
    assert os.path.exists(path) == (not stored.is_object(address))


def test_an_object_that_is_not_there_is_named(store):
    address = f"{store()}/none"
    with pytest.raises(FileNotFoundError, match=f"^{address}: no such object"):
        stored.open_file(address)
