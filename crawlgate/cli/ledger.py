"""`crawlgate ledger show` and `ledger verify`: read and check what the gate recorded."""

from __future__ import annotations

import click

from ..home import Home
