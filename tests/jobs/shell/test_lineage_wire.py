"""Lineage over a wire: the consumer gets every event, and a consumer that is down costs nothing but a count."""

from __future__ import annotations

import http.server
import json
import threading
import time

import pytest

from jobs.shell import lineage_log, lineage_wire
from jobs.shell.code_version import CodeVersion
from jobs.shell.lineage import Lineage, Made
from jobs.shell.lineage_datasets import of_table
from jobs.shell.lineage_wire import Delivery, Wire
from jobs.shell.settings import Settings


@pytest.fixture(autouse=True)
def nothing_configured(monkeypatch, tmp_path):
    for name in ("OPENLINEAGE_URL", "OPENLINEAGE_CONFIG", "OPENLINEAGE_API_KEY", "OPENLINEAGE_DISABLED"):
        monkeypatch.delenv(name, raising=False)
    # The client copies the address into variables of its own; they must not outlive the test.
    for name in ("TYPE", "URL"):
        monkeypatch.setenv(f"OPENLINEAGE__TRANSPORT__TRANSPORTS__DEFAULT_HTTP__{name}", "")
        monkeypatch.delenv(f"OPENLINEAGE__TRANSPORT__TRANSPORTS__DEFAULT_HTTP__{name}")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def consumer():
    """A consumer on loopback that keeps what it is sent, and answers with `answer`."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):  # noqa: N802 - the library's word
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.server.got.append((self.path, json.loads(body)))
            self.send_response(self.server.answer)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.got, server.answer = [], 201
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def one_hop(tmp_path):
    settings = Settings(str(tmp_path))
    lineage = Lineage(settings, "r1", code=CodeVersion("abc123"))
    hop = lineage.start(
        "gold.drug_era", [of_table(settings, "gold.drug_exposure", 7)], of_table(settings, "gold.drug_era")
    )
    hop.complete(Made(4, rows=20))
    began = time.monotonic()
    delivery = lineage.close()
    return settings, delivery, time.monotonic() - began


def test_a_consumer_gets_every_event_as_it_is_in_the_log(tmp_path, consumer, monkeypatch):
    monkeypatch.setenv("OPENLINEAGE_URL", f"http://127.0.0.1:{consumer.server_port}")
    settings, delivery, _ = one_hop(tmp_path)
    assert delivery == Delivery(sent=2)
    assert [path for path, _ in consumer.got] == ["/api/v1/lineage"] * 2
    assert [event["eventType"] for _, event in consumer.got] == ["START", "COMPLETE"]
    logged = list(lineage_log.read(lineage_log.events_path(settings, "r1")))
    for (_, sent), kept in zip(consumer.got, logged, strict=True):
        # The client puts its own version among the tags.
        tags = [tag for tag in sent["run"]["facets"]["tags"]["tags"] if tag["key"] != "openlineage_client_version"]
        sent["run"]["facets"]["tags"]["tags"] = tags
        for side in ("inputs", "outputs"):
            sent[side] = [{name: value for name, value in one.items() if value != {}} for one in sent[side]]
        assert sent == kept


def test_a_configuration_file_is_respected(tmp_path, consumer, monkeypatch):
    address = f"http://127.0.0.1:{consumer.server_port}"
    (tmp_path / "openlineage.yml").write_text(f"transport: {{type: http, url: '{address}', endpoint: api/v9}}\n")
    _, delivery, _ = one_hop(tmp_path)
    assert delivery == Delivery(sent=2)
    assert {path for path, _ in consumer.got} == {"/api/v9"}


def test_a_consumer_that_refuses_is_counted_and_reported(tmp_path, consumer, monkeypatch):
    consumer.answer = 403
    monkeypatch.setenv("OPENLINEAGE_URL", f"http://127.0.0.1:{consumer.server_port}")
    settings, delivery, _ = one_hop(tmp_path)
    assert delivery == Delivery(undelivered=2, reason="HTTPError")
    assert len(list(lineage_log.read(lineage_log.events_path(settings, "r1")))) == 2


def test_a_consumer_that_is_not_there_is_counted_and_reported(tmp_path, monkeypatch):
    monkeypatch.setenv("OPENLINEAGE_URL", "http://127.0.0.1:1")
    _, delivery, _ = one_hop(tmp_path)
    assert delivery == Delivery(undelivered=2, reason="ConnectionError")


def test_a_consumer_that_hangs_does_not_hold_up_the_end():
    hanging = threading.Event()
    wire = Wire(lambda: lambda event: hanging.wait(30))
    began = time.monotonic()
    for number in range(5):
        wire.put({"number": number})
    delivery = wire.close(patience=0.3)
    hanging.set()
    assert time.monotonic() - began < 2
    assert delivery.undelivered == 5


def test_after_three_failures_nothing_more_is_tried_for_a_while():
    tried = []

    def refuse(event):
        tried.append(event)
        raise ConnectionError("address with a key in it")

    wire = Wire(lambda: refuse)
    for number in range(50):
        wire.put({"number": number})
    assert wire.close() == Delivery(undelivered=50, reason="ConnectionError")
    assert len(tried) == lineage_wire.FAILURES_TO_OPEN


def test_without_a_consumer_nothing_is_sent(tmp_path, monkeypatch):
    assert one_hop(tmp_path)[1] is None
    monkeypatch.setenv("OPENLINEAGE_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("OPENLINEAGE_DISABLED", "true")
    assert not lineage_wire.configured()
