"""Settings of a crawlee crawler that look like evasion of measures: found and recorded, never forbidden; those that
nobody chose are left out."""

from __future__ import annotations

from typing import Any

Found = list[dict[str, str]]


def evasive(crawler: Any) -> Found:
    """Of a crawler: `setting`, `value` and what it `looks_like`."""
    found = []
    if crawler._retry_on_blocked:
        found.append(("retry_on_blocked", "True", "retry_on_blocked"))
    if crawler._use_session_pool and crawler._max_session_rotations > 0:
        found.append(("max_session_rotations", str(crawler._max_session_rotations), "session_rotation"))
    proxies = crawler._proxy_configuration
    if proxies is not None and (len(proxies._proxy_urls) > 1 or not proxies._proxy_urls):  # tiers, or a function
        found.append(("proxy_configuration", type(proxies).__name__, "rotating_proxy"))
    pool = getattr(crawler, "_browser_pool", None)
    makers = [getattr(plugin, "_fingerprint_generator", None) for plugin in getattr(pool, "plugins", ())]
    found += [("fingerprint_generator", type(maker).__name__, "rotating_user_agent") for maker in makers if maker]
    return _tables(found)


def evasive_client(client: Any) -> Found:
    """Of an HTTP client, as `evasive`."""
    found = []
    browser = getattr(client, "_browser", None)
    if browser is not None:
        found.append(("browser", str(browser), "stealth_fetcher"))
    if getattr(client, "_header_generator", None) is not None:
        found.append(("header_generator", type(client._header_generator).__name__, "rotating_user_agent"))
    if "Curl" in type(client).__name__:
        found.append(("http_client", type(client).__name__, "stealth_fetcher"))
    return _tables(found)


def _tables(found: list[tuple[str, str, str]]) -> Found:
    return [{"setting": setting, "value": value, "looks_like": looks} for setting, value, looks in found]


def plain(inner: Any) -> Any:
    """impit in the shape of a browser is what a crawler has where nobody chose one; a crawler that gives its name to
    a site in its headers does not claim to be Firefox in its handshake. A browser's own client beside its pages, which
    the gate would not see, gives way to impit as well."""
    if type(inner).__name__ == "PlaywrightHttpClient":
        return None
    if type(inner).__name__ == "ImpitHttpClient" and inner._browser == "firefox":
        inner._browser = None
    return inner
