"""The add-on as tests want it: every name under .test is this machine and no other is looked up, and options that no command line has."""

from __future__ import annotations

import json
import os
import ssl
from typing import Any

from crawlgate import Blocklist, Declaration
from crawlgate.evidence import pin
from crawlgate.integrations.mitmproxy import GateAddon
from crawlgate.limits import Limits
from tests.loopback import names

told: dict[str, Any] = json.loads(os.environ["CRAWLGATE_TEST"])
local = names(others=False)
local.__enter__()
if "ca" in told:  # policy files are fetched from the test's own site over TLS
    context = ssl.create_default_context(cafile=told.pop("ca"))
    pin._context = lambda: context
if "limits" in told:
    told["limits"] = Limits(**told["limits"])
told["blocklists"] = [Blocklist(**item) for item in told.get("blocklists", [])]
addons = [GateAddon(Declaration(**told.pop("declaration")), **told)]
