import gc
from collections.abc import Iterator

import pytest

from crawlgate.integrations import scrapy_heap


@pytest.fixture(autouse=True)
def _thawed() -> Iterator[None]:
    gc.unfreeze()
    yield
    gc.unfreeze()


def test_the_heap_is_left_out_while_any_crawl_runs() -> None:
    scrapy_heap.leave_out()
    left_out = gc.get_freeze_count()
    scrapy_heap.leave_out()
    scrapy_heap.take_back()
    assert left_out > 10_000
    assert gc.get_freeze_count() > left_out // 2, "another crawl goes on"
    scrapy_heap.take_back()
    assert gc.get_freeze_count() == 0


def test_a_heap_that_somebody_else_froze_stays_as_it_is() -> None:
    gc.freeze()
    scrapy_heap.leave_out()
    scrapy_heap.take_back()
    assert gc.get_freeze_count() > 10_000


def test_a_collector_that_is_off_is_left_alone() -> None:
    gc.disable()
    try:
        scrapy_heap.leave_out()
        assert gc.get_freeze_count() == 0
        scrapy_heap.take_back()
    finally:
        gc.enable()
    assert gc.get_freeze_count() == 0
