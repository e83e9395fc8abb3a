"""The hash tree of RFC 6962 (2.1) over the lines of a segment: roots, inclusion and consistency proofs.

A leaf's hash is SHA-256 of a zero byte and the line (without its newline), a node's that of a one byte and its two
children. A tree of n leaves splits at the greatest power of two below n.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence

_sha256 = hashlib.sha256
EMPTY = _sha256(b"").digest()
"""The root of a tree without leaves."""


def leaf_hash(line: bytes) -> bytes:
    """The hash of one leaf."""
    return _sha256(b"\0" + line).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node."""
    return _sha256(b"\1" + left + right).digest()


class Tree:
    """A tree that grows. Keeps one hash for each level at most, whatever its size."""

    __slots__ = ("_levels", "size")

    def __init__(self) -> None:
        self.size = 0
        # At each level the node that has no right sibling yet, or nothing.
        self._levels: list[list[bytes]] = []

    def extend(self, hashes: Sequence[bytes]) -> None:
        """Add leaves by their hashes."""
        self.size += len(hashes)
        carried: list[bytes] = list(hashes)
        level = 0
        sha256 = _sha256
        while carried:
            if level == len(self._levels):
                self._levels.append([])
            row = self._levels[level] + carried
            self._levels[level] = [row.pop()] if len(row) % 2 else []
            pairs = iter(row)
            carried = [sha256(b"\1" + left + right).digest() for left, right in zip(pairs, pairs, strict=True)]
            level += 1

    def root(self) -> bytes:
        """The root as of now."""
        root = b""
        for level in self._levels:
            if level:
                root = node_hash(level[0], root) if root else level[0]
        return root or EMPTY


def root_of(hashes: Iterable[bytes]) -> bytes:
    """The root over leaves given by their hashes."""
    tree = Tree()
    tree.extend(list(hashes))
    return tree.root()


def split(size: int) -> int:
    """The greatest power of two below `size` (`size` > 1)."""
    return 1 << (size - 1).bit_length() - 1


Subtree = Callable[[int, int], bytes]
"""The root over the leaves `start` to `end` (exclusive)."""


def inclusion_proof(index: int, size: int, subtree: Subtree) -> list[bytes]:
    """The hashes that lead from leaf `index` to the root of a tree of `size` leaves (RFC 6962 2.1.1)."""
    if not 0 <= index < size:
        raise ValueError(f"leaf {index} is not in a tree of {size}")
    path: list[bytes] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + split(end - start)
        if index < middle:
            path.append(subtree(middle, end))
            end = middle
        else:
            path.append(subtree(start, middle))
            start = middle
    return path[::-1]


def consistency_proof(old: int, size: int, subtree: Subtree) -> list[bytes]:
    """The hashes that show that a tree of `size` leaves begins with the tree of its first `old` (RFC 6962 2.1.2)."""
    if not 0 < old <= size:
        raise ValueError(f"a tree of {old} leaves is no beginning of one of {size}")
    path: list[bytes] = []
    start, end, whole = 0, size, True
    while old != end:
        middle = start + split(end - start)
        if old <= middle:
            path.append(subtree(middle, end))
            end = middle
        else:
            path.append(subtree(start, middle))
            start, whole = middle, False
    if not whole:
        path.append(subtree(start, end))
    return path[::-1]


def root_from_inclusion(leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes:
    """The root that an inclusion proof leads to from a leaf's hash (RFC 9162 2.1.3.2).

    Raises `ValueError` if the proof does not have the form of one for this leaf and size.
    """
    if not 0 <= index < size:
        raise ValueError(f"leaf {index} is not in a tree of {size}")
    here, last, root = index, size - 1, leaf
    for sibling in path:
        if last == 0:
            raise ValueError("the proof is longer than the tree is high")
        if here % 2 or here == last:
            root = node_hash(sibling, root)
            while here % 2 == 0 and here:
                here, last = here // 2, last // 2
        else:
            root = node_hash(root, sibling)
        here, last = here // 2, last // 2
    if last:
        raise ValueError("the proof ends before the root")
    return root


def check_consistency(old: int, old_root: bytes, size: int, root: bytes, path: Sequence[bytes]) -> bool:
    """True if the proof shows that the tree of `size` leaves begins with that of `old` (RFC 9162 2.1.4.2)."""
    if not 0 < old <= size:
        return False
    if old == size:
        return not path and old_root == root
    hashes = list(path)
    if old & (old - 1) == 0:
        hashes.insert(0, old_root)
    if not hashes:
        return False
    here, last = old - 1, size - 1
    while here % 2:
        here, last = here // 2, last // 2
    first = second = hashes[0]
    for sibling in hashes[1:]:
        if last == 0:
            return False
        if here % 2 or here == last:
            first, second = node_hash(sibling, first), node_hash(sibling, second)
            while here % 2 == 0 and here:
                here, last = here // 2, last // 2
        else:
            second = node_hash(second, sibling)
        here, last = here // 2, last // 2
    return first == old_root and second == root and last == 0
