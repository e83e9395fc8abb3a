"""`DisallowAITraining` and `AllowAITraining` lines of robots.txt (draft-canel-robots-ai-control, expired).

The deployed form is one path a line inside a group, read like Allow and Disallow. The draft is not in force,
so a tie between the two keeps both, and the restriction decides.
"""

from __future__ import annotations

from ..model import Polarity, Purpose
from .statement import LineReading, Statement, path_pattern

_YES = frozenset(("yes", "true", "on", "1", "y", "all"))


def disallow(value: str) -> LineReading:
    """`DisallowAITraining: /path`: training on what lies under the path is reserved; an empty path says nothing."""
    text = value.strip()
    said = Statement(Purpose.TRAIN, Polarity.RESERVED, "DisallowAITraining")
    if not text:
        return LineReading(lint=(("empty_pattern", "DisallowAITraining names no path"),))
    if text.lower() in _YES:
        return LineReading(
            statements=(said._replace(polarity=Polarity.UNSPECIFIED),),
            lint=(("malformed_reservation", "DisallowAITraining takes a path, such as /"),),
        )
    if text[0] in "/*":
        return LineReading(pattern=path_pattern(text), statements=(said,))
    return LineReading(
        pattern=path_pattern("/" + text),
        doubtful=(said,),
        ambiguity="no_leading_slash",
        lint=(("no_leading_slash", "the path is read as if it began with a slash"),),
    )


def allow(value: str) -> LineReading:
    """`AllowAITraining: /path`: training is permitted under the path; anything but a path permits nothing."""
    text = value.strip()
    if not text or text[0] not in "/*":
        code = "bad_path" if text else "empty_pattern"
        return LineReading(lint=((code, "AllowAITraining takes a path, such as /"),))
    return LineReading(
        pattern=path_pattern(text),
        statements=(Statement(Purpose.TRAIN, Polarity.PERMITTED, "AllowAITraining"),),
    )
