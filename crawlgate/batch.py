"""Whole tables at once; what they need beside the core is loaded with the first one."""

from __future__ import annotations

from typing import Any

from .errors import ConfigError
from .model import Declaration


def judge_table(
    table: Any,
    declaration: Declaration,
    *,
    url: str | None = None,
    time: str | None = None,
    status: str | None = None,
    user_agent: str | None = None,
    **options: Any,
) -> Any:
    """The answers for an Arrow table, appended to it as columns: `verdict`, `findings`, `criteria`, `basis`,
    `robots_line`, and `problem` where a row could not be judged.

    Columns are found by their usual names, or named. `options` are those of `crawlgate.audit.tables.TableJudge`:
    profile, evidence, notices, register, stage, as_of. Raises `ConfigError` where a column or the extra is missing.
    """
    try:
        from .audit.tables import judge_table as judge
    except ImportError as error:
        raise ConfigError(
            f"tables need {error.name}, which is not installed; install the extra: pip install 'crawlgate[audit]'"
        ) from None
    return judge(table, declaration, url=url, time=time, status=status, user_agent=user_agent, **options)
