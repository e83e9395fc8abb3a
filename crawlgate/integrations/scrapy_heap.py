"""What is in memory when a crawl begins is left out of Python's garbage collection until the crawl ends.

Scrapy makes objects fast enough for the collector to walk the whole heap several times a second. What the gate brings
with it (code, tables, lists) would be walked each time, and nothing of it can be garbage while the crawl runs.
"""

from __future__ import annotations

import gc
from threading import Lock

_lock = Lock()
_crawls = 0
_frozen = False


def leave_out() -> None:
    """A crawl begins. With the first one of a process, all that is there now is left out (`gc.freeze`), unless
    somebody else froze the heap, or switched the collector off."""
    global _crawls, _frozen
    with _lock:
        _crawls += 1
        if _crawls == 1 and gc.isenabled() and not gc.get_freeze_count():
            gc.collect()  # what is garbage already must not stay
            gc.freeze()
            _frozen = True


def take_back() -> None:
    """A crawl ended. With the last one, all of it is collected again as ever."""
    global _crawls, _frozen
    with _lock:
        _crawls -= 1
        if _crawls == 0 and _frozen:
            gc.unfreeze()
            _frozen = False
