"""Path patterns: one spelling for rule and URL (RFC 9309 2.2.2), `*` and `$` (2.2.3)."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from protego import Protego

from crawlgate.signals.pathmatch import PathPattern, canonical, needless_escape, spellings
from crawlgate.signals.robots_rules import Matcher, RuleSet

# Spellings that are one path for RFC 9309; every pattern of a row matches every target of it.
SAME = [
    ("/foo/bar?baz=https://foo.bar", "/foo/bar?baz=https%3A%2F%2Ffoo.bar", "/foo/bar?baz=https%3a//foo.bar"),
    ("/foo/bar/ツ", "/foo/bar/%E3%83%84", "/foo/bar/%e3%83%84"),
    ("/foo/bar/baz", "/foo/bar/%62%61%7A", "/foo/bar/%62%61%7a"),
    ("/~user/-._", "/%7Euser/%2D%2E%5F"),
    ("/wiki/Special:Search", "/wiki/Special%3ASearch"),
    ("/a,b;c@d(e)!'+&=", "/a%2Cb%3Bc%40d%28e%29%21%27%2B%26%3D"),
    ("/a b", "/a%20b"),
    ('/a"b', "/a%22b"),
    ("/[x]", "/%5Bx%5D"),
    ("/?a[]=1", "/?a%5B%5D=1"),
    ("/100%25", "/100%25"),
]
DIFFERENT = [
    ("/a%2Fb", "/a/b"),
    ("/a/b", "/a%2Fb"),
    ("/a%2Ab", "/axb"),
    ("/a%24", "/a"),
    ("/A", "/a"),
    ("/%41", "/a"),
    ("/a%23b", "/a"),
    ("/a%252Fb", "/a%2Fb"),
    ("/a%2Fb", "/a%252Fb"),
]


@pytest.mark.parametrize("row", SAME, ids=lambda row: row[0])
def test_spellings_of_one_path(row: tuple[str, ...]) -> None:
    assert len({canonical(spelled) for spelled in row}) == 1
    for pattern in row:
        for target in row:
            for tail in ("", "x"):
                assert PathPattern(pattern).matches(target + tail), (pattern, target)
            assert PathPattern(pattern + "$").matches(target)
            assert not PathPattern(pattern + "$").matches(target + "x")


@pytest.mark.parametrize(("pattern", "target"), DIFFERENT)
def test_paths_that_stay_different(pattern: str, target: str) -> None:
    assert not PathPattern(pattern).matches(target)


@pytest.mark.parametrize(
    ("pattern", "target", "matched"),
    [
        ("", "/", False),
        ("/", "/a", True),
        ("*", "/a", True),
        ("/*", "/a", True),
        ("/a*b*c", "/axbxc", True),
        ("/a*b*c", "/acb", False),
        ("/a**b", "/ab", True),
        ("/a*$", "/abc", True),
        ("/a*c$", "/abcd", False),
        ("/a*c$", "/acbc", True),
        ("/a*aa$", "/aa", False),
        ("*.pdf$", "/x/y.pdf", True),
        ("/a$b", "/a$b/c", True),
        ("/a$b", "/a", False),
        ("/a%2Ab", "/a*b", True),
        ("/a%2Ab", "/a%2ab", True),
        ("/a%24", "/a$", True),
        ("/a$", "/a$", False),
        # A pattern that may match in a path or in a query.
        ("/*=https://", "/r?u=https%3A%2F%2Fa", True),
        ("/*=https%3A%2F%2F", "/r?u=https://a", True),
        ("/*x%2Fy/z", "/r?u=x%2Fy/z", True),
        ("/*%2Fy", "/a/y", False),
        ("/*/y", "/a%2Fy", False),
        # The beginning of an escape is the beginning of what it stands for.
        ("/a%", "/a%E3%81%82", True),
        ("/a%e", "/a%E3%81%82", True),
    ],
)
def test_stars_and_ends(pattern: str, target: str, matched: bool) -> None:
    assert PathPattern(pattern).matches(target) is matched


@pytest.mark.parametrize(
    ("pattern", "needless"), [("/%62", True), ("/%7e", True), ("/%3A", False), ("/%2F", False), ("/a", False)]
)
def test_escapes_that_nothing_needs(pattern: str, needless: bool) -> None:
    assert needless_escape(pattern) is needless


_PIECES = st.sampled_from(["/", "a", "b", "aa", "*", "$", "?", "=", "&", "%2F", "%2f", "%62", ":", "%3A", "あ", ".htm"])
_PATTERNS = st.lists(_PIECES, max_size=6).map("".join)
_TARGETS = st.lists(_PIECES, max_size=8).map(lambda pieces: "/" + "".join(pieces))


@given(target=_TARGETS | st.text().map("/".__add__))
def test_a_spelling_is_a_fixed_point(target: str) -> None:
    one = canonical(target)
    assert one.isascii()
    assert canonical(one) == one
    assert spellings(target)[0] == one
    assert {canonical(spelled) for spelled in spellings(target)} == {one}


@given(pattern=_PATTERNS, target=_TARGETS)
def test_a_pattern_matches_what_is_spelled_alike(pattern: str, target: str) -> None:
    assert PathPattern(pattern).matches(target) == PathPattern(pattern).matches(canonical(target))


_RULES = st.lists(st.tuples(st.booleans(), _PATTERNS.map(lambda pattern: "/" + pattern)), max_size=6)


@settings(max_examples=300)
@given(rules=_RULES, target=_TARGETS)
def test_the_screen_and_the_whole_search_agree(rules: list[tuple[bool, str]], target: str) -> None:
    whole = Matcher((number, allow, pattern) for number, (allow, pattern) in enumerate(rules))
    allowed = RuleSet([whole]).decide(target)[0]
    assert RuleSet([whole]).allows(target) is allowed
    parts = [Matcher([(number, *rule)]) for number, rule in enumerate(rules)]
    assert RuleSet(parts).decide(target)[0] is allowed
    assert RuleSet(parts).allows(target) is allowed
    longest = max(
        ((PathPattern(p).specificity, allow) for allow, p in rules if PathPattern(p).matches(target)),
        default=(0, True),
    )
    if not any(needless_escape(p) or p.endswith(".htm") for allow, p in rules if allow):
        assert allowed is longest[1]


# Where Protego reads as RFC 9309 does: no `%2F`, no `$` but at the end, whole escapes.
_LIKE_PROTEGO = st.lists(st.sampled_from(["a", "b", "ab", "*", "/", "?", "=", ":", "%3A", "あ"]), max_size=6).map(
    "".join
)


@settings(max_examples=300)
@given(
    rules=st.lists(st.tuples(st.booleans(), _LIKE_PROTEGO, st.sampled_from(["", "$"])), max_size=6),
    target=_LIKE_PROTEGO.map(lambda path: "/" + path.lstrip("/")),
)
def test_another_matcher_agrees(rules: list[tuple[bool, str, str]], target: str) -> None:
    """Protego as the second opinion. It counts an encoded octet as three where this one spelling has one, so only
    rules of one kind are compared."""
    for kind in (False, True):
        patterns = ["/" + pattern.lstrip("/") + end for allow, pattern, end in rules if allow is kind]
        other = Protego.parse("User-agent: *\n" + "\n".join(f"Disallow: {pattern}" for pattern in patterns))
        ours = Matcher((number, False, pattern) for number, pattern in enumerate(patterns))
        assert RuleSet([ours]).allows(target) is other.can_fetch(f"https://host.invalid{target}", "x"), patterns
