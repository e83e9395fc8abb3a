"""A login page in place of content: a page whose main content is a form for people who have an account.

Articles carry a login form in their header, so a password field alone says nothing. What counts is that the page
calls itself a login page (title, heading over the form) and has next to no text of its own beside the form.
Registration and password recovery are no login.

One pass over the tags, no tree: time is linear in the bytes, and bounded.
"""

from __future__ import annotations

import codecs
import html
import re
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from typing import NamedTuple

from ..limits import DEFAULT_LIMITS
from ..model import Polarity, Purpose, Scope, Signal, Strength
from . import page_head
from .markup import END, HOLDS_TEXT, START, Token, attributes, tokens

MAX_BYTES = 384 * 1024
"""Bytes of a page that are read. Project choice; the longest of 141 real login pages has 364 KiB."""

MAX_TAGS = 15_000
"""Tags of a page that are read; the fullest of those login pages has 7,262."""

MAX_DEPTH = 512
"""Open elements that are kept track of; real pages stay below 100."""

MAX_PROSE = 12_000
"""Reading stops where a page has this much text of its own: it is no login page."""

# Weights of prose (a letter counts 1, a Chinese or Japanese character 2) and links outside menus that a login page
# stays below: one whose title says login, one whose heading or wording says so, and one that says nothing.
_TITLED_PROSE, _NAMED_PROSE, _BARE_PROSE = 3_000, 1_000, 300
_NAMED_LINKS, _BARE_LINKS = 50, 25
_BARE_TOTAL = 1_500
_WORDED_PROSE, _SECOND_PROSE = 800, 500
_NAME_LENGTH = 70
_HEAD_BYTES = 16 * 1024
_INPUT = re.compile(rb"<input", re.IGNORECASE)
_PASSWORD = re.compile(rb"type\s*+=\s*+[\"']?\s*+password", re.IGNORECASE)
_ISO_2022 = re.compile(rb"charset\s*+=\s*+[\"']?iso-2022-jp", re.IGNORECASE)

# --- Words -------------------------------------------------------------------------------------------------

