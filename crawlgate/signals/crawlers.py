"""Names that crawlers of known operators send: who says in its User-Agent that it is one of them.

The AI agents are those of the catalogue (`agents`); here are search engines and other crawlers that sites let in by
name, as their operators publish them. A name that is also an ordinary word is left out: it would accuse strangers.
"""

from __future__ import annotations

import re
from functools import lru_cache

from ..declaration import carries_token
from . import agents

# Product tokens as published by their operators; the first name of a family stands for its variants with a suffix.
_OTHERS = """
    Googlebot Storebot-Google Google-InspectionTool GoogleOther AdsBot-Google Mediapartners-Google Google-Safety
    FeedFetcher-Google bingbot BingPreview adidxbot msnbot MicrosoftPreview Slurp DuckDuckBot Baiduspider YandexBot
    YandexImages Yeti NaverBot Sogou SeznamBot Qwantbot Qwantify Exabot MojeekBot Y!J-ASR Y!J-WSC Y!J-BRW
    facebookexternalhit Facebot Twitterbot LinkedInBot Pinterestbot Slackbot Discordbot TelegramBot WhatsApp
    archive.org_bot ia_archiver heritrix AhrefsBot SemrushBot MJ12bot DotBot rogerbot BLEXBot DataForSeoBot UptimeRobot
    ICC-Crawler Hatena-Bookmark Steeler LINE-Crawler
"""
_CRAWLER = re.compile(r"bot|crawl|spider|gpt|claude|perplexity|scrap|fetch|archiv|-user\Z", re.IGNORECASE)


@lru_cache(maxsize=1)
def _names() -> re.Pattern[str]:
    known = [agent.token for agent in agents.load() if not agent.control_only and _CRAWLER.search(agent.token)]
    longest = sorted({*known, *_OTHERS.split()}, key=lambda name: (-len(name), name))
    return re.compile(
        r"(?<![A-Za-z0-9_.-])(" + "|".join(map(re.escape, longest)) + r")(?=[/;), ]|-(?:Image|News|Video)|\Z)",
        re.IGNORECASE,
    )


@lru_cache(maxsize=4096)
def foreign_names(user_agent: str, token: str) -> tuple[str, ...]:
    """Names of other operators' crawlers in a User-Agent that is sent under the product token `token`.

    "like Googlebot" is a comparison and no claim.
    """
    found: dict[str, None] = {}
    for match in _names().finditer(user_agent[:2048]):
        before = user_agent[: match.start()].rstrip().lower()
        if not before.endswith("like") and not carries_token(match[1], token):
            found[match[1]] = None
    return tuple(found)
