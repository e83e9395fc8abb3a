"""The forms in which the report of an audit is written: a page, Markdown, JSON, SARIF."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

import orjson

from .account import Account
from .gather import SITES, gather
from .json import SITES as ALL_SITES
from .json import report_object
from .markdown import markdown
from .page import page
from .sarif import sarif_object


class Form(StrEnum):
    """A form of the report."""

    HTML = "html"
    MARKDOWN = "markdown"
    JSON = "json"
    SARIF = "sarif"

    @property
    def ending(self) -> str:
        """The usual ending of a file of this form."""
        return {"markdown": "md"}.get(self, str(self))


def make_report(folder: Path, *, form: Form = Form.HTML, lang: str = "en") -> tuple[Account, str]:
    """The report of the audit in `folder`, as data and as text. The same files give the same text. Raises
    `ConfigError` where the files are not those of an audit."""
    account = gather(folder, sites=SITES if form in (Form.HTML, Form.MARKDOWN) else ALL_SITES)
    if form is Form.HTML:
        return account, page(account, lang)
    if form is Form.MARKDOWN:
        return account, markdown(account, lang)
    made = report_object(account, lang) if form is Form.JSON else sarif_object(account, lang)
    return account, orjson.dumps(made, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE).decode()
