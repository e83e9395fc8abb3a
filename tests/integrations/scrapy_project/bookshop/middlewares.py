"""Downloader middlewares of the project."""

import random
from itertools import count


class TraceMiddleware:
    """Numbers the requests, as projects do to find them again in the logs of a proxy."""

    def __init__(self):
        self.numbers = count(1)

    def process_request(self, request, spider=None):
        request.headers["X-Trace"] = str(next(self.numbers))


class RandomUserAgentMiddleware:
    """Another browser for every request: what a gate finds and tells."""

    agents = ("Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0", "Mozilla/5.0 (Macintosh) Safari/605.1.15")

    def process_request(self, request, spider=None):
        request.headers["User-Agent"] = random.choice(self.agents)
