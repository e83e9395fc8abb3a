"""What holds for the whole suite."""

from __future__ import annotations

import os

import pytest


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One worker more than cores (`-n auto`): browsers, servers and clusters keep tests waiting."""
    return (os.cpu_count() or 1) + 1
