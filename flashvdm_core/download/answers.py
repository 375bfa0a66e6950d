"""What a server says about a file before it sends it: size, hash, ETag, or that it sends something else."""

from __future__ import annotations

import re
from dataclasses import replace
from email.message import Message
from urllib.parse import urlsplit

from ..api.errors import DownloadError
from .files import Download, readable
from .network import Failure, Network, Reply, request

_SHA256, _SHA1 = re.compile(r"[0-9a-f]{64}"), re.compile(r"[0-9a-f]{40}")
_PAGES = (".html", ".htm")


def ask(download: Download, network: Network) -> Download:
    """The download with size and hash as the asked server knows them, where it names none itself.

    A hub sends both with its redirect to the host that has the bytes: the linked ETag of a large file is its SHA-256, the
    ETag of a small one its hash as a blob of git.

    Raises:
        Failure: the server cannot be reached, or has no such file.
        DownloadError: it has another file.
    """
    try:
        reply = request(download.url, network, method="HEAD", stay=True)
    except Failure as failure:
        if failure.status in (405, 501):  # a server that only sends
            return download
        raise
    reply.close()
    refuse_page(download, reply.headers)
    size = _number(reply.headers.get("X-Linked-Size"))
    etag = reply.headers.get("X-Linked-Etag", "")
    if reply.status == 200:
        size = size if size is not None else _number(reply.headers.get("Content-Length"))
        etag = etag or reply.headers.get("ETag", "")
    refuse_size(download, size)
    if download.digest:
        return replace(download, size=size)
    etag = etag.removeprefix("W/").strip('"').lower()
    sha256 = etag if _SHA256.fullmatch(etag) else ""
    git_sha1 = etag if _SHA1.fullmatch(etag) else ""
    return replace(download, size=size if size is not None else download.size, sha256=sha256, git_sha1=git_sha1)


def ask_commit(download: Download, network: Network) -> str:
    """The commit, forty hexadecimal digits, at which a hub has a file of a branch; "" where it doesn't say.

    Raises:
        Failure: the server cannot be reached, or has no such file.
        DownloadError: something else answers.
    """
    reply = request(download.url, network, method="HEAD", stay=True)
    reply.close()
    refuse_page(download, reply.headers)
    commit = reply.headers.get("X-Repo-Commit", "").strip().lower()
    return commit if _SHA1.fullmatch(commit) else ""


def first_byte(reply: Reply, download: Download, offset: int) -> int:
    """Where in the file an answer begins: at `offset`, or at 0 where the server sends all of it.

    Raises:
        Failure: it begins somewhere else.
        DownloadError: it is another file.
    """
    refuse_page(download, reply.headers)
    if reply.status != 206:
        refuse_size(download, _number(reply.headers.get("Content-Length")))
        return 0
    found = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", reply.headers.get("Content-Range", "").strip())
    if found is None or int(found[1]) != offset:
        raise Failure(
            f"{urlsplit(reply.url).hostname} sends another part of {download.name} than it was asked for; use a mirror."
        )
    refuse_size(download, _number(found[2]))
    return offset


def length_of(reply: Reply) -> int | None:
    """Bytes of the body; None where they are not announced."""
    return _number(reply.headers.get("Content-Length"))


def strong_etag(headers: Message) -> str:
    """The ETag by which a server knows whether its file is the same; "" where it has none that says so."""
    etag = headers.get("ETag", "")
    return etag if etag.startswith('"') else ""


def refuse_page(download: Download, headers: Message) -> None:
    """Raise DownloadError for a page for people, as firewalls and networks with a log-in send it in place of a file."""
    if headers.get("Content-Type") and headers.get_content_type() == "text/html" and not download.name.endswith(_PAGES):
        raise DownloadError(
            f"A web page came in place of {download.name}: from a firewall, or from a network that wants you to sign in; open "
            "any web page in your browser, or ask whoever runs the network."
        )


def refuse_size(download: Download, size: int | None) -> None:
    """Raise DownloadError where a server has another size than the download."""
    if size is not None and download.size is not None and size != download.size:
        raise DownloadError(
            f"{download.name} has {readable(size)} on {urlsplit(download.url).hostname} where {readable(download.size)} were "
            "expected, so it is another file; use another mirror, or a newer version of FlashVDM."
        )


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and text.strip().isdecimal() else None
