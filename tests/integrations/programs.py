"""Clients in other languages, as small programs; each takes URLs and prints a line for each."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

JAVA = """
import java.net.*;
import java.net.http.*;

public class Loop {
    public static void main(String[] args) throws Exception {
        var proxy = ProxySelector.of(new InetSocketAddress("127.0.0.1", Integer.parseInt(args[0])));
        var client = HttpClient.newBuilder().proxy(proxy).followRedirects(HttpClient.Redirect.ALWAYS).build();
        for (int at = 1; at < args.length; at++) {
            var answer = client.send(HttpRequest.newBuilder(URI.create(args[at])).build(), HttpResponse.BodyHandlers.ofString());
            var from = answer.headers().firstValue("Proxy-Status").orElse("the site");
            System.out.println(answer.statusCode() + " " + from + " " + answer.body().length());
        }
    }
}
"""
NODE = """
const http = require("http");
const [port, ...urls] = process.argv.slice(2);
const get = url => new Promise((resolve, reject) => {
  http.get({host: "127.0.0.1", port, path: url, headers: {Host: new URL(url).host}}, answer => {
    let size = 0;
    answer.on("data", chunk => size += chunk.length);
    answer.on("end", () => resolve([answer, size]));
    answer.on("error", reject);
  }).on("error", reject);
});
(async () => {
  for (let url of urls) {
    let [answer, size] = await get(url);
    while (answer.headers.location) {
      url = new URL(answer.headers.location, url).href;
      [answer, size] = await get(url);
    }
    console.log(`${answer.statusCode} ${answer.headers["proxy-status"] || "the site"} ${size}`);
  }
})();
"""


def program(*names: str) -> str:
    """The path of a program, by any of its names; skips the test where there is none."""
    for name in names:
        found = shutil.which(name)
        if found:
            return found
    pytest.skip(f"{names[0]} is not installed")


def said(*command: object, timeout: float = 60, cwd: Path | None = None) -> list[str]:
    """The lines that a program printed."""
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, timeout=timeout, cwd=cwd, check=False)
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout.splitlines()


def curl(port: int, urls: list[str], folder: Path) -> list[str]:
    line = "%{http_code} %header{proxy-status} %{size_download}\n"
    out: list[str] = []
    for url in urls:
        options = ("-s", "-L", "-x", f"http://127.0.0.1:{port}", "-o", folder / "body", "-w", line)
        (said_of,) = said(program("curl"), *options, url)
        status, how, size = (
            said_of.split(" ", 1)[0],
            said_of.partition(" ")[2].rpartition(" ")[0],
            said_of.rpartition(" ")[2],
        )
        out.append(f"{status} {how or 'the site'} {size}")
    return out


def node(port: int, urls: list[str], folder: Path) -> list[str]:
    file = folder / "loop.cjs"
    file.write_text(NODE)
    return said(program("node", "nodejs"), file, port, *urls)


def java(port: int, urls: list[str], folder: Path) -> list[str]:
    program("javac")  # a runtime alone does not start from source
    file = folder / "Loop.java"
    file.write_text(JAVA)
    return said(program("java"), "-XX:TieredStopAtLevel=1", file, port, *urls)


CHROMIUM = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-sync",
    "--no-first-run",
    "--no-pings",
    "--proxy-bypass-list=<-loopback>",
)


def chromium(port: int, url: str, folder: Path, *options: str) -> str:
    """The page as the browser shows it."""
    where = (f"--proxy-server=http://127.0.0.1:{port}", f"--user-data-dir={folder / 'profile'}")
    return "\n".join(said(program("chromium", "chromium-browser"), *CHROMIUM, *where, *options, "--dump-dom", url))
