"""Errors as problem details (RFC 9457): what is wrong, in words, with a stable type."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from starlette.responses import Response

MEDIA_TYPE = "application/problem+json"
TYPES = {
    "not_json": "The body is not JSON",
    "invalid": "The body is not what this address takes",
    "media_type": "The body must be JSON",
    "too_large": "The body is too large",
    "slow": "The body did not come in time",
    "unauthorized": "A token is needed",
    "misdirected": "This name is not that of the service",
    "not_found": "Nothing is at this address",
    "method": "This method is not known here",
    "busy": "Too many requests at once",
    "timeout": "There was no answer in time",
    "ledger": "The answer could not be recorded, so none is given",
    "lists": "A list could not be read",
    "internal": "Internal error, please report it",
}
"""Each kind of problem, with its title. The type of one is `urn:crawlgate:problem:` and its name."""


class Problem(Exception):
    """Something that is wrong with a request, or with us. `detail` says what and how to go on, without a secret."""

    def __init__(self, status: int, kind: str, detail: str = "", headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status, self.kind, self.detail, self.headers = status, kind, detail, dict(headers or {})

    def table(self) -> dict[str, Any]:
        """The members of the problem object."""
        said = {"detail": self.detail} if self.detail else {}
        return {"type": f"urn:crawlgate:problem:{self.kind}", "title": TYPES[self.kind], "status": self.status, **said}

    def response(self) -> Response:
        """The whole answer."""
        return Response(orjson.dumps(self.table()), self.status, headers=self.headers, media_type=MEDIA_TYPE)
