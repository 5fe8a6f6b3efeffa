"""Every reader of a file that users bring, as a function of the file's bytes.

Whatever the bytes are, a reader returns or raises an ``AndornotError``: anything else is a bug.
``test_hostile.py`` feeds them by hypothesis; run as a script, this file feeds them by atheris:

    python tests/support/hostile.py [READER] -max_total_time=3600
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

from PIL import Image

from andornot.errors import AndornotError


def _formula(_: Path, data: bytes) -> object:
    from andornot.formula import parse

    formula = parse(data.decode("utf-8", "replace"))
    assert parse(str(formula)) == formula
    return formula


def _as_file(name: str, read: Callable[[Path], object]) -> Callable[[Path, bytes], object]:
    def reader(folder: Path, data: bytes) -> object:
        path = folder / name
        path.write_bytes(data)
        return read(path)

    return reader


def _image_folder(folder: Path) -> None:
    (folder / "images").mkdir(exist_ok=True)
    if not (folder / "images" / "a.png").exists():
        Image.new("RGB", (4, 4)).save(folder / "images" / "a.png")


def _opened(folder: Path, kind: str) -> object:
    from andornot.data.images.open import open_data

    data = open_data(f"{kind}:{folder}")
    return [(data.image(i), data.labels(i)) for i in range(len(data))]


def _broden_index(folder: Path, data: bytes) -> object:
    _image_folder(folder)
    legend = "number,code,name,category\n1,1,sky,object(1)\n"
    (folder / "label.csv").write_text(legend, encoding="utf-8")
    (folder / "index.csv").write_bytes(b"image,split,ih,iw,sh,sw,object,scene\n" + data)
    return _opened(folder, "broden")


def _broden_legend(folder: Path, data: bytes) -> object:
    _image_folder(folder)
    (folder / "label.csv").write_bytes(b"number,code,name,category\n" + data)
    index = "image,split,ih,iw,sh,sw,object\na.png,train,4,4,4,4,\n"
    (folder / "index.csv").write_text(index, encoding="utf-8")
    return _opened(folder, "broden")


def _label_legend(folder: Path, data: bytes) -> object:
    _image_folder(folder)
    (folder / "concepts.csv").write_bytes(b"id,name,category\n" + data)
    return _opened(folder, "labelmaps")


def _label_samples(folder: Path, data: bytes) -> object:
    _image_folder(folder)
    (folder / "concepts.csv").write_text("id,name,category\n,sky,object\n", encoding="utf-8")
    (folder / "samples.csv").write_bytes(b"sample,split,class,concepts\n" + data)
    return _opened(folder, "labelmaps")


def _coco_index(folder: Path, data: bytes) -> object:
    from probing_cases import coco

    if not (folder / "annotations").exists():
        coco(folder)
    (folder / "annotations/panoptic_val.json").write_bytes(data)
    return _opened(folder, "coco")


def _coco_map(folder: Path, data: bytes) -> object:
    from probing_cases import coco

    if not (folder / "annotations").exists():
        coco(folder)
    (folder / "annotations/panoptic_val/0.png").write_bytes(data)
    return _opened(folder, "coco")


def _ade20k_index(folder: Path, data: bytes) -> object:
    from probing_cases import ade20k

    if not (folder / "images").exists():
        ade20k(folder)
    next(folder.rglob("ADE_train_1.json")).write_bytes(data)
    return _opened(folder, "ade20k")


def _coco_instances(folder: Path, data: bytes) -> object:
    from import_cases import coco_instances

    if not (folder / "annotations").exists():
        coco_instances(folder)
    (folder / "annotations/instances_val.json").write_bytes(data)
    return _opened(folder, "coco-instances")


def _labelme(folder: Path, data: bytes) -> object:
    from import_cases import picture

    picture(folder / "x.png")
    (folder / "x.json").write_bytes(data)
    return _opened(folder, "labelme")


def _voc_file(name: str) -> Callable[[Path, bytes], object]:
    def reader(folder: Path, data: bytes) -> object:
        from import_cases import voc

        if not (folder / "ImageSets").exists():
            voc(folder)
        (folder / name).write_bytes(data)
        return _opened(folder, "voc")

    return reader


def _parquet(folder: Path, data: bytes) -> object:
    (folder / "id2label.json").write_text('{"1": "sky", "2": "tree"}', encoding="utf-8")
    (folder / "a.parquet").write_bytes(data)
    return _opened(folder, "parquet")


def _label_names(folder: Path, data: bytes) -> object:
    from probing_cases import parquet

    if not (folder / "a.parquet").exists():
        parquet(folder / "a.parquet")
    (folder / "id2label.json").write_bytes(data)
    return _opened(folder, "parquet")


def _archive(folder: Path, data: bytes) -> object:
    from andornot.downloads.unpack import unpack

    (folder / "archive").write_bytes(data)
    shutil.rmtree(folder / "unpacked", ignore_errors=True)
    return unpack(folder / "archive", folder / "unpacked")


def _image(path: Path) -> object:
    from andornot.data.images.files import opened

    with opened(path) as image:
        return image.convert("RGB")


def _running(kind: str, name: str, more: str = "") -> Callable[[Path, bytes], object]:
    """Running text: whatever is read can be looked through."""
    from andornot.data.sequences.check import check_sequences
    from andornot.data.sequences.open import open_sequences

    return _as_file(name, lambda path: check_sequences(open_sequences(f"{kind}:{path}{more}")))


def _regions(ending: str) -> Callable[[Path, bytes], object]:
    from andornot.data.sequences.open import open_sequences

    def reader(folder: Path, data: bytes) -> object:
        (folder / "a.fasta").write_text(">s1\nMKVLAAC\n", encoding="utf-8")
        (folder / f"a.{ending}").write_bytes(data)
        return open_sequences(f"spans:{folder / 'a.fasta'},regions={folder / f'a.{ending}'}")

    return reader


@cache
def readers() -> dict[str, Callable[[Path, bytes], object]]:
    from andornot._tools.reading import read_array, read_arrays, read_json
    from andornot.concepts.relations import read_relations
    from andornot.data.images.colors import read_color_bins
    from andornot.data.images.files import read_label_ids
    from andornot.data.sentences.conllu import read_conllu
    from andornot.data.sentences.readers import read_feats, read_jsonl, read_table, read_tokens
    from andornot.data.sentences.vectors import read_glove
    from andornot.models.weights import read_torch

    return {
        "formula": _formula,
        "broden index": _broden_index,
        "broden legend": _broden_legend,
        "label legend": _label_legend,
        "label samples": _label_samples,
        "label map": _as_file("a.png", read_label_ids),
        "image": _as_file("a.png", _image),
        "json lines": _as_file("a.jsonl", read_jsonl),
        "tokens": _as_file("a.tok", read_tokens),
        "feats": _as_file("a.feats", read_feats),
        "table": _as_file("a.tsv", read_table),
        "vectors": _as_file("a.txt", read_glove),
        "colours": _as_file("a.csv", read_color_bins),
        "relations yaml": _as_file("a.yaml", read_relations),
        "relations json": _as_file("a.json", read_relations),
        "array": _as_file("a.npy", read_array),
        "arrays": _as_file("a.npz", lambda path: read_arrays(path, ("x",))),
        "json": _as_file("a.json", read_json),
        "weights": _as_file("a.pt", read_torch),
        "coco index": _coco_index,
        "coco map": _coco_map,
        "ade20k index": _ade20k_index,
        "coco instances": _coco_instances,
        "labelme": _labelme,
        "voc names": _voc_file("labels.txt"),
        "voc colours": _voc_file("labelmap.txt"),
        "voc list": _voc_file("ImageSets/Segmentation/train.txt"),
        "parquet": _parquet,
        "label names": _label_names,
        "conllu": _as_file("a.conllu", read_conllu),
        "archive": _archive,
        "text file": _running("texts", "a.txt"),
        "text lines": _running("texts", "a.jsonl"),
        "text table": _running("texts", "a.csv"),
        "running conllu": _running("conllu", "a.conllu"),
        "spans": _running("spans", "a.jsonl"),
        "fasta": _running("spans", "a.fasta"),
        "bed": _regions("bed"),
        "gff": _regions("gff"),
        "python source": _running("code", "a.py"),
    }


def survives(name: str, folder: Path, data: bytes) -> bool:
    """Whether a reader accepts the bytes; it may refuse them only by an error of ours."""
    try:
        readers()[name](folder, data)
    except AndornotError as error:
        if not str(error).strip():
            raise RuntimeError("an error without a sentence") from error
        return False
    return True


def _main() -> None:
    import atheris  # not a dependency: only for a long hunt by hand

    with atheris.instrument_imports(include=["andornot"]):
        names = list(readers())
    if len(sys.argv) > 1 and sys.argv[1] in names:
        names = [sys.argv.pop(1)]
    folders = {name: Path(tempfile.mkdtemp(prefix="hostile-")) for name in names}

    def one(data: bytes) -> None:
        name = names[data[0] % len(names)] if data else names[0]
        survives(name, folders[name], data[1:])

    atheris.Setup(sys.argv, one)
    atheris.Fuzz()


if __name__ == "__main__":
    _main()
