"""Where a service listens: a unix socket, a loopback address, or, with a token, any other."""

from __future__ import annotations

import errno
import ipaddress
import os
import socket
from dataclasses import dataclass
from pathlib import Path

from ..errors import ConfigError
from .guard import LOOPBACK

PORT = 8304
TOKEN = "CRAWLGATE_TOKEN"  # noqa: S105 - the name of the variable
_SHORTEST = 16
_BACKLOG = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A path of a unix socket, or host and port (0: any free one)."""

    socket: Path | None = None
    host: str = "127.0.0.1"
    port: int = PORT

    @property
    def private(self) -> bool:
        """True if only this machine can reach it."""
        if self.socket is not None or self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    @property
    def names(self) -> tuple[str, ...] | None:
        """The names under which a service here answers; None for any. A browser cannot open a unix socket, and where
        others come in a token is needed, which no web page has."""
        if self.socket is not None or not self.private:
            return None
        own = f"[{self.host}]" if ":" in self.host else self.host
        return (*LOOPBACK, *(() if own in LOOPBACK else (own,)))


def read_token(file: str | None) -> str | None:
    """The token in a file, or else in the environment; None where there is none. Raises `ConfigError`."""
    if file is None:
        where, token = f"environment variable {TOKEN}", os.environ.get(TOKEN)
        if token is None:
            return None
    else:
        where = f"token file {file}"
        try:
            token = Path(file).read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"{where}: cannot be read: {getattr(error, 'strerror', None) or error}") from None
    token = token.strip()
    if len(token) < _SHORTEST or not all("!" <= char <= "~" for char in token):
        raise ConfigError(
            f"{where}: a token has at least {_SHORTEST} printable characters without blanks; "
            "make one with `openssl rand -hex 32`"
        )
    return token


def listen(place: Place, *, token: bool) -> socket.socket:
    """A listening socket. Raises `ConfigError` for a place that cannot be, and for a public one without a token."""
    if not place.private and not token:
        raise ConfigError(
            f"--host {place.host} can be reached from elsewhere, so callers need a token: give one with --token-file "
            f"or {TOKEN}, or listen on 127.0.0.1 or --socket"
        )
    if place.socket is not None:
        return _unix(place.socket)
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            place.host, place.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        made = socket.socket(family, kind, protocol)
    except OSError as error:
        raise ConfigError(f"--host {place.host}: {error.strerror or error}") from None
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # Head and body are two writes; the second would wait for the first to be acknowledged.
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        made.bind(address)
        made.listen(_BACKLOG)
    except OSError as error:
        made.close()
        raise ConfigError(f"{place.host}:{place.port}: {error.strerror or error}; choose another --port") from None
    return made


def shown(place: Place, made: socket.socket) -> str:
    """The address for a person."""
    if place.socket is not None:
        return f"unix:{place.socket}"
    host, port = made.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _unix(path: Path) -> socket.socket:
    """A socket at a path that its owner alone may use. One that nobody serves any more is replaced."""
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    mask = os.umask(0o177)
    try:
        try:
            made.bind(str(path))
        except OSError as error:
            if error.errno != errno.EADDRINUSE or not _abandoned(path):
                raise
            path.unlink()
            made.bind(str(path))
        made.listen(_BACKLOG)
    except OSError as error:
        made.close()
        why = "another service is there" if error.errno == errno.EADDRINUSE else error.strerror or error
        raise ConfigError(f"--socket {path}: {why}; choose another path") from None
    finally:
        os.umask(mask)
    return made


def _abandoned(path: Path) -> bool:
    """True for a socket behind which nobody listens; a file of another kind is not ours to remove."""
    if not path.is_socket():
        return False
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1)
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            return True
        except OSError:
            return False
    return False
