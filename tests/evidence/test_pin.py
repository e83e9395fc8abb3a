"""Addresses: which are public, and that a connection goes to the address that was looked at."""

import asyncio
import contextlib
import datetime
import ipaddress
import socket
import ssl
import threading
import time

import httpcore
import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from crawlgate.errors import ConfigError
from crawlgate.evidence.address import AddressPolicy, classify
from crawlgate.evidence.pin import (
    AsyncPinnedBackend,
    PinError,
    PinnedBackend,
    deadline,
    pinned_async_transport,
    pinned_transport,
)

LOOPBACK = AddressPolicy(["127.0.0.0/8", "::1"])
NAME = "site.test"

REFUSED = {
    "0.0.0.0": "unspecified",
    "0.1.2.3": "this network",
    "10.0.0.1": "private (10.0.0.0/8, RFC 1918)",
    "100.64.0.1": "CGNAT (100.64.0.0/10, RFC 6598)",
    "100.127.255.255": "CGNAT",
    "127.0.0.1": "loopback (127.0.0.0/8, RFC 1122)",
    "127.255.255.254": "loopback",
    "169.254.169.254": "link-local (169.254.0.0/16, RFC 3927)",
    "172.16.0.1": "private",
    "172.31.255.255": "private",
    "192.0.0.8": "IETF protocol assignments",
    "192.0.2.1": "documentation",
    "192.88.99.1": "6to4 relay anycast",
    "192.168.1.1": "private",
    "198.18.0.1": "benchmarking",
    "198.19.255.255": "benchmarking",
    "198.51.100.1": "documentation",
    "203.0.113.1": "documentation",
    "224.0.0.1": "multicast",
    "239.255.255.255": "multicast",
    "240.0.0.1": "reserved",
    "255.255.255.255": "limited broadcast",
    "::": "unspecified",
    "::1": "loopback (::1/128, RFC 4291)",
    "[::1]": "loopback",
    "::127.0.0.1": "IPv4-compatible",
    "::8.8.8.8": "IPv4-compatible",
    "::ffff:127.0.0.1": "IPv4-mapped (RFC 4291) of loopback (127.0.0.0/8, RFC 1122)",
    "::ffff:169.254.169.254": "IPv4-mapped (RFC 4291) of link-local",
    "::ffff:7f00:1": "IPv4-mapped (RFC 4291) of loopback",
    "::ffff:0:10.0.0.1": "IPv4-translated (RFC 2765) of private",
    "64:ff9b::127.0.0.1": "NAT64 (RFC 6052) of loopback",
    "64:ff9b::a9fe:a9fe": "NAT64 (RFC 6052) of link-local",
    "64:ff9b:1::8.8.8.8": "local-use NAT64",
    "2002:7f00:1::": "6to4 (RFC 3056) of loopback",
    "2002:c0a8:101::1": "6to4 (RFC 3056) of private",
    "2001:0:7f00:1::": "Teredo server (RFC 4380) of loopback",
    "2001:0:808:808:0:0:80ff:fffe": "Teredo client (RFC 4380) of loopback",
    "100::1": "discard-only",
    "100:0:0:1::1": "dummy prefix",
    "2001:2::1": "benchmarking",
    "2001:10::1": "ORCHID",
    "2001:20::1": "ORCHIDv2",
    "2001:1ff::1": "IETF protocol assignments (2001::/23, RFC 2928)",
    "2001:db8::1": "documentation",
    "3fff::1": "documentation",
    "4000::1": "reserved",
    "5f00::1": "segment routing",
    "fc00::1": "unique local (fc00::/7, RFC 4193)",
    "fdff::1": "unique local",
    "fe80::1": "link-local",
    "fe80::1%eth0": "link-local",
    "fec0::1": "site-local",
    "ff02::1": "multicast",
    "": "not an IP address",
    "example.com": "not an IP address",
    "127.1": "not an IP address",
    "2130706433": "not an IP address",
    "1.1.1.1\0": "not an IP address",
}
PUBLIC = [
    "8.8.8.8",
    "1.1.1.1",
    "9.255.255.255",
    "11.0.0.0",
    "100.63.255.255",
    "100.128.0.0",
    "126.255.255.255",
    "128.0.0.0",
    "172.15.255.255",
    "172.32.0.0",
    "192.0.1.0",
    "198.17.255.255",
    "198.20.0.0",
    "223.255.255.255",
    "2606:4700:4700::1111",
    "2a00:1450:4001::1",
    "2001:200::1",
    "::ffff:8.8.8.8",
    "64:ff9b::8.8.8.8",
    "2002:808:808::1",
    "2001:0:808:808:0:0:f7f7:f7f7",
]


