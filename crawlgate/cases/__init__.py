"""Cases on paper: what a web said, what a collector declared, was told and did. Judged by replay, without traffic.

The form is one JSON object a line (`crawlgate judge`; the field guide is docs/cases.md). Fields called
`expected` are never read.
"""

from .case import Case, CaseError, NotJudged, read_case
from .judging import judge

__all__ = ["Case", "CaseError", "NotJudged", "judge", "read_case"]
