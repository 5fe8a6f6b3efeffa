"""Downloads from a server on this machine, which breaks, lies and refuses as servers do."""

from __future__ import annotations

import errno
import hashlib
import io
import shutil
import tarfile
import threading
import zipfile
from collections import namedtuple
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from andornot import AndornotError
from andornot.cli import cli
from andornot.downloads import catalogue, fetch, unpack
from andornot.downloads import get as getting
from andornot.downloads.catalogue import CATALOGUE, Item, find
from andornot.downloads.fetch import download
from andornot.downloads.get import get
from andornot.errors import DataError, OptionError, RunError
from download_cases import Handler, Server, Site, zipped

BODY = bytes(range(256)) * 5000


@pytest.fixture
def site(monkeypatch):
    monkeypatch.setattr(fetch, "WAIT", 0.0)
    handler: Any = type("Bound", (Handler,), {"site": Site()})
    server = Server(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    handler.site.address = f"http://127.0.0.1:{server.server_port}"
    handler.site.files["/x.bin"] = BODY
    yield handler.site
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_download(site: Site, tmp_path: Path) -> None:
    download(f"{site.address}/x.bin", tmp_path / "deep/x.bin")
    assert (tmp_path / "deep/x.bin").read_bytes() == BODY
    assert [p.name for p in (tmp_path / "deep").iterdir()] == ["x.bin"]


def test_a_broken_connection_goes_on_by_itself(site: Site, tmp_path: Path) -> None:
    site.cuts = [262_144, 393_216]
    download(f"{site.address}/x.bin", tmp_path / "x.bin")
    assert (tmp_path / "x.bin").read_bytes() == BODY
    assert [r for _, r in site.asked] == [None, "bytes=262144-", "bytes=655360-"]


def test_a_connection_that_keeps_breaking_is_resumed_by_the_next_call(
    site: Site, tmp_path: Path
) -> None:
    site.cuts = [524_288, 0, 0, 0]
    with pytest.raises(DataError, match=r"again later; 524,288 bytes are kept, to go on from"):
        download(f"{site.address}/x.bin", tmp_path / "x.bin")
    assert not (tmp_path / "x.bin").exists()
    site.asked.clear()
    download(f"{site.address}/x.bin", tmp_path / "x.bin")
    assert (tmp_path / "x.bin").read_bytes() == BODY
    assert site.asked == [("/x.bin", "bytes=524288-")]


def test_an_interruption_keeps_what_has_come(site, tmp_path, monkeypatch):
    def stop(chunks, *_):
        yield next(iter(chunks))
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(fetch, "track", stop)
        with pytest.raises(KeyboardInterrupt):
            download(f"{site.address}/x.bin", tmp_path / "x.bin")
    download(f"{site.address}/x.bin", tmp_path / "x.bin")
    assert site.asked[1][1] == f"bytes={fetch.STEP}-"
    assert (tmp_path / "x.bin").read_bytes() == BODY


def test_a_server_that_cannot_go_on_starts_again(site: Site, tmp_path: Path) -> None:
    site.ranges, site.cuts = False, [262_144]
    download(f"{site.address}/x.bin", tmp_path / "x.bin")
    assert (tmp_path / "x.bin").read_bytes() == BODY


def test_another_edition_is_not_spliced_to_the_first(site: Site, tmp_path: Path) -> None:
    site.cuts = [262_144, 0, 0, 0]
    with pytest.raises(DataError):
        download(f"{site.address}/x.bin", tmp_path / "x.bin")
    site.etag, site.files["/x.bin"] = '"two"', BODY[::-1]
    download(f"{site.address}/x.bin", tmp_path / "x.bin")
    assert (tmp_path / "x.bin").read_bytes() == BODY[::-1]


def test_an_edition_without_a_mark_is_told_by_its_size(site: Site, tmp_path: Path) -> None:
    site.etag, site.cuts = "", [262_144, 0, 0, 0]
    with pytest.raises(DataError):
        download(f"{site.address}/x.bin", tmp_path / "x.bin")
    site.files["/x.bin"] = BODY[::-1] + b"more"
    download(f"{site.address}/x.bin", tmp_path / "x.bin")
    assert (tmp_path / "x.bin").read_bytes() == BODY[::-1] + b"more"


def test_a_part_of_something_else_is_not_used(site: Site, tmp_path: Path) -> None:
    (tmp_path / "x.bin.part").write_bytes(b"somebody's")
    with pytest.raises(OptionError, match=r"x\.bin\.part is not of a download that andornot began"):
        download(f"{site.address}/x.bin", tmp_path / "x.bin")
    assert (tmp_path / "x.bin.part").read_bytes() == b"somebody's"
    for notes in ("{", "[]", '{"address": 1}'):
        (tmp_path / "y.bin.part").write_bytes(b"somebody's")
        (tmp_path / "y.bin.part.json").write_text(notes)
        with pytest.raises(OptionError, match="move it away and start again"):
            download(f"{site.address}/x.bin", tmp_path / "y.bin")
        assert (tmp_path / "y.bin.part.json").read_text() == notes


def test_a_part_that_is_whole_already(site: Site, tmp_path: Path) -> None:
    site.cuts = [262_144, 0, 0, 0]
    with pytest.raises(DataError):
        download(f"{site.address}/x.bin", tmp_path / "x.bin")
    (tmp_path / "x.bin.part").write_bytes(BODY)
    download(f"{site.address}/x.bin", tmp_path / "x.bin")
    assert (tmp_path / "x.bin").read_bytes() == BODY
    site.cuts = [262_144, 0, 0, 0]
    with pytest.raises(DataError):
        download(f"{site.address}/x.bin", tmp_path / "y.bin")
    (tmp_path / "y.bin.part").write_bytes(BODY + b"too much")
    download(f"{site.address}/x.bin", tmp_path / "y.bin")
    assert (tmp_path / "y.bin").read_bytes() == BODY


def test_an_answer_without_a_length(site: Site, tmp_path: Path) -> None:
    site.length = False
    download(f"{site.address}/x.bin", tmp_path / "x.bin")
    assert (tmp_path / "x.bin").read_bytes() == BODY


def test_a_busy_server_is_asked_again(site: Site, tmp_path: Path) -> None:
    site.statuses = [503, 429]
    download(f"{site.address}/x.bin", tmp_path / "x.bin")
    site.statuses = [503] * 5
    with pytest.raises(DataError, match="the server answers 503 Service Unavailable; run the same"):
        download(f"{site.address}/x.bin", tmp_path / "y.bin")


def test_what_is_not_there(site: Site, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="nothing is not there: the server answers 404 Not Found"):
        download(f"{site.address}/nothing", tmp_path / "x.bin")
    assert len(site.asked) == 1
    with pytest.raises(DataError, match="the host refuses the connection"):
        download("http://127.0.0.1:9/x", tmp_path / "x.bin")
    for wrong in ("x.bin", "ftp://host/x", "http://"):
        with pytest.raises(OptionError, match="is no address to download from"):
            download(wrong, tmp_path / "x.bin")


def test_a_web_page_is_not_taken_for_the_file(site: Site, tmp_path: Path) -> None:
    site.kind = "text/html; charset=utf-8"
    with pytest.raises(DataError, match="answers with a web page, not with a file"):
        download(f"{site.address}/x.bin", tmp_path / "x.bin")
    assert not list(tmp_path.glob("x.bin*"))


def test_too_little_room_is_seen_before_the_disk_is_full(site, tmp_path, monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(0, 0, 1000))
    with pytest.raises(DataError, match=r"x.bin needs 1 MB more, and .* has 0 MB free: make room"):
        download(f"{site.address}/x.bin", tmp_path / "x.bin")


class FullDisk(io.BytesIO):
    def write(self, _: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_disk_keeps_what_has_come(site, tmp_path, monkeypatch):
    opened = Path.open
    site.cuts = [262_144, 0, 0, 0]
    with pytest.raises(DataError):
        download(f"{site.address}/x.bin", tmp_path / "x.bin")

    def full(self, mode="r", *rest, **options):
        return FullDisk() if mode == "ab" else opened(self, mode, *rest, **options)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", full)
        with pytest.raises(RunError, match=r"cannot write to .*No space left on device; make room"):
            download(f"{site.address}/x.bin", tmp_path / "x.bin")
    assert (tmp_path / "x.bin.part").stat().st_size == 262_144
    download(f"{site.address}/x.bin", tmp_path / "x.bin")
    assert (tmp_path / "x.bin").read_bytes() == BODY


# --- archives ---


def unpacked(tmp_path: Path, data: bytes, name: str = "a.zip") -> Path:
    (tmp_path / name).write_bytes(data)
    unpack.unpack(tmp_path / name, tmp_path / "out")
    return tmp_path / "out"


def files(folder: Path) -> dict[str, bytes]:
    """What lies in a folder, but for the empty file that keeps other processes out."""
    found = (p for p in folder.rglob("*") if p.is_file() and p.suffix != ".lock")
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


def tarred(*members: tuple[str, bytes | str], mode: str = "w:gz") -> bytes:
    """A tar archive; a member whose content is a text is a link to it."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as archive:  # type: ignore[call-overload]
        for name, content in members:
            info = tarfile.TarInfo(name)
            if isinstance(content, str):
                info.type, info.linkname = tarfile.SYMTYPE, content
                archive.addfile(info)
            else:
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def test_unpacking_takes_the_only_folder_for_the_whole(tmp_path: Path) -> None:
    body = zipped(**{"top/a": b"1", "top/deep/b": b"2", "__MACOSX/a": b"x", "top/.DS_Store": b"y"})
    assert files(unpacked(tmp_path, body)) == {"a": b"1", "deep/b": b"2"}


def test_unpacking_what_lies_loose(tmp_path: Path) -> None:
    assert files(unpacked(tmp_path, zipped(a=b"1", b=b"2"))) == {"a": b"1", "b": b"2"}
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.zip", "out"]


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
def test_unpacking_tar(tmp_path: Path, mode: str) -> None:
    data = tarred(("top/a", b"1"), ("top/b", b"2"), mode=mode)
    assert files(unpacked(tmp_path, data, "a.tar")) == {"a": b"1", "b": b"2"}


OUTSIDE = ["../evil", "/tmp/evil", "a/../../evil", "C:\\evil", "..\\evil", "a\\..\\..\\evil"]


@pytest.mark.parametrize("name", OUTSIDE)
def test_nothing_lands_outside(tmp_path: Path, name: str) -> None:
    (tmp_path / "in").mkdir()
    with pytest.raises(DataError, match="leads out of its folder: nothing of it was unpacked"):
        unpacked(tmp_path / "in", zipped(**{"good": b"1", name: b"2"}))
    with pytest.raises(DataError, match="leads out of its folder: nothing of it was unpacked"):
        unpacked(tmp_path / "in", tarred(("good", b"1"), (name, b"2")), "a.tar")
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["a.tar", "a.zip", "in"]


def test_a_member_without_a_name_is_refused(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("x", b"1")
        archive.filelist[0].filename = ""
    with pytest.raises(DataError, match="'', which leads out of its folder"):
        unpacked(tmp_path, buffer.getvalue())


def test_links_and_devices_are_refused(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("link")
    link.external_attr = 0o120777 << 16
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(link, "/etc/passwd")
    with pytest.raises(DataError, match="'link', which is a link or a device"):
        unpacked(tmp_path, buffer.getvalue())
    with pytest.raises(DataError, match="'link', which is a link or a device"):
        unpacked(tmp_path, tarred(("link", "/etc"), ("link/x", b"1")), "a.tar")
    assert not (tmp_path / "out").exists()


def test_bombs_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(unpack, "SMALL", 1000)
    with pytest.raises(DataError, match=r"would swell from .* to 1,000,000 bytes"):
        unpacked(tmp_path, zipped(a=bytes(1_000_000)))
    monkeypatch.setattr(unpack, "MAX_BYTES", 10)
    with pytest.raises(DataError, match="would swell"):
        unpacked(tmp_path, zipped(a=b"12345678901"))


@pytest.mark.parametrize("kind", ["zip", "tar", "gz", "rubbish", "empty"])
def test_damaged_archives(tmp_path: Path, kind: str) -> None:
    noise = hashlib.shake_256(b"noise").digest(5000)
    whole = {"zip": zipped(a=noise), "tar": tarred(("a", noise), mode="w")}.get(kind)
    whole = whole or {"gz": tarred(("a", noise)), "rubbish": noise, "empty": b""}[kind]
    ends = (len(whole),) if kind in ("rubbish", "empty") else (1, 600, len(whole) // 2)
    for end in ends:
        with pytest.raises(DataError, match=r"damaged|cut short"):
            unpacked(tmp_path, whole[:end], "archive")
        assert [p.name for p in tmp_path.iterdir()] == ["archive"]
    if kind == "zip":
        broken = bytearray(whole)
        broken[60:70] = b"0123456789"
        with pytest.raises(DataError, match="damaged or cut short"):
            unpacked(tmp_path, bytes(broken), "archive")


def test_a_disk_that_fills_while_unpacking(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(shutil, "copyfileobj", full)
    with pytest.raises(RunError, match=r"a.zip cannot be unpacked .*No space left.*make room"):
        unpacked(tmp_path, zipped(a=b"1"))
    assert [p.name for p in tmp_path.iterdir()] == ["a.zip"]


# --- the catalogue ---


def sha256(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


@pytest.fixture
def shop(site: Site, monkeypatch) -> Site:
    """A catalogue of one archive, one plain file, and one that needs a registration."""
    archive = zipped(**{"toys-1/index.csv": b"x", "toys-1/a.png": b"y"})
    site.files |= {"/toys.zip": archive, "/net.pth": b"weights", "/copy/toys.zip": archive}
    toys = Item(
        name="toys", what="toys", licence="CC0", file="toys.zip", folder="toys",
        addresses=(f"{site.address}/toys.zip",), use="--data broden:{path}", by_hand="ask {to}",
        checksum=sha256(archive), size=len(archive),
    )  # fmt: skip
    net = replace(
        toys, name="net", file="net.pth", folder="", checksum="", by_hand="", size=None,
        about="about 3 toys",
        addresses=(f"{site.address}/gone", f"{site.address}/net.pth"), use="--weights {path}",
    )  # fmt: skip
    secret = replace(toys, name="secret", addresses=(), by_hand="register, unpack into {path}")
    monkeypatch.setattr(catalogue, "CATALOGUE", (toys, net, secret))
    return site


def test_get_unpacks_and_says_what_to_type(shop: Site, tmp_path: Path) -> None:
    got = get("Toys", tmp_path)
    assert files(tmp_path) == {"toys/index.csv": b"x", "toys/a.png": b"y"}
    assert (got.path, got.use) == (tmp_path / "toys", f"--data broden:{tmp_path / 'toys'}")
    assert got.notes == ("its checksum is the published one",)
    assert "is there already" in get("toys", tmp_path).notes[0]
    assert len(shop.asked) == 1


def test_get_from_a_mirror(shop: Site, tmp_path: Path) -> None:
    get("toys", tmp_path, mirror=f"{shop.address}/copy/")
    assert shop.asked == [("/copy/toys.zip", None)]
    with pytest.raises(DataError, match=r"nowhere/net.pth is not there: the server answers 404"):
        get("net", tmp_path, mirror=f"{shop.address}/nowhere")


def test_a_wrong_checksum_is_put_aside(shop: Site, tmp_path: Path) -> None:
    shop.files["/toys.zip"] = zipped(a=b"evil")
    with pytest.raises(DataError, match=r"another checksum .* than the published one"):
        get("toys", tmp_path)
    assert list(files(tmp_path)) == ["toys.zip.wrong"]


def test_the_first_checksum_is_noted_and_later_ones_compared(shop, tmp_path):
    got = get("net", tmp_path)  # its first address is gone
    noted = tmp_path / "net.pth.sha256"
    assert got.notes == (f"no checksum is published; that of this download is noted in {noted}",)
    assert noted.read_text() == f"{sha256(b'weights')[7:]}  net.pth\n"
    assert "is that of your first download" in get("net", tmp_path).notes[0]
    (tmp_path / "net.pth").unlink()
    shop.files["/net.pth"] = b"other weights"
    with pytest.raises(DataError, match="than the one of your first download, noted in"):
        get("net", tmp_path)
    noted.write_text("")
    shop.files["/net.pth"] = b"weights"
    with pytest.raises(DataError, match="than the one of your first download, noted in"):
        get("net", tmp_path)


@pytest.mark.parametrize(("data", "word"), [(b"weights", "the one"), (b"other", "NOT the one")])
def test_a_reported_checksum_is_told_and_does_not_refuse(shop, tmp_path, monkeypatch, data, word):
    md5 = f"md5:{hashlib.md5(data).hexdigest()}"
    items = [replace(item, reported=md5) for item in catalogue.CATALOGUE]
    monkeypatch.setattr(catalogue, "CATALOGUE", items)
    notes = get("net", tmp_path).notes
    assert notes[0].startswith(f"its checksum is {word} that another project states ({md5})")


def test_a_truncated_archive_is_neither_kept_nor_noted(shop, tmp_path, monkeypatch):
    items = [replace(item, checksum="") for item in catalogue.CATALOGUE]
    monkeypatch.setattr(catalogue, "CATALOGUE", items)
    whole = shop.files["/toys.zip"]
    shop.files["/toys.zip"] = whole[: len(whole) // 2]
    with pytest.raises(DataError, match="damaged or cut short"):
        get("toys", tmp_path)
    assert list(files(tmp_path)) == ["toys.zip.wrong"]
    shop.files["/toys.zip"] = whole
    assert get("toys", tmp_path).path.is_dir()
    assert (tmp_path / "toys.zip.sha256").is_file()


def test_a_file_put_there_by_hand_is_used_and_kept(shop: Site, tmp_path: Path) -> None:
    (tmp_path / "toys.zip").write_bytes(shop.files["/toys.zip"])
    assert get("toys", tmp_path).path.is_dir()
    assert not shop.asked
    assert (tmp_path / "toys.zip").is_file()
    (tmp_path / "secret").mkdir()
    shutil.rmtree(tmp_path / "toys")
    assert get("secret", tmp_path).path == tmp_path / "toys"


def test_what_a_program_cannot_get(shop: Site, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="secret cannot be got by a program: register, unpack into"):
        get("secret", tmp_path)
    shop.files.clear()
    with pytest.raises(DataError, match=r"net.pth is not there: .* \(nor http://.*/gone\)"):
        get("net", tmp_path)
    with pytest.raises(DataError, match=rf"answers 404 Not Found; ask {tmp_path}"):
        get("toys", tmp_path)
    with pytest.raises(OptionError, match="no 'toyz' to get; choose among toys, net, secret"):
        get("toyz", tmp_path)


def test_the_command_line(shop: Site, tmp_path: Path) -> None:
    def run(*words: str, **environment: str):
        return CliRunner().invoke(cli, ["data", *words], env=environment)

    done = run("get", "toys", "--to", str(tmp_path), "--quiet")
    assert done.exit_code == 0, done.output
    assert f"    --data broden:{tmp_path / 'toys'}\n" in done.stdout
    assert "licence: CC0" in done.stdout
    mirrored = run(
        "get", "toys", "--to", str(tmp_path / "2"), ANDORNOT_MIRROR=f"{shop.address}/copy"
    )
    assert mirrored.exit_code == 0
    assert shop.asked[-1][0] == "/copy/toys.zip"
    assert mirrored.stderr == ""  # a log gets no bars, and short work no lines
    failed = run("get", "secret", "--to", str(tmp_path / "3"))
    assert isinstance(failed.exception, AndornotError)
    listed = run("list").stdout
    assert "needs a registration" in listed
    assert "size: about 3 toys" in listed
    assert '"licence": "CC0"' in run("list", "--json").stdout


@pytest.mark.parametrize("item", CATALOGUE, ids=lambda item: item.name)
def test_the_real_catalogue_is_whole(item: Item) -> None:
    assert find(item.name) is item
    assert item.licence
    assert item.file
    assert item.addresses or item.by_hand
    assert all(address.endswith(f"/{item.file}") for address in item.addresses)
    assert "{path}" in item.use
    for known in filter(None, (item.checksum, item.reported)):
        algorithm, digits = known.split(":")
        assert len(digits) == {"md5": 32, "sha256": 64}[algorithm]
    assert item.checksum == "" or item.size
    assert not (item.size and item.about)
    got = getting.Got(item, Path("here"), ())
    assert "here" in got.use
    assert getting._by_hand(item, Path("there")).count("{") == 0
