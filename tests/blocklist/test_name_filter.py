"""The bits that tell strangers: never a listed name taken for one."""

from zlib import crc32

from hypothesis import given
from hypothesis import strategies as st

from crawlgate.blocklist.name_filter import MIN_BITS, build

LABELS = st.text("abcdefghijklmnopqrstuvwxyz0123456789-", min_size=1, max_size=12)
NAMES = st.lists(st.lists(LABELS, min_size=1, max_size=5).map(".".join), max_size=40)


def is_set(bits: bytearray, name: str) -> bool:
    at = crc32(name.encode()) & (len(bits) * 8 - 1)
    return bool(bits[at >> 3] >> (at & 7) & 1)


@given(NAMES)
def test_every_name_and_its_parents_of_two_labels_are_set(names: list[str]) -> None:
    bits = build(names, len(names))
    for name in names:
        labels = name.split(".")
        for start in range(max(len(labels) - 1, 1)):
            assert is_set(bits, ".".join(labels[start:]))


def test_few_strangers_are_set() -> None:
    bits = build((f"name{n}.example" for n in range(100_000)), 100_000)
    chance = sum(is_set(bits, f"stranger{n}.example") for n in range(10_000))
    assert 0 < chance < 1_400


def test_keys_that_are_no_names_set_nothing() -> None:
    assert not any(build(["/video.example/u", "=video.example/a?b", "#401", "^名.example"], 4))
    assert len(build([], 0)) * 8 == MIN_BITS
