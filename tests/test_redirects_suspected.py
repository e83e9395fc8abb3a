"""C2: a redirect to a listed site, or from one, is suspicion with its evidence."""

from datetime import UTC, datetime
from pathlib import Path

from crawlgate import Blocklist, Declaration, Gate
from crawlgate.cases import judge, read_case
from crawlgate.policy import load_profile
from crawlgate.testing import FakeWeb

DECLARED = Declaration(operator="Lab", token="ExampleBot", user_agent="ExampleBot/1", token_published=True)


def gate(tmp_path: Path, **options: object) -> Gate:
    path = tmp_path / "list.txt"
    path.write_text("pirate.example\n")
    rights = Blocklist(path, verified=True, vouched_by="A. Counsel", issuer="RHA", issuer_kind="rights_holder")
    return Gate(
        DECLARED, home=tmp_path / "home", blocklists=[rights], evidence_transport=FakeWeb().transport(), **options
    )  # type: ignore[arg-type]


def c2(decision: object) -> tuple[str, str]:
    found = decision.basis.finding("C2")  # type: ignore[attr-defined]
    return str(found.outcome), found.reason


def test_to_a_listed_site(tmp_path: Path) -> None:
    with gate(tmp_path) as asked:
        moved = asked.inspect(
            "https://door.example/a", status=302, headers={"location": "https://img.pirate.example/1"}
        )
        assert c2(moved) == ("indicated", "c2.redirects_to")
        assert moved.verdict == "review"
        assert "https://img.pirate.example/1" in moved.explain()
        other = asked.inspect("https://door.example/b", status=302, headers={"location": "https://else.example/1"})
        assert c2(other) == ("not_met", "c2.none")


def test_what_led_to_a_listed_site_is_suspected_when_asked_again(tmp_path: Path) -> None:
    with gate(tmp_path) as asked:
        assert c2(asked.check("https://door.example/a")) == ("not_met", "c2.none")
        for _ in range(2):
            moved = asked.inspect("https://door.example/a", status=302, headers={"location": "https://pirate.example/"})
            assert c2(moved) == ("indicated", "c2.redirects_to")
        assert c2(asked.check("https://door.example/a")) == ("indicated", "c2.redirects_to")
        assert c2(asked.check("https://door.example/other")) == ("not_met", "c2.none")


def test_from_a_listed_site(tmp_path: Path) -> None:
    with gate(tmp_path, mode="observe") as asked:
        assert c2(asked.check("https://next.example/")) == ("not_met", "c2.none")
        for target in ("https://next.example/home", "https://www.google.com/"):
            asked.inspect("https://pirate.example/", status=301, headers={"location": target})
        assert c2(asked.check("https://next.example/other")) == ("indicated", "c2.redirected_from")
        assert "https://pirate.example/" in asked.check("https://next.example/other").explain()
        assert c2(asked.check("https://www.google.com/")) == ("not_met", "c2.none")


def test_in_a_case() -> None:
    at = datetime(2026, 11, 1, tzinfo=UTC).isoformat()
    case = read_case({
        "id": "x", "stage": "post_fetch", "url": "https://door.test/a", "fetch_time": at,
        "crawler": {"token": "ExampleBot", "user_agent": "ExampleBot/1", "token_published": True},
        "declaration": {"purpose": "pretraining"}, "robots": {"status": 404},
        "response": {"status": 302, "headers": {"location": "https://mangasky.test/1"}},
        "list_notices": [{"issuer": "RHA", "issuer_verified": True, "entry": "mangasky.test",
                          "scope": "registrable_domain", "received_at": "2026-10-01T00:00:00Z",
                          "effective_at": "2026-10-01T00:00:00Z"}],
    })  # fmt: skip
    found = judge(case, load_profile("standard")).finding("C2")
    assert found is not None
    assert (found.outcome, found.reason) == ("indicated", "c2.redirects_to")
