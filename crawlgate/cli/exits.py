"""Exit codes, the same for every command."""

OK = 0
FINDINGS = 1
USAGE = 2
NOT_VERIFIED = 3
NOT_JUDGED = 4
INTERNAL = 5
