"""A1-A3: does a purpose of enjoyment coexist? Read from the declaration, never inferred from a page (ST05).

What a corpus looks like corroborates; it never stands for an intention (ST16). Whether the use is commercial or
research changes nothing here (ST07).
"""

from __future__ import annotations

from ..model import Finding, Outcome, Use
from .corpus import Extent, concentration
from .facts import Facts
from .outcomes import NotAssessed, finding

_ADDITIONAL_TRAINING = {Use.FINETUNE, Use.ADAPTER}

_NO_TRAINING = NotAssessed("not_assessed.no_additional_training")
_NO_RAG = NotAssessed("not_assessed.no_rag")
_A1_INTENT = finding("A1", Outcome.MET, "a1.intent_declared")
_A1_EXPRESSION = finding("A1", Outcome.INDICATED, "a1.expression_intended")
_A1_NARROW = finding("A1", Outcome.NEEDS_HUMAN, "a1.narrow_undeclared")
_A1_UNDECLARED = finding("A1", Outcome.UNKNOWN, "a1.undeclared")
_A1_NONE = finding("A1", Outcome.NOT_MET, "a1.no_intent_declared")
_A1_DENIED = finding("A1", Outcome.NOT_MET, "a1.intent_denied")
_A2_NO_TARGET = finding("A2", Outcome.NOT_MET, "a2.no_target")
_A2_UNDECLARED = finding("A2", Outcome.UNKNOWN, "a2.undeclared")
_A3_BASIS = finding("A3", Outcome.NEEDS_HUMAN, "a3.basis_47_5")
_A3_OUTPUT = finding("A3", Outcome.MET, "a3.output_declared")
_A3_UNDECLARED = finding("A3", Outcome.UNKNOWN, "a3.output_undeclared")
_A3_DENIED = finding("A3", Outcome.NOT_MET, "a3.output_denied")
_A3_SHOWN = finding("A3", Outcome.INDICATED, "a3.search_shows_expression")


def a1_similar_output(facts: Facts) -> Finding | NotAssessed:
    """A1: additional training meant to output works similar to those collected (ST12, ST05).

    met: the intention is declared; indicated: output of the works' expression is intended, similarity is not spoken
    of; needs_human: nothing is declared, and the set is one creator's; unknown: nothing is declared.
    """
    declared = facts.declaration
    if declared.intends_similar_output or declared.intends_overfitting:
        return _A1_INTENT
    if _ADDITIONAL_TRAINING.isdisjoint(declared.uses):
        return _NO_TRAINING
    if declared.intends_similar_output is not None or declared.intends_overfitting is not None:
        return _A1_DENIED
    if declared.intends_expression_output is None:
        return _A1_NARROW if concentration(facts) is Extent.EXCEEDED else _A1_UNDECLARED
    return _A1_EXPRESSION if declared.intends_expression_output else _A1_NONE


def a2_single_creator(facts: Facts) -> Finding | NotAssessed:
    """A2: a small group of one creator's works, taken to output their common expression (ST15, ST16).

    met needs the declared intention; "style only" is indicated, because a small group may have common expressions
    beside its style; concentration of a corpus alone is for a person; unknown: neither a creator nor an
    aim is declared.
    """
    declared = facts.declaration
    intends = declared.intends_expression_output or declared.intends_similar_output
    extent = concentration(facts)
    creator = declared.target_creator
    if not _ADDITIONAL_TRAINING.isdisjoint(declared.uses):
        if creator:
            if intends:
                return finding("A2", Outcome.MET, "a2.target_and_intent", creator=creator)
            if declared.intends_expression_output is None:
                return finding("A2", Outcome.NEEDS_HUMAN, "a2.target_undeclared_intent", creator=creator)
            return finding("A2", Outcome.INDICATED, "a2.style_only", creator=creator)
        if extent is None:
            return _A2_UNDECLARED if declared.intends_expression_output is None and not intends else _A2_NO_TARGET
        if intends and _one_creator(facts):
            return finding("A2", Outcome.MET, "a2.one_creator_and_intent", **_numbers(facts))
        if intends and extent is Extent.EXCEEDED:
            return finding("A2", Outcome.INDICATED, "a2.concentrated_and_intent", **_numbers(facts))
    elif creator:
        outcome = Outcome.INDICATED if intends else Outcome.NEEDS_HUMAN
        return finding("A2", outcome, "a2.target_without_training", creator=creator)
    elif extent is None:
        return _NO_TRAINING
    if extent is Extent.EXCEEDED:
        return finding("A2", Outcome.NEEDS_HUMAN, "a2.concentrated", **_numbers(facts))
    if extent is Extent.NO_LIMIT:
        return finding("A2", Outcome.NEEDS_HUMAN, "a2.no_limit", **_numbers(facts))
    return finding("A2", Outcome.NOT_MET, "a2.within_limit", **_numbers(facts))


def _one_creator(facts: Facts) -> bool:
    corpus = facts.corpus
    return corpus is not None and (corpus.creators == 1 or corpus.top_creator_share == 100)


def _numbers(facts: Facts) -> dict[str, str]:
    corpus = facts.corpus
    share = None if corpus is None else 100 if corpus.creators == 1 else corpus.top_creator_share
    works = corpus.works if corpus is not None else None
    return {
        "share": "…" if share is None else f"{share}",
        "works": "…" if works is None else f"{works}",
        "creator": (corpus.top_creator if corpus is not None else "") or "…",
    }


def a3_rag_output(facts: Facts) -> Finding | NotAssessed:
    """A3: input for retrieval augmented generation (or similar) whose output carries expression (ST13, ST14).

    On the basis of Article 47-5 its own conditions are for a person, whatever is declared. A cap on excerpts above
    zero means that excerpts are shown.
    """
    declared = facts.declaration
    if Use.RAG not in declared.uses:
        shows = declared.output_contains_expression or (declared.snippet_cap or 0) > 0
        if Use.SEARCH_INDEX in declared.uses and shows and declared.legal_basis == "30-4":
            return _A3_SHOWN
        return _NO_RAG
    if declared.legal_basis == "47-5":
        return _A3_BASIS
    contains = declared.output_contains_expression
    if contains or (contains is None and declared.intends_expression_output):
        return _A3_OUTPUT
    if declared.snippet_cap:
        return finding("A3", Outcome.INDICATED, "a3.snippets_shown", cap=str(declared.snippet_cap))
    return _A3_UNDECLARED if contains is None else _A3_DENIED
