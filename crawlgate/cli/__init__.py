"""The command line: one file per command, the only place that prints or exits."""

from .main import main

__all__ = ["main"]
