"""What files look like, and what errors say of files of another kind."""

from __future__ import annotations

import gzip
import io
import json
import os
import pickle
import socket
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from andornot._tools.looks import amiss, check_file, looks_like, special
from andornot.errors import DataError, ModelError


def image(form: str, mode: str = "RGB") -> bytes:
    buffer = io.BytesIO()
    Image.new(mode, (5, 4)).save(buffer, format=form)
    return buffer.getvalue()


def archived(kind: str) -> bytes:
    buffer = io.BytesIO()
    if kind == "zip":
        with zipfile.ZipFile(buffer, "w") as packed:
            packed.writestr("photos/a.txt", "a")
    elif kind == "tar":
        with tarfile.open(fileobj=buffer, mode="w") as packed:
            packed.addfile(tarfile.TarInfo("a.txt"))
    elif kind == "npz":
        np.savez(buffer, a=np.zeros(3))
    else:
        np.save(buffer, np.zeros(3))
    return buffer.getvalue()


def parquet() -> bytes:
    pa = pytest.importorskip("pyarrow")
    import pyarrow.parquet as pq

    buffer = io.BytesIO()
    pq.write_table(pa.table({"a": [1]}), buffer)
    return buffer.getvalue()


KINDS = {
    "a PNG image": lambda: image("PNG"),
    "a JPEG image": lambda: image("JPEG"),
    "a WebP image": lambda: image("WEBP"),
    "a BMP image": lambda: image("BMP"),
    "a TIFF image": lambda: image("TIFF"),
    "a GIF image": lambda: image("GIF", "P"),
    "a zip archive": lambda: archived("zip"),
    "a tar archive": lambda: archived("tar"),
    "a gzip archive": lambda: gzip.compress(b"a"),
    "NumPy arrays (.npz)": lambda: archived("npz"),
    "a NumPy array (.npy)": lambda: archived("npy"),
    "a parquet file": parquet,
    "an HDF5 file": lambda: b"\x89HDF\r\n\x1a\n" + bytes(40),
    "a NIfTI image": lambda: b"\x5c\x01\0\0" + bytes(340) + b"n+1\0",
    "a DICOM image": lambda: bytes(128) + b"DICM",
    "a Python pickle": lambda: pickle.dumps({"a": 1}),
    "JSON": lambda: json.dumps({"a": [1, 2]}, indent=1).encode(),
    "JSON lines": lambda: b'{"a": 1}\n{"a": 2}\n',
    "XML": lambda: b"<?xml version='1.0'?><annotation/>",
    "an SVG drawing": lambda: b"<svg xmlns='http://www.w3.org/2000/svg'/>",
    "a web page (HTML)": lambda: b"\n<!DOCTYPE html><html><body>404</body></html>",
    "a table as text (CSV or TSV)": lambda: "id,name\n1,caf\u00e9\n".encode(),
    "plain text": lambda: b"two words\nand more\n",
    "text in UTF-16": lambda: "id,name".encode("utf-16"),
    "text that is not UTF-8": lambda: "caf\u00e9".encode("latin-1"),
    "empty": lambda: b"",
    "nothing but zeros": lambda: bytes(5000),
    "no kind of file that we know": lambda: bytes([1, 2, 3, 4, 5]),
}


@pytest.mark.parametrize("kind", KINDS)
def test_kinds_are_told_by_their_first_bytes(kind: str, tmp_path: Path) -> None:
    data = KINDS[kind]()
    assert looks_like(data) == kind
    (tmp_path / "a.png").write_bytes(data)  # whatever the name says
    assert looks_like(tmp_path / "a.png") == kind


def test_weights(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch", reason="torch is not installed")
    safetensors = pytest.importorskip("safetensors.torch", reason="safetensors is not installed")
    values = {"a": torch.zeros(2)}
    torch.save(values, tmp_path / "a")
    assert looks_like(tmp_path / "a") == "a file of torch.save"
    torch.save(values, tmp_path / "old", _use_new_zipfile_serialization=False)
    assert looks_like(tmp_path / "old") == "a file of torch.save"
    safetensors.save_file(values, tmp_path / "s")
    assert looks_like(tmp_path / "s") == "a safetensors file"


def test_a_letter_that_the_look_cuts_is_no_damage() -> None:
    assert looks_like(("a" * 4095 + "\u00e9" * 10).encode()) == "plain text"


def test_advice_helps() -> None:
    assert amiss(image("JPEG"), "a PNG image") == "it looks like a JPEG image; give a PNG image"
    assert amiss(image("PNG")[:60], "a PNG image").startswith("it is damaged or cut short")
    assert amiss(gzip.compress(b"a"), "JSON") == (
        "it looks like a gzip archive; unpack it, and give JSON"
    )
    pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 3\n"
    assert "Git LFS pointer" in amiss(pointer, "a parquet file")
    assert "run 'git lfs pull'" in amiss(pointer, "a parquet file")
    assert "download the file itself" in amiss(b"<html></html>", "JSON")
    assert amiss(b"", "JSON", "XML") == "it is empty; copy or download it again"


def test_what_is_no_file_is_not_opened(tmp_path: Path) -> None:
    pipe, folder, link = tmp_path / "pipe", tmp_path / "folder", tmp_path / "link"
    os.mkfifo(pipe)
    folder.mkdir()
    link.symlink_to(pipe)
    found = {path: special(path) for path in (pipe, folder, link, Path("/dev/null"))}
    assert list(found.values()) == ["a named pipe", "a folder", "a named pipe", "a device"]
    assert looks_like(link) == "a named pipe"  # and comes back
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "s"))
        assert special(tmp_path / "s") == "a socket"
    with pytest.raises(DataError, match="link is a named pipe, not a file: put the file there"):
        check_file(link)
    with pytest.raises(ModelError, match="is a folder, not a file"):
        check_file(folder, ModelError)
    check_file(tmp_path / "nowhere")  # whoever opens it says so
    check_file(tmp_path / "a\0b")
