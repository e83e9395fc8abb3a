"""Scrapy's command line where every name below `.test` and `.example` means this machine: `python loopback_scrapy.py crawl ...`."""

import socket
import sys

from scrapy.cmdline import execute

_getaddrinfo, _gethostbyname = socket.getaddrinfo, socket.gethostbyname


def _local(host):
    name = host.decode("ascii") if isinstance(host, bytes) else host
    return "127.0.0.1" if isinstance(name, str) and name.endswith((".test", ".example")) else host


socket.getaddrinfo = lambda host, *rest, **named: _getaddrinfo(_local(host), *rest, **named)
socket.gethostbyname = lambda host: _gethostbyname(_local(host))

if __name__ == "__main__":
    execute(["scrapy", *sys.argv[1:]])
