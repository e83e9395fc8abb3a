"""The Data Mining property of IPTC and PLUS: its controlled vocabulary and what each value says.

http://ns.useplus.org/ldf/vocab/, IPTC Photo Metadata Standard 2023.1.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from ..model import Polarity, Purpose

_VOCABULARY = re.compile(r"(?:https?://ns\.useplus\.org/(?:ldf/)?vocab/|plus-vocab:)?", re.IGNORECASE)
_CODE = re.compile(r"(?:\A|[/#:])(DMI-[\w-]{0,80})\Z", re.IGNORECASE)
_LETTERS = re.compile(r"[^a-z]+")

_Says = tuple[tuple[Purpose, Polarity], ...]
CODES: Mapping[str, _Says] = {
    "DMI-UNSPECIFIED": ((Purpose.TRAIN, Polarity.UNSPECIFIED),),
    "DMI-ALLOWED": ((Purpose.TRAIN, Polarity.PERMITTED),),
    "DMI-PROHIBITED-AIMLTRAINING": ((Purpose.TRAIN, Polarity.RESERVED),),
    "DMI-PROHIBITED-GENAIMLTRAINING": ((Purpose.TRAIN_GEN, Polarity.RESERVED),),
    "DMI-PROHIBITED-EXCEPTSEARCHENGINEINDEXING": (
        (Purpose.TDM, Polarity.RESERVED),
        (Purpose.SEARCH, Polarity.PERMITTED),
    ),
    "DMI-PROHIBITED": ((Purpose.TDM, Polarity.RESERVED),),
    "DMI-PROHIBITED-SEECONSTRAINT": ((Purpose.TDM, Polarity.RESERVED),),
    "DMI-PROHIBITED-SEEEMBEDDEDRIGHTSEXPR": ((Purpose.TDM, Polarity.CONDITIONAL),),
    "DMI-PROHIBITED-SEELINKEDRIGHTSEXPR": ((Purpose.TDM, Polarity.CONDITIONAL),),
}
"""The controlled vocabulary (http://ns.useplus.org/ldf/vocab/) and what each value says."""

_LABELS: Mapping[str, str] = {
    "unspecified": "DMI-UNSPECIFIED",
    "unspecifiednoprohibitiondefined": "DMI-UNSPECIFIED",
    "allowed": "DMI-ALLOWED",
    "prohibitedforaimltraining": "DMI-PROHIBITED-AIMLTRAINING",
    "prohibitedforgenerativeaimltraining": "DMI-PROHIBITED-GENAIMLTRAINING",
    "prohibitedexceptforsearchengineindexing": "DMI-PROHIBITED-EXCEPTSEARCHENGINEINDEXING",
    "prohibited": "DMI-PROHIBITED",
    "prohibitedseeplusotherconstraints": "DMI-PROHIBITED-SEECONSTRAINT",
    "prohibitedseeplusotherconstraintsproperty": "DMI-PROHIBITED-SEECONSTRAINT",
    "prohibitedseeotherconstraints": "DMI-PROHIBITED-SEECONSTRAINT",
    "prohibitedseeotherconstraintsproperty": "DMI-PROHIBITED-SEECONSTRAINT",
    "prohibitedseeiptcextembdencrightsexpr": "DMI-PROHIBITED-SEEEMBEDDEDRIGHTSEXPR",
    "prohibitedseeiptcextembdencrightsexprproperty": "DMI-PROHIBITED-SEEEMBEDDEDRIGHTSEXPR",
    "prohibitedseeembeddedencodedrightsexpressionproperty": "DMI-PROHIBITED-SEEEMBEDDEDRIGHTSEXPR",
    "prohibitedseeiptcextlinkedencrightsexpr": "DMI-PROHIBITED-SEELINKEDRIGHTSEXPR",
    "prohibitedseeiptcextlinkedencrightsexprproperty": "DMI-PROHIBITED-SEELINKEDRIGHTSEXPR",
    "prohibitedseelinkedencodedrightsexpressionproperty": "DMI-PROHIBITED-SEELINKEDRIGHTSEXPR",
}
"""Descriptions of the values, as ExifTool and IPTC print them, letters only."""


def code(value: str) -> tuple[str | None, bool]:
    """The `DMI-` code of a value (URI, bare code or printed description), and whether it is in the right vocabulary.

    None for a value that is none of these; an unknown code is returned as it is written.
    """
    text = value.strip()
    written = _CODE.search(text)
    if written is not None:
        vocabulary = _VOCABULARY.match(text)
        return written[1].upper(), vocabulary is not None and vocabulary.end() == written.start(1)
    return _LABELS.get(_LETTERS.sub("", text.casefold())), True
