"""A Java trust store made from a PEM bundle, for a Java that came without one or a network that has its own authority.

Format: JKS version 2, as `sun.security.provider.JavaKeyStore` reads it: magic, version, count; per certificate the tag
2, alias, time, type and DER bytes; at the end SHA-1 over password (UTF-16BE), "Mighty Aphrodite" and all before.
"""

from __future__ import annotations

import base64
import hashlib
import os
import pathlib
import re
import ssl
import struct

PASSWORD = "changeit"  # Java's own default: a trust store holds nothing secret


def bundle() -> pathlib.Path | None:
    """The PEM bundle that this machine's other programs trust: by environment, else the system's."""
    named = [os.environ.get(name) for name in ("SSL_CERT_FILE", "PIP_CERT", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")]
    candidates = [*named, "/etc/ssl/certs/ca-certificates.crt", ssl.get_default_verify_paths().cafile]
    return next((pathlib.Path(path) for path in candidates if path and pathlib.Path(path).is_file()), None)


def jks(pem: str) -> bytes:
    """The certificates of a PEM bundle as a JKS trust store."""
    blocks = re.findall(r"-----BEGIN CERTIFICATE-----(.*?)-----END CERTIFICATE-----", pem, flags=re.DOTALL)
    body = struct.pack(">III", 0xFEEDFEED, 2, len(blocks))
    for number, block in enumerate(blocks):
        der = base64.b64decode(block)
        body += struct.pack(">I", 2) + _text(f"ca{number}") + struct.pack(">Q", 0)
        body += _text("X.509") + struct.pack(">I", len(der)) + der
    return body + hashlib.sha1(PASSWORD.encode("utf-16-be") + b"Mighty Aphrodite" + body).digest()


def _text(value: str) -> bytes:
    return struct.pack(">H", len(value)) + value.encode("ascii")
