"""The closed sets of words that everything else is said in: outcomes, verdicts, stages, purposes, kinds."""

from __future__ import annotations

from enum import StrEnum


class Purpose(StrEnum):
    """What a statement of a site is about. `tdm` includes `train`, `train` includes `train-gen`."""

    CRAWL = "crawl"
    ACCESS = "access"
    TDM = "tdm"
    TRAIN = "train"
    TRAIN_GEN = "train-gen"
    AI_INPUT = "ai-input"
    SEARCH = "search"


class Polarity(StrEnum):
    """What a statement says; listed from the most to the least restrictive."""

    RESERVED = "reserved"
    PRICED = "priced"
    CONDITIONAL = "conditional"
    PERMITTED = "permitted"
    UNSPECIFIED = "unspecified"


class Strength(StrEnum):
    """How a statement is made. A measure refuses or conditions the bytes, or is a robots.txt instruction,
    which the source document names as a measure (ST23); a notice is words for people."""

    MEASURE = "measure"
    OFFER = "offer"
    PREFERENCE = "preference"
    NOTICE = "notice"


class Scope(StrEnum):
    """What a statement covers."""

    ORIGIN = "origin"
    PATH = "path"
    RESPONSE = "response"
    ELEMENT = "element"
    EMBEDDED = "embedded"


class Outcome(StrEnum):
    """The five outcomes of a criterion."""

    MET = "met"
    INDICATED = "indicated"
    NOT_MET = "not_met"
    UNKNOWN = "unknown"
    NEEDS_HUMAN = "needs_human"


class Verdict(StrEnum):
    """allow; review: hold until a person decides; deny."""

    ALLOW = "allow"
    REVIEW = "review"
    DENY = "deny"


class Stage(StrEnum):
    """When the question is asked."""

    PRE_FETCH = "pre_fetch"
    POST_FETCH = "post_fetch"
    CORPUS = "corpus"
    AUDIT = "audit"
    RETRO = "retro"


class Use(StrEnum):
    """What the collector wants the copies for (`Declaration.purposes`)."""

    PRETRAINING = "pretraining"
    CONTINUED_PRETRAINING = "continued_pretraining"
    FINETUNE = "finetune"
    ADAPTER = "adapter"
    EVALUATION = "evaluation"
    CLASSIFICATION = "classification"
    EMBEDDING = "embedding"
    STATISTICS = "statistics"
    RAG = "rag"
    SEARCH_INDEX = "search_index"


class EvidenceKind(StrEnum):
    """What was fetched, and so how it is read."""

    ROBOTS = "robots"
    TDMREP = "tdmrep"
    TDM_POLICY = "tdm_policy"
    RSL = "rsl"
    AI_TXT = "ai_txt"
    TRUST_TXT = "trust_txt"
    RESPONSE = "response"


class Product(StrEnum):
    """In which form data is sold for analysis (ST08, ST19)."""

    DOWNLOAD = "download"
    API = "api"
    TDM_LICENCE = "tdm_licence"


class IssuerKind(StrEnum):
    """Who speaks in a notice. Only a person can say so; a list never does for itself."""

    RIGHTS_HOLDER = "rights_holder"
    """A rights holder, or a body that acts for some."""
    AUTHORITY = "authority"
    """A court or a public authority."""
    REVIEWER = "reviewer"
    """A reviewer of the collector's own."""
    PUBLIC = "public"
    """A list that anybody publishes: no notice of a rights holder, whoever vouches for it."""
    UNSTATED = "unstated"
    """Nobody said."""


class NoticeRelation(StrEnum):
    """How a notice bears on a URL. The last six link another host to a listed one: it redirects there, was redirected
    to from there, shows a copy kept of a listed page, serves what a listed page embeds, names a listed page as its
    original, or looks the same."""

    COVERS = "covers"
    OTHER_PATH = "other_path"
    SAME_LABEL = "same_label"
    SUCCESSOR = "successor"
    REDIRECTS_TO = "redirects_to"
    REDIRECTED_FROM = "redirected_from"
    COPY_OF = "copy_of"
    EMBEDDED_BY = "embedded_by"
    CANONICAL = "canonical"
    FINGERPRINT = "fingerprint"
