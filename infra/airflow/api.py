"""The few questions and requests we have for Airflow's REST API (v2)."""

from __future__ import annotations

import http.client
import json
import pathlib
import time
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

NO_ANSWER = (urllib.error.URLError, http.client.HTTPException, ConnectionError, TimeoutError)
PATIENCE = 120.0


class ApiError(RuntimeError):
    """Airflow refused a request or did not answer for long: names the request."""


class Api:
    """A client of one Airflow on loopback, signed in as its generated admin."""

    def __init__(self, url: str, passwords: pathlib.Path) -> None:
        self.url, self._passwords, self._token = url, passwords, ""

    def password(self) -> str:
        """The generated password of `admin`."""
        return str(json.loads(self._passwords.read_text(encoding="utf-8"))["admin"])

    def healthy(self) -> bool:
        """Whether scheduler, DAG processor and API all answer."""
        try:
            found = self._send("GET", "/api/v2/monitor/health")
        except NO_ANSWER:
            return False
        return all(found[one]["status"] == "healthy" for one in ("metadatabase", "scheduler", "dag_processor"))

    def get(self, path: str, **query: Any) -> Any:
        """Ask; the answer's JSON."""
        return self._signed("GET", f"{path}?{urllib.parse.urlencode(query, doseq=True)}" if query else path)

    def post(self, path: str, body: dict[str, Any]) -> Any:
        """Request; the answer's JSON."""
        return self._signed("POST", path, body)

    def patch(self, path: str, body: dict[str, Any]) -> Any:
        """Change."""
        return self._signed("PATCH", path, body)

    def _signed(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """Asked again while a busy machine lets it wait; what we request may arrive twice without harm."""
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                if not self._token:
                    given = {"username": "admin", "password": self.password()}
                    self._token = self._send("POST", "/auth/token", given)["access_token"]
                return self._send(method, f"/api/v2{path}", body, {"Authorization": f"Bearer {self._token}"})
            except NO_ANSWER as fault:
                refused = isinstance(fault, urllib.error.HTTPError) and fault.code < 500
                if refused or time.monotonic() > deadline:
                    raise ApiError(f"Airflow's API: {method} {path.partition('?')[0]}: {fault}") from None
                time.sleep(1)

    def _send(
        self, method: str, path: str, body: dict[str, Any] | None = None, headers: dict[str, str] | None = None
    ) -> Any:
        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(
            self.url + path, data, {"Content-Type": "application/json", **(headers or {})}, method=method
        )
        # Loopback never goes through a proxy.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=20) as answer:
            return json.loads(answer.read() or b"null")
