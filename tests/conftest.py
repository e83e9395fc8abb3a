"""What holds for the whole suite."""

from __future__ import annotations

import gc
import os
import sys
from contextlib import suppress

import pytest

with suppress(ImportError):  # environments of single clients have no hypothesis
    from hypothesis import settings

    settings.register_profile("suite", deadline=None)  # how long an example takes says how busy the machine is
    settings.load_profile("suite")

# The suite starts some hundred processes; they and the workers share what one of them compiled.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

gc.disable()  # what is imported and collected stays: looking through it for garbage takes as long as making it

_WAITING = ("test_ray.py", "test_spark.py", "test_playwright.py", "test_proxy", "test_matrix.py")


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    """Neighbours stay in one worker, so that what a module sets up is set up once (`-n` without `--dist`)."""
    if getattr(config.option, "numprocesses", None) and config.option.dist == "no":
        config.option.dist = "worksteal"


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop() -> None:
    """Tests run with the collector on, which passes over what was there before them."""
    gc.enable()
    gc.freeze()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One worker more than cores (`-n auto`): browsers, servers and clusters keep tests waiting."""
    return (os.cpu_count() or 1) + 1


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Clusters and browsers come first: what keeps a worker waiting must not be what all of them wait for at the end."""
    items.sort(key=lambda item: not any(name in item.nodeid for name in _WAITING))