@pytest.mark.parametrize("address", REFUSED)
def test_a_block_is_named(address):
    found = classify(address)
    assert found is not None
    assert found.startswith(REFUSED[address])
    assert AddressPolicy().refusal(address) == f"{found}: {address}"


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_have_no_block(address):
    assert classify(address) is None
    assert AddressPolicy().refusal(address) is None


def test_nothing_passes_that_the_standard_library_calls_private():
    """`ipaddress` holds the same registries; it is the second opinion."""
    for number in range(0, 1 << 32, 0x00FEDCB9):
        address = ipaddress.IPv4Address(number)
        if address.is_private or address.is_multicast or address.is_reserved or address.is_unspecified:
            assert classify(str(address)) is not None, address
    for number in range(0, 1 << 128, 0x00FEDCB9_89ABCDEF_01234567_89ABCDEF):
        address = ipaddress.IPv6Address(number)
        if not address.is_global:
            assert classify(str(address)) is not None, address


def test_allow_names_networks():
    policy = AddressPolicy(["127.0.0.0/8", "fd00::/8", "192.168.1.7"])
    for address in ("127.0.0.1", "::ffff:127.0.0.1", "fd12::1", "[fd12::1]", "192.168.1.7", "8.8.8.8"):
        assert policy.refusal(address) is None
    for address in ("10.0.0.1", "fc00::1", "192.168.1.8", "::1", "2002:7f00:1::", "name.test"):
        assert policy.refusal(address) is not None


@pytest.mark.parametrize("text", ["localhost", "127.0.0.1/8", "10.0.0.0/33", "", "*"])
def test_an_unusable_allow_is_said(text):
    with pytest.raises(ConfigError, match=r"allow: .* is no network"):
        AddressPolicy([text])


class Resolver:
    """A `getaddrinfo` that answers from a list, one item a call, and counts; literals go to the real one."""

    def __init__(self, monkeypatch, *answers):
        self.answers = list(answers)
        self.asked = []
        self._real = socket.getaddrinfo
        monkeypatch.setattr(socket, "getaddrinfo", self)

    def __call__(self, host, port, *args, **kwargs):
        if classify(host) != "not an IP address":
            return self._real(host, port, *args, **kwargs)
        self.asked.append(host)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        if callable(answer):
            answer = answer()
        return [
            (socket.AF_INET6, socket.SOCK_STREAM, 6, "", (address, port, 0, 0))
            if ":" in address
            else (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))
            for address in answer
        ]


@contextlib.contextmanager
def server(context=None, host="127.0.0.1"):
    """Answers every connection with its own address; `.names` are the SNI names it saw."""
    names = []
    if context is not None:
        context.sni_callback = lambda _sock, name, _context: names.append(name)
    listener = socket.create_server((host, 0), family=socket.AF_INET6 if ":" in host else socket.AF_INET)

    def answer(raw):
        with contextlib.suppress(OSError), raw:
            raw.settimeout(5)
            sock = raw if context is None else context.wrap_socket(raw, server_side=True)
            with sock:
                sock.recv(65536)
                body = sock.getsockname()[0].encode()
                sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))

    def serve():
        with contextlib.suppress(OSError):
            while True:
                answer(listener.accept()[0])

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield listener.getsockname()[1], names
    finally:
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)


@pytest.fixture(params=["sync", "async"])
def connect(request):
    """`connect(policy, host, port, timeout)`: open and close a connection, return the peer's address."""

    def run(policy, host, port, timeout=3.0):
        if request.param == "sync":
            stream = PinnedBackend(policy).connect_tcp(host, port, timeout)
            peer = stream.get_extra_info("server_addr")[0]
            stream.close()
            return peer

        async def go():
            stream = await AsyncPinnedBackend(policy).connect_tcp(host, port, timeout)
            peer = stream.get_extra_info("server_addr")[0]
            await stream.aclose()
            return peer

        return asyncio.run(go())

    return run


