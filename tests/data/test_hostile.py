"""Files that nobody should trust: each is refused with a sentence, or made harmless."""

from __future__ import annotations

import io
import json
import pickle
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from hostile import readers, survives
from import_cases import coco_instances, labelme
from probing_cases import ade20k, coco, parquet

DEEP = 100_000

_TOKEN = "1\tYes\tyes\tINTJ\t_\tNumber=Sing\t0\troot\t_\t_"


def _png(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format="PNG")
    return buffer.getvalue()


def _npz(**arrays: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)  # type: ignore[arg-type]
    return buffer.getvalue()


def _npy(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


def _weights() -> bytes:
    torch = pytest.importorskip("torch")
    buffer = io.BytesIO()
    torch.save({"a": torch.zeros(3)}, buffer)
    return buffer.getvalue()


def _made(make: Callable[[Path], object], file: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        make(Path(folder))
        return (Path(folder) / file).read_bytes()


def _zip() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a/b.txt", b"some text")
    return buffer.getvalue()


_RECORD = {
    "sentence1": "A b .",
    "sentence2": "C d",
    "gold_label": "neutral",
    "sentence1_parse": "(ROOT (X A) (Y b))",
    "sentence2_parse": "(ROOT (X C) (Y d))",
}
GOOD: dict[str, bytes] = {
    "formula": b"(water OR river) AND NOT blue",
    "broden index": b"a.png,train,4,4,4,4,1;0,1\n",
    "broden legend": b"1,1,sky,object(1)\n2,2,red,color(1);object(4)\n",
    "label legend": b",sky,object\n,red,color;other\n",
    "label samples": b"a.png,train,x,sky\n",
    "label map": _png(Image.fromarray(np.arange(16, dtype=np.uint8).reshape(4, 4))),
    "image": _png(Image.new("RGB", (5, 3), "red")),
    "json lines": json.dumps(_RECORD).encode() + b"\n",
    "tokens": b"a b .\nc d\n",
    "feats": b"lemma;open|tag;closed\na|a|DT b|b|NN\nc|c|NN\n",
    "table": b"premise\thypothesis\tlabel\na b\tc d\tneutral\n",
    "vectors": b"cat 1 2 3\ndog 4 5 6\n",
    "colours": b"0,black\n1,blue\n",
    "relations yaml": b"KIND:\n  animal: [dog, cat]\n",
    "relations json": b'{"KIND": {"animal": ["dog", "cat"]}}',
    "array": _npy(np.arange(6.0)),
    "arrays": _npz(x=np.arange(6)),
    "json": b'{"a": 1}',
    "coco index": _made(coco, "annotations/panoptic_val.json"),
    "coco map": _made(coco, "annotations/panoptic_val/0.png"),
    "ade20k index": _made(ade20k, "images/ADE/training/urban/street/ADE_train_1.json"),
    "coco instances": _made(coco_instances, "annotations/instances_val.json"),
    "labelme": _made(labelme, "inside.json"),
    "voc names": b"__ignore__\n_background_\n" + b"\n".join(b"n%d" % i for i in range(20)),
    "voc colours": b"background:0,0,0::\ncat:64,0,0::\nperson:192,128,128::\nv:1,2,255::\n",
    "voc list": b"a/x\n",
    "parquet": _made(lambda folder: parquet(folder / "a.parquet", n=2), "a.parquet"),
    "label names": b'{"0": "void", "1": "sky", "2": "tree"}',
    "conllu": f"# sent_id = a\n{_TOKEN}\n\n{_TOKEN}\n".encode(),
    "archive": _zip(),
    "text file": "the s\u00e9a\r\nand".encode(),
    "text lines": b'{"id": 1, "text": "the sea", "topic": "x"}\n' * 2,
    "text table": b"id,text,label\n1,the sea,a\n2,the land,b\n",
    "running conllu": f"# newdoc id = a-b\n# text = Yes\n{_TOKEN}\n\n{_TOKEN}\n".encode(),
    "spans": json.dumps(
        {
            "id": "a",
            "text": "the sea",
            "labels": {"genre": "poem"},
            "spans": [{"start": 4, "end": 7, "layer": "tag", "label": "NOUN"}],
        }
    ).encode(),
    "fasta": b">s1 first\nMKV\n>s2\nGG\n",
    "bed": b"s1\t0\t3\tDomain\t0\t+\n",
    "gff": b"##sequence-region s1 1 7\ns1\tx\tHelix\t1\t3\t.\t+\t.\tNote=a\n",
    "python source": "@a\ndef f(x: int = 1):\n    'd\u00e9'\n    return [len(x)]\n".encode(),
}


@pytest.mark.parametrize("name", sorted(readers()))
@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_mutated_files_are_read_or_refused(
    name: str, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    good = GOOD.get(name) or _weights()
    folder = tmp_path_factory.mktemp("hostile")
    kind = data.draw(st.sampled_from(("bytes", "cut", "changed", "inserted")))
    if kind == "bytes":
        bad = data.draw(st.binary(max_size=200))
    else:
        at = data.draw(st.integers(0, len(good) - 1))
        more = data.draw(st.binary(min_size=1, max_size=12))
        end = {"cut": len(good), "changed": at + len(more), "inserted": at}[kind]
        bad = good[:at] + (b"" if kind == "cut" else more) + good[end:]
    survives(name, folder, bad)


@pytest.mark.parametrize("name", sorted(GOOD.keys() - {"colours"}))
def test_the_files_that_are_mutated_are_good_ones(name: str, tmp_path: Path) -> None:
    assert survives(name, tmp_path, GOOD[name])


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("formula", "(" * DEEP + "a" + ")" * DEEP),
        ("formula", "NOT " * DEEP + "a"),
        ("formula", " OR ".join(["a"] * DEEP)),
        ("relations json", '{"KIND": ' * DEEP),
        ("relations json", "[" * DEEP),
        ("relations yaml", "[" * 3000),
        ("relations yaml", "a: &a [x]\n" + "b: *a\n"),
        ("relations yaml", "!!python/object/apply:os.system [true]"),
        ("json", "[" * DEEP),
        ("json lines", "[" * DEEP),
        ("labelme", '{"shapes": ' + "[" * DEEP),
        ("labelme", '{"imagePath": "/etc/passwd", "shapes": []}'),
        ("labelme", '{"imagePath": "x.png", "imageHeight": 65535, "shapes": []}'),
        ("coco instances", '{"images": ' * DEEP),
        ("voc list", "../../../etc/passwd\n"),
        ("voc colours", "a:0,0,256::\n"),
        ("json lines", json.dumps(_RECORD | {"sentence1_parse": "(" * DEEP})),
        ("vectors", "cat " + "1 " * DEEP),
        ("table", "premise\thypothesis\n" + '"' + "a" * DEEP),
        ("broden index", "../../etc/passwd,train,4,4,4,4,,\n"),
        ("broden index", "/etc/passwd,train,4,4,4,4,,\n"),
        ("broden index", "a.png,train,4,4,4,4,../../x.png,\n"),
        ("broden index", "a.png,train,4,4,99999999,99999999,,\n"),
        ("broden index", "a.png,train,4,4,65535,65535,,\n"),
        ("label samples", "../a.png,train,x,sky\n"),
    ],
)
def test_odd_texts_are_read_or_refused(name: str, text: str, tmp_path: Path) -> None:
    survives(name, tmp_path, text.encode())


def test_a_yaml_bomb_is_refused_at_once(tmp_path: Path) -> None:
    lines = ["KIND:", "  a: &a [x, x, x, x, x, x, x, x, x]"]
    for before, name in zip("abcdefghij", "bcdefghijk", strict=True):
        lines.append(f"  {name}: &{name} [{', '.join(['*' + before] * 9)}]")
    assert not survives("relations yaml", tmp_path, "\n".join(lines).encode())


class _Evil:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (self.path,)


def test_pickles_are_not_run(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    mark = tmp_path / "mark"
    bad = pickle.dumps(_Evil(mark))
    objects = np.empty(1, object)
    objects[0] = _Evil(mark)
    for name, data in (("weights", bad), ("array", _npy(objects)), ("arrays", _npz(x=objects))):
        assert not survives(name, tmp_path, data)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr("archive/data.pkl", bad)
        file.writestr("archive/version", "3\n")
    assert not survives("weights", tmp_path, buffer.getvalue())
    assert not mark.exists()


def test_a_small_file_that_swells_is_refused(tmp_path: Path) -> None:
    bomb = _png(Image.new("1", (12_000, 8_000)))
    assert len(bomb) < 5_000_000
    assert not survives("image", tmp_path, bomb)
    assert not survives("label map", tmp_path, bomb)
    header = _npy(np.zeros(1))
    shape = header.index(b"(1,)")
    swollen = header[:shape] + b"(10**9,)"[:4].ljust(4) + header[shape + 4 :]
    assert not survives("array", tmp_path, swollen)
