"""One answer of a site, read whole."""

from __future__ import annotations

from ..headers import Headers
from ..model import Evidence
from ..signals import response
from ..signals.reading import Reading
from ..url import Url


def read_page(url: Url, token: str, page: Evidence) -> Reading:
    """What one answer of a site says, its body included, whatever its status."""
    if page.status is None:
        return Reading()
    headers = Headers(page.headers)
    reading = response.read_headers(page.status, headers, url=url, token=token, evidence=page.id)
    if not page.body:
        return reading
    return response.read_body(
        page.status,
        headers,
        page.body,
        reading,
        url=url,
        token=token,
        whole=not page.truncated,
        evidence=page.id,
    )
