"""The downloader, against a hub on this machine that fails in every way that a real one does."""

from __future__ import annotations

import errno
import os
import random
import shutil
import socket
import ssl
import sys
import threading
import time
import urllib.error
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from flashvdm_core.api.errors import Cancelled, DownloadError
from flashvdm_core.download import Download, Network, Progress, Step, fetch, fetch_all
from flashvdm_core.download.hub import hub_download
from flashvdm_core.download.network import broken
from flashvdm_core.download.part import Part

from .hub_server import COMMIT, Fault, Handler, Hub, running
from .killed_download import offered, run

REPOSITORY = "owner/model"
LARGE, SMALL = "dit/model.safetensors", "dit/config.yaml"
CONTENT = random.Random(7).randbytes(300_000)
CONFIG = b"model: tiny\n"


@pytest.fixture(autouse=True)
def clean_surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No proxy, token or cache of the machine that runs the tests."""
    for name in list(os.environ):
        if name.lower().endswith("_proxy") or name.startswith(("HF_", "HUGGING")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "huggingface"))


@pytest.fixture
def hub() -> Iterator[Hub]:
    with running(Hub(revision=COMMIT, files={f"{REPOSITORY}/{LARGE}": CONTENT, f"{REPOSITORY}/{SMALL}": CONFIG})) as made:
        yield made


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "models"


def network(hub: Hub, **options: object) -> Network:
    """That of the tests: what takes half a minute elsewhere takes a tenth of a second."""
    return Network(**{"endpoint": hub.endpoint, "timeout": 0.5, "attempts": 3, "pause": 0.01, **options})  # pyright: ignore[reportArgumentType]


def bring(hub: Hub, folder: Path, path: str = LARGE, known: bool = True, **options: object) -> Path:
    """Download a file; `known`: as the registry has it, with size and hash."""
    net = network(hub, **options)
    name = f"{REPOSITORY}/{path}"
    size, sha256 = (hub.size(name), hub.sha256(name)) if known else (None, "")
    return fetch(hub_download(net, REPOSITORY, COMMIT, path, size=size, sha256=sha256), folder, network=net)


def sentence(hub: Hub, folder: Path, known: bool = True, **options: object) -> str:
    """What a download that fails says: one sentence that ends in a remedy. Nothing is at the file's place then."""
    with pytest.raises(DownloadError) as caught:
        bring(hub, folder, known=known, **options)
    text = str(caught.value)
    assert not os.path.exists(folder / LARGE)
    assert "\n" not in text
    assert text.endswith(".")
    return text


def once(fault: Fault) -> Fault:
    """The fault, the first time that it can happen."""
    done: list[bool] = []

    def first(handler: Handler) -> bool:
        if done or not fault(handler):
            return False
        done.append(True)
        return True

    return first


def at(server: str, fault: Callable[[Handler], bool], method: str = "GET") -> Fault:
    """The fault, at one of the two servers."""
    return lambda handler: (handler.server_name, handler.command) == (server, method) and fault(handler)


def left_overs(folder: Path) -> list[str]:
    """Files that are neither the ones that were asked for."""
    return sorted(
        path.name for path in folder.rglob("*") if path.is_file() and path.name not in (Path(LARGE).name, Path(SMALL).name)
    )


# What goes well


@pytest.mark.parametrize("known", [True, False], ids=["size and hash from the table", "from the hub"])
@pytest.mark.parametrize(("path", "content"), [(LARGE, CONTENT), (SMALL, CONFIG)], ids=["large", "small"])
def test_a_file_arrives_whole_and_leaves_nothing_beside_it(
    hub: Hub, folder: Path, path: str, content: bytes, known: bool
) -> None:
    assert bring(hub, folder, path, known).read_bytes() == content
    assert left_overs(folder) == []


def test_the_progress_is_told_in_bytes(hub: Hub, folder: Path) -> None:
    told: list[Progress] = []
    net = network(hub)
    fetch(hub_download(net, REPOSITORY, COMMIT, LARGE), folder, told.append, network=net)
    assert {(progress.name, progress.total) for progress in told} == {(LARGE, len(CONTENT))}
    assert told[-1].step is Step.DOWNLOADING
    assert told[-1].done == len(CONTENT)


