"""robots.txt (RFC 9309): groups, rules, and the lines of other protocols between them.

Grouping is ours, because a gate needs what libraries drop: exact product tokens (2.2.1), unknown lines
that never split a group (2.2.4), line numbers, raw text, and the extension lines themselves. Paths are
matched by Protego. Where two readings are defensible the stricter one answers and `lint` says so.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterable
from dataclasses import dataclass, field

from .. import url as urls
from ..limits import DEFAULT_LIMITS, Limits
from ..model import Lint
from . import robots_agents
from .lines import ExtensionLine
from .robots_rules import Rule, RuleSet, readable_pattern

_BOM = codecs.BOM_UTF8
# Spellings Google's parser takes for the three keys of RFC 9309; a longer key with one of these as its
# beginning counts too.
_AGENT_KEYS = ("user-agent", "useragent", "user agent")
_DISALLOW_KEYS = ("disallow", "dissallow", "dissalow", "disalow", "diasllow", "disallaw")
_ALLOW_KEYS = ("allow", "allowed")
# Keys of other protocols that begin like one of the above.
_NOT_RULES = ("disallowaitraining", "allowaitraining", "disallow-ai-training")


def _percent(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return "".join(f"%{b:02X}" for b in error.object[error.start : error.end]), error.end


codecs.register_error("crawlgate.percent", _percent)


@dataclass(frozen=True, slots=True)
class AgentLine:
    """One `User-agent` line: its tokens (lower case), its value as written, its number."""

    tokens: tuple[str, ...]
    value: str
    line: int
    raw: str


@dataclass(slots=True)
class Group:
    """Consecutive `User-agent` lines and the rules under them."""

    agents: list[AgentLine] = field(default_factory=list)
    rules: list[Rule] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class RobotsAnswer:
    """`allowed`, the rule that decided (None: no rule matched), and the other reading where there is one."""

    allowed: bool
    rule: Rule | None
    ambiguity: str | None = None


class RobotsFile:
    """A robots.txt as read. `groups` in file order; `extensions` are the lines of other protocols;
    `content` is `robots`, `html`, `json` or `empty`; `truncated` says that a bound cut the body."""

    __slots__ = ("_index", "_sets", "content", "extensions", "groups", "lint", "other_reading", "truncated")

    def __init__(
        self,
        groups: tuple[Group, ...],
        extensions: tuple[ExtensionLine, ...],
        lint: tuple[Lint, ...],
        content: str,
        truncated: bool,
        other_reading: RobotsFile | None = None,
    ) -> None:
        self.groups = groups
        self.extensions = extensions
        self.lint = lint
        self.content = content
        self.truncated = truncated
        self.other_reading = other_reading
        self._index: dict[str, list[int]] = {}
        for n, group in enumerate(groups):
            for token in {token for agent in group.agents for token in agent.tokens}:
                self._index.setdefault(token, []).append(n)
        self._sets: dict[tuple[int, ...], RuleSet] = {}

    @staticmethod
    def product_token(token: str) -> str:
        """`token` as it is compared: lower case, without a version (`GPTBot/1.1` is `gptbot`)."""
        return token.partition("/")[0].strip().lower()

    def names(self, token: str) -> bool:
        """True if a group names `token` (not by `*`)."""
        return self.product_token(token) in self._index

    def tokens(self) -> Iterable[str]:
        """Every token named in the file, lower case, `*` included."""
        return self._index.keys()

    def selected(self, token: str) -> tuple[int, ...]:
        """Indices of the groups that apply to `token`: all that name it, else all of `*` (2.2.1)."""
        return tuple(self._index.get(self.product_token(token)) or self._index.get("*") or ())

    def rule_set(self, token: str) -> RuleSet:
        """The merged rules for `token`; agents with the same groups share one object."""
        selected = self.selected(token)
        rules = self._sets.get(selected)
        if rules is None:
            rules = self._sets[selected] = RuleSet(tuple(r for n in selected for r in self.groups[n].rules))
        return rules

    def agent_line(self, token: str) -> AgentLine | None:
        """The first `User-agent` line that selects a group for `token`."""
        wanted = self.product_token(token) if self.names(token) else "*"
        for n in self.selected(token):
            for agent in self.groups[n].agents:
                if wanted in agent.tokens:
                    return agent
        return None

    def allows(self, url: str, token: str) -> bool:
        """True if `token` may fetch `url` (absolute, or a path with query). Raises `UrlError` for no URL."""
        return self.decide(url, token).allowed

    def decide(self, url: str, token: str) -> RobotsAnswer:
        """The answer for `url` and the rule that made it."""
        parsed = urls.parse("https://host.invalid" + (url or "/") if not url or url.startswith("/") else url)
        return self.decide_target(parsed.href, parsed.target, token)

    def decide_target(self, href: str, target: str, token: str) -> RobotsAnswer:
        """`decide` for a URL that is normalised already."""
        rules = self.rule_set(token)
        allowed = rules.allows(href, target)
        answer = RobotsAnswer(allowed, rules.deciding(target, allowed=allowed) if rules.effective else None)
        if allowed and self.other_reading is not None:
            other = self.other_reading.decide_target(href, target, token)
            if not other.allowed:
                return RobotsAnswer(False, other.rule, "group_ambiguity")
        return answer

    def extension_lines(self, token: str) -> tuple[list[ExtensionLine], list[ExtensionLine]]:
        """Extension lines that speak to `token` (before any group, or in a selected group), and the rest."""
        wanted = self.product_token(token) if self.names(token) else "*"
        ours: list[ExtensionLine] = []
        others: list[ExtensionLine] = []
        for line in self.extensions:
            spoken_to = not line.agents or wanted in {t for agent in line.agents for t in robots_agents.tokens(agent)}
            (ours if spoken_to else others).append(line)
        return ours, others


def parse(body: bytes, *, limits: Limits = DEFAULT_LIMITS) -> RobotsFile:
    """Read a robots.txt body. Any bytes are readable; what its author got wrong is in `lint`.

    Time and memory are linear in the body, which is cut at `limits.robots_bytes` (RFC 9309 2.5).
    """
    text, truncated = _decode(body, limits)
    content = _content(text)
    lint: list[Lint] = []
    if content in ("html", "json"):
        lint.append(Lint(code=f"{content}_not_robots", message=f"the body is {content.upper()}, not a robots.txt"))
    lines = list(_lines(text, limits, lint))
    groups, extensions, usage_splits = _group(lines, lint, usage_is_rule=False)
    other: RobotsFile | None = None
    if usage_splits:
        split, split_extensions, _ = _group(lines, [], usage_is_rule=True)
        other = RobotsFile(tuple(split), tuple(split_extensions), (), content, truncated)
        lint.append(
            Lint(
                code="group_ambiguity",
                message="a Content-Usage line stands between User-agent lines; RFC 9309 reads one group, "
                "draft-ietf-aipref-attach two; the stricter answer counts",
            )
        )
    if truncated:
        lint.append(Lint(code="truncated", message=f"only the first {limits.robots_bytes} bytes were read"))
    return RobotsFile(tuple(groups), tuple(extensions), tuple(lint), content, truncated, other)


def _decode(body: bytes, limits: Limits) -> tuple[str, bool]:
    truncated = len(body) > limits.robots_bytes
    if truncated:
        body = body[: limits.robots_bytes]
        body = body[: max(body.rfind(b"\n"), body.rfind(b"\r")) + 1]  # half a rule is another rule
    if body.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        text = body.decode("utf-16", "replace")
    else:
        for length in (3, 2, 1):  # Google skips any beginning of a BOM
            if body.startswith(_BOM[:length]):
                body = body[length:]
                break
        text = body.decode("utf-8", "crawlgate.percent")
    return text.replace("\x00", "").replace("\r\n", "\n").replace("\r", "\n"), truncated


def _content(text: str) -> str:
    start = text[:1024].lstrip().lower()
    if not start:
        return "empty"
    if start.startswith(("<!doctype", "<html", "<head", "<?xml", "<body")):
        return "html"
    return "json" if start[0] in "{[" else "robots"


def _lines(text: str, limits: Limits, lint: list[Lint]) -> Iterable[tuple[int, str, str, str]]:
    """(number, key lower case, value, raw) for every line that has a key."""
    for number, raw in enumerate(text.split("\n"), 1):
        if len(raw) > limits.robots_line:
            lint.append(Lint(code="line_cut", message=f"line {number} is cut", line=number))
            raw = raw[: limits.robots_line]
        line = raw.partition("#")[0].strip()
        if not line:
            continue
        key, colon, value = line.partition(":")
        if not colon:
            words = line.split()
            if len(words) == 3 and words[0].lower() == "user" and words[1].lower() == "agent":
                words = ["user agent", words[2]]
            if len(words) != 2 or _kind(words[0].lower()) == "extension":
                continue
            key, value = words
            lint.append(Lint(code="missing_colon", message="a colon is missing", line=number, raw=raw[:200]))
        yield number, key.strip().lower(), value.strip(), raw.strip()[: limits.raw_text]


def _group(
    lines: list[tuple[int, str, str, str]], lint: list[Lint], *, usage_is_rule: bool
) -> tuple[list[Group], list[ExtensionLine], bool]:
    groups: list[Group] = []
    extensions: list[tuple[int, str, str, str, Group | None]] = []
    open_for_agents = False  # a User-agent line now joins the group above it
    usage_since_agent = splits = False
    for number, key, value, raw in lines:
        kind = _kind(key)
        if kind == "agent":
            if not open_for_agents:
                groups.append(Group())
            elif usage_since_agent:
                splits = True
            open_for_agents, usage_since_agent = True, False
            groups[-1].agents.append(AgentLine(robots_agents.tokens(value), value, number, raw))
            if code := robots_agents.list_lint(value):
                lint.append(_lint(code, "several agents on one line; write one line for each", number, raw))
        elif kind == "extension":
            extensions.append((number, key, value, raw, groups[-1] if groups else None))
            if key == "content-usage" and open_for_agents:
                usage_since_agent = True
                open_for_agents = not usage_is_rule
        elif groups:
            open_for_agents = False
            pattern, code = readable_pattern(value, allow=kind == "allow")
            if code:
                lint.append(_lint(code, "a path should begin with '/'", number, raw))
            groups[-1].rules.append(Rule(kind == "allow", pattern, number, raw))
        else:
            lint.append(_lint("rule_outside_group", "a rule before the first User-agent line is ignored", number, raw))
    return groups, [_extension(*line) for line in extensions], splits


def _kind(key: str) -> str:
    if key.startswith(_NOT_RULES):
        return "extension"
    if key.startswith(_AGENT_KEYS):
        return "agent"
    if key.startswith(_DISALLOW_KEYS):
        return "disallow"
    return "allow" if key in _ALLOW_KEYS else "extension"


def _extension(number: int, key: str, value: str, raw: str, group: Group | None) -> ExtensionLine:
    # The whole merged group is spoken to, also by agents named after the line.
    agents = tuple(agent.value for agent in group.agents) if group is not None else ()
    return ExtensionLine(number, key, value, raw, agents)


def _lint(code: str, message: str, line: int, raw: str) -> Lint:
    return Lint(code=code, message=message, line=line, raw=raw[:200])
