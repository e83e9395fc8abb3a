"""A small web on loopback, and a crawl of it through the gate: `crawlgate demo`, and material for tests."""
