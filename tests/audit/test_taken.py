"""Yes, no, or not covered: only what is accounted for is answered with no."""

from itertools import count

import pytest

from crawlgate.audit.taken import Answer, Why, judge, merged
from crawlgate.ledger.index.lookup import Asked
from crawlgate.ledger.index.schema import OBSERVED, PROBLEM

numbers = count()


def asked(verdict="allow", stage="pre_fetch", outcomes=(), *, flags=0, segment="s"):
    return Asked(1, 1, segment, next(numbers), 0, flags, 0, verdict, stage, False, "", tuple(outcomes))


def after(verdict="allow", *outcomes, **more):
    return asked(verdict, "post_fetch", outcomes, **more)


ALLOW, DENY, REVIEW = asked(), asked("deny"), asked("review")

CASES = [
    ([], "not_covered", ["never_asked"]),
    ([DENY], "no", ["refused"]),
    ([REVIEW], "no", ["held"]),
    ([DENY, REVIEW], "no", ["refused", "held"]),
    ([ALLOW], "not_covered", ["unreported"]),
    ([ALLOW, after("allow", "released")], "yes", ["released"]),
    ([ALLOW, after("allow", "released", "read", "stored")], "yes", ["stored"]),
    ([ALLOW, after("allow", "released", "stored", "removed")], "yes", ["stored", "removed"]),
    ([asked("allow", "pre_fetch", ["stored"])], "yes", ["stored"]),
    ([asked("deny", "pre_fetch", ["stored"])], "yes", ["stored"]),
    ([ALLOW, after("deny", "discarded")], "no", ["refused"]),
    ([ALLOW, after("review", "held")], "no", ["held"]),
    ([ALLOW, after("allow", "passed_on")], "no", ["passed_on"]),
    ([asked("allow", "pre_fetch", ["failed"])], "no", ["failed"]),
    # Each answer that let something through needs an account of its own.
    ([ALLOW, ALLOW, after("deny", "discarded")], "not_covered", ["unreported", "refused"]),
    (
        [ALLOW, asked("allow", segment="t"), after("deny", "discarded", segment="t")],
        "not_covered",
        ["unreported", "refused"],
    ),
    ([after("deny", "discarded"), ALLOW], "not_covered", ["unreported", "refused"]),
    # An account without an outcome: the writer died in between.
    ([ALLOW, after("allow")], "not_covered", ["unreported"]),
    ([ALLOW, after("deny")], "no", ["refused"]),
    # Observed only: nothing was stopped.
    ([asked("deny", flags=OBSERVED)], "not_covered", ["observed"]),
    ([asked("deny", flags=OBSERVED), after("deny", "released", flags=OBSERVED)], "yes", ["released"]),
    ([asked("deny", flags=OBSERVED), after("deny", "passed_on", flags=OBSERVED)], "no", ["passed_on"]),
    ([asked("deny", flags=OBSERVED), after("deny", flags=OBSERVED)], "not_covered", ["unreported"]),
    ([asked("deny", flags=PROBLEM)], "no", ["url_refused"]),
    ([asked("", "")], "not_covered", ["unreadable"]),
    ([asked("", "post_fetch", ["discarded"])], "not_covered", ["unreadable", "refused"]),
    ([DENY, after("allow", "quarantined")], "yes", ["released"]),
]


@pytest.mark.parametrize(("places", "answer", "why"), CASES)
def test_answers(places, answer, why):
    assert judge(places) == (answer, tuple(map(Why, why)))


def test_answers_about_several_addresses():
    yes, no, open_end = (
        (Answer.YES, (Why.STORED,)),
        (Answer.NO, (Why.REFUSED,)),
        (Answer.NOT_COVERED, (Why.UNREPORTED,)),
    )
    assert merged([no, yes, open_end]) == yes
    assert merged([no, open_end]) == open_end
    assert merged([no, (Answer.NO, (Why.HELD,))]) == (Answer.NO, (Why.REFUSED, Why.HELD))
    assert merged([]) == (Answer.NOT_COVERED, (Why.NEVER_ASKED,))