def test_what_is_there_is_not_asked_for_again(hub: Hub, folder: Path) -> None:
    bring(hub, folder)
    hub.requests.clear()
    bring(hub, folder)
    assert hub.requests == []


def test_a_damaged_file_at_its_place_is_replaced(hub: Hub, folder: Path) -> None:
    path = bring(hub, folder)
    path.write_bytes(bytes(len(CONTENT)))
    assert bring(hub, folder).read_bytes() == CONTENT


def test_several_files_come_in_order(hub: Hub, folder: Path) -> None:
    net = network(hub)
    paths = fetch_all([hub_download(net, REPOSITORY, COMMIT, path) for path in (SMALL, LARGE)], folder, network=net)
    assert [path.read_bytes() for path in paths] == [CONFIG, CONTENT]


@pytest.mark.parametrize("name", ["../x", "/x", "a/../../x", "a\\x", "C:x", ""])
def test_a_name_cannot_lead_out_of_the_folder(name: str) -> None:
    with pytest.raises(DownloadError):
        Download("https://example.org/x", name)


@pytest.mark.parametrize("name", ["Modelle für Ärger", "a b  c", "x" * 200])
def test_folders_have_names_as_people_give_them(hub: Hub, tmp_path: Path, name: str) -> None:
    assert bring(hub, tmp_path / name).read_bytes() == CONTENT


# Going on where it stopped


def test_a_cut_download_goes_on_where_it_stopped(hub: Hub, folder: Path) -> None:
    hub.faults = [once(at("storage", lambda handler: handler.send(handler.name, until=200_000)))]
    assert bring(hub, folder).read_bytes() == CONTENT
    ranges = [request.headers.get("Range") for request in hub.asked("storage")]
    assert ranges == [None, "bytes=200000-"]
    assert "If-Range" in hub.asked("storage")[1].headers


def test_a_download_that_is_always_cut_says_so_and_keeps_what_came(hub: Hub, folder: Path) -> None:
    hub.faults = [at("storage", lambda handler: handler.send(handler.name, until=1000))]
    assert "was cut" in sentence(hub, folder)
    assert Part(folder / LARGE).size == 3000
    hub.faults = []
    hub.requests.clear()
    assert bring(hub, folder).read_bytes() == CONTENT
    assert hub.asked("storage")[0].headers["Range"] == "bytes=3000-"


def test_a_server_that_sends_no_parts_sends_the_whole_again(hub: Hub, folder: Path) -> None:
    cut = once(at("storage", lambda handler: handler.send(handler.name, until=200_000)))
    hub.faults = [cut, at("storage", lambda handler: handler.send(handler.name, ranges=False))]
    assert bring(hub, folder).read_bytes() == CONTENT


def test_a_file_that_changed_meanwhile_begins_anew(hub: Hub, folder: Path) -> None:
    hub.faults = [at("storage", lambda handler: handler.send(handler.name, until=1000, etag='"before"'))]
    sentence(hub, folder)
    hub.faults = []
    assert bring(hub, folder).read_bytes() == CONTENT


def test_the_part_of_one_file_is_not_taken_for_that_of_another(hub: Hub, folder: Path) -> None:
    hub.faults = [at("storage", lambda handler: handler.send(handler.name, until=100_000))]
    sentence(hub, folder, attempts=1)
    hub.faults = []
    other = random.Random(8).randbytes(len(CONTENT))
    hub.files[f"{REPOSITORY}/{LARGE}"] = other
    hub.hashes.clear()
    assert bring(hub, folder).read_bytes() == other


def test_a_damaged_part_is_found_out_and_brought_again(hub: Hub, folder: Path) -> None:
    hub.faults = [at("storage", lambda handler: handler.send(handler.name, until=100_000))]
    sentence(hub, folder, attempts=1)
    hub.faults = []
    Part(folder / LARGE).path.write_bytes(bytes(50_000))
    assert bring(hub, folder).read_bytes() == CONTENT


def test_a_part_that_is_longer_than_the_file_is_thrown_away(hub: Hub, folder: Path) -> None:
    hub.faults = [at("storage", lambda handler: handler.send(handler.name, until=100_000))]
    sentence(hub, folder, attempts=1)
    hub.faults = []
    Part(folder / LARGE).path.write_bytes(bytes(len(CONTENT) + 1))
    assert bring(hub, folder).read_bytes() == CONTENT


