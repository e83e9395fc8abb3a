"""What a rights holder, an authority or a public list told of a site, and how it bears on a URL."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from .vocabulary import IssuerKind, NoticeRelation


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What a rights holder, an authority, an own reviewer or a public list told the collector of a site, dated.

    `scope` is `registrable_domain`, `subdomain`, `host`, `path_prefix`, `url`, `ip` or `cidr`; `value` the domain,
    host, URL, address or range, and `path_prefix` the path where the scope is one. An `exception` carves what it
    names out of the other entries of its list. The issuer says `listed_at`,
    `expires_at` and `withdrawn_at`; `received_at` is when we knew, `effective_at` when the gate had loaded it.
    None is unknown or never. `issuer_verified` says that a person (`vouched_by`) checked who speaks and what is
    claimed; `issuer_kind` says who speaks. `contact` is where an appeal goes. `source` names the list and its
    version.
    """

    id: str
    issuer: str
    scope: str
    value: str
    issuer_verified: bool = False
    issuer_kind: IssuerKind = IssuerKind.UNSTATED
    vouched_by: str = ""
    contact: str = ""
    path_prefix: str | None = None
    exception: bool = False
    reason: str = ""
    listed_at: datetime | None = None
    received_at: datetime | None = None
    effective_at: datetime | None = None
    expires_at: datetime | None = None
    withdrawn_at: datetime | None = None
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeMatch:
    """A notice and how it bears on one URL (`url`, one hop of the chain).

    `exceptions` are entries of the same list that carve the URL out of what it covers. Where the relation is a
    redirect, `url` is the listed end of it.
    """

    notice: Notice
    relation: NoticeRelation
    url: str
    exceptions: tuple[Notice, ...] = ()
