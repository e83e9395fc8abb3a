"""`inspect_document` on the conformance vectors of the shared set and on our own, and its face on the command line."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from crawlgate.cli.signals import inspection_object, signals
from crawlgate.errors import ConfigError
from crawlgate.inspection import DEFAULT_TOKEN, FIELDS, Inspection, inspect_document
from crawlgate.model import Polarity, Purpose, Scope, Signal, Strength
from crawlgate.signals import robots, usage
from crawlgate.signals.effective import effective
from tests.shared_data import ROOT, shared

SHARED = "signals/vectors.json"
SHARED_CASES = 53
# Stands for the example of section 4.2 where a vector refers to it.
EXAMPLE = (
    "User-Agent: *\nAllow: /\nDisallow: /never/\nContent-Usage: train-ai=n\nContent-Usage: /ai-ok/ train-ai=y",
    "same as aipref-07",
)
PROTOCOLS = {
    "robots",
    "tokens",
    "aipref-header",
    "aipref-rule",
    "content-signal",
    "ai-training",
    "rsl",
    "tdmrep",
    "robots-tag",
    "ai-txt",
    "trust-txt",
    "iptc",
    "c2pa",
    "payment",
    "access",
    "challenge",
    "paywall",
    "dataset",
    "wording",
    "not-an-opt-out",
    "contradiction",
}


def own_cases() -> list[dict[str, Any]]:
    folder = Path(__file__).parent / "vectors"
    return [case for path in sorted(folder.glob("*.json")) for case in json.loads(path.read_text("utf-8"))["cases"]]


def shared_cases() -> list[dict[str, Any]]:
    path = ROOT / SHARED
    return list(json.loads(path.read_text("utf-8"))["cases"]) if path.exists() else []


def document(case: Mapping[str, Any]) -> dict[str, Any]:
    """The input of a vector as `crawlgate signals` takes it."""
    table = dict(case["in"])
    if table.get("robots") == EXAMPLE[1]:
        table["robots"] = EXAMPLE[0]
    return table | {name: case[name] for name in ("url", "token") if name in case}


OWN = own_cases()


# --- What an expectation means -----------------------------------------------------------------------------
# A purpose is looked up in `effective`. Everything else is named here; an unknown key fails.

_Check = Callable[[Inspection, Mapping[str, Any], Any], None]


def _access(read: Inspection, table: Mapping[str, Any], wanted: Any) -> None:
    if wanted == "priced_or_licence_required":  # priced, or conditional on a licence
        assert read.effective[Purpose.ACCESS] in (Polarity.PRICED, Polarity.CONDITIONAL)
    else:
        assert_polarity(read, Purpose.ACCESS, wanted)


def _tdm(read: Inspection, table: Mapping[str, Any], wanted: Any) -> None:
    if wanted == "conditional_or_priced_if_policy_says_else_reserved":
        # Nothing is fetched, so the policy has said nothing: reserved, with the policy for whoever reads it.
        assert read.effective[Purpose.TDM] is Polarity.RESERVED
        assert any(signal.detail.get("policy") == "https://p/x.json" for signal in read.signals)
    else:
        assert_polarity(read, Purpose.TDM, wanted)


def _reading(name: str) -> _Check:
    def check(read: Inspection, table: Mapping[str, Any], wanted: Any) -> None:
        # "permitted_may": the RFC says MAY where it says SHOULD elsewhere; both are permissions.
        assert read.facts["readings"][name] == wanted.removesuffix("_may")

    return check


def _strict_policy(read: Inspection, table: Mapping[str, Any], wanted: Any) -> None:
    assert read.facts["readings"]["strict"] == wanted
    assert read.effective[Purpose.CRAWL] == wanted


def _google(read: Inspection, table: Mapping[str, Any], wanted: Any) -> None:
    # Google's reading is not printed by itself: it stops where it takes the answer for a server error.
    assert (read.facts["reason"] == "unreachable") is (wanted == "reserved")


def _own_rules(table: Mapping[str, Any]) -> tuple[robots.RobotsFile, str, str]:
    return robots.parse(table["robots"].encode()), table["url"], table.get("token", DEFAULT_TOKEN)


def _rfc9309(read: Inspection, table: Mapping[str, Any], wanted: Any) -> None:
    file, url, token = _own_rules(table)
    allowed = file.rules_for(token).own.allows(url)
    assert {"crawl": "permitted" if allowed else "reserved"} == wanted


def _aipref_attach(read: Inspection, table: Mapping[str, Any], wanted: Any) -> None:
    file, url, token = _own_rules(table)
    assert file.other_reading is not None
    lines = usage.read(file.other_reading.extension_lines(token)[0])
    said = effective(lines.signals(lines.match(url)))
    crawl = "permitted" if file.other_reading.allows(url, token) else "reserved"
    assert {"crawl": crawl, "train-gen": said[Purpose.TRAIN_GEN]} == wanted


def _restrictive(read: Inspection, table: Mapping[str, Any], wanted: Any) -> None:
    assert {purpose: read.effective[Purpose(purpose)] for purpose in wanted} == wanted


def _vocab08(read: Inspection, table: Mapping[str, Any], wanted: Any) -> None:
    current = effective(signal for signal in read.signals if signal.ambiguity != "legacy_label")
    assert current[Purpose.TRAIN_GEN] == wanted


def _conservative(read: Inspection, table: Mapping[str, Any], wanted: Any) -> None:
    assert read.effective[Purpose.TRAIN_GEN] == wanted


def _microsoft(read: Inspection, table: Mapping[str, Any], wanted: Any) -> None:
    said = [signal for signal in read.signals if signal.subject == "Bingbot"]
    assert len(said) == 1
    if wanted in list(Polarity):
        assert said[0].polarity == wanted
    else:  # what Microsoft may still use: a condition, not a refusal
        assert said[0].detail["usable"] == wanted
        assert said[0].polarity is Polarity.CONDITIONAL


def _subject(read: Inspection, table: Mapping[str, Any], wanted: Any) -> None:
    assert wanted == "other"
    said = [signal for signal in read.signals if signal.purpose is Purpose.TRAIN]
    assert said
    assert not {signal.subject for signal in said} & {"ours", "*"}


def _other_subject(read: Inspection, table: Mapping[str, Any], wanted: Any) -> None:
    assert {polarity for said in read.facts["others"].values() for polarity in said.values()} == {wanted}


def _lint(read: Inspection, table: Mapping[str, Any], wanted: Any) -> None:
    codes = [lint.code for lint in read.lint]
    assert any(fnmatchcase(code, wanted) for code in codes), codes


def _fact(name: str) -> _Check:
    def check(read: Inspection, table: Mapping[str, Any], wanted: Any) -> None:
        assert read.facts.get(name) == wanted

    return check


def _license_urls(read: Inspection, table: Mapping[str, Any], wanted: Any) -> None:
    assert read.facts.get("license_urls", []) == wanted


def _paid_content(read: Inspection, table: Mapping[str, Any], wanted: Any) -> None:
    assert read.facts.get("paid_content", False) is wanted


def _dataset(read: Inspection, table: Mapping[str, Any], wanted: Any) -> None:
    assert read.facts.get("dataset", "free") == wanted


def _kinds(read: Inspection, table: Mapping[str, Any], wanted: Any) -> None:
    assert set(wanted) <= {signal.kind for signal in read.signals}


def _no_kinds(read: Inspection, table: Mapping[str, Any], wanted: Any) -> None:
    assert not set(wanted) & {signal.kind for signal in read.signals}


def _detail(read: Inspection, table: Mapping[str, Any], wanted: Any) -> None:
    for kind, parts in wanted.items():
        found = [signal.detail for signal in read.signals if signal.kind == kind]
        assert any(parts.items() <= detail.items() for detail in found), found


CHECKS: dict[str, _Check] = {
    "access": _access,
    "tdm": _tdm,
    "rfc": _reading("rfc9309"),
    "strict_policy": _strict_policy,
    "google": _google,
    "rfc9309": _rfc9309,
    "aipref_attach": _aipref_attach,
    "restrictive": _restrictive,
    "vocab08": _vocab08,
    "conservative": _conservative,
    "microsoft": _microsoft,
    "subject": _subject,
    "other_subject": _other_subject,
    "n_training_tokens": _fact("n_training_tokens"),
    "reason": _fact("reason"),
    "price": _fact("price"),
    "use": _fact("use"),
    "license_urls": _license_urls,
    "paid_content": _paid_content,
    "dataset": _dataset,
    "lint": _lint,
    "kinds": _kinds,
    "no_kinds": _no_kinds,
    "detail": _detail,
}


def assert_polarity(read: Inspection, purpose: Purpose, wanted: str) -> None:
    if wanted == "not permitted":
        assert read.effective[purpose] is not Polarity.PERMITTED
    else:
        assert read.effective[purpose] is Polarity(wanted)


def assert_expected(case: Mapping[str, Any]) -> None:
    table = document(case)
    read = inspect_document(table)
    for key, wanted in case["expect"].items():
        if key in CHECKS:
            CHECKS[key](read, table, wanted)
        else:
            assert_polarity(read, Purpose(key), wanted)


# --- Vectors -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", shared_cases(), ids=lambda case: case["id"])
def test_a_shared_vector(case: dict[str, Any]) -> None:
    assert_expected(case)


def test_every_shared_vector_is_run() -> None:
    shared(SHARED)
    assert len({case["id"] for case in shared_cases()}) == SHARED_CASES


@pytest.mark.parametrize("case", OWN, ids=lambda case: case["id"])
def test_an_own_vector(case: dict[str, Any]) -> None:
    assert_expected(case)


def test_own_vectors_cover_every_protocol_with_malformed_forms() -> None:
    names = [case["id"].split(".") for case in OWN]
    assert len({case["id"] for case in OWN}) == len(OWN) >= 110
    assert {protocol for protocol, _, _ in names} == PROTOCOLS
    assert {form for _, form, _ in names} == {"valid", "malformed"}
    for form in ("valid", "malformed"):
        assert {protocol for protocol, found, _ in names if found == form} == PROTOCOLS


def test_own_vectors_have_the_form_of_the_shared_ones() -> None:
    for case in OWN:
        assert set(case) <= {"id", "in", "url", "token", "expect", "why"}
        assert case["expect"], case["id"]
        assert set(case["expect"]) <= set(CHECKS) | set(Purpose), case["id"]


@pytest.mark.parametrize("case", OWN, ids=lambda case: case["id"])
def test_the_order_of_statements_is_nothing(case: dict[str, Any]) -> None:
    table = document(case)
    read = inspect_document(table)
    assert effective(reversed(read.signals)) == effective(read.signals)
    again = inspect_document(dict(reversed(table.items())))
    assert again.effective == read.effective
    assert again.facts == read.facts


def test_every_vector_prints_as_the_schema_says() -> None:
    schema = json.loads((Path(__file__).parents[1] / "docs" / "schemas" / "signals.json").read_text("utf-8"))
    check = jsonschema.Draft202012Validator(schema)
    for case in OWN:
        check.validate(json.loads(json.dumps(inspection_object(inspect_document(document(case))))))


# --- Bad input ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ([], "one JSON object"),
        (None, "one JSON object"),
        ("robots", "one JSON object"),
        ({"robot": "x"}, "key 'robot' is unknown, did you mean 'robots'?"),
        ({"ai-txt": ""}, "did you mean 'ai_txt'?"),
        ({"zzz": 1}, "key 'zzz' is unknown; known: robots"),
        ({"url": 1}, "url must be a string"),
        ({"token": ["ExampleBot"]}, "token must be a string"),
        ({"purpose": 1}, "purpose must be"),
        ({"robots": 1}, "robots must be a string"),
        ({"html": ["x"]}, "html must be a string"),
        ({"rsl": {}}, "rsl must be a string"),
        ({"ai_txt": False}, "ai_txt must be a string"),
        ({"trust_txt": 0}, "trust_txt must be a string"),
        ({"xmp": {}}, "xmp must be a string"),
        ({"robots_bytes_hex": 1}, "robots_bytes_hex must be a string"),
        ({"robots_bytes_hex": "efb"}, "robots_bytes_hex is not hexadecimal"),
        ({"robots_bytes_hex": "禁止"}, "robots_bytes_hex is not hexadecimal"),
        ({"robots_status": "200"}, "robots_status must be a whole number"),
        ({"robots_status": True}, "robots_status must be a whole number"),
        ({"robots_redirects": 1.5}, "robots_redirects must be a whole number"),
        ({"robots_redirects": "6"}, "robots_redirects must be a whole number"),
        ({"status": "402"}, "status must be a whole number"),
        ({"status": False}, "status must be a whole number"),
        ({"header": "noai"}, "header must be an object"),
        ({"header": []}, "header must be an object"),
        ({"header": {"X-Robots-Tag": {"noai": True}}}, "header"),
        ({"assertion": []}, "assertion must be an object"),
        ({"assertion": "x"}, "assertion must be an object"),
        ({"url": "site.example/a"}, "url: "),
        ({"url": "mailto:a@site.example"}, "url: "),
        ({"url": "https://"}, "url: "),
        ({"url": "http://[::1"}, "url: "),
    ],
    ids=repr,
)
def test_bad_input_is_told_with_its_key(table: Any, words: str) -> None:
    with pytest.raises(ConfigError) as told:
        inspect_document(table)
    assert words in str(told.value)


def nested(depth: int) -> Any:
    value: Any = "x"
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize("name", ["tdmrep", "body"])
def test_a_body_that_cannot_be_written_as_json_is_told_with_its_key(name: str) -> None:
    for value in (nested(100_000), object(), {"a": {1, 2}}):
        with pytest.raises(ConfigError, match=name):
            inspect_document({name: value, "status": 402})


@pytest.mark.parametrize("depth", [500, 900])
def test_deep_json_is_read(depth: int) -> None:
    for name in ("tdmrep", "body", "jsonld", "assertion"):
        value = {"entries": nested(depth)} if name == "assertion" else nested(depth)
        json.dumps(inspection_object(inspect_document({name: value, "status": 402})))


@pytest.mark.parametrize("value", [{"a": 2**70}, {"a": "\ud800"}, {"\ud800": 1}, [float("nan")]], ids=repr)
def test_what_strict_json_has_not_is_read(value: Any) -> None:
    for name in ("tdmrep", "body", "jsonld"):
        assert inspect_document({name: value}).effective[Purpose.TRAIN] is Polarity.UNSPECIFIED


def test_nothing_at_all_is_silence() -> None:
    read = inspect_document({})
    assert read.signals == ()
    assert read.lint == ()
    assert read.effective == dict.fromkeys(Purpose, Polarity.UNSPECIFIED) | {Purpose.CRAWL: Polarity.PERMITTED}
    assert inspect_document(dict.fromkeys(FIELDS)).effective == read.effective


# --- Any JSON object with these keys -----------------------------------------------------------------------

_TEXTS = sorted(
    {value for case in OWN for value in case["in"].values() if isinstance(value, str)}
    | {value for case in OWN for value in case["in"].get("header", {}).values() if isinstance(value, str)}
)
_ANY_TEXT = st.one_of(
    st.text(max_size=40), st.sampled_from(_TEXTS), st.text("\ud800\udfff\x00<>{}[]:=/*$%\n", max_size=12)
)
_ANY = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), _ANY_TEXT),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(_ANY_TEXT, inner, max_size=4)),
    max_leaves=8,
)
_HEADER_NAMES = sorted({name for case in OWN for name in case["in"].get("header", {})})
_LIKELY: dict[str, st.SearchStrategy[Any]] = {
    "robots_bytes_hex": st.binary(max_size=40).map(bytes.hex),
    "robots_status": st.integers(-1, 1000),
    "robots_redirects": st.integers(-1, 100),
    "status": st.integers(-1, 1000),
    "header": st.dictionaries(st.one_of(st.sampled_from(_HEADER_NAMES), _ANY_TEXT), st.one_of(_ANY_TEXT, _ANY)),
    "url": st.one_of(_ANY_TEXT, _ANY_TEXT.map("/".__add__), _ANY_TEXT.map("https://site.example/".__add__)),
    "jsonld": st.sampled_from([case["in"]["jsonld"] for case in OWN if "jsonld" in case["in"]]),
    "assertion": st.dictionaries(st.sampled_from(["label", "entries", "metadata"]), _ANY),
}
_DOCUMENTS = st.fixed_dictionaries(
    {}, optional={name: st.one_of(_LIKELY.get(name, _ANY_TEXT), _ANY) for name in (*FIELDS, "other")}
)


@settings(max_examples=400, deadline=None)
@given(table=_DOCUMENTS)
def test_any_json_object_is_read_or_told(table: dict[str, Any]) -> None:
    try:
        read = inspect_document(table)
    except ConfigError:
        return
    assert set(read.effective) == set(Purpose)
    assert effective(reversed(read.signals)) == effective(read.signals)


# --- Across protocols --------------------------------------------------------------------------------------


def said(purpose: Purpose, polarity: Polarity, kind: str = "test.said", subject: str = "*") -> Signal:
    return Signal(kind=kind, purpose=purpose, polarity=polarity, strength=Strength.PREFERENCE, subject=subject)


_SAID = st.builds(
    said,
    st.sampled_from(Purpose),
    st.sampled_from(Polarity),
    st.sampled_from(["tdmrep.file", "robots.ai_agent", "wording.refusal", "dataset.offer", "rsl.payment"]),
    st.sampled_from(["ours", "*", "GPTBot"]),
)


@pytest.mark.parametrize("purpose", Purpose)
def test_nobody_spoke(purpose: Purpose) -> None:
    assert effective([])[purpose] is Polarity.UNSPECIFIED


def test_the_stricter_statement_counts_in_the_order_of_the_catalogue() -> None:
    order = [Polarity.RESERVED, Polarity.PRICED, Polarity.CONDITIONAL, Polarity.PERMITTED, Polarity.UNSPECIFIED]
    for place, stricter in enumerate(order):
        for weaker in order[place:]:
            for pair in ((stricter, weaker), (weaker, stricter)):
                assert effective(said(Purpose.SEARCH, polarity) for polarity in pair)[Purpose.SEARCH] is stricter


@pytest.mark.parametrize(
    ("purpose", "reached"),
    [
        (Purpose.TDM, {Purpose.TDM, Purpose.TRAIN, Purpose.TRAIN_GEN}),
        (Purpose.TRAIN, {Purpose.TRAIN, Purpose.TRAIN_GEN}),
        *((purpose, {purpose}) for purpose in Purpose if purpose not in (Purpose.TDM, Purpose.TRAIN)),
    ],
)
def test_tdm_includes_train_and_train_includes_generative_training(purpose: Purpose, reached: set[Purpose]) -> None:
    found = effective([said(purpose, Polarity.RESERVED)])
    assert {name for name, polarity in found.items() if polarity is Polarity.RESERVED} == reached


@pytest.mark.parametrize("subject", ["ours", "*"])
def test_a_permission_never_lifts_a_reservation_of_another_protocol(subject: str) -> None:
    permission = said(Purpose.TRAIN_GEN, Polarity.PERMITTED, "rsl.licence", subject)
    for purpose in (Purpose.TDM, Purpose.TRAIN, Purpose.TRAIN_GEN):
        reservation = said(purpose, Polarity.RESERVED, "tdmrep.file")
        for order in ((permission, reservation), (reservation, permission)):
            assert effective(order)[Purpose.TRAIN_GEN] is Polarity.RESERVED


def test_what_others_are_told_decides_nothing_but_the_refusal_of_training_crawlers() -> None:
    other = said(Purpose.TRAIN, Polarity.RESERVED, "robots_tag.noai", "otherbot")
    assert effective([other])[Purpose.TRAIN] is Polarity.UNSPECIFIED
    named = said(Purpose.TRAIN, Polarity.RESERVED, "robots.ai_agent", "GPTBot, CCBot")
    assert effective([named])[Purpose.TRAIN] is Polarity.RESERVED


@pytest.mark.parametrize("kind", ["wording.refusal", "dataset.offer"])
def test_words_and_products_decide_other_questions(kind: str) -> None:
    assert set(effective([said(Purpose.TDM, Polarity.RESERVED, kind)]).values()) == {Polarity.UNSPECIFIED}


@given(statements=st.lists(_SAID, max_size=8), data=st.data())
def test_order_and_repetition_change_nothing(statements: list[Signal], data: st.DataObject) -> None:
    found = effective(statements)
    assert effective(data.draw(st.permutations(statements))) == found
    assert effective(statements + statements) == found


@given(statements=st.lists(_SAID, max_size=8), more=_SAID)
def test_a_further_statement_never_loosens(statements: list[Signal], more: Signal) -> None:
    order = list(Polarity)
    before, after = effective(statements), effective([*statements, more])
    assert all(order.index(after[purpose]) <= order.index(before[purpose]) for purpose in Purpose)


# --- `crawlgate signals` -----------------------------------------------------------------------------------

NOAI = {"header": {"X-Robots-Tag": "noai, no-ml"}, "robots": "User-agent: GPTBot\nDisallow: /", "url": "/a"}


def assert_shape(printed: str) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(printed)
    assert list(answer) == ["signals", "effective", "lint", "facts"]
    assert set(answer["effective"]) == {str(purpose) for purpose in Purpose}
    assert set(answer["effective"].values()) <= {str(polarity) for polarity in Polarity}
    for signal in answer["signals"]:
        assert {"kind", "purpose", "polarity", "strength", "subject", "raw"} <= set(signal)
    for lint in answer["lint"]:
        assert set(lint) == {"code", "message", "line", "raw", "name"}
    return answer


def test_a_file_prints_signals_effective_lint_and_facts(tmp_path: Path) -> None:
    path = tmp_path / "received.json"
    path.write_text(json.dumps(NOAI), "utf-8")
    result = CliRunner().invoke(signals, [str(path)])
    assert result.exit_code == 0
    answer = assert_shape(result.stdout)
    assert answer["effective"]["train"] == "reserved"
    assert answer["effective"]["crawl"] == "permitted"
    assert answer["facts"]["n_training_tokens"] == 1
    assert {lint["code"] for lint in answer["lint"]} == {"malformed_reservation"}
    assert {signal["kind"] for signal in answer["signals"]} >= {"robots.ai_agent", "robots_tag.noai"}


def test_standard_input_is_read_and_japanese_stays_readable() -> None:
    table = {"html": "<p>当サイトの文章をAIの学習に利用することを禁止します。</p>"}
    result = CliRunner().invoke(signals, ["-"], input=json.dumps(table))
    assert result.exit_code == 0
    answer = assert_shape(result.stdout)
    assert [signal["kind"] for signal in answer["signals"]] == ["wording.refusal"]
    assert "禁止" in result.stdout


def test_every_own_vector_through_the_command(tmp_path: Path) -> None:
    path = tmp_path / "received.json"
    for case in OWN:
        path.write_text(json.dumps(document(case)), "utf-8")
        result = CliRunner().invoke(signals, [str(path)])
        assert result.exit_code == 0, (case["id"], result.stderr)
        assert_shape(result.stdout)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("User-agent: *", "not JSON"),
        ("", "not JSON"),
        ("[]", "one JSON object"),
        ('{"robot": ""}', "did you mean 'robots'?"),
        ('{"url": "nowhere"}', "url: "),
        ('{"robots_bytes_hex": "x"}', "robots_bytes_hex"),
        ('{"body": ' + "[" * 2000 + "]" * 2000 + "}", "not JSON"),
    ],
)
def test_what_cannot_be_read_ends_with_2_and_a_message(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "received.json"
    path.write_text(text, "utf-8")
    done = run_main("signals", str(path))
    assert done.returncode == 2
    assert done.stdout == ""
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_a_file_that_is_not_there_ends_with_2(tmp_path: Path) -> None:
    done = run_main("signals", str(tmp_path / "none.json"))
    assert done.returncode == 2
    assert "none.json" in done.stderr


def test_the_command_line_reads_standard_input() -> None:
    done = run_main("signals", "-", text=json.dumps(NOAI))
    assert done.returncode == 0
    assert_shape(done.stdout)


def run_main(*arguments: str, text: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from crawlgate.cli.main import main; main()", *arguments]
    return subprocess.run(command, input=text, capture_output=True, encoding="utf-8", timeout=60, check=False)


def test_scopes_of_what_is_said_are_told() -> None:
    read = inspect_document({"robots": "User-agent: *\nDisallow: /x", "header": {"X-Robots-Tag": "noai"}, "url": "/x"})
    assert {(signal.kind, signal.scope) for signal in read.signals} == {
        ("robots.disallow", Scope.PATH),
        ("robots_tag.noai", Scope.RESPONSE),
    }
