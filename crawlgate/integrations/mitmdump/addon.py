"""For `mitmdump -s`: mitmproxy loads this file by its path, and looks for modules in its folder before any other; so
it has a folder of its own."""

from crawlgate.integrations.mitmproxy import GateAddon

addons = [GateAddon()]