def test_another_mirror_goes_on_with_what_the_first_one_sent(hub: Hub, folder: Path) -> None:
    hub.faults = [at("storage", lambda handler: handler.send(handler.name, until=100_000))]
    sentence(hub, folder, attempts=1)
    with running(Hub(files=hub.files)) as mirror:
        assert bring(mirror, folder).read_bytes() == CONTENT
        assert mirror.asked("storage")[0].headers["Range"] == "bytes=100000-"


def test_cancelling_keeps_the_part(hub: Hub, folder: Path) -> None:
    hub.rate = 200_000
    told: list[Progress] = []
    net = network(hub)
    item = hub_download(net, REPOSITORY, COMMIT, LARGE)
    with pytest.raises(Cancelled):
        fetch(item, folder, told.append, lambda: bool(told) and told[-1].done > 60_000, net)
    came = Part(folder / LARGE).size
    assert came > 60_000
    assert not (folder / LARGE).exists()
    hub.rate = 0
    assert fetch(item, folder, network=net).read_bytes() == CONTENT
    assert hub.asked("storage")[1].headers["Range"] == f"bytes={came}-"


def test_it_survives_being_killed_at_any_moment(tmp_path: Path) -> None:
    content = random.Random(9).randbytes(16_000_000)
    with running(offered(content, rate=8_000_000)) as hub:
        outcome = run(hub, tmp_path, kills=4, chance=random.Random(1))
        assert outcome.sha256 == hub.sha256("owner/model/model.safetensors")
    assert outcome.sizes == sorted(outcome.sizes), "a kill cost bytes that had come"
    assert outcome.starts == sorted(outcome.starts), "it began anew"
    assert outcome.sizes[-1] > 0
    assert outcome.starts[-1] >= outcome.sizes[-1]


# Two at once


def test_two_at_once_do_not_ruin_each_other(hub: Hub, folder: Path) -> None:
    hub.rate = 1_000_000
    arrived: list[bytes] = []
    threads = [threading.Thread(target=lambda: arrived.append(bring(hub, folder).read_bytes())) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert arrived == [CONTENT] * 3
    assert len(hub.asked("storage")) == 1
    assert left_overs(folder) == []


def test_who_waits_for_another_sees_how_far_it_is_and_can_give_up(hub: Hub, folder: Path) -> None:
    hub.rate = 300_000
    told: list[Progress] = []
    first = threading.Thread(target=lambda: bring(hub, folder))
    first.start()
    while not Part(folder / LARGE).size:
        time.sleep(0.01)
    net = network(hub)
    item = hub_download(net, REPOSITORY, COMMIT, LARGE)
    with pytest.raises(Cancelled):
        fetch(item, folder, told.append, lambda: len(told) > 1, net)
    assert told[-1].step is Step.WAITING
    assert told[-1].done > 0
    first.join()
    assert (folder / LARGE).read_bytes() == CONTENT


# The token


def test_the_token_reaches_the_hub_and_nobody_else(hub: Hub, folder: Path) -> None:
    hub.token = "hf_secret"
    assert bring(hub, folder, known=False, token="hf_secret").read_bytes() == CONTENT
    assert all(request.headers["Authorization"] == "Bearer hf_secret" for request in hub.requests if request.server == "hub")
    assert all("Authorization" not in request.headers for request in hub.requests if request.server == "storage")


def test_the_token_does_not_come_back_from_another_host(hub: Hub, folder: Path) -> None:
    def round_trip(handler: Handler) -> bool:
        """The storage sends the client back to the hub."""
        return handler.refuse(302, {"Location": f"{handler.hub.endpoint}/back"})

    hub.faults = [at("storage", round_trip)]
    sentence(hub, folder, token="hf_secret")
    (back,) = [request for request in hub.requests if request.path == "/back"]
    assert "Authorization" not in back.headers


def test_the_token_goes_along_to_the_new_name_of_a_repository(hub: Hub, folder: Path) -> None:
    hub.token = "hf_secret"
    moved = once(at("hub", lambda handler: handler.refuse(307, {"Location": f"{handler.path}?moved"})))
    hub.faults = [moved]
    assert bring(hub, folder, token="hf_secret").read_bytes() == CONTENT


def test_the_token_is_not_sent_to_other_servers(hub: Hub, folder: Path) -> None:
    net = network(hub, endpoint="https://hub.invalid", token="hf_secret")
    url = f"{hub.endpoint}/{REPOSITORY}/resolve/main/{SMALL}"
    fetch(Download(url, SMALL, len(CONFIG), hub.sha256(f"{REPOSITORY}/{SMALL}")), folder, network=net)
    assert all("Authorization" not in request.headers for request in hub.requests)


def test_a_token_is_not_printed(hub: Hub) -> None:
    assert "hf_secret" not in repr(network(hub, token="hf_secret"))


def test_the_surroundings_name_endpoint_and_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "https://mirror.example/")
    monkeypatch.setenv("HF_TOKEN", " hf_known\n")
    assert Network.from_environment() == Network(endpoint="https://mirror.example", token="hf_known")
    assert Network.from_environment("https://other.example", "hf_given").endpoint == "https://other.example"


