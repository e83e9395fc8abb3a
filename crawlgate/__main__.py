"""`python -m crawlgate` is the command line."""

from .cli import main

main()
