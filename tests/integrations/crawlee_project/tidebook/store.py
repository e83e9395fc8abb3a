"""Where it is kept: harbours in the crawler's dataset, what is missing and why in memory."""

from dataclasses import asdict

_kept, _missing = [], {}


async def keep(context, harbour):
    row = asdict(harbour) | {"highest": harbour.highest}
    _kept.append(row)
    await context.push_data(row)


async def note_missing(url, reason):
    _missing[url] = str(reason)


async def harbours():
    return sorted(_kept, key=lambda row: row["url"])


async def missing():
    return dict(sorted(_missing.items()))
