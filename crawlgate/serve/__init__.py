"""The gate as a small HTTP service, for programs in any language: check before a fetch, inspect after it, say what
became of the body.

`create_app` is the ASGI application, `Service` runs it on a socket. Needs `crawlgate[serve]`.
"""

from __future__ import annotations

from ..integrations.hop import ExtraMissing

try:
    import msgspec  # noqa: F401
    import prometheus_client  # noqa: F401
    import starlette  # noqa: F401
    import uvicorn  # noqa: F401
except ImportError as error:
    raise ExtraMissing(
        f"crawlgate serve needs a package that is not here ({error}); pip install 'crawlgate[serve]'"
    ) from None

from .app import create_app
from .metrics import MeteredGate, Metrics

__all__ = ["MeteredGate", "Metrics", "create_app"]
