"""What the service is told: the bodies of its requests, each one definition from which both the reading and the
OpenAPI document come.

Unknown fields are errors, so that a misspelled one is not an answer to another question.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from ..options import Manner
from .problems import Problem

BATCH = 1000
"""Questions in one call. Project choice: an answer of a few megabytes."""

Record = Annotated[
    str, Meta(pattern=r"^[^:\s]+:[0-9]+$", max_length=200, description="A record of the ledger: segment:number.")
]
Name = Annotated[str, Meta(max_length=4096)]
Count = Annotated[int, Meta(ge=0, le=2**53 - 1)]
Address = Annotated[str, Meta(description="The absolute URL, as it is going to be requested.")]


class Check(Struct, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """A question before a fetch. The fields beside `url` say how the request will be made, where it is not the usual
    way; none of them is a secret."""

    url: Address
    user_agent: Annotated[Name, Meta(description="The User-Agent that is sent, if not the declared one.")] | None = None
    credentials: Annotated[Name, Meta(description="A name for what is used to log in, never the secret.")] | None = None
    proxy: Annotated[Name, Meta(description="The route: direct, or host and port of a proxy.")] | None = None
    referrer: Annotated[str, Meta(description="The page that led here.")] | None = None
    cookies: Annotated[str, Meta(description="The Cookie header; only a name of it is ever kept.")] | None = None
    challenge_solved: Annotated[bool, Meta(description="Something answered a challenge for this request.")] = False

    def manner(self) -> Manner:
        """What differs from the usual way."""
        told: dict[str, Any] = {name: getattr(self, name) for name in Manner.__annotations__}
        return {name: value for name, value in told.items() if value}  # type: ignore[return-value]


class Inspection(Check, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """A response in hand, to be judged: one hop, redirects not followed."""

    status: Annotated[int, Meta(ge=100, le=999)]
    headers: Annotated[
        list[tuple[str, str]] | dict[str, str | list[str]],
        Meta(description="Pairs, or an object of values or lists of values."),
    ] = msgspec.field(default_factory=list)
    body: (
        Annotated[
            bytes,
            Meta(description="Base64 of the body, decoded from its content coding. Without it, the page is not read."),
        ]
        | None
    ) = None
    whole: Annotated[bool, Meta(description="False if `body` is only the beginning.")] = True

    def pairs(self) -> list[tuple[str, str]]:
        """The header lines."""
        if isinstance(self.headers, list):
            return self.headers
        return [
            (name, value)
            for name, given in self.headers.items()
            for value in ([given] if isinstance(given, str) else given)
        ]


class Outcome(Struct, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """What became of the body that was fetched under a decision."""

    record: Record
    disposition: Literal["released", "read", "stored", "removed", "discarded", "held", "failed"]
    status: Annotated[int, Meta(ge=100, le=999)] | None = None
    sha256: Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$", description="Of the body as stored.")] | None = None
    size: Annotated[Count, Meta(description="Bytes of the body as stored.")] | None = None
    media_type: Annotated[str, Meta(max_length=100)] | None = None
    complete: bool | None = None
    dataset: Annotated[Name, Meta(description="Needed where the body was stored or removed.")] | None = None
    shard: Name | None = None
    offset: Count | None = None
    length: Count | None = None
    reason: Name | None = None

    def what(self) -> dict[str, Any]:
        """All but the decision and the disposition, as far as it was said."""
        told = msgspec.structs.asdict(self)
        return {name: value for name, value in told.items() if value is not None and name not in _NAMED}


_NAMED = ("record", "disposition")


class Batch(Struct, forbid_unknown_fields=True):
    """Several questions of one kind; each is read and answered on its own."""

    items: Annotated[list[msgspec.Raw], Meta(min_length=1, max_length=BATCH)]


READERS = {kind: msgspec.json.Decoder(kind) for kind in (Check, Inspection, Outcome, Batch)}


def read(kind: type[Any], body: bytes | msgspec.Raw) -> Any:
    """`body` as a `kind`. Raises `Problem` for one that is not JSON, or not that."""
    try:
        return READERS[kind].decode(body)
    except msgspec.ValidationError as error:
        raise Problem(422, "invalid", f"{kind.__name__.lower()}: {error}") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Problem(400, "not_json", f"the body is not JSON: {error}") from None
