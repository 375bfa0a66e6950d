"""One request over HTTP, and in one sentence why it failed. Proxies are the system's; redirects never carry the token away."""

from __future__ import annotations

import contextlib
import email.utils
import functools
import http.client
import importlib
import os
import re
import socket
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.message import Message
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from .. import __version__
from ..files import read_file

HUB = "https://huggingface.co"
_LONGEST_WAIT = 300.0
_PASSING = frozenset((408, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524))
"""Statuses that may be others a little later."""


@dataclass(frozen=True)
class Network:
    """How the network is used.

    Attributes:
        endpoint: address of the hub or of its mirror.
        token: access token for the endpoint; sent to no other host.
        timeout: seconds without a byte after which a connection is given up.
        attempts: how often a transfer is tried that does not move on.
        pause: seconds before the second attempt; doubled for each further one, up to half a minute.
        least_rate: bytes a second below which a connection is given up, over `timeout` seconds.
    """

    endpoint: str = HUB
    token: str = field(default="", repr=False)
    timeout: float = 30.0
    attempts: int = 6
    pause: float = 1.0
    least_rate: int = 1024

    @classmethod
    def from_environment(cls, endpoint: str = "", token: str = "") -> Network:
        """As the variables and files say that the hub's own programs read, unless something else is given."""
        endpoint = endpoint.strip() or os.environ.get("HF_ENDPOINT", "").strip() or HUB
        return cls(endpoint=endpoint.rstrip("/"), token=token.strip() or _known_token())


class Failure(Exception):  # noqa: N818 - the transfer's own, on its way to a sentence
    """A request came to nothing.

    Attributes:
        sentence: what is wrong, and what to do.
        passing: it may be another way a little later.
        wait: seconds that the server asks to wait; None where it does not say.
        connected: a server was reached.
        status: of its answer; 0 where there was none.
    """

    def __init__(
        self, sentence: str, *, passing: bool = False, wait: float | None = None, connected: bool = True, status: int = 0
    ) -> None:
        super().__init__(sentence)
        self.sentence, self.passing, self.wait, self.connected, self.status = sentence, passing, wait, connected, status


@dataclass
class Reply:
    """An answer, its body not read yet.

    Attributes:
        status: 200 or 206; 30x where the redirect was not followed.
        headers: of this answer.
        url: of the server that answers.
    """

    status: int
    headers: Message
    url: str
    body: http.client.HTTPResponse | Any

    def close(self) -> None:
        self.body.close()


def request(
    url: str, network: Network, headers: Mapping[str, str] | None = None, *, method: str = "GET", stay: bool = False
) -> Reply:
    """Ask for `url`.

    Args:
        headers: further ones.
        stay: answer with a redirect to another host instead of following it.

    Raises:
        Failure: there is no answer, or it is an error.
    """
    if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname:
        raise Failure(f"'{url}' is no address of a file; correct the address.")
    asked = urllib.request.Request(url, headers={"User-Agent": f"flashvdm/{__version__}", **(headers or {})}, method=method)
    token = network.token if _origin(url) == _origin(network.endpoint) else ""
    if token:
        if not re.fullmatch(r"[\x21-\x7e]+", token):
            raise Failure("The access token holds characters that no token has; copy it again.")
        asked.add_unredirected_header("Authorization", f"Bearer {token}")
    redirects = _Redirects(stay)
    opener = urllib.request.build_opener(redirects, urllib.request.HTTPSHandler(context=_certificates()))
    try:
        answer = opener.open(asked, timeout=network.timeout)
    except urllib.error.HTTPError as error:
        with error:
            if stay and redirects.stayed:
                return Reply(error.code, error.headers, url, error)
            failure = _refused(error, url, bool(token))
            failure.status = error.code
            raise failure from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise broken(error, url) from error
    return Reply(answer.status, answer.headers, answer.url, answer)


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows the redirects of one request; the token goes along as long as no other host was in between.

    Attributes:
        left: another host was reached.
        stayed: a redirect to another host was not followed.
    """

    def __init__(self, stay: bool) -> None:
        self.left = False
        self.stayed = False
        self._stay = stay

    def redirect_request(
        self, req: urllib.request.Request, fp: Any, code: int, msg: str, headers: Any, newurl: str
    ) -> urllib.request.Request | None:
        leaving = _origin(req.full_url) != _origin(newurl)
        if leaving and self._stay:
            self.stayed = True
            return None
        if req.full_url.startswith("https:") and not newurl.startswith("https:"):
            raise Failure(f"{_host(req.full_url)} leads to an address without encryption; use another mirror or network.")
        self.left |= leaving
        following = urllib.request.Request(newurl, headers=dict(req.headers), method=req.get_method())
        token = req.unredirected_hdrs.get("Authorization")
        if token and not self.left:
            following.add_unredirected_header("Authorization", token)
        return following


def broken(error: Exception, url: str) -> Failure:
    """Why there is no answer, or no more of it, from what Python says."""
    host, proxy = _host(url), _proxy_for(url)
    reason = error.reason if isinstance(error, urllib.error.URLError) else error
    text = str(reason)
    if isinstance(reason, ssl.SSLCertVerificationError):
        why = getattr(reason, "verify_message", "") or text
        return Failure(
            f"The certificate of {host} cannot be trusted ({why}): a firewall may stand between; check the clock of this "
            "computer, or set SSL_CERT_FILE to your company's certificates."
        )
    if tunnel := re.search(r"Tunnel connection failed: (\d+)", text):
        return _proxy_failure(int(tunnel[1]), proxy)
    if isinstance(reason, TimeoutError):
        return Failure(f"{host} is too slow or does not answer; try again later, or use a mirror.", passing=True)
    if proxy and isinstance(reason, (socket.gaierror, ConnectionRefusedError, OSError)) and not _was_cut(reason):
        return Failure(
            f"The proxy {_host(proxy)} does not answer; correct it in the system's network settings.",
            passing=True,
            connected=False,
        )
    if isinstance(reason, socket.gaierror):
        return Failure(f"{host} cannot be found; check the connection to the internet.", passing=True, connected=False)
    if isinstance(reason, http.client.HTTPException) or _was_cut(reason):
        return Failure(f"The connection to {host} was cut; try again, it goes on where it stopped.", passing=True)
    if isinstance(reason, ValueError):
        return Failure(f"'{url}' is no address of a file ({text}); correct the address.")
    return Failure(
        f"{host} cannot be reached ({text}); check the connection to the internet, or the firewall.",
        passing=True,
        connected=False,
    )


def _was_cut(reason: object) -> bool:
    return isinstance(reason, (ConnectionResetError, ConnectionAbortedError, BrokenPipeError, ssl.SSLError, EOFError))


def _refused(error: urllib.error.HTTPError, url: str, with_token: bool) -> Failure:
    """What a server's status means here."""
    host, code, kind = _host(error.url or url), error.code, error.headers.get("X-Error-Code", "")
    what = urlsplit(url).path.rsplit("/", 1)[-1] or url
    page = f"https://{_host(url)}/{'/'.join(urlsplit(url).path.strip('/').split('/')[:2])}"
    if kind == "GatedRepo":
        ask = "accept its conditions there" if with_token else "accept its conditions there and enter an access token"
        return Failure(f"{what} is given only to those who were let in: open {page}, {ask}, then try again.")
    if code == 401 and with_token:
        return Failure(f"{host} does not know the access token (401), or there is no such file; make a new token, or remove it.")
    if code == 401:
        return Failure(f"{host} wants an access token for {what} (401); make one on its site and enter it.")
    if code == 403:
        return Failure(
            f"{host} does not allow {what} to be downloaded (403); check the access token, or whether a firewall forbids it."
        )
    if code in (404, 410):
        return Failure(f"{host} has no {what} at this place ({code}); get a newer version of FlashVDM, or use another mirror.")
    if code == 407:
        return _proxy_failure(code, _proxy_for(url))
    if code == 416:
        return Failure(f"{host} has no more of {what} (416).", passing=True)
    if code == 451:
        return Failure(f"{host} may not give {what} to your country (451).")
    if code == 511:
        return Failure("This network wants you to sign in first (511); open a web page in the browser, then try again.")
    if code == 429:
        return _limited(host, _retry_after(error.headers))
    if code >= 500:
        text = f"{host} is out of order for the moment ({code}); try again later, or use a mirror."
        return Failure(text, passing=code in _PASSING, wait=_retry_after(error.headers))
    return Failure(f"{host} answers {what} with {code} {error.reason}; try again later.", passing=code in _PASSING)