# What goes wrong: one sentence each

GATED = {"X-Error-Code": "GatedRepo", "X-Error-Message": "Access to model owner/model is restricted"}
STATUSES = [
    (401, {}, "wants an access token"),
    (401, GATED, "accept its conditions there and enter an access token"),
    (403, GATED, "accept its conditions there"),
    (403, {}, "does not allow"),
    (404, {"X-Error-Code": "RevisionNotFound"}, "has no model.safetensors at this place"),
    (407, {}, "wants a name and password"),
    (410, {}, "has no model.safetensors at this place"),
    (429, {"Retry-After": "3600"}, "try again in 60 minutes"),
    (429, {"Retry-After": "0"}, "too many requests"),
    (451, {}, "country"),
    (500, {}, "out of order for the moment (500)"),
    (503, {"Retry-After": "0"}, "out of order for the moment (503)"),
    (507, {}, "out of order for the moment (507)"),
    (511, {}, "sign in first"),
    (418, {}, "418"),
]


@pytest.mark.parametrize(("status", "headers", "words"), STATUSES)
@pytest.mark.parametrize("known", [True, False], ids=["known", "asked"])
def test_each_status_of_a_server_has_its_sentence(
    hub: Hub, folder: Path, status: int, headers: dict[str, str], words: str, known: bool
) -> None:
    hub.faults = [lambda handler: handler.refuse(status, headers)]
    assert words in sentence(hub, folder, known)


def test_a_wrong_token_is_named(hub: Hub, folder: Path) -> None:
    hub.token = "hf_secret"
    assert "does not know the access token" in sentence(hub, folder, token="hf_wrong")
    assert "holds characters" in sentence(hub, folder, token="two words")


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_trouble_that_passes_is_waited_for(hub: Hub, folder: Path, status: int) -> None:
    hub.faults = [once(at("storage", lambda handler: handler.refuse(status, {"Retry-After": "0"})))]
    assert bring(hub, folder).read_bytes() == CONTENT


def test_it_waits_as_long_as_the_server_asks(hub: Hub, folder: Path) -> None:
    when = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() + 2))
    hub.faults = [once(at("hub", lambda handler: handler.refuse(429, {"Retry-After": when})))]
    start = time.monotonic()
    bring(hub, folder)
    assert time.monotonic() - start > 0.5


def test_a_page_of_a_firewall_is_not_taken_for_the_file(hub: Hub, folder: Path) -> None:
    page = b"<html>Please sign in</html>"
    hub.faults = [
        lambda handler: handler.refuse(200, {"Content-Type": "text/html; charset=utf-8", "Content-Length": str(len(page))}, page)
    ]
    for known in (True, False):
        assert "A web page came in place of" in sentence(hub, folder, known)


def test_wrong_bytes_of_the_right_length_are_thrown_away(hub: Hub, folder: Path) -> None:
    hub.faults = [at("storage", lambda handler: handler.send(handler.name, changed=lambda chunk, place: bytes(len(chunk))))]
    for known in (True, False):
        assert "its hash is wrong" in sentence(hub, folder, known)
        assert left_overs(folder) == []


def test_wrong_bytes_of_a_small_file_are_thrown_away(hub: Hub, folder: Path) -> None:
    hub.faults = [at("hub", lambda handler: handler.send(handler.name, changed=lambda chunk, place: bytes(len(chunk))))]
    with pytest.raises(DownloadError, match="its hash is wrong"):
        bring(hub, folder, SMALL, known=False)


