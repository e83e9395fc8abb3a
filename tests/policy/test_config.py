"""Profiles: readable, copied, and refused with the key path when they are wrong."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from crawlgate.criteria import CATALOGUE
from crawlgate.errors import ConfigError
from crawlgate.model import Outcome, Stage
from crawlgate.policy import load_profile
from crawlgate.policy.config import profile_source


def write(folder: Path, text: str) -> Path:
    path = folder / "mine.toml"
    path.write_text(text, "utf-8")
    return path


def test_a_copied_profile_can_be_changed(tmp_path: Path) -> None:
    copied = profile_source("standard").decode().replace('name = "standard"', 'name = "mine"')
    same = load_profile(write(tmp_path, copied))
    assert (same.name, same.hash) == ("mine", load_profile("standard").hash)
    before, _, after = copied.partition("[effects.B3]\n")
    changed = load_profile(
        write(tmp_path, before + "[effects.B3]\n" + after.replace('met = "review"', 'met = "deny"', 1))
    )
    assert changed.effect("B3", Outcome.MET, Stage.PRE_FETCH) == "deny"
    assert changed.effect("B2", Outcome.MET, Stage.PRE_FETCH) == "deny"
    assert changed.hash != same.hash


def test_a_profile_may_say_only_what_differs(tmp_path: Path) -> None:
    path = write(tmp_path, 'name = "mine"\nbased_on = "minimal"\n[effects.B3]\nmet = "deny"\n')
    profile, base = load_profile(path), load_profile("minimal")
    assert profile.based_on == "minimal"
    differing = [
        (criterion, outcome)
        for criterion in CATALOGUE.criteria
        for outcome in Outcome
        if profile.effect(criterion, outcome, Stage.PRE_FETCH) != base.effect(criterion, outcome, Stage.PRE_FETCH)
    ]
    assert differing == [("B3", Outcome.MET)]
    assert profile.effect("B2", Outcome.UNKNOWN, Stage.AUDIT) == "allow"
    nothing = load_profile(write(tmp_path, 'name = "mine"\nbased_on = "minimal"\n'))
    assert nothing.hash == base.hash


def test_the_hash_is_of_what_the_profile_does(tmp_path: Path) -> None:
    text = 'name = "a"\nbased_on = "standard"\n'
    limit = '[limits.site_pages]\nvalue = 1\nunit = "pages"\nowner = "R"\ndate = 2026-04-01\nreason = "少量"\n'
    plain, renamed, limited = (
        load_profile(write(tmp_path, t)) for t in (text, "# a word\n" + text.replace('"a"', '"b"'), text + limit)
    )
    assert plain.hash == renamed.hash == load_profile("standard").hash
    assert limited.hash != plain.hash
    told = json.dumps(limited.policy, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    assert hashlib.sha256(told).hexdigest() == limited.hash
    assert limited.policy["audit_effects"] == {"B2": {"unknown": "review"}}


def test_every_hole_of_a_matrix_is_refused(tmp_path: Path) -> None:
    standard = profile_source("standard").decode()
    holes = 0
    for criterion, described in CATALOGUE.criteria.items():
        for outcome in described.weighed:
            head, row, rest = standard.partition(f"[effects.{criterion}]\n")
            kept, _, after = rest.partition(f"{outcome} = ")
            path = write(tmp_path, head + row + kept + after.partition("\n")[2])
            with pytest.raises(
                ConfigError, match=f"effects.{criterion}.{outcome}: missing; write allow, review or deny"
            ):
                load_profile(path)
            holes += 1
    assert holes == 58
    with pytest.raises(ConfigError, match=r"effects.A1.met, effects.A1.indicated, .* and 53 more: missing"):
        load_profile(write(tmp_path, 'name = "x"\n[effects]\n'))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("name = ", "not valid TOML"),
        ('name = "x"\n', "'effects' is missing"),
        ('name = "x"\n[effect.B2]\nmet = "deny"\n', "did you mean 'effects'"),
        ('name = "x"\n[effects.B22]\nmet = "deny"\n', "effects.B22 is no criterion"),
        ('name = "x"\n[effects.B2]\nmett = "deny"\n', "did you mean 'met'"),
        ('name = "x"\n[effects.B2]\nmet = "block"\n', "effects.B2.met"),
        ('name = "x"\n[effects]\nB2 = "deny"\n', "effects.B2 must be a table"),
        ('name = "x"\neffects = 3\n', "must be a table"),
        ('name = 3\nbased_on = "strict"\n', "name must be a text"),
        ('name = "x"\nbased_on = "strikt"\n', "based_on: 'strikt' is unknown, did you mean 'strict'"),
        ('name = "x"\nbased_on = "other.toml"\n', "use one of strict, standard, minimal"),
        ('name = "x"\nbased_on = ["strict"]\n', "based_on"),
    ],
)
def test_a_broken_profile_is_told_where(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(ConfigError) as error:
        load_profile(write(tmp_path, text))
    assert told in str(error.value)


def test_unknown_and_unreadable_profiles(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="did you mean 'standard'"):
        load_profile("standart")
    with pytest.raises(ConfigError, match="No such file"):
        load_profile(tmp_path / "absent.toml")
    binary = tmp_path / "b.toml"
    binary.write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="not UTF-8 at byte 0"):
        load_profile(binary)
