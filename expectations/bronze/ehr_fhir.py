"""What we know about bronze records: each says where its bytes lie."""

from expectations.check import STOP, rows

EXPECTATIONS = [
    rows("has_a_place", "position", "position < 0 or length <= 0", severity=STOP, doc="a place and a length in a file"),
    rows("digest", "file_digest", "length(file_digest) <> 64", severity=STOP, doc="SHA-256 in hexadecimal digits"),
]
