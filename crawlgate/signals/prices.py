"""Prices as people write them, and whether anything is to be paid."""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal

_NUMBER = re.compile(r"([0-9][0-9.,]*+)(\s?(?:万|億|千))?")
_TIMES = {"千": 1_000, "万": 10_000, "億": 100_000_000}
_FREE = frozenset(
    ("無料", "無償", "ただ", "タダ", "ゼロ", "無料公開", "free", "free of charge", "no charge", "for free")
) | frozenset(("gratis", "kostenlos", "gratuit", "gratuito", "免费", "무료"))
_ON_REQUEST = re.compile(
    r"問い?合わ?せ|見積|応談|要相談|時価|\b(?:on|upon|by) request\b|\bcontact\b|\benquir|\binquir|\bquot(?:e|ation)\b"
)
_CURRENCIES = (("円", "JPY"), ("€", "EUR"), ("£", "GBP"))
_CODE = re.compile(r"(?<![a-z])(jpy|usd|eur|gbp|cny|krw|aud|cad|chf)(?![a-z])")


def amount(value: object) -> tuple[str, bool | None]:
    """A price as a plain number, and whether anything is to be paid; None if it cannot be read.

    schema.org wants a number with `.` as decimal point; "1,200", "1.200,50", "¥１２００", "5万円" and "無料" are
    written too. Of several numbers ("0 - 500") the first above zero counts.
    """
    if isinstance(value, int | float) and not isinstance(value, bool):
        if not 0 <= value < 10**15:  # false for NaN as well
            return "", None
        return format(Decimal(repr(value)), "f"), value > 0
    if not isinstance(value, str):
        return "", None
    text = unicodedata.normalize("NFKC", value[:64]).strip().casefold()
    numbers = [_number(*match.groups()) for match in _NUMBER.finditer(text)]
    if numbers:
        if text.startswith("-"):
            return "", None
        above_zero = [number for number in numbers if number.strip("0.")]
        return (above_zero or numbers)[0], bool(above_zero)
    if text in _FREE:
        return "0", False
    if _ON_REQUEST.search(text):
        return text, True
    return "", None


def currency(value: object) -> str:
    """The currency that a written price names itself, as a code of ISO 4217; empty where it names none."""
    if not isinstance(value, str):
        return ""
    text = unicodedata.normalize("NFKC", value[:64]).casefold()
    code = _CODE.search(text)
    if code is not None:
        return code[1].upper()
    return next((known for mark, known in _CURRENCIES if mark in text), "")


def _number(text: str, times: str | None) -> str:
    """Digits with at most one `.`; a separator is decimal if it is the last one and no group of three."""
    whole, decimals = text.rstrip(".,"), ""
    cut = max(whole.rfind("."), whole.rfind(","))
    if cut >= 0:
        mark, rest = whole[cut], whole[cut + 1 :]
        grouped = len(rest) == 3 and mark == ","
        if not grouped and whole.count(mark) == 1:
            whole, decimals = whole[:cut], "." + rest
    plain = re.sub("[.,]", "", whole) + decimals
    if times is None:
        return plain
    return format((Decimal(plain) * _TIMES[times.strip()]).normalize(), "f")
