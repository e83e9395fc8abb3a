"""What was fetched from a site: its policy files, one page, and the documents that the page names."""

from __future__ import annotations

from collections.abc import Mapping

from ..flow import Survey
from ..headers import Headers
from ..model import Evidence
from ..signals import agents, response
from ..signals.reading import Reading
from ..site import Site
from ..url import Url
from .outcome import Inspection, inspection


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


def inspect_received(
    url: Url,
    token: str,
    survey: Survey,
    page: Evidence | None,
    documents: Mapping[str, Evidence | None] | None = None,
) -> Inspection:
    """What a site says about `url`: by its survey, one page (None: not fetched), and the documents that the page names,
    by URL (None: robots.txt keeps us out)."""
    site = Site(survey, token, agents.load())
    reading = Reading() if page is None else read_page(url, token, page)
    reading = response.with_documents(reading, documents or {}, url=url)
    licences = tuple(reference for reference, _ in survey.licences)
    return inspection(url, site, reading, status=None if page is None else page.status, licences=licences)
