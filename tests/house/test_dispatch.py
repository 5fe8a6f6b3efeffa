"""Nobody chooses by the name of a modality, a level or a kind of data, or by the class of samples.

Whoever needs to know what differs asks the modality (``data/modality.py``). Modules that belong to
one modality may know what it is made of.
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import andornot
from andornot.data import registry

PACKAGE = Path(andornot.__file__).parent

OWN = (
    "data/registry.py",
    "data/images/", "data/sentences/", "data/sequences/", "demo/vision/", "demo/text/",
    "models/sentences/", "probes/images.py", "probes/pairs.py", "probes/single.py",
    "runs/image_network.py", "runs/sentence_network.py",
    "edits/edits_of_images.py", "edits/image_editor.py", "edits/edits_of_words.py",
    "edits/sentence_editor.py",
    "edits/attack_files.py", "edits/attack_samples.py",  # an attack is read without its run
    "views/image_gallery.py", "views/sentence_gallery.py", "views/token_marks.py",
    "cli/nli.py", "reproduce/vision.py", "reproduce/nli.py",
)  # fmt: skip
"""Modules that belong to one modality, and the registry, which knows all."""

CLASSES = {
    *("ProbingData", "FolderData", "World", "PairData", "Pair", "Sentence", "Image"),
    *("ImageGallery", "SentenceGallery", "RowGallery", "ImageView", "PairView", "RowView"),
    *(
        "ImageEditor",
        "SentenceEditor",
        "ImageProbe",
        "PairProbe",
        "ImageClassifier",
        "PairClassifier",
    ),
    *("ImagePages", "PairPages", "RowPages", "PairTerminal", "RowTerminal"),
}
"""Samples, and what shows and edits them."""

TABLES = {"KINDS", "READERS", "LEVELS", "TOKEN", "PAIR", "IMAGE", "_WORLDS", "_TRAININGS"}
"""Names that stood for levels and kinds, and would again."""


def names():
    """Names of modalities, of levels and of kinds."""
    ours = registry.built_in().values()
    of_kinds = {kind.name for name in registry.built_in() for kind in registry.kinds_of(name)}
    return {*registry.built_in(), *(n for m in ours for n in registry.levels(m))} | of_kinds


NAMES = names()
WORDS = {"level", "kind", "modality", "name"}
"""How what is compared may be called, where it is compared with such a name."""


def called(node):
    """The last part of a dotted name."""
    return getattr(node, "attr", getattr(node, "id", ""))


def texts(node):
    """The texts in an expression: its own, or those of a tuple, a set or a dictionary."""
    return {n.value for n in ast.walk(node) if isinstance(n, ast.Constant)} & NAMES


def subject(node):
    """Whether an expression says what a level, a kind or a modality is called."""
    found = {called(n) for n in ast.walk(node) if isinstance(n, ast.Name | ast.Attribute)}
    return bool(found & WORDS)


def dispatches(source):
    """Lines that choose by a level, a kind, a modality or a class of samples."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Compare():
                sides = [node.left, *node.comparators]
                told = any(map(texts, sides)) and any(map(subject, sides))
                if told or {called(side) for side in sides} & TABLES:
                    yield node.lineno
            case ast.Subscript() if subject(node.slice) and (
                texts(node.value) or called(node.value) in TABLES
            ):
                yield node.lineno
            case ast.Match() if subject(node.subject):
                if any(texts(case.pattern) for case in node.cases):
                    yield node.lineno
            case ast.Call(func=ast.Name(id="isinstance" | "issubclass")):
                asked = {called(n) for n in ast.walk(node.args[1])}
                if asked & CLASSES:
                    yield node.lineno
            case ast.Call(func=ast.Name(id="hasattr"), args=[_, ast.Constant(value=str(asked))]):
                if asked in {"hypothesis", "premise", "pairs", "image"}:
                    yield node.lineno


MODULES = {
    path.relative_to(PACKAGE).as_posix(): path
    for path in sorted(PACKAGE.rglob("*.py"))
    if not path.relative_to(PACKAGE).as_posix().startswith(OWN)
}


def test_what_differs_is_asked_of_the_modality():
    sources = {name: path.read_text(encoding="utf-8") for name, path in MODULES.items()}
    found = {name: list(dispatches(source)) for name, source in sources.items()}
    assert not {name: lines for name, lines in found.items() if lines}, "ask run.modality"


def test_pages_ask_the_modality_too():
    """Templates that no modality owns name no level."""
    folder = PACKAGE / "report" / "templates"
    own = {modality.template for modality in registry.built_in().values()}
    for path in folder.glob("*.j2"):
        text = path.read_text(encoding="utf-8")
        assert path.name in own or "level ==" not in text, path


def test_every_module_of_one_modality_is_there():
    for name in OWN:
        assert (PACKAGE / name).exists(), name


@pytest.mark.parametrize(
    "line",
    [
        'if run.level == "image": pass',
        'if "token" != probe.level: pass',
        'if run.level not in ("image", "pair"): pass',
        'word = "position" if level == "image" else level',
        "marks = TOKEN_MARKS if level == TOKEN else PAIR_MARKS",
        'opener = {"pair": open_pairs, "image": open_data}[run.level]',
        "opener = READERS[kind]",
        'if data.kind == "demo-text": pass',
        "if kind in KINDS: pass",
        'if spec.partition(":")[0] in KINDS: pass',
        'if run.modality.name == "images": pass',
        "if isinstance(gallery, ImageGallery): pass",
        "if isinstance(gallery, views.SentenceGallery): pass",
        "found = check(data) if isinstance(data, FolderData | PairData) else None",
        "if isinstance(sample, Image.Image): pass",
        'if hasattr(sample, "hypothesis"): pass',
        'match run.level:\n    case "image": pass\n    case _: pass',
    ],
)
def test_a_choice_is_seen(line):
    assert list(dispatches(f"def f():\n    {line.replace(chr(10), chr(10) + '    ')}"))


@pytest.mark.parametrize(
    "line",
    [
        "if run.positions.editor: pass",
        'if part == "images": pass',
        'if context.run.record.recording.layout == "auto": pass',
        'INDEX = ("image", "split")',
        "if prefix.level[0] > bound: pass",
        "if isinstance(data, str): pass",
    ],
)
def test_other_lines_pass(line):
    assert not list(dispatches(line))