@pytest.fixture(params=["sync", "async"])
def get(request):
    """`get(url, policy, context)` with httpx's own client on the pinned transport."""

    def run(url, policy=LOOPBACK, context=None):
        if request.param == "sync":
            with httpx.Client(transport=pinned_transport(policy, context=context)) as client:
                return client.get(url)

        async def go():
            async with httpx.AsyncClient(transport=pinned_async_transport(policy, context=context)) as client:
                return await client.get(url)

        return asyncio.run(go())

    return run


def test_a_name_is_resolved_once_and_pinned(monkeypatch, get):
    """DNS rebinding: the second answer would be another address; nobody asks for it."""
    resolver = Resolver(monkeypatch, ["127.0.0.1"], ["127.0.0.66"])
    with server() as (port, _):
        assert get(f"http://{NAME}:{port}/").text == "127.0.0.1"
    assert resolver.asked == [NAME]


def test_every_request_resolves_anew(monkeypatch):
    resolver = Resolver(monkeypatch, ["127.0.0.1"], ["10.0.0.1"])
    with server() as (port, _), httpx.Client(transport=pinned_transport(LOOPBACK)) as client:
        assert client.get(f"http://{NAME}:{port}/").text == "127.0.0.1"
        with pytest.raises(httpx.ConnectError, match="private"):
            client.get(f"http://{NAME}:{port}/")
    assert len(resolver.asked) == 2


@pytest.mark.parametrize(
    ("answers", "block"),
    [
        (["127.0.0.1"], "loopback"),
        (["8.8.8.8", "127.0.0.1"], "loopback"),
        (["8.8.8.8", "8.8.4.4", "1.1.1.1", "9.9.9.9", "1.0.0.1", "10.0.0.1"], "private"),
        (["::ffff:127.0.0.1"], "IPv4-mapped"),
        (["2606:4700:4700::1111", "fe80::1%lo"], "link-local"),
        (["64:ff9b::7f00:1"], "NAT64"),
    ],
)
def test_one_bad_answer_refuses_all(monkeypatch, connect, answers, block):
    def no_socket(*args, **kwargs):
        raise AssertionError("a socket was opened")

    Resolver(monkeypatch, answers)
    monkeypatch.setattr(httpcore.SyncBackend, "connect_tcp", no_socket)
    monkeypatch.setattr(httpcore.AnyIOBackend, "connect_tcp", no_socket)
    with pytest.raises(PinError, match=block) as caught:
        connect(AddressPolicy(), NAME, 80)
    assert caught.value.code == "address_refused"


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "169.254.169.254", "fe80::1%lo", "0.0.0.0"])
def test_literals_are_checked_without_a_lookup(monkeypatch, connect, host):
    resolver = Resolver(monkeypatch, ["8.8.8.8"])
    with pytest.raises(PinError, match="RFC"):
        connect(AddressPolicy(), host, 80)
    assert resolver.asked == []


def test_odd_spellings_of_addresses_are_names_for_the_resolver(connect):
    """`127.1` and `2130706433` are read by getaddrinfo; what they mean is what is checked."""
    for host in ("127.1", "2130706433", "0x7f.1", "0177.0.0.1"):
        with pytest.raises(PinError, match="loopback"):
            connect(AddressPolicy(), host, 80)


def test_a_host_may_be_bytes(monkeypatch, connect):
    resolver = Resolver(monkeypatch, ["127.0.0.1"])
    with server() as (port, _):
        assert connect(LOOPBACK, NAME.encode(), port) == "127.0.0.1"
        assert connect(LOOPBACK, b"127.0.0.1", port) == "127.0.0.1"
    assert resolver.asked == [NAME]


def test_addresses_are_tried_in_order(monkeypatch, connect):
    Resolver(monkeypatch, ["127.0.0.2", "127.0.0.1", "127.0.0.1"])
    with server() as (port, _):  # bound to 127.0.0.1, so that .2 refuses
        assert connect(LOOPBACK, NAME, port) == "127.0.0.1"


