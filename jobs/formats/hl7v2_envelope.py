"""Batches of HL7 v2 files: what FHS, BHS, BTS and FTS say, against the messages that came (section 2.10.3)."""

from __future__ import annotations

BATCH_COUNT_MISMATCH = "batch_count_mismatch"
FILE_COUNT_MISMATCH = "file_count_mismatch"
MALFORMED_COUNT = "malformed_count"
NO_BATCH_TRAILER = "no_batch_trailer"
NO_FILE_TRAILER = "no_file_trailer"
# Each holds the delivery: the sender says that something else was sent than came.
FAULTS = {
    BATCH_COUNT_MISMATCH: "a batch has another number of messages than its trailer says (BTS-1)",
    FILE_COUNT_MISMATCH: "a file has another number of batches than its trailer says (FTS-1)",
    MALFORMED_COUNT: "the count of a trailer is no number (BTS-1, FTS-1)",
    NO_BATCH_TRAILER: "a batch is begun (BHS) and not ended (BTS): it may have been cut",
    NO_FILE_TRAILER: "a file is begun (FHS) and not ended (FTS): it may have been cut",
}


class Reconciliation:
    """Takes the envelope's lines and the messages in the order of the file; `close` says what does not agree.

    A trailer without count says nothing. BHS may be left out: then BTS counts what came since the last trailer.
    A file without any batch header may give the number of messages in FTS-1, as some senders do.
    """

    def __init__(self) -> None:
        self._faults: dict[str, None] = {}
        self._in_file = False
        self._in_batch = False
        self._batches = 0
        self._messages = 0
        self._messages_of_file = 0

    def message(self) -> None:
        """A message came, faulty or not."""
        self._messages += 1
        self._messages_of_file += 1

    def line(self, text: bytes) -> None:
        """A line of the envelope came."""
        name = text[:3].upper()
        if name == b"BHS":
            self._end_batch_early()
            self._in_batch, self._messages = True, 0
        elif name == b"BTS":
            self._compare(text, (self._messages,), BATCH_COUNT_MISMATCH)
            self._in_batch, self._messages = False, 0
            self._batches += 1
        elif name == b"FHS":
            self._end_file_early()
            self._in_file, self._batches, self._messages_of_file, self._messages = True, 0, 0, 0
        else:
            self._end_batch_early()
            counts = (self._batches,) if self._batches else (0, 1, self._messages_of_file)
            self._compare(text, counts, FILE_COUNT_MISMATCH)
            self._in_file, self._batches, self._messages_of_file, self._messages = False, 0, 0, 0

    def close(self) -> tuple[str, ...]:
        """The faults of the file, each once."""
        self._end_file_early()
        return tuple(self._faults)

    def _end_batch_early(self) -> None:
        if self._in_batch:
            self._faults[NO_BATCH_TRAILER] = None
        self._in_batch = False

    def _end_file_early(self) -> None:
        self._end_batch_early()
        if self._in_file:
            self._faults[NO_FILE_TRAILER] = None
        self._in_file = False

    def _compare(self, text: bytes, came: tuple[int, ...], fault: str) -> None:
        said = text.split(text[3:4])[1].strip() if len(text) > 3 else b""
        if not said:
            return
        if not said.isdigit() or len(said) > 12:
            self._faults[MALFORMED_COUNT] = None
        elif int(said) not in came:
            self._faults[fault] = None
