"""Objects of a store: whole or not at all, and of two who make one only the first."""

import json
import threading

import pytest
from botocore.exceptions import ClientError

from jobs.shell import delta_log, documents, objects

SCHEMA = json.dumps({"type": "struct", "fields": [{"name": "id", "type": "long", "nullable": True, "metadata": {}}]})


@pytest.fixture
def bucket(store):
    return store()


def test_what_is_written_is_read_back_and_what_is_not_there_is_none(bucket):
    objects.write(f"{bucket}/a/one", b"1")
    objects.write(f"{bucket}/a/one", b"2")
    assert objects.read(f"{bucket}/a/one") == b"2"
    assert objects.read(f"{bucket}/a/other") is None


def test_of_two_who_make_one_object_the_second_is_told_and_the_first_stays(bucket):
    objects.create(f"{bucket}/one", b"first")
    with pytest.raises(FileExistsError):
        objects.create(f"{bucket}/one", b"second")
    assert objects.read(f"{bucket}/one") == b"first"


def test_whose_answer_was_lost_meets_his_own_object_and_has_made_it(bucket):
    objects.create(f"{bucket}/one", b"mine")
    objects.create(f"{bucket}/one", b"mine")
    assert objects.read(f"{bucket}/one") == b"mine"


class Busy:
    """A store in which another PUT of the key is under way, for the first so many times that it is asked."""

    def __init__(self, times):
        self.left, self.made = times, []

    def put_object(self, **given):
        if self.left:
            self.left -= 1
            refused = {"Error": {"Code": "ConditionalRequestConflict"}, "ResponseMetadata": {"HTTPStatusCode": 409}}
            raise ClientError(refused, "PutObject")
        self.made.append(given)


def test_a_store_that_is_busy_is_asked_again_and_not_for_ever(monkeypatch):
    soon, never = Busy(objects.TRIES - 1), Busy(objects.TRIES)
    monkeypatch.setattr(objects, "_client", lambda: soon)
    objects.create("s3://lake/one", b"1")
    assert soon.made == [{"Bucket": "lake", "Key": "one", "Body": b"1", "IfNoneMatch": "*"}]
    monkeypatch.setattr(objects, "_client", lambda: never)
    with pytest.raises(objects.StoreError, match="s3://lake/one: the store says ConditionalRequestConflict"):
        objects.create("s3://lake/one", b"1")
    assert never.made == []


def test_names_are_those_directly_under_a_place_and_under_it_lies_all(bucket):
    for name in ("t/b.json", "t/x/1", "t/x/y/2", "tt/no"):
        objects.write(f"{bucket}/{name}", b"12")
    assert objects.names(f"{bucket}/t") == ["b.json", "x"]
    assert list(objects.under(f"{bucket}/t")) == [("b.json", 2), ("x/1", 2), ("x/y/2", 2)]
    objects.delete([f"{bucket}/t/x/1", f"{bucket}/t/none"])
    assert objects.names(f"{bucket}/t/x") == ["y"]
    assert objects.names(f"{bucket}/none") == []


@pytest.mark.parametrize(
    "ask",
    [
        lambda address: objects.read(f"{address}/one"),
        lambda address: objects.write(f"{address}/one", b"1"),
        lambda address: objects.create(f"{address}/one", b"1"),
        lambda address: objects.names(address),
        lambda address: objects.delete([f"{address}/one"]),
    ],
)
def test_a_bucket_that_is_not_there_is_named(store, ask):
    with pytest.raises(objects.StoreError, match=r"^s3://none-such.*: the store says NoSuchBucket$"):
        ask("s3://none-such/folder")


def test_a_document_in_a_store_is_a_document(bucket):
    documents.write(f"{bucket}/ledger/b.json", {"b": "é"})
    documents.write(f"{bucket}/ledger/a.json", [1])
    documents.make_folder(f"{bucket}/empty")
    objects.write(f"{bucket}/ledger/broken.json", b"{")
    found = documents.entries(f"{bucket}/ledger")
    assert found == [f"{bucket}/ledger/{name}.json" for name in ("a", "b", "broken")]
    assert [documents.read(one) for one in found[:2]] == [[1], {"b": "é"}]
    assert documents.read(f"{bucket}/ledger/none.json") is None
    with pytest.raises(documents.DocumentError, match=r"broken\.json: not a JSON document"):
        documents.read(found[2])


def commit_many(path, who, commits, started, lost):
    started.wait()
    for number in range(commits):
        actions = delta_log.added([delta_log.File(f"{who}-{number}.parquet", 1, 1)])
        while True:
            try:
                delta_log.commit(path, delta_log.head(path), actions, operation="WRITE", run=who)
                break
            except delta_log.CommitConflictError:
                lost.append(who)


def test_of_commits_that_race_to_a_store_none_is_lost(bucket):
    path, commits, lost = f"{bucket}/raced", 30, []
    delta_log.create(path, SCHEMA, doc="A race.")
    started = threading.Barrier(3)
    writers = [threading.Thread(target=commit_many, args=(path, who, commits, started, lost)) for who in "abc"]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    last = delta_log.head(path)
    assert last == 3 * commits
    files = {file.path for file in delta_log.version(path, last).files}
    assert files == {f"{who}-{number}.parquet" for who in "abc" for number in range(commits)}
    # It was a race, and who lost it was told.
    assert lost