# What a title or a heading of a login page says, as a whole; `_LOGIN` may stand with a few words around it.
_LOGIN = (
    r"log[- ]?(?:in|on)|sign[- ]?(?:in|on)(?![- ]?up)|sign into|authentication|authenticate|webmail access"
    r"|ログイン|ログオン|サインイン|会員認証|会員ログイン"
    r"|登录|登錄|登入|登陆|로그인|anmelden|anmeldung|einloggen|kundenlogin|identification"
    r"|connexion|se connecter|connectez-vous|identifiez-vous|vous identifier|authentification"
    r"|(?:iniciar|inicia|inicio de) sesi[oó]n|acceder|acceso (?:de )?(?:clientes|usuarios)|identif[ií]cate"
    r"|iniciar sess[aã]o|entrar|identifica[cç][aã]o|acceda|accedi|login|accesso|autenticazione|effettua l'accesso"
    r"|inloggen|aanmelden|meld u aan|logga in|inloggning|logg inn|innlogging|log ind|kirjaudu(?: sisään)?"
    r"|zaloguj(?: się)?|logowanie|přihlášení|přihlásit(?: se)?|prihlásenie|prihlásiť(?: sa)?|prihlásenia"
    r"|belépés|bejelentkezés|jelentkezhetsz be|autentificare|conectare|prijava|prijavi se"
    r"|вход|войти|авторизация|аутентификация|увійти|вхід|авторизація|σύνδεση|είσοδος"
    r"|giriş(?: yap)?|oturum aç|prisijungimas|prisijunkite|prisijungti|ieiet|đăng nhập|masuk"
    r"|تسجيل الدخول|ورود|כניסה|התחברות"
)
_LOGIN_WORD = re.compile(r"(?<!\w)(?:" + _LOGIN + r")(?!\w)|ログイン|ログオン|サインイン|로그인|登录|登入|登陆")
_LOGIN_CJK = re.compile(r"ログイン|ログオン|サインイン|会員認証|登录|登錄|登入|登陆|로그인")
_NAME_CJK = re.compile(
    r"(?:.{0,24}[\s・/|])?[^、。]{0,16}(?:" + _LOGIN_CJK.pattern + r")"
    r"(?:ページ|画面|フォーム|する|はこちら|して(?:ください|下さい)|が必要(?:です)?|页面?|頁面?"
    r"|[\s・/|(（&].{0,24})?"
)
_HOW_TO = re.compile(r"\b(?:how|why|can't|cannot|problems?|tutorial|guide|news)\b|方法|できない|やり方|とは")
_REGISTER = re.compile(
    r"(?<!\w)(?:sign[- ]?up|regist(?:er|ration|ra\w*|rati?e\w*)|registrieren|registrace|registrácia|create"
    r"|join|join now|new account|open an account|subscribe|konto anlegen|anlegen|inscri\w+|s'inscrire|cr[ée]+\w*"
    r"|crea(?:r)? (?:una |tu )?cuenta|cadastr\w+|criar|rejestracja|zarejestruj|utwórz|vytvori\w+|vytvoř\w+|regisztr\w+"
    r"|létrehozás\w*|opret\w*|opprett|skapa konto|bli medlem|luo tunnus|rekisteröi\w*|registrer\w*|üye ol|kayıt\w*"
    r"|üyelik|регистр\w+|зарегистр\w+|реєстр\w+|daftar|đăng ký|εγγραφή|ثبت نام|تسجيل جديد)(?!\w)"
    r"|会員登録|新規登録|無料登録|アカウント作成|ユーザー登録|登録する|注册|註冊|회원가입"
)
_RECOVER = re.compile(
    r"(?<!\w)(?:forgot\w*|forgotten|lost|reset|recover\w*|retrieve|reminder|change|vergessen|oubli\w*|perdu|olvid\w*|recuper\w*"
    r"|cambiar|esquec\w*|perdida|dimenticat\w*|vergeten|glemt|glömt|återställ|bestil ny|unohd\w*|zapomnia\w*|zabudli"
    r"|elfelejtett|забыл\w*|восстановлен\w*|запрос)(?!\w)|忘れ|再設定|再発行|忘记|찾기"
)
_WALL = re.compile(
    r"(?:please|must|need to|have to|required to)\s+(?:first\s+)?(?:be\s+)?(?:log(?:ged)?[- ]?in|sign(?:ed)?[- ]?in)"
    r"|not logged in|(?:log|sign) in to (?:continue|read|view|access)|members only|returning (?:customer|user)"
    r"|(?:registered|existing) (?:customer|user|member)|already (?:registered|signed up|a member)"
    r"|(?:already )?have an account"
    r"|password[- ]protected|protected by a password|パスワードで保護|保護されて(?:い|お)"
    r"|(?:ログイン|サインイン)(?:して(?:ください|下さい)|が必要)|会員の方|会員専用"
    r"|bereits (?:ein )?(?:kund|registriert)|ich bin bereits|registrierte kunden"
    r"|(?:déjà|deja) (?:un compte|client|inscrit)"
    r"|ya (?:tiene|tienes|eres)|utilizadores registados|já (?:tem|sou)|hai già|debes? (?:estar|iniciar)"
    r"|registrovan[ií] z[áa]kazn[íi]|вы должны|уже зарегистрированы|masz już"
)
_LOGIN_STEP = re.compile(
    r"(?:(?:wp|user|member|customer|account|client)[-_]?)?(?:log|sign)[-_]?(?:in|on)"
    r"(?:[-_.]?(?:html?|form|page|php|aspx?|jsp|do|cgi|cfm))?"
)
_OTHER_STEP = re.compile(
    r"regist|sign[-_]?up|creat|forg[oe]t|lost|reset|remind|recover|passw(?!ord=)|new[-_]?account|logout"
)
_TITLE_PARTS = re.compile(r"\s*[|·•»«›‹:：–—―/／・<>~]+\s*|\s+-+\s+|\s*,\s+")

# --- Places ------------------------------------------------------------------------------------------------

