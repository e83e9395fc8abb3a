"""Everything a site said, in one place and without a verdict: what `crawlgate signals` and `inspect-site` show.

The input is what was received (bodies, status, headers); the output the statements, the polarity per purpose
after every precedence, and the lint. Pure: nothing is fetched here.
"""

from .document import DEFAULT_TOKEN, FIELDS, inspect_document
from .outcome import Inspection
from .visit import Visit, inspect_visit, visit

__all__ = ["DEFAULT_TOKEN", "FIELDS", "Inspection", "Visit", "inspect_document", "inspect_visit", "visit"]
