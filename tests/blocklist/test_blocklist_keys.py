"""Key files: made once, read back, and never shown."""

from pathlib import Path

import pytest

from crawlgate.blocklist.keys import make_key, read_signing_key, read_verifier_key, read_verifier_keys
from crawlgate.errors import ConfigError

NAME = "rights.example/feed-2026"


def test_a_pair_is_made_and_read_back(tmp_path: Path) -> None:
    key, secret, public = make_key(NAME, tmp_path / "keys")
    assert secret.name == "rights.example-feed-2026.key"
    assert secret.stat().st_mode & 0o777 == 0o600
    assert read_signing_key(secret) == key
    assert read_verifier_key(str(public)) == read_verifier_key(str(key.verifier)) == key.verifier


def test_a_key_is_never_overwritten(tmp_path: Path) -> None:
    _, secret, public = make_key(NAME, tmp_path)
    before = secret.read_bytes()
    with pytest.raises(ConfigError, match="never overwritten"):
        make_key(NAME, tmp_path)
    public.unlink()
    with pytest.raises(ConfigError, match="never overwritten"):
        make_key(NAME, tmp_path)
    assert secret.read_bytes() == before
    assert not public.exists()


@pytest.mark.parametrize("name", ["", "two words", "a+b", "line\nbreak"])
def test_a_name_that_no_key_can_bear(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError, match="key name"):
        make_key(name, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_wrong_half(tmp_path: Path) -> None:
    key, secret, public = make_key(NAME, tmp_path)
    with pytest.raises(ConfigError, match=r"ends in \.key"):
        read_signing_key(public)
    for given in (key.encoded, str(secret)):
        with pytest.raises(ConfigError, match="keep this one secret") as told:
            read_verifier_key(given)
        assert key.encoded.rpartition("+")[2] not in str(told.value)
    with pytest.raises(ConfigError, match="named twice"):
        read_verifier_keys([str(public), str(key.verifier)])


@pytest.mark.parametrize("data", [b"", b"words", b"\xff\xfe", b"x" * 5000, b"a+b+c"])
def test_a_file_that_holds_no_key(tmp_path: Path, data: bytes) -> None:
    file = tmp_path / "x.pub"
    file.write_bytes(data)
    with pytest.raises(ConfigError):
        read_verifier_key(str(file))
    with pytest.raises(ConfigError, match=r"holds no (signing )?key"):
        read_signing_key(file)
    with pytest.raises(ConfigError, match="cannot be read"):
        read_verifier_key(str(tmp_path / "none"))
