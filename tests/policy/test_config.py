"""Profiles: readable, copied, and refused with the key path when they are wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from crawlgate.errors import ConfigError
from crawlgate.model import Outcome, Stage
from crawlgate.policy import load_profile


def write(folder: Path, text: str) -> Path:
    path = folder / "mine.toml"
    path.write_text(text, "utf-8")
    return path


def test_a_copied_profile_can_be_changed(tmp_path: Path) -> None:
    path = write(tmp_path, 'name = "mine"\n[effects.B3]\nmet = "deny"\n')
    profile = load_profile(path)
    assert profile.name == "mine"
    assert profile.effect("B3", Outcome.MET, Stage.PRE_FETCH) == "deny"
    assert profile.effect("B2", Outcome.MET, Stage.PRE_FETCH) == "allow"
    assert profile.hash != load_profile("standard").hash


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
