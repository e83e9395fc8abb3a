"""A1-A3: does a purpose of enjoyment coexist? Read from the declaration only, never inferred from a page."""

from __future__ import annotations

from ..model import Finding, Outcome, Use
from .facts import Facts
from .outcomes import NotAssessed, finding

_ADDITIONAL_TRAINING = {Use.FINETUNE, Use.ADAPTER}


def a1_similar_output(facts: Facts) -> Finding | NotAssessed:
    """A1: additional training meant to output works similar to those collected (ST12, ST05)."""
    declared = facts.declaration
    intent = declared.intends_similar_output or declared.intends_overfitting
    if intent:
        return finding("A1", Outcome.MET, "a1.intent_declared")
    if not _ADDITIONAL_TRAINING.intersection(declared.uses):
        return NotAssessed("not_assessed.no_additional_training")
    if declared.intends_similar_output is None and declared.intends_overfitting is None:
        return finding("A1", Outcome.NOT_MET, "a1.no_intent_declared")
    return finding("A1", Outcome.NOT_MET, "a1.intent_denied")


def a2_single_creator(facts: Facts) -> Finding | NotAssessed:
    """A2: a small group of one creator's works, taken to output their common expression (ST15, ST16)."""
    declared = facts.declaration
    if not _ADDITIONAL_TRAINING.intersection(declared.uses):
        return NotAssessed("not_assessed.no_additional_training")
    if not declared.target_creator:
        return finding("A2", Outcome.NOT_MET, "a2.no_target")
    creator = declared.target_creator
    if declared.intends_expression_output or declared.intends_similar_output:
        return finding("A2", Outcome.MET, "a2.target_and_intent", creator=creator)
    if declared.intends_expression_output is None:
        return finding("A2", Outcome.NEEDS_HUMAN, "a2.target_undeclared_intent", creator=creator)
    return finding("A2", Outcome.INDICATED, "a2.style_only", creator=creator)


def a3_rag_output(facts: Facts) -> Finding | NotAssessed:
    """A3: input for retrieval augmented generation whose output carries expression (ST13, ST14)."""
    declared = facts.declaration
    if Use.RAG not in declared.uses:
        return NotAssessed("not_assessed.no_rag")
    if declared.legal_basis == "47-5":
        return finding("A3", Outcome.NEEDS_HUMAN, "a3.basis_47_5")
    if declared.output_contains_expression or (
        declared.output_contains_expression is None and declared.intends_expression_output
    ):
        return finding("A3", Outcome.MET, "a3.output_declared")
    if declared.output_contains_expression is None:
        return finding("A3", Outcome.UNKNOWN, "a3.output_undeclared")
    return finding("A3", Outcome.NOT_MET, "a3.output_denied")