def test_a_file_of_another_size_is_refused_before_it_comes(hub: Hub, folder: Path) -> None:
    net = network(hub)
    for sha256 in ("0" * 64, ""):
        with pytest.raises(DownloadError, match="another file"):
            fetch(hub_download(net, REPOSITORY, COMMIT, LARGE, size=1000, sha256=sha256), folder, network=net)
    assert not (folder / LARGE).exists()


def test_a_server_that_stops_sending_is_given_up(hub: Hub, folder: Path) -> None:
    def stall(handler: Handler) -> bool:
        time.sleep(0.3)
        return handler.refuse(200)

    hub.faults = [at("storage", stall)]
    assert "too slow" in sentence(hub, folder, timeout=0.1, attempts=2)


def test_a_server_that_only_trickles_is_given_up(hub: Hub, folder: Path) -> None:
    def trickle(handler: Handler) -> bool:
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(CONTENT)))
        handler.end_headers()
        for _ in range(40):
            handler.wfile.write(b".")
            time.sleep(0.02)
        return True

    hub.faults = [at("storage", trickle)]
    assert "too slow" in sentence(hub, folder, timeout=0.2, attempts=2)


def test_a_slow_server_that_gets_there_is_waited_for(hub: Hub, folder: Path) -> None:
    hub.rate = 400_000
    assert bring(hub, folder, timeout=0.3).read_bytes() == CONTENT