_ASIDE, _HIDDEN, _LINK, _MUTE = 1, 2, 4, 8
_PLACES = {
    b"header": _ASIDE,
    b"nav": _ASIDE,
    b"footer": _ASIDE,
    b"aside": _ASIDE,
    b"dialog": _HIDDEN,
    b"a": _LINK,
    b"button": _MUTE,
    b"select": _MUTE,
    b"datalist": _MUTE,
}
# `card-header` and `login_header` are no page header.
_NAMED_ASIDE = re.compile(
    rb"(?<![\w-])(?:page|site|main|global|top|wrap)?[-_]?head(?:er)?(?![a-z])"
    rb"|(?<![a-z])(?:(?:page|site|main|global|top)?[-_]?(?:nav(?:bar|igation)?|foot(?:er)?|menu|sidebar)"
    rb"|topbar|top|toolbar|breadcrumbs?|cookie\w*|widget|user-?bar|login-?bar|off-?canvas)(?![a-z])"
)
_NAMED_HIDDEN = re.compile(
    rb"(?<![a-z])(?:modal|popup|pop-?up|overlay|lightbox|dropdown(?:-menu)?|dialog|tooltip|hidden|hide|invisible"
    rb"|fancybox|mfp-hide|reveal|collapse|offscreen|flyout)(?![a-z])"
)
_MAY_NAME = re.compile(
    rb"head|nav|foot|menu|sidebar|top|toolbar|breadcrumb|cookie|widget|bar|canvas|modal|pop|overlay|lightbox|dropdown"
    rb"|dialog|tip|hid|invisible|fancybox|reveal|collapse|offscreen|flyout|display|banner|contentinfo",
    re.IGNORECASE,
)
_UNNAMED = frozenset((b"a", b"body", b"html"))
_STYLE_HIDDEN = re.compile(rb"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_MISNESTED = 16  # open elements that an end tag may close with its own
_LEAD = 3  # blocks between a line that says login and the first field
_VOID = frozenset(b"area base br col embed hr img input link meta param source track wbr".split())
_INLINE = frozenset(
    b"a abbr acronym b bdi bdo big cite code data del dfn em font i ins kbd label mark q rb ruby s samp small "
    b"span strike strong sub sup time tt u var wbr input button select option img".split()
)
_HEADINGS = frozenset(b"h1 h2 h3 h4 h5 legend caption".split())
_TYPED = frozenset((b"", b"text", b"email", b"tel", b"number"))
_SUBMITS = frozenset((b"submit", b"image", b"button"))


class _Field(NamedTuple):
    """A text or password input; `place` are the flags of the elements around it."""

    password: bool
    fresh: bool
    place: int
    span: tuple[int, int]


@dataclass(slots=True)
class _Form:
    """Inputs that belong together: up to a submit button or the edge of a form."""

    fields: list[_Field] = field(default_factory=list)
    heading: str = ""
    submit: str = ""
    action: str = ""
    before: int = 0

    @property
    def place(self) -> int:
        """Where the password field stands, or the last field of a form without one."""
        return next((entry.place for entry in self.fields if entry.password), self.fields[-1].place)


@dataclass(slots=True)
class _Outline:
    """What a page shows, as far as it bears on the question: its title, its forms, and how much it says.

    `prose` is the weight of text in blocks of its own, outside links, menus and what is hidden; `total`
    counts those as well. `others` are parts that a login page does not have: text areas, choices, articles without
    a password field. `wall` tells of a sentence that asks the reader to log in.
    """

    title: str = ""
    forms: list[_Form] = field(default_factory=list)
    headings: list[str] = field(default_factory=list)
    prose: int = 0
    total: int = 0
    links: int = 0
    others: int = 0
    wall: bool = False
    cut: bool = False


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
    if not _PASSWORD.search(data) and not suspected(head.title):
        return ()
    page = _outline(data, head.charset)
    addressed = _is_login_address(url)
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


def suspected(title: str) -> bool:
    """True if a page with this title calls itself a login page: worth holding back until its form can be seen."""
    return any(_says_login(part) for part in _TITLE_PARTS.split(title[:300].lower()))


def _readable(data: bytes, content_type: str) -> bytes:
    """`data` in UTF-8 form where its coding hides the tags in it (UTF-16) or uses their octets (ISO-2022-JP)."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16", "replace").encode("utf-8", "replace")
    if _ISO_2022.search(content_type.encode("utf-8", "replace")[:200]) or _ISO_2022.search(data[:1024]):
        return data.decode("iso2022_jp", "replace").encode("utf-8", "replace")
    return data


def _is_utf8(data: bytes) -> bool:
    try:
        codecs.getincrementaldecoder("utf-8")().decode(data)
    except UnicodeDecodeError:
        return False
    return True


def _outline(data: bytes, charset: str) -> _Outline:
    reader = _Reader(data, charset)
    reader.run()
    return reader.found


# --- The rule ----------------------------------------------------------------------------------------------


def _is_login_address(url: str) -> bool:
    """True for a URL whose last step, or a value of its query, is a login, and that speaks of nothing else."""
    path, _, query = url[:2_000].lower().partition("?")
    step = path.partition("://")[2].partition("/")[2].rstrip("/").rpartition("/")[2]
    words = [step, *(pair.partition("=")[2] for pair in query.split("&"))]
    return any(_LOGIN_STEP.fullmatch(word) for word in words) and not _OTHER_STEP.search(url.lower())


def _login(page: _Outline, *, addressed: bool, whole: bool) -> tuple[_Form, str] | None:
    """The login form that is the main content of the page, and what says so."""
    titled = suspected(page.title)
    if not (titled or whole):
        return None
    forms = [form for form in page.forms if _is_login(form, titled=titled)]
    if not forms:
        return _without_password(page) if titled else None
    main = [form for form in forms if not form.place & (_ASIDE | _HIDDEN) and (titled or len(form.fields) <= 3)]
    if titled:
        for form in main or forms:
            if page.prose <= (_TITLED_PROSE if main else _SECOND_PROSE) and (main or not _content_after(page, form)):
                return form, "title"
        return None
    if _titled_otherwise(page.title):
        return None
    if addressed and page.prose <= _TITLED_PROSE:
        for form in main or forms:
            if main or not _content_after(page, form):
                return form, "address"
    if page.links > _NAMED_LINKS:
        return None
    for form in main:
        if page.prose <= _NAMED_PROSE and (_says_login(form.heading) or _WALL.search(form.heading.lower())):
            return form, "heading"
    if main and page.wall and page.prose <= _WORDED_PROSE:
        return main[0], "wording"
    if main and len(main) < len(forms) and page.prose <= _SECOND_PROSE:
        return main[0], "second form"
    if page.others or page.links > _BARE_LINKS or page.total > _BARE_TOTAL:
        return None
    for form in main or [form for form in forms if not form.place & _ASIDE and page.prose == 0]:
        if _content_after(page, form):
            continue
        says = _LOGIN_WORD.search(form.submit.lower()) is not None
        if page.prose <= (_SECOND_PROSE if says else _BARE_PROSE) and (says or len(form.fields) <= 2):
            return form, "nothing else"
    return None


def _content_after(page: _Outline, form: _Form) -> bool:
    """True if a heading after the form names something else: the form stands before the content, not in its place."""
    later = (text.lower() for text in page.headings[form.before :])
    return not all(_says_login(text) or _REGISTER.search(text) or _RECOVER.search(text) for text in later)


def _is_login(form: _Form, *, titled: bool) -> bool:
    """One password with a name or two, and no word of registration on its button or over it."""
    passwords = [entry for entry in form.fields if entry.password]
    if len(passwords) != 1 or passwords[0].fresh or len(form.fields) > 5:
        return False
    label, heading = form.submit.lower(), form.heading.lower()
    if _LOGIN_WORD.search(label):
        return True
    if _REGISTER.search(label):
        return False
    return titled or not _REGISTER.search(heading) or _LOGIN_WORD.search(heading) is not None


def _without_password(page: _Outline) -> tuple[_Form, str] | None:
    """A page titled login that asks for the name first, the password on the next page."""
    if any(entry.password for form in page.forms for entry in form.fields) or page.prose > _NAMED_PROSE:
        return None
    for form in page.forms:
        words = f"{form.submit} {form.heading} {form.action}".lower()
        if not form.place & (_ASIDE | _HIDDEN) and 0 < len(form.fields) <= 3 and _LOGIN_WORD.search(words):
            return form, "title"
    return None


def _says_login(text: str) -> bool:
    """True for the name of a login page: the word alone, at an edge of a short text, or among a few words."""
    text = text.lower().strip(" \t!.:：。…()[]")
    if len(text) > _NAME_LENGTH or _HOW_TO.search(text):
        return False
    if _LOGIN_CJK.search(text):  # no blanks between words: ログイン障害が発生 is news
        return _NAME_CJK.fullmatch(text) is not None
    said = list(_LOGIN_WORD.finditer(text))
    return bool(said) and (said[0].start() == 0 or said[-1].end() == len(text) or text.count(" ") <= 4)


def _titled_otherwise(title: str) -> bool:
    parts = _TITLE_PARTS.split(title[:300].lower())
    return any(len(part) <= _NAME_LENGTH and (_REGISTER.search(part) or _RECOVER.search(part)) for part in parts)


# --- What a page shows -------------------------------------------------------------------------------------


class _Reader:
    """One pass over the tags. It keeps the open elements with what they say of their content: aside, hidden, link."""

    __slots__ = (
        "_articles",
        "_block",
        "_charset",
        "_data",
        "_form",
        "_heading",
        "_label",
        "_last",
        "_lead",
        "_linked",
        "_names",
        "_open",
        "_passwords",
        "found",
    )

    def __init__(self, data: bytes, charset: str) -> None:
        self._data = data
        self._charset = charset
        self._open: list[tuple[bytes, int]] = []
        self._names: Counter[bytes] = Counter()
        self._block: list[bytes] = []
        self._linked = 0
        self._heading: list[bytes] | None = None
        self._label: list[bytes] | None = None
        self._form = _Form()
        self._last: _Form | None = None
        self._lead = ("", 0)
        self._passwords = 0
        self._articles: list[int] = []
        self.found = _Outline()

    def run(self) -> None:
        data = self._data
        last = 0
        holder: Token | None = None
        for number, token in enumerate(tokens(data)):
            kind, name, start, end = token
            if holder is not None:
                if holder[1] == b"title" and not self.found.title:
                    self.found.title = self._text([data[holder[3] : start]])
                holder = None
            elif start > last:
                self._said(data[last:start])
            last = end
            if kind == START:
                if name in HOLDS_TEXT:
                    holder = token
                    self.found.others += name == b"textarea"
                    continue
                self._start(token)
            elif kind == END:
                self._end(name)
            if number >= MAX_TAGS or self.found.prose > MAX_PROSE:
                self.found.cut = True
                break
        self._flush()
        self._form_edge()

    @property
    def _place(self) -> int:
        return self._open[-1][1] if self._open else 0

    def _said(self, text: bytes) -> None:
        place = self._place
        if self._label is not None:
            self._label.append(text)
        if self._heading is not None:
            self._heading.append(text)
        if place & _MUTE:
            return
        self.found.total += len(b" ".join(text.split()))
        if place & _LINK:
            self._linked += len(text)
        self._block.append(text)

    def _start(self, token: Token) -> None:
        _, name, start, end = token
        if name not in _INLINE:
            self._flush()
        if name == b"input":
            self._input(token)
            return
        if name in _VOID:
            return
        own = _PLACES.get(name, 0)
        if name not in _UNNAMED and _MAY_NAME.search(self._data, start, min(end, start + 2_000)):
            own |= self._named(token)
        if name == b"form":
            self._form_edge()
            self._form.action = self._value(token, b"action")
        elif name == b"a":
            self.found.links += not self._place & (_ASIDE | _HIDDEN)
        elif name == b"button":
            self._label = []
        elif name == b"article":
            self._articles.append(self._passwords)
        elif name in _HEADINGS:
            self._heading = []
        if len(self._open) < MAX_DEPTH:
            self._open.append((name, self._place | own))
            self._names[name] += 1

    def _end(self, name: bytes) -> None:
        if name not in _INLINE:
            self._flush()
        place = self._place
        if name == b"button" and self._label is not None:
            self._submit(self._text(self._label))
            self._label = None
        elif name in _HEADINGS and self._heading is not None:
            text = self._text(self._heading)[:200]
            self._heading = None
            if text and not place & (_ASIDE | _HIDDEN):
                self.found.headings.append(text)
            if text and not self._form.fields:
                self._form.heading = text
        elif name == b"form":
            self._form_edge()
        elif name == b"article" and self._articles:
            self.found.others += self._articles.pop() == self._passwords
        if self._names[name]:
            for back in range(1, min(len(self._open), _MISNESTED) + 1):
                if self._open[-back][0] == name:
                    for closed, _ in self._open[-back:]:
                        self._names[closed] -= 1
                    del self._open[-back:]
                    break

    def _named(self, token: Token) -> int:
        found, _ = attributes(self._data, token)
        names = (found.get(b"class", b"")[:300] + b" " + found.get(b"id", b"")[:100]).lower()
        own = 0
        if b"hidden" in found or _STYLE_HIDDEN.search(found.get(b"style", b"")[:500]):
            own |= _HIDDEN
        if found.get(b"aria-hidden", b"").lower() == b"true" or _NAMED_HIDDEN.search(names):
            own |= _HIDDEN
        if _NAMED_ASIDE.search(names) or found.get(b"role", b"").lower() in (b"navigation", b"banner", b"contentinfo"):
            own |= _ASIDE
        return own

    def _value(self, token: Token, name: bytes) -> str:
        found, _ = attributes(self._data, token)
        return self._text([found.get(name, b"")[:500]])

    def _input(self, token: Token) -> None:
        found, _ = attributes(self._data, token)
        kind = found.get(b"type", b"").strip().lower()
        if kind in _SUBMITS:
            self._submit(self._text([(found.get(b"value") or found.get(b"alt") or b"")[:200]]))
            return
        password = kind == b"password"
        if not password and kind not in _TYPED:
            self.found.others += kind in (b"radio", b"file")
            return
        names = b" ".join((found.get(b"name", b""), found.get(b"id", b""), found.get(b"autocomplete", b"")))[:300]
        place = self._place
        if _STYLE_HIDDEN.search(found.get(b"style", b"")[:500]):
            place |= _HIDDEN
        if self._heading is not None and not self._form.fields and len(self._heading) <= 8:
            self._form.heading = self._text(self._heading)[:200]  # a heading that is not closed before the form
        self._passwords += password
        fresh = b"new-password" in names.lower()
        if not self._form.fields and self._lead[1] > 0 and not _says_login(self._form.heading):
            self._form.heading = self._lead[0]
        self._form.fields.append(_Field(password, fresh, place, token[2:]))

    def _submit(self, label: str) -> None:
        if self._form.fields:
            self._form.submit = label[:200]
            self._group()
        elif self._last is not None:  # a second button of the same form
            self._last.submit = f"{self._last.submit} | {label}"[:400]

    def _group(self) -> None:
        """What follows belongs to another group of inputs of the same form."""
        done = self._form
        self._form = _Form(heading="" if done.fields else done.heading, action=done.action)
        if done.fields:
            done.before = len(self.found.headings)
            self._last = done
            self.found.forms.append(done)

    def _form_edge(self) -> None:
        self._group()
        self._last = None
        self._form.action = ""

    def _flush(self) -> None:
        block, self._block = self._block, []
        linked, self._linked = self._linked, 0
        if not block:
            return
        size = sum(map(len, block))
        if size < 8:
            return
        text = self._text(block)
        if not self._place & _HIDDEN and len(text) < 400 and _WALL.search(text.lower()):
            self.found.wall = True
        if self._place & (_ASIDE | _HIDDEN) or linked * 2 > size:
            return
        said, left = self._lead
        self._lead = (text, _LEAD) if len(text) <= 40 and _says_login(text) else (said, left - 1)
        weight = (len(text) + len(text.encode("utf-8", "replace"))) // 2
        if weight >= 60:
            self.found.prose += weight

    def _text(self, raw: list[bytes]) -> str:
        text = b"".join(raw).decode(self._charset, "replace")
        if "&" in text:
            with suppress(ValueError):  # a decimal reference of thousands of digits
                text = html.unescape(text)
        return " ".join(text.split())
