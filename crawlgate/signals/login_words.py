"""Words by which a page calls itself a login page, in some thirty languages, and those of pages that are none."""

from __future__ import annotations

import re

_NAME_LENGTH = 70

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
LOGIN_WORD = re.compile(r"(?<!\w)(?:" + _LOGIN + r")(?!\w)|ログイン|ログオン|サインイン|로그인|登录|登入|登陆")
_LOGIN_CJK = re.compile(r"ログイン|ログオン|サインイン|会員認証|登录|登錄|登入|登陆|로그인")
_NAME_CJK = re.compile(
    r"(?:.{0,24}[\s・/|])?[^、。]{0,16}(?:" + _LOGIN_CJK.pattern + r")"
    r"(?:ページ|画面|フォーム|する|はこちら|して(?:ください|下さい)|が必要(?:です)?|页面?|頁面?"
    r"|[\s・/|(（&].{0,24})?"
)
_HOW_TO = re.compile(r"\b(?:how|why|can't|cannot|problems?|tutorial|guide|news)\b|方法|できない|やり方|とは")
REGISTER = re.compile(
    r"(?<!\w)(?:sign[- ]?up|regist(?:er|ration|ra\w*|rati?e\w*)|registrieren|registrace|registrácia|create"
    r"|join|join now|new account|open an account|subscribe|konto anlegen|anlegen|inscri\w+|s'inscrire|cr[ée]+\w*"
    r"|crea(?:r)? (?:una |tu )?cuenta|cadastr\w+|criar|rejestracja|zarejestruj|utwórz|vytvori\w+|vytvoř\w+|regisztr\w+"
    r"|létrehozás\w*|opret\w*|opprett|skapa konto|bli medlem|luo tunnus|rekisteröi\w*|registrer\w*|üye ol|kayıt\w*"
    r"|üyelik|регистр\w+|зарегистр\w+|реєстр\w+|daftar|đăng ký|εγγραφή|ثبت نام|تسجيل جديد)(?!\w)"
    r"|会員登録|新規登録|無料登録|アカウント作成|ユーザー登録|登録する|注册|註冊|회원가입"
)
RECOVER = re.compile(
    r"(?<!\w)(?:forgot\w*|forgotten|lost|reset|recover\w*|retrieve|reminder|change|vergessen|oubli\w*|perdu|olvid\w*|recuper\w*"
    r"|cambiar|esquec\w*|perdida|dimenticat\w*|vergeten|glemt|glömt|återställ|bestil ny|unohd\w*|zapomnia\w*|zabudli"
    r"|elfelejtett|забыл\w*|восстановлен\w*|запрос)(?!\w)|忘れ|再設定|再発行|忘记|찾기"
)
WALL = re.compile(
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
TITLE_PARTS = re.compile(r"\s*[|·•»«›‹:：–—―/／・<>~]+\s*|\s+-+\s+|\s*,\s+")


def says_login(text: str) -> bool:
    """True for the name of a login page: the word alone, at an edge of a short text, or among a few words."""
    text = text.lower().strip(" \t!.:：。…()[]")
    if len(text) > _NAME_LENGTH or _HOW_TO.search(text):
        return False
    if _LOGIN_CJK.search(text):  # no blanks between words: ログイン障害が発生 is news
        return _NAME_CJK.fullmatch(text) is not None
    said = list(LOGIN_WORD.finditer(text))
    return bool(said) and (said[0].start() == 0 or said[-1].end() == len(text) or text.count(" ") <= 4)


def suspected(title: str) -> bool:
    """True if a page with this title calls itself a login page: worth holding back until its form can be seen."""
    return any(says_login(part) for part in TITLE_PARTS.split(title[:300].lower()))


def titled_otherwise(title: str) -> bool:
    parts = TITLE_PARTS.split(title[:300].lower())
    return any(len(part) <= _NAME_LENGTH and (REGISTER.search(part) or RECOVER.search(part)) for part in parts)


def is_login_address(url: str) -> bool:
    """True for a URL whose last step, or a value of its query, is a login, and that speaks of nothing else."""
    path, _, query = url[:2_000].lower().partition("?")
    step = path.partition("://")[2].partition("/")[2].rstrip("/").rpartition("/")[2]
    words = [step, *(pair.partition("=")[2] for pair in query.split("&"))]
    return any(_LOGIN_STEP.fullmatch(word) for word in words) and not _OTHER_STEP.search(url.lower())
