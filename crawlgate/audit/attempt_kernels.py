"""The loops that compare each attempt of a log with the refusals before it. Plain Python, compiled at first use."""

# mypy: disable-error-code="no-untyped-def, no-untyped-call, misc"

from __future__ import annotations

import numpy as np

from .compiled import loop
from .shown import AFTER_DENY, BACKED_OFF, CHANGED, ELSEWHERE, ROTATING, STOPPED


@loop
def _agent_changed(one, other, ours):
    return one >= 0 and other >= 0 and one != other and not (ours[one] and ours[other])


@loop
def _proxy_changed(one, other):
    return one >= 0 and other >= 0 and one != other


@loop
def _refuses(status):
    return status in (401, 402, 403, 407, 429, 451, 503)


@loop
def _before(times, seqs, low, high, time, seq):
    """How many of the sorted places `low` to `high` come before a time, and a place in the log at the same time."""
    while low < high:
        middle = (low + high) // 2
        if times[middle] < time or (times[middle] == time and seqs[middle] < seq):
            low = middle + 1
        else:
            high = middle
    return low


@loop
def look_back(
    sites, urls, times, seqs, agents, proxies, statuses, ours,
    starts, r_urls, r_times, r_seqs, r_agents, r_proxies, runs,
    second_times, second_seqs, keep, at_most, codes, earlier,
):  # fmt: skip
    """For each row what it shows against the refusals of its site (`r_...`, from `starts[site]` on, in the order of
    their times; `runs` says where the run of equal identities began in which each stands), as `watch.changes`,
    `watch.rotation` and `watch.aftermath` have it for one attempt."""
    for row in range(len(sites)):
        site, time, seq = sites[row], times[row], seqs[row]
        if site < 0:
            continue
        first = starts[site]
        last = _before(r_times, r_seqs, first, starts[site + 1], time, seq)
        begin = max(first, last - at_most)
        while begin < last and r_times[begin] < time - keep:
            begin += 1
        agent, proxy = agents[row], proxies[row]
        if begin == last:
            shown = second_times[site] < time or (second_times[site] == time and second_seqs[site] <= seq)
            if proxy >= 0 and shown:
                codes[row] = ROTATING
            continue
        own, elsewhere = -1, -1
        n = last - 1
        while n >= begin:
            name = _agent_changed(r_agents[n], agent, ours)
            route = _proxy_changed(r_proxies[n], proxy)
            if not (name or route) or (name and not route and ours[agent]):
                n = runs[n] - 1  # coming back to the declared crawler is no avoidance
                continue
            if r_urls[n] == urls[row]:
                own = n
                break
            if elsewhere < 0:
                elsewhere = n
            n -= 1
        if own >= 0:
            codes[row], earlier[row] = CHANGED, r_seqs[own]
        elif elsewhere >= 0:
            codes[row], earlier[row] = ELSEWHERE, r_seqs[elsewhere]
        elif statuses[row] >= 100 and (agent >= 0 or proxy >= 0):
            refused = _unchanged(begin, last, urls[row], agent, proxy, r_urls, r_agents, r_proxies, ours)
            if refused >= 0:
                codes[row] = STOPPED if _refuses(statuses[row]) else BACKED_OFF
                earlier[row] = r_seqs[refused]


@loop
def _unchanged(begin, last, url, agent, proxy, r_urls, r_agents, r_proxies, ours):
    """The last refusal of a URL, if the identity was one from the first to the attempt at hand; else -1."""
    refused = -1
    for n in range(begin, last):
        if r_urls[n] != url:
            continue
        if refused >= 0 and (
            _agent_changed(r_agents[refused], r_agents[n], ours) or _proxy_changed(r_proxies[refused], r_proxies[n])
        ):
            return -1
        refused = n
    if refused >= 0 and (_agent_changed(r_agents[refused], agent, ours) or _proxy_changed(r_proxies[refused], proxy)):
        return -1
    return refused


@loop
def after_denies(urls, times, seqs, taken, d_urls, d_times, d_seqs, speaks_for, codes, earlier):
    """Rows with content whose URL the collector's own check had denied not longer than `speaks_for` before. The
    denies (`d_...`) are in the order of their URLs and times."""
    for row in range(len(urls)):
        if not taken[row] or codes[row] == CHANGED:
            continue
        low = np.searchsorted(d_urls, urls[row])
        high = np.searchsorted(d_urls, urls[row], side="right")
        last = _before(d_times, d_seqs, low, high, times[row], seqs[row])
        if last > low and d_times[last - 1] >= times[row] - speaks_for:
            codes[row], earlier[row] = AFTER_DENY, d_seqs[last - 1]


@loop
def _sooner(time, seq, other, place):
    return time < other or (time == other and seq < place)


@loop
def note_routes(sites, times, seqs, proxies, names, firsts, places):
    """Keep, for each site, the two proxies that were used first (`names`), with the time and place of their first use
    (`firsts`, `places`); rows come in any order."""
    for row in range(len(sites)):
        site, proxy, time, seq = sites[row], proxies[row], times[row], seqs[row]
        if site < 0 or proxy < 0:
            continue
        slot = 0 if names[site, 0] == proxy or names[site, 0] < 0 else 1
        known = names[site, slot] == proxy or names[site, slot] < 0
        if (known or slot == 1) and _sooner(time, seq, firsts[site, slot], places[site, slot]):
            names[site, slot], firsts[site, slot], places[site, slot] = proxy, time, seq
        if names[site, 1] >= 0 and _sooner(firsts[site, 1], places[site, 1], firsts[site, 0], places[site, 0]):
            for table in (names, firsts, places):
                table[site, 0], table[site, 1] = table[site, 1], table[site, 0]
