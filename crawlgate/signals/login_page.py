"""A login page in place of content: a page whose main content is a form for people who have an account.

Articles carry a login form in their header, so a password field alone says nothing. What counts is that the page
calls itself a login page (title, heading over the form) and has next to no text of its own beside the form.
Registration and password recovery are no login.

The words stand in `login_words`, what the page shows is gathered by `page_outline`.
"""

from __future__ import annotations

import codecs
import re

from ..limits import DEFAULT_LIMITS
from ..model import Polarity, Purpose, Scope, Signal, Strength
from . import page_head
from .live import TITLE_BYTES
from .login_words import LOGIN_WORD, RECOVER, REGISTER, WALL, is_login_address, says_login, suspected, titled_otherwise
from .page_outline import ASIDE, HIDDEN, Form, Outline, outline

MAX_BYTES = 384 * 1024
"""Bytes of a page that are read. Project choice; the longest of 141 real login pages has 364 KiB."""

# Weights of prose (a letter counts 1, a Chinese or Japanese character 2) and links outside menus that a login page
# stays below: one whose title says login, one whose heading or wording says so, and one that says nothing.
_TITLED_PROSE, _NAMED_PROSE, _BARE_PROSE = 3_000, 1_000, 300
_NAMED_LINKS, _BARE_LINKS = 50, 25
_BARE_TOTAL = 1_500
_WORDED_PROSE, _SECOND_PROSE = 800, 500
_HEAD_BYTES = TITLE_BYTES
_INPUT = re.compile(rb"<input", re.IGNORECASE)
PASSWORD = re.compile(rb"type\s*+=\s*+[\"']?\s*+password", re.IGNORECASE)
_ISO_2022 = re.compile(rb"charset\s*+=\s*+[\"']?iso-2022-jp", re.IGNORECASE)


def read(
    body: bytes, *, content_type: str = "", url: str = "", evidence: str = "", whole: bool = True
) -> tuple[Signal, ...]:
    """`access.login_page` if the page is a login page, else nothing. Never raises.

    `url` is the page's own; an address such as `/login` says what the page is for.

    `whole` False says that `body` is only the beginning of the page: then the title must say login too, because what
    follows the form is not known.
    """
    data = _readable(body[:MAX_BYTES], content_type)
    if not _INPUT.search(data):
        return ()
    if _is_utf8(data):  # whatever the page says of itself
        content_type = "text/html; charset=utf-8"
    head = page_head.scan(data, content_type=content_type, limit=_HEAD_BYTES)
    if not PASSWORD.search(data) and not suspected(head.title):
        return ()
    addressed = is_login_address(url)
    page = outline(data, head.charset, lambda found: _is_settled(found, addressed=addressed))
    found = _login(page, addressed=addressed, whole=whole and len(body) <= MAX_BYTES and not page.cut)
    if found is None:
        return ()
    form, sign = found
    span = next((entry.span for entry in form.fields if entry.password), form.fields[0].span)
    bound = DEFAULT_LIMITS.raw_text
    detail = {"sign": sign, "title": page.title, "heading": form.heading, "action": form.action}
    return (
        Signal(
            kind="access.login_page",
            purpose=Purpose.ACCESS,
            polarity=Polarity.RESERVED,
            strength=Strength.MEASURE,
            scope=Scope.RESPONSE,
            raw=data[span[0] : span[1]][:bound].decode("utf-8", "replace"),
            evidence=evidence,
            span=span,
            detail={key: value[:bound] for key, value in detail.items() if value},
        ),
    )


def _readable(data: bytes, content_type: str) -> bytes:
    """`data` in UTF-8 form where its coding hides the tags in it (UTF-16) or uses their octets (ISO-2022-JP)."""
    hidden = page_head.recoding(data, content_type)
    if hidden is not None:
        return data.decode(hidden, "replace").encode("utf-8", "replace")
    if _ISO_2022.search(content_type.encode("utf-8", "replace")[:200]) or _ISO_2022.search(data[:1024]):
        return data.decode("iso2022_jp", "replace").encode("utf-8", "replace")
    return data


def _is_utf8(data: bytes) -> bool:
    try:
        codecs.getincrementaldecoder("utf-8")().decode(data)
    except UnicodeDecodeError:
        return False
    return True


def _is_settled(page: Outline, *, addressed: bool) -> bool:
    """True if a page that shows this much is no login page, whatever follows: text and links only grow."""
    if page.prose > _TITLED_PROSE:
        return True
    if addressed or not page.title or (page.prose <= _NAMED_PROSE and page.links <= _NAMED_LINKS):
        return False
    return not suspected(page.title)


def _login(page: Outline, *, addressed: bool, whole: bool) -> tuple[Form, str] | None:
    """The login form that is the main content of the page, and what says so."""
    titled = suspected(page.title)
    if not (titled or whole):
        return None
    forms = [form for form in page.forms if _is_login(form, titled=titled)]
    if not forms:
        return _without_password(page) if titled else None
    main = [form for form in forms if not form.place & (ASIDE | HIDDEN) and (titled or len(form.fields) <= 3)]
    if titled:
        for form in main or forms:
            if page.prose <= (_TITLED_PROSE if main else _SECOND_PROSE) and (main or not _content_after(page, form)):
                return form, "title"
        return None
    if titled_otherwise(page.title):
        return None
    if addressed and page.prose <= _TITLED_PROSE:
        for form in main or forms:
            if main or not _content_after(page, form):
                return form, "address"
    if page.links > _NAMED_LINKS:
        return None
    for form in main:
        if page.prose <= _NAMED_PROSE and (says_login(form.heading) or WALL.search(form.heading.lower())):
            return form, "heading"
    if main and page.wall and page.prose <= _WORDED_PROSE:
        return main[0], "wording"
    if main and len(main) < len(forms) and page.prose <= _SECOND_PROSE:
        return main[0], "second form"
    if page.others or page.links > _BARE_LINKS or page.total > _BARE_TOTAL:
        return None
    for form in main or [form for form in forms if not form.place & ASIDE and page.prose == 0]:
        if _content_after(page, form):
            continue
        says = LOGIN_WORD.search(form.submit.lower()) is not None
        if page.prose <= (_SECOND_PROSE if says else _BARE_PROSE) and (says or len(form.fields) <= 2):
            return form, "nothing else"
    return None


def _content_after(page: Outline, form: Form) -> bool:
    """True if a heading after the form names something else: the form stands before the content, not in its place."""
    later = (text.lower() for text in page.headings[form.before :])
    return not all(says_login(text) or REGISTER.search(text) or RECOVER.search(text) for text in later)


def _is_login(form: Form, *, titled: bool) -> bool:
    """One password with a name or two, and no word of registration on its button or over it."""
    passwords = [entry for entry in form.fields if entry.password]
    if len(passwords) != 1 or passwords[0].fresh or len(form.fields) > 5:
        return False
    label, heading = form.submit.lower(), form.heading.lower()
    if LOGIN_WORD.search(label):
        return True
    if REGISTER.search(label):
        return False
    return titled or not REGISTER.search(heading) or LOGIN_WORD.search(heading) is not None


def _without_password(page: Outline) -> tuple[Form, str] | None:
    """A page titled login that asks for the name first, the password on the next page."""
    if any(entry.password for form in page.forms for entry in form.fields) or page.prose > _NAMED_PROSE:
        return None
    for form in page.forms:
        words = f"{form.submit} {form.heading} {form.action}".lower()
        if not form.place & (ASIDE | HIDDEN) and 0 < len(form.fields) <= 3 and LOGIN_WORD.search(words):
            return form, "title"
    return None
