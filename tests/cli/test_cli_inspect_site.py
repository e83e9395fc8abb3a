"""`crawlgate inspect-site` against a server on loopback: what a publisher is shown."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import jsonschema
import pytest
from click.testing import CliRunner, Result

from crawlgate.cli.inspect_site import inspect_site

SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "schemas" / "inspection.json").read_text("utf-8"))
Answer = tuple[int, Mapping[str, str], str]


@contextmanager
def site(answers: Mapping[str, Answer]) -> Iterator[tuple[str, list[str]]]:
    """A site on loopback: its origin, and the paths it was asked for. `{origin}` in a body or header is filled in."""
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            status, headers, body = answers.get(self.path, (404, {}, ""))
            sent = body.replace("{origin}", origin).encode()
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value.replace("{origin}", origin))
            self.send_header("Content-Length", str(len(sent)))
            self.end_headers()
            self.wfile.write(sent)

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    origin = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield origin, asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def run(url: str, *options: str) -> Result:
    return CliRunner().invoke(inspect_site, [url, "--allow-address", "127.0.0.0/8", *options])


HTML = {"Content-Type": "text/html"}
RSL = (
    '<rsl xmlns="https://rslstandard.org/rsl"><content url="/"><license>'
    '<permits type="usage">ai-train</permits><payment type="training"/></license></content></rsl>'
)
ROBOTS = (
    200,
    {"Content-Type": "text/plain"},
    "User-agent: GPTBot\nDisallow: /\n\nUser-agent: *\nCrawl-delay: 5\nDisallow /x\n",
)
PAGE = (
    200,
    {**HTML, "Link": '<{origin}/l.xml>; rel="license"; type="application/rsl+xml"'},
    "<title>x</title><p>AI学習禁止",
)
OPEN = {"/robots.txt": ROBOTS, "/a": PAGE, "/l.xml": (200, {"Content-Type": "application/rsl+xml"}, RSL)}


def test_a_publisher_sees_what_the_site_says() -> None:
    with site(OPEN) as (origin, asked):
        shown = run(f"{origin}/a")
    assert shown.exit_code == 0, shown.output
    text = shown.stdout
    for words in (
        f"What this site says to an AI crawler about {origin}/a",
        "reserved: do not   training of AI models, to GPTBot",
        "for a fee          training of AI models, to everybody",
        "the licence asks for a payment or for attribution",
        "a refusal in words",
        "AI学習禁止",
        "Probably not meant as it stands",
        "(Disallow /x)",
        "Not an opt-out, though it is taken for one",
        "crawl-delay: Crawl-delay asks for pauses",
        "A crawler that keeps to these statements does not take this page for AI training.",
    ):
        assert words in text, (words, text)
    assert "policy" not in text
    assert f"{origin}/l.xml: 200" in shown.stderr
    assert asked.count("/l.xml") == 1


def test_the_same_in_japanese() -> None:
    with site(OPEN) as (origin, _):
        shown = run(f"{origin}/a", "--lang", "ja")
    assert shown.exit_code == 0
    for words in (
        "AIモデルの学習",
        "留保（認めない）",
        "ライセンスが支払又は表示を求めている",
        "自然文による拒否",
        "意図と異なるとみられる記述",
    ):
        assert words in shown.stdout


@pytest.mark.parametrize(
    "answers",
    [
        OPEN,
        {},
        {"/robots.txt": (503, {}, "")},
        {"/robots.txt": (200, {}, "User-agent: *\nDisallow: /"), "/a": PAGE},
        {"/a": (403, {**HTML, "cf-ray": "x"}, "<title>Just a moment...</title><script>_cf_chl_opt={}</script>")},
        {"/a": (402, {"crawler-price": "USD 1"}, "")},
        {"/llms.txt": (200, {"Content-Type": "text/plain"}, "# About")},
    ],
    ids=["open", "nothing", "unreachable", "disallowed", "challenge", "price", "llms"],
)
@pytest.mark.parametrize("path", ["/a", "/llms.txt"])
def test_the_json_is_what_the_schema_says(answers: Mapping[str, Answer], path: str) -> None:
    with site(answers) as (origin, _):
        shown = run(f"{origin}{path}", "--format", "json")
    assert shown.exit_code == 0, shown.output
    jsonschema.validate(json.loads(shown.stdout), SCHEMA)


def test_a_challenge_behind_a_refusal_is_told_by_its_text() -> None:
    body = "<title>Just a moment...</title><script>window._cf_chl_opt={}</script>"
    with site({"/a": (403, HTML, body)}) as (origin, _):
        shown = run(f"{origin}/a")
    assert "a test for machines, or a block page" in shown.stdout
    assert "[vendor cloudflare]" in shown.stdout
    assert "The page is not handed out as it is" in shown.stdout


def test_a_page_that_robots_keeps_us_out_of_is_not_fetched() -> None:
    with site({"/robots.txt": (200, {}, "User-agent: *\nDisallow: /a"), "/a": PAGE}) as (origin, asked):
        shown = run(f"{origin}/a")
    assert "/a" not in asked
    assert "the page itself was not fetched" in shown.stderr
    assert "does not fetch this page" in shown.stdout


def test_a_redirect_is_followed_and_a_login_is_not() -> None:
    moved = {"/a": (301, {"Location": "/b"}, ""), "/b": (200, {**HTML, "X-Robots-Tag": "noai"}, "<p>x")}
    with site(moved) as (origin, _):
        shown = run(f"{origin}/a")
    assert f"{origin}/a leads to {origin}/b" in shown.stderr
    assert "noai: not for AI training" in shown.stdout
    with site({"/a": (302, {"Location": "/login?next=/a"}, "")}) as (origin, asked):
        shown = run(f"{origin}/a")
    assert "/login?next=/a" not in asked
    assert "the page is exchanged for a login" in shown.stdout
    with site({"/a": (302, {"Location": "/a"}, "")}) as (origin, asked):
        assert run(f"{origin}/a").exit_code == 0
    assert asked.count("/a") <= 6


def test_a_refusal_in_words_is_not_called_silence() -> None:
    with site({"/a": (200, HTML, "<footer>AI学習禁止</footer>")}) as (origin, _):
        shown, japanese = run(f"{origin}/a"), run(f"{origin}/a", "--lang", "ja")
    assert "AI training or mining is refused in words" in shown.stdout
    assert "Nothing here speaks" not in shown.stdout
    assert "自然文で拒否されており" in japanese.stdout


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({**HTML, "Content-Encoding": "gzip"}, "no gzip"),
        ({**HTML, "X-Robots-Tag": "noindex," * 100_000}, "<p>x"),
        (HTML, "<head><title>x</title><style>" + "a{}" * 200_000 + "</style>"),
    ],
    ids=["broken", "long-header", "long-head"],
)
def test_a_page_that_was_not_had_whole_is_not_called_silent(headers: Mapping[str, str], body: str) -> None:
    with site({"/robots.txt": ROBOTS, "/a": (200, headers, body)}) as (origin, _):
        shown = run(f"{origin}/a", "--token", "OtherBot")
    assert shown.exit_code == 0
    assert "The page was not had whole" in shown.stdout
    assert "Nothing here speaks" not in shown.stdout


def test_lint_names_the_file_it_is_about() -> None:
    page = (200, HTML, "<!doctype html><title>Not here</title>")
    answers = dict.fromkeys(("/robots.txt", "/.well-known/tdmrep.json", "/ai.txt", "/trust.txt"), page)
    with site(answers) as (origin, _):
        shown = run(f"{origin}/a")
    for name in ("robots.txt", "/.well-known/tdmrep.json", "ai.txt", "trust.txt"):
        assert f"  {name}: the body is " in shown.stdout, shown.stdout


def test_a_policy_is_told_with_its_terms() -> None:
    policy = {
        "permission": [{"action": "tdm:mine", "duty": [{"action": "obtainConsent"}]}],
        "assigner": {"vcard:hasEmail": "mailto:rights@example.test"},
    }
    answers: dict[str, Answer] = {
        "/.well-known/tdmrep.json": (
            200,
            {},
            '[{"location": "/", "tdm-reservation": 1, "tdm-policy": "{origin}/p.json"}]',
        ),
        "/p.json": (200, {"Content-Type": "application/json"}, json.dumps(policy)),
        "/a": (200, HTML, "<p>x"),
    }
    with site(answers) as (origin, _):
        shown = run(f"{origin}/a")
    assert "text and data mining            under conditions" in shown.stdout
    assert "duties obtainConsent; contact mailto:rights@example.test" in shown.stdout
    assert "does not take this page for AI training without a licence" in shown.stdout


@pytest.mark.parametrize("url", ["", "mailto:a@b.example", "http://", "http://[::1"])
def test_what_is_no_url_is_a_usage_error(url: str) -> None:
    shown = CliRunner().invoke(inspect_site, [url])
    assert shown.exit_code == 2
    assert "Traceback" not in shown.output


def test_an_address_that_is_not_public_is_not_reached_without_leave() -> None:
    with site(OPEN) as (origin, asked):
        shown = CliRunner().invoke(inspect_site, [f"{origin}/a"])
    assert asked == []
    assert shown.exit_code == 0
    assert "robots.txt could not be had" in shown.stdout