def test_ipv6(monkeypatch, connect):
    Resolver(monkeypatch, ["::1"])
    try:
        with server(host="::1") as (port, _):
            assert connect(LOOPBACK, NAME, port) == "::1"
    except OSError:
        pytest.skip("no IPv6 loopback")


def test_nobody_listens(monkeypatch, connect):
    Resolver(monkeypatch, ["127.0.0.1"])
    with server() as (port, _):
        pass
    with pytest.raises(PinError) as caught:
        connect(LOOPBACK, NAME, port)
    assert caught.value.code == "refused"


@pytest.mark.parametrize(
    "answer", [socket.gaierror(socket.EAI_NONAME, "Name or service not known"), UnicodeError("label too long"), []]
)
def test_no_address_is_dns(monkeypatch, connect, answer):
    Resolver(monkeypatch, answer)
    with pytest.raises(PinError) as caught:
        connect(AddressPolicy(), NAME, 80)
    assert caught.value.code == "dns"


@pytest.mark.parametrize("host", ["a" * 64 + ".test", "a..test", "nul\0.test"])
def test_names_that_dns_cannot_carry(connect, host):
    with pytest.raises(PinError) as caught:
        connect(AddressPolicy(), host, 80)
    assert caught.value.code == "dns"


def test_a_stalling_resolver_does_not_stall_us(monkeypatch, connect):
    release = threading.Event()
    Resolver(monkeypatch, lambda: (release.wait(5), ["127.0.0.1"])[1])
    start = time.monotonic()
    with pytest.raises(PinError, match="not resolved in time") as caught:
        connect(LOOPBACK, NAME, 80, 0.3)
    release.set()
    assert caught.value.code == "dns"
    assert time.monotonic() - start < 2


def test_the_deadline_reaches_into_a_read():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        start = time.monotonic()
        with deadline(start + 0.3):
            stream = PinnedBackend(LOOPBACK).connect_tcp("127.0.0.1", listener.getsockname()[1], 5)
            try:
                with pytest.raises(httpcore.ReadTimeout):
                    stream.read(1, 5)
                with pytest.raises(httpcore.ReadTimeout, match="deadline"):
                    stream.read(1, 5)
                with pytest.raises(httpcore.WriteTimeout, match="deadline"):
                    stream.write(b"x")
            finally:
                stream.close()
        assert 0.2 < time.monotonic() - start < 1


def test_proxies_in_the_environment_are_ignored(monkeypatch, get):
    Resolver(monkeypatch, ["127.0.0.1"])
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9/")
    with server() as (port, _):
        assert get(f"http://{NAME}:{port}/").text == "127.0.0.1"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A self-signed certificate for NAME, as (server context factory, client context factory)."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    now = datetime.datetime.now(datetime.UTC)
    cert = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    encoding = serialization.Encoding.PEM
    path.write_bytes(
        key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + cert.public_bytes(encoding)
    )

    def serving():
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        return context

    return serving, lambda: ssl.create_default_context(cafile=str(path))


def test_tls_is_verified_against_the_name(monkeypatch, get, certificate):
    serving, trusting = certificate
    Resolver(monkeypatch, ["127.0.0.1"])
    with server(serving()) as (port, names):
        assert get(f"https://{NAME}:{port}/", context=trusting()).text == "127.0.0.1"
        assert names == [NAME]


@pytest.mark.parametrize("host", ["other.test", "127.0.0.1"])
def test_tls_for_another_name_fails(monkeypatch, get, certificate, host):
    serving, trusting = certificate
    Resolver(monkeypatch, ["127.0.0.1"])
    with server(serving()) as (port, _), pytest.raises(httpx.ConnectError) as caught:
        get(f"https://{host}:{port}/", context=trusting())
    assert isinstance(caught.value.__cause__, PinError)
    assert caught.value.__cause__.code == "tls"


def test_an_unknown_authority_fails(monkeypatch, get, certificate):
    Resolver(monkeypatch, ["127.0.0.1"])
    with server(certificate[0]()) as (port, _), pytest.raises(httpx.ConnectError, match=r"(?i)certificate"):
        get(f"https://{NAME}:{port}/")