@pytest.mark.parametrize("known", [True, False], ids=["known", "asked"])
def test_without_a_network_it_says_so_at_once(hub: Hub, folder: Path, known: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    text = sentence(hub, folder, known)
    assert "cannot be found; check the connection to the internet" in text


def test_a_server_that_is_not_there(hub: Hub, folder: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    assert "cannot be reached" in sentence(hub, folder, endpoint=f"http://127.0.0.1:{port}")


def test_a_proxy_carries_the_request(hub: Hub, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", hub.storage)
    hub.faults = [at("storage", lambda handler: handler.refuse(407))]
    text = sentence(hub, folder, endpoint="http://hub.invalid")
    assert "wants a name and password" in text
    assert hub.asked("storage")[0].path.startswith("http://hub.invalid/")


def test_a_proxy_that_is_not_there(hub: Hub, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://user:secret@127.0.0.1:9")
    text = sentence(hub, folder, endpoint="http://hub.invalid")
    assert text.startswith("The proxy 127.0.0.1:9 does not answer")


@pytest.mark.parametrize("endpoint", ["ftp://hub.invalid", "hub.invalid", "file:///etc", "http://"])
def test_an_address_that_is_none(hub: Hub, folder: Path, endpoint: str) -> None:
    assert "is no address" in sentence(hub, folder, endpoint=endpoint)


@pytest.mark.parametrize(
    ("problem", "words"),
    [
        (ssl.SSLCertVerificationError(1, "certificate verify failed"), "cannot be trusted"),
        (OSError("Tunnel connection failed: 407 Proxy Authentication Required"), "wants a name and password"),
        (OSError("Tunnel connection failed: 403 Forbidden"), "does not let this through"),
        (ConnectionResetError(), "was cut"),
        (ssl.SSLError(1, "unexpected eof"), "was cut"),
        (TimeoutError("timed out"), "too slow"),
        (OSError(errno.ENETUNREACH, "Network is unreachable"), "cannot be reached"),
    ],
)
def test_what_breaks_below_the_protocol_has_its_sentence(problem: Exception, words: str) -> None:
    text = broken(urllib.error.URLError(problem), "https://hub.invalid/owner/model").sentence
    assert words in text
    assert "hub.invalid" in text or "proxy" in text


# The disk


def test_a_disk_with_too_little_space_is_told_before_anything_comes(
    hub: Hub, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=1000))
    assert "needs 300 kB" in sentence(hub, folder)
    assert hub.requests == []
    net = network(hub)
    items = [hub_download(net, REPOSITORY, COMMIT, path, size=10**9, sha256="0" * 64) for path in (LARGE, SMALL)]
    with pytest.raises(DownloadError, match="2 files needs 2 GB"):
        fetch_all(items, folder, network=net)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_disk_that_fills_up_on_the_way(hub: Hub, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    full = Path("/dev/full")
    monkeypatch.setattr(Part, "begin", lambda part, download, etag: full.open("wb", buffering=0))
    assert "The disk is full" in sentence(hub, folder)


@pytest.mark.parametrize(
    ("number", "words"),
    [(errno.EROFS, "may not be written"), (errno.EACCES, "may not be written"), (errno.EIO, "cannot be written")],
)
def test_a_folder_that_may_not_be_written(
    hub: Hub, folder: Path, monkeypatch: pytest.MonkeyPatch, number: int, words: str
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patched:
        patched.setattr(Path, "mkdir", refuse)
        assert words in sentence(hub, folder)


def test_a_name_that_is_too_long_for_the_disk(hub: Hub, tmp_path: Path) -> None:
    assert "too long" in sentence(hub, tmp_path / ("x" * 300))


def test_a_file_in_place_of_the_folder(hub: Hub, tmp_path: Path) -> None:
    (tmp_path / "models").write_text("")
    assert "cannot be written" in sentence(hub, tmp_path / "models")


# What the hub's own programs have downloaded


def old_cache(content: bytes, sha256: str) -> Path:
    """A file in the old layout of a cache: a link from the snapshot to a blob of the repository."""
    home = Path(os.environ["HF_HOME"]) / "hub" / "models--owner--model"
    blob, link = home / "blobs" / sha256, home / "snapshots" / COMMIT / LARGE
    for path in (blob, link):
        path.parent.mkdir(parents=True)
    blob.write_bytes(content)
    link.symlink_to(os.path.relpath(blob, link.parent))
    return blob


def new_cache(content: bytes, sha256: str) -> Path:
    """The new layout: the blob of the repository is a link itself, to a store that all repositories share."""
    blob = old_cache(content, sha256)
    shared = Path(os.environ["HF_HOME"]) / "hub" / "blobs" / "ab" / ("ab" + "0" * 62)
    shared.parent.mkdir(parents=True)
    blob.rename(shared)
    blob.symlink_to(os.path.relpath(shared, blob.parent))
    return shared


def copied_cache(content: bytes, sha256: str) -> Path:
    """As on a system without links, and of an older revision."""
    path = Path(os.environ["HF_HOME"]) / "hub" / "models--owner--model" / "snapshots" / ("f" * 40) / LARGE
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    return path


CACHES = pytest.mark.parametrize("cache", [old_cache, new_cache, copied_cache])


@CACHES
@pytest.mark.parametrize("known", [True, False], ids=["known", "asked"])
def test_what_is_in_a_cache_does_not_come_again(hub: Hub, folder: Path, cache: Callable[[bytes, str], Path], known: bool) -> None:
    kept = cache(CONTENT, hub.sha256(f"{REPOSITORY}/{LARGE}"))
    path = bring(hub, folder, known=known)
    assert path.read_bytes() == CONTENT
    assert not path.is_symlink()
    assert hub.asked("storage") == []
    path.unlink()
    assert kept.read_bytes() == CONTENT, "taking the file away must not touch the cache"


@CACHES
@pytest.mark.parametrize("damage", [bytes(len(CONTENT)), CONTENT[:-1], b""], ids=["wrong", "short", "empty"])
def test_a_damaged_cache_is_not_trusted(hub: Hub, folder: Path, cache: Callable[[bytes, str], Path], damage: bytes) -> None:
    kept = cache(damage, hub.sha256(f"{REPOSITORY}/{LARGE}"))
    assert bring(hub, folder).read_bytes() == CONTENT
    assert kept.read_bytes() == damage


def test_a_link_of_a_cache_that_leads_nowhere(hub: Hub, folder: Path) -> None:
    old_cache(CONTENT, hub.sha256(f"{REPOSITORY}/{LARGE}")).unlink()
    assert bring(hub, folder).read_bytes() == CONTENT


def test_a_cache_on_another_disk_is_copied(hub: Hub, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))

    old_cache(CONTENT, hub.sha256(f"{REPOSITORY}/{LARGE}"))
    monkeypatch.setattr(os, "link", refuse)
    assert bring(hub, folder).read_bytes() == CONTENT
    assert hub.asked("storage") == []


def test_it_needs_nothing_but_the_standard_library() -> None:
    import subprocess

    code = "import flashvdm_core.download.hub, sys; print(sorted({'numpy', 'torch', 'requests', 'tqdm'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