def _limited(host: str, wait: float | None) -> Failure:
    if wait is not None and wait > _LONGEST_WAIT:
        return Failure(f"{host} has had too many requests from here (429); try again in {wait / 60:.0f} minutes.")
    return Failure(
        f"{host} has had too many requests from here (429); try again later, or enter an access token.", passing=True, wait=wait
    )


def _proxy_failure(code: int, proxy: str) -> Failure:
    name = _host(proxy) if proxy else "of this network"
    if code == 407:
        return Failure(f"The proxy {name} wants a name and password (407); put them into the system's proxy settings.")
    return Failure(f"The proxy {name} does not let this through ({code}); ask whoever runs it, or use a mirror.")


def _retry_after(headers: Message) -> float | None:
    """Seconds that a server asks to wait, which it says as seconds or as a date."""
    text = headers.get("Retry-After", "").strip()
    if text.isdecimal():
        return float(text)
    try:
        return max(email.utils.parsedate_to_datetime(text).timestamp() - time.time(), 0.0)
    except (ValueError, TypeError, IndexError):
        return None


def _origin(url: str) -> tuple[str, str, int | None]:
    parts = urlsplit(url)
    return parts.scheme, (parts.hostname or "").lower(), parts.port or {"http": 80, "https": 443}.get(parts.scheme)


def _host(url: str) -> str:
    """Host and port, never a name or password."""
    netloc = urlsplit(url if "//" in url else f"//{url}").netloc
    return netloc.rpartition("@")[2] or url


def _proxy_for(url: str) -> str:
    parts = urlsplit(url)
    if urllib.request.proxy_bypass(parts.netloc):
        return ""
    return urllib.request.getproxies().get(parts.scheme, "")


@functools.cache
def _certificates() -> ssl.SSLContext:
    """The system's certificates; those that come with Python's packages where a system has none at the usual places."""
    context = ssl.create_default_context()
    paths = ssl.get_default_verify_paths()
    if not context.get_ca_certs() and not paths.cafile and not paths.capath:
        with contextlib.suppress(ImportError, OSError):  # the request then says that no certificate can be trusted
            context.load_verify_locations(importlib.import_module("certifi").where())
    return context


_MAX_TOKEN = 1 << 12


def _known_token() -> str:
    for variable in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"):
        if token := os.environ.get(variable, "").strip():
            return token
    home = os.environ.get("HF_HOME") or os.path.join(os.environ.get("XDG_CACHE_HOME") or "~/.cache", "huggingface")
    path = Path(os.environ.get("HF_TOKEN_PATH") or os.path.join(home, "token")).expanduser()
    try:
        return read_file(path, _MAX_TOKEN).decode("utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return ""
