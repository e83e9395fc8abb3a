"""Which statements are in force: each protocol's own precedence among its carriers, before anything is compared.

TDMRep: file, header, page or file content, the later over the earlier. RSL: the licences of a page over those of the
site. Across protocols nothing overrides anything; see `effective`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ..model import Signal
from . import rsl, tdmrep
from .reading import Reading
from .tdm_policy import TdmPolicy


def in_force(
    site: Iterable[Signal],
    tdm_file: Iterable[Signal],
    reading: Reading,
    policies: Mapping[str, TdmPolicy],
) -> tuple[Signal, ...]:
    """The statements in force for one URL: those of its site, tdmrep.json among them, and those of a response.

    `policies` are the TDM policies that the site's statements name, by URL; those of the response come with it.
    """
    statements = tuple(site)
    licences = rsl.combine(filter(_is_licence, statements), filter(_is_licence, reading.signals))
    return (
        *(signal for signal in statements if not _is_licence(signal)),
        *tdmrep.combine(tdm_file, reading.tdm_header, reading.tdm_meta, policies={**policies, **reading.policies}),
        *licences,
        *(signal for signal in reading.signals if not _is_licence(signal)),
    )


def _is_licence(signal: Signal) -> bool:
    return signal.kind.startswith("rsl.")
