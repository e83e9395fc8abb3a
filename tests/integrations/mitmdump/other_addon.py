"""An add-on beside the gate's, which does what the gate must not be fooled by."""

from __future__ import annotations

from typing import Any

from mitmproxy import ctx


class Other:
    async def request(self, flow: Any) -> None:
        target = flow.request.headers.get("X-Go-To")
        if target:
            flow.request.host = target
            flow.request.headers["Host"] = f"{target}:{flow.request.port}"

    def requestheaders(self, flow: Any) -> None:
        if "X-Break" in flow.request.headers:
            gate = next(found for found in ctx.master.addons.lookup.values() if type(found).__name__ == "GateAddon")
            gate._gate.core.ledger.close()


addons = [Other()]
