"""The tree against a plain reading of RFC 6962 2.1, and against its published test root."""

import base64
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlgate.ledger.merkle import (
    EMPTY,
    Tree,
    check_consistency,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    node_hash,
    root_from_inclusion,
    root_of,
    split,
)

LEAVES = [leaf_hash(b"%d" % number) for number in range(70)]


def plain(leaves):
    """Merkle tree hash as the RFC defines it."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    k = split(len(leaves))
    return node_hash(plain(leaves[:k]), plain(leaves[k:]))


def subtree(start, end):
    return plain(LEAVES[start:end])


def test_the_published_root():
    # Certificate Transparency's reference inputs and the root of all eight.
    inputs = ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
    root = root_of(leaf_hash(bytes.fromhex(one)) for one in inputs)
    assert root.hex() == "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"
    assert base64.b64encode(EMPTY) == b"47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="


@given(st.lists(st.integers(0, 9), max_size=8))
def test_a_tree_that_grows_in_steps_has_the_roots_of_the_plain_one(steps):
    tree, done = Tree(), 0
    for step in steps:
        tree.extend(LEAVES[done : done + step])
        done = min(done + step, len(LEAVES))
        assert tree.size == done
        assert tree.root() == plain(LEAVES[:done])


def test_every_proof_up_to_70_leaves_holds_and_no_other():
    for size in range(1, len(LEAVES) + 1):
        root = plain(LEAVES[:size])
        for index in range(0, size, max(1, size // 7)):
            path = inclusion_proof(index, size, subtree)
            assert root_from_inclusion(LEAVES[index], index, size, path) == root
            if path:
                assert root_from_inclusion(LEAVES[index - 1], index, size, path) != root
            for wrong in ([*path, root], path[:-1]):
                if wrong != path:
                    with pytest.raises(ValueError, match="proof"):
                        root_from_inclusion(LEAVES[index], index, size, wrong)
        for old in range(1, size + 1, max(1, size // 7)):
            path, before = consistency_proof(old, size, subtree), plain(LEAVES[:old])
            assert check_consistency(old, before, size, root, path)
            assert not check_consistency(old, EMPTY, size, root, path)
            assert not check_consistency(old, before, size, EMPTY, path)
            assert not check_consistency(old, before, size, root, [*path, root])
            if path:
                assert not check_consistency(old, before, size, root, path[:-1])
                assert not check_consistency(old, before, size, root, [EMPTY, *path[1:]])


def test_what_is_no_proof():
    for index, size in ((-1, 4), (4, 4), (0, 0)):
        with pytest.raises(ValueError, match="not in a tree"):
            inclusion_proof(index, size, subtree)
        with pytest.raises(ValueError, match="not in a tree"):
            root_from_inclusion(LEAVES[0], index, size, [])
    for old, size in ((0, 4), (5, 4)):
        with pytest.raises(ValueError, match="no beginning"):
            consistency_proof(old, size, subtree)
        assert not check_consistency(old, EMPTY, size, EMPTY, [])
    assert not check_consistency(3, LEAVES[0], 4, LEAVES[1], [])
