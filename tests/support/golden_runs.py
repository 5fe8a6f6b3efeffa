"""Whole runs of the golden net: networks that replay stored activations, so nothing is computed.

Each sample carries its number (a picture in its colour, a pair in its id), and the network looks
up what it once gave for it. All else is the real thing: data in files, recording, counting,
searching, trust, the tables, the questions of the paper, and the pages of the report.
"""

from __future__ import annotations

import base64
import contextlib
import io
import json
import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache, partial
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

import andornot
import gossip_cases
from andornot.analyses import REGISTRY
from golden_cases import (
    ABOVE_0,
    HERE,
    NATIVE,
    PENALTY,
    ROUGH,
    SEARCH,
    STOP_WORDS,
    TENS,
    TOP_TENTH,
    TRUST,
    UPSAMPLED,
    Plain,
    array,
    demo_file,
    n_tokens,
    plain,
    responses,
    result,
    stored,
    table,
    write_vectors,
)
from golden_inside import (
    NewSample,
    Ranges,
    Recording,
    Words,
    main,
    open_data,
    open_pairs,
    write_labelmaps,
)

PICTURE_NETWORK = '''
from collections import OrderedDict

import numpy as np
import torch
from torch import nn


class Replay(nn.Module):
    """Gives what was stored for the picture whose number is in the colour of its pixels."""

    def __init__(self):
        super().__init__()
        with np.load(STORED) as file:
            stored = dict(file)
        maps = torch.from_numpy(stored["maps"].astype(np.float32))
        self.register_buffer("stored", maps)
        self.register_buffer("logits", torch.from_numpy(stored["logits"].astype(np.float32)))
        head = torch.from_numpy(stored["head"].astype(np.float32))
        self.early, self.maps = nn.Identity(), nn.Identity()
        self.head = nn.Linear(head.shape[1], head.shape[0], bias=False)
        with torch.no_grad():
            self.head.weight[:] = head

    def forward(self, x):
        red, green = (x[:, c, 12, 12] * 255 for c in (0, 1))
        number = ((red - 8) / 16).round().long() + 16 * ((green - 8) / 16).round().long()
        number = number.clamp(0, len(self.stored) - 1)
        self.early(self.stored[number][:, 2:6, ::2, 1::3])
        self.maps(self.stored[number])
        return self.logits[number]


def net():
    size = {"height": 24, "width": 24, "mean": (0, 0, 0), "std": (1, 1, 1)}
    return Replay().eval(), {"preprocessing": size, "class_names": CLASSES}
'''

PAIR_NETWORK = '''
from collections import OrderedDict

import numpy as np
import torch
from torch import nn

from andornot.models.sentences import RecordedPairs


class Replay:
    """Gives what was stored for the pair of this number."""

    layers, token_layers = ("units",), ("states",)
    class_names = ("entailment", "neutral", "contradiction")
    fingerprint = "replay"

    def __init__(self):
        with np.load(STORED) as file:
            stored = dict(file)
        self.pairs, self.tokens = (stored[name].astype(np.float32) for name in ("pairs", "tokens"))
        self.logits = stored["logits"].astype(np.float32)
        self.starts = STARTS
        head = torch.from_numpy(stored["head"].astype(np.float32))
        linear = nn.Linear(head.shape[1], head.shape[0], bias=False)
        with torch.no_grad():
            linear.weight[:] = head
        self.module = nn.Sequential(OrderedDict(units=nn.Identity(), head=linear)).eval()

    def record(self, pairs, layers):
        numbers = [int(pair.id) for pair in pairs]
        values = self.pairs[numbers][:, :, None, None]
        return RecordedPairs(dict.fromkeys(layers, values), self.logits[numbers])

    def record_tokens(self, pairs, layers):
        numbers = [int(pair.id) for pair in pairs]
        values = [self.tokens[self.starts[n] : self.starts[n + 1]] for n in numbers]
        return dict.fromkeys(layers, values)


def net():
    return Replay()
'''

# --- the networks and their data ----------------------------------------------------------------


@cache
def picture_world(folder: Path) -> tuple[str, Any]:
    """The network's spec and the annotated pictures, in files."""
    found = stored("vision_demo")
    n_classes = found["logits"].shape[1]
    classes = list(dict.fromkeys(found["classes"].tolist()))
    classes += [f"class {i}" for i in range(len(classes), n_classes)]
    network = folder / "pictures.py"
    source = PICTURE_NETWORK.replace("STORED", repr(str(HERE / "vision_demo.npz")))
    network.write_text(source.replace("CLASSES", repr(classes[:n_classes])))
    names = found["names"].tolist()
    kinds = [kinds.split(";")[0] for kinds in found["categories"].tolist()]

    def samples() -> Iterator[Any]:
        layers = ("object", "part", "color", "texture")
        for i, name in enumerate(found["ids"].tolist()):
            colour = np.array([i % 16 * 16 + 8, i // 16 * 16 + 8, 128], np.uint8)
            maps = found["tables"][i][:, found["shapes"][i]]
            yield NewSample(
                name, Image.fromarray(np.broadcast_to(colour, (24, 24, 3)).copy()),
                dict(zip(layers, maps, strict=True)), (names[found["scenes"][i]],),
                split=found["splits"][i], label=found["classes"][i],
            )  # fmt: skip

    write_labelmaps(folder / "pictures", dict(zip(names, kinds, strict=True)), samples())
    return f"{network}:net", open_data(f"labelmaps:{folder / 'pictures'}")


@cache
def pair_world(folder: Path, n_pairs: int | None = None, group: str = "none") -> tuple[str, Any]:
    """The network's spec and the sentence pairs."""
    file = folder / f"pairs{n_pairs or ''}.tsv"
    lines = demo_file().read_text(encoding="utf-8").splitlines(keepends=True)
    file.write_text("".join(lines[: None if n_pairs is None else n_pairs + 1]), encoding="utf-8")
    data = open_pairs(f"pairs:{file}", tagger=None, group=group)
    assert [int(name) for name in data.sample_ids] == list(range(len(data)))
    sizes = [sum(len(s.tokens) for s in pair.sentences) for pair in data.pairs]
    network = folder / f"pairs{n_pairs or ''}.py"
    source = PAIR_NETWORK.replace("STORED", repr(str(HERE / "text_demo.npz")))
    network.write_text(source.replace("STARTS", repr([0, *np.cumsum(sizes).tolist()])))
    return f"{network}:net", data


# --- runs ---------------------------------------------------------------------------------------

COMMON: dict[str, Any] = {
    "weights": None, "preprocessing": None, "words": None, "relations": None, "units": None,
    "jobs": 2, "folds": 5, "memory": 4.0, "executor": None, "verify": False, "min_active": 0.0,
    "trust": None, "store": True,
}  # fmt: skip
"""Every option of ``dissect`` beside those of the search and the threshold."""


def picture_options(**changes: Any) -> dict[str, Any]:
    recording = Recording(batch_size=16, device="cpu", tokens="auto", layout="auto")
    return COMMON | SEARCH | {"recording": recording, "threshold": NATIVE} | changes


def pair_options(folder: Path, **changes: Any) -> dict[str, Any]:
    words = Words(n_words=100, stop_words=STOP_WORDS, vectors=write_vectors(folder), n_neighbors=3)
    recording = Recording(batch_size=64, device="cpu", tokens="auto", layout="auto")
    own = {"recording": recording, "threshold": ABOVE_0, "words": words}
    return COMMON | SEARCH | own | changes


RELATED = {"KIND": {"dog": ["dog", "cat", "horse"], "hyp:nobody": ["hyp:nobody", "pre:man"]}}

PICTURE_RUNS: dict[str, dict[str, Any]] = {
    "trusted": {"trust": TRUST, "search": "optimal", "nodes": 300},
    "stored": {"search": "optimal", "nodes": 300},
    "counted": {"search": "optimal", "nodes": 300, "store": False},
    "clusters": {"threshold": Ranges(k=3, by="clusters")},
    "quantiles": {"threshold": Ranges(k=3, by="quantiles"), "units": [0, 2, 3], "length": 2},
    "pearson": {"metric": "pearson", "threshold": UPSAMPLED},
    "upsampled": {"threshold": UPSAMPLED, "trust": TRUST, "profile": "mu2020", "min_active": 0.01},
}

PAIR_RUNS: dict[str, dict[str, Any]] = {
    "trusted": {"trust": TRUST, "profile": "mu2020", "relations": RELATED, "min_active": 0.05},
    "stored": {"search": "optimal", "nodes": 200, "penalty": PENALTY, "length": 4},
    "counted": {
        "search": "optimal", "nodes": 200, "penalty": PENALTY, "length": 4, "store": False,
    },
    "auto": {"trust": TRUST, "length": "auto", "beam_size": 3, "units": [1, 4, 7]},
    "clusters": {"threshold": Ranges(k=3, by="clusters")},
    "grouped": {"trust": TRUST},
}  # fmt: skip

TOKEN_RUNS: dict[str, dict[str, Any]] = {
    "trusted": {"threshold": TOP_TENTH, "trust": TRUST},
    "counted": {"threshold": TOP_TENTH, "store": False},
    "clusters": {"threshold": Ranges(k=2, by="clusters"), "length": 2},
}


@cache
def picture_run(folder: Path, name: str) -> andornot.Run:
    network, data = picture_world(folder)
    options = picture_options(**PICTURE_RUNS[name])
    return andornot.dissect(network, ("maps", "early"), data, folder / f"picture-{name}", **options)


@cache
def pair_run(folder: Path, name: str) -> andornot.Run:
    network, data = pair_world(folder, group=TENS if name == "grouped" else "none")
    options = pair_options(folder, **PAIR_RUNS[name])
    return andornot.dissect(network, "units", data, folder / f"pair-{name}", **options)


@cache
def token_run(folder: Path, name: str) -> andornot.Run:
    network, data = pair_world(folder, n_tokens())
    options = pair_options(folder, **TOKEN_RUNS[name])
    return andornot.dissect(network, "states", data, folder / f"token-{name}", **options)


Runs = dict[str, Callable[[Path], andornot.Run]]
RUNS: Runs = {
    **{f"picture_{name}": partial(picture_run, name=name) for name in PICTURE_RUNS},
    **{f"pair_{name}": partial(pair_run, name=name) for name in PAIR_RUNS},
    **{f"token_{name}": partial(token_run, name=name) for name in TOKEN_RUNS},
}
RUNS_OF_READERS = ("picture_trusted", "picture_clusters", "pair_trusted", "token_trusted")
"""The runs that questions are asked of and pages are written of."""

FACTS = ("format", "level", "threshold", "search", "trust", "folds", "layers", "notes", "store",
         "min_active", "recording", "preprocessing", "choose_length")  # fmt: skip
"""What of a manifest is the same on any machine."""


def whole_run(run: andornot.Run) -> Plain:
    """All that a run holds and that does not hang on the machine."""
    rows = json.loads((run.path / "explanations.json").read_text(encoding="utf-8"))
    return {
        "manifest": {name: plain(run.manifest[name]) for name in FACTS if name in run.manifest},
        "keys": sorted(run.manifest),
        "model": plain(run.manifest["model"]["class_names"]),
        "layers": {layer: one_layer(run, layer) for layer in run.layers},
        "weights": plain([[row["weights"] for row in own] for own in rows["layers"].values()]),
        "keys of rows": {layer: sorted(own[0]) for layer, own in rows["layers"].items()},
        "concepts": table(run.concepts),
        "logits": None if run.logits is None else array(run.logits),
        "samples": frame(said_of(run.samples)),
        "explanations": frame(run.read_table("explanations.parquet")),
        "files": sorted(p.name for p in run.path.iterdir() if p.suffix),
        "stages": sorted(run.manifest["stages"]),
        "data": sorted(run.manifest["data"]),
    }


def one_layer(run: andornot.Run, layer: str) -> Plain:
    weights = run.head_weights(layer)
    found = {
        "explanations": result(run.result(layer)),
        "thresholds": plain(run.thresholds(layer).tolist()),
        "extremes": plain(run.extremes(layer).tolist()),
        "areas": array(run.areas(layer)),
        "peaks": array(run.peaks(layer)),
        "responses": responses(run.responses(layer)),
        "head": None if weights is None else array(weights),
        "class weights": plain({k: array(v) for k, v in run.class_weights(layer).items()}),
        "score": plain(run.score(1, run.concepts.names[5], layer)),
    }
    if run.manifest.get("store", True):
        found["values"] = array(run.values(3, layer))
    return found


def frame(data: Any) -> Plain:
    """A table, column by column."""
    return {
        name: [str(data[name].dtype), *cells(data[name].tolist(), name in ROUGH)]
        for name in data.columns
    }


def said_of(samples: Any) -> Any:
    """The table of samples; groups that are but the samples themselves say nothing."""
    alone = (samples["group"] == samples["sample"]).all()
    return samples.drop(columns="group") if alone else samples


def cells(values: list[Any], rough: bool) -> list[Plain]:
    return [plain(value, rough) for value in values]


def without_trust(found: Mapping[str, Any]) -> Plain:
    """What a run without stored activations holds too."""
    layers = {}
    for layer, own in found["layers"].items():
        explained = [e | {"trust": None, "agreement": None} for e in own["explanations"]]
        layers[layer] = own | {"explanations": explained, "values": None}
    return {"layers": layers} | {name: found[name] for name in ("concepts", "logits", "samples")}


# --- what is told of a run ----------------------------------------------------------------------


def said(*words: str) -> str:
    """What a command prints; it has to end well."""
    with contextlib.redirect_stdout(io.StringIO()) as out:
        try:
            main(list(words))
        except SystemExit as ended:
            if ended.code:
                raise AssertionError(f"{words} ended with {ended.code}") from ended
    return out.getvalue()


def asked(run: andornot.Run, *words: str) -> Plain:
    """What ``andornot analyze`` finds, or the sentence that says why it finds nothing."""
    question, *options = words
    try:
        text = said("analyze", question, str(run.path), "--json", "--quiet", *options)
    except AssertionError as error:
        return re.sub(re.escape(str(run.path)), "RUN", str(error).partition(" ended ")[2])
    return plain(json.loads(text), rough=True)


def attacked(folder: Path) -> Plain:
    """What an attack finds: proposals, controls, flips and their intervals, all beside seeds."""
    folder = folder / "gossip"
    folder.mkdir()
    threshold = andornot.Threshold(quantile=None, fixed=0.0)
    run = gossip_cases.made(
        folder, threshold=threshold, trust=None, search="beam", beam_size=5, metric="iou"
    )
    found = {
        target: json.loads(said(
            "attack", str(run), "--from", source, "--to", target, "--json", "--quiet",
            "--trust-code", "--seed", "7", "--samples", "40", "--controls", "5", "--units", "3",
        ))
        for source, target in (("entailment", "contradiction"), ("contradiction", "neutral"))
    }  # fmt: skip
    # the key of the run holds versions
    return {name: plain({k: v for k, v in one.items() if k != "run"}, rough=True)
            for name, one in found.items()}  # fmt: skip


# those that are asked with options, so that these are pinned too
_OPTIONS = {
    "accuracy": ("--least-active", "5", "--seed", "3"), "contributions": ("--top", "3"),
    "scores": ("--units", "1,2,3"), "metrics": ("--seed", "4"),
}  # fmt: skip

# all but the one that needs a second run, which `baseline` below has
QUESTIONS = {name: (name, *_OPTIONS.get(name, ())) for name in REGISTRY if name != "baseline"}


def answers(run: andornot.Run) -> Plain:
    """All questions, for each layer."""
    return {
        layer: {name: asked(run, *words, "--layer", layer) for name, words in QUESTIONS.items()}
        for layer in run.layers
    }


def baseline(folder: Path) -> Plain:
    one, other = pair_run(folder, "stored"), pair_run(folder, "trusted")
    return asked(one, "baseline", "--against", str(other.path))


def printed(run: andornot.Run) -> Plain:
    """What ``show`` and ``score`` print."""
    layer = run.layers[0]
    name = run.concepts.names[5]
    shown = {"table": said("show", str(run.path), "--layer", layer)}
    if run.manifest["level"] != "image":
        words = ("--layer", layer, "--units", "1,3", "--samples", "3")
        shown["units"] = said("show", str(run.path), *words, "--trust-code")
    scores = json.loads(said("score", str(run.path), "2", name, "--json", "--layer", layer))
    lines = {name: text.partition("\ntime:")[0].splitlines() for name, text in shown.items()}
    return {"score": plain(scores)} | {
        name: [clean(line, run) for line in own] for name, own in lines.items()
    }


# --- pages --------------------------------------------------------------------------------------


class Page(HTMLParser):
    """A page as lines: each text, and each tag with what its attributes say.

    Classes and styles are looks, and links to ``static`` lead to files that are no data.
    """

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("style", "script"):
            self._silent += 1
        told = [
            f"{name}={value}" for name, value in attrs
            if name not in ("class", "style") and "static/" not in (value or "")
        ]  # fmt: skip
        if told:
            self.lines.append(f"<{tag} {' '.join(told)}>")

    def handle_endtag(self, tag: str) -> None:
        self._silent -= tag in ("style", "script")

    def handle_data(self, data: str) -> None:
        if not self._silent and data.strip():
            self.lines.append(" ".join(data.split()))


def seen(value: str) -> str:
    """An attribute; an image in it by its pixels, for its bytes are those of a library."""
    kind, _, data = value.partition(";base64,")
    if not data:
        return value
    with Image.open(io.BytesIO(base64.b64decode(data))) as image:
        pixels = np.asarray(image.convert("RGBA"))
    return f"{kind} {array(pixels)['sha256']}"


def page(path: Path, run: andornot.Run) -> Plain:
    read = Page()
    read.feed(path.read_text(encoding="utf-8"))
    read.close()
    return [clean(line, run) for line in read.lines]


_MACHINE = (
    (re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d)?([+-]\d{4})?)?"), "DATE"),
    (re.compile(r"with andornot [\w.+]+"), "with andornot VERSION"),
    (re.compile(r"[\d.,]+ (s|ms|min|seconds?|minutes?|[MGk]i?B)\b"), "MEASURED"),
    (re.compile(r"\b[0-9a-f]{12,64}\b"), "DIGEST"),
)


def clean(line: str, run: andornot.Run) -> str:
    """Without what is another on each machine: folders, dates, times, digests."""
    line = line.rstrip().replace(str(run.path.parent), "FOLDER")
    for pattern, word in _MACHINE:
        line = pattern.sub(word, line)
    return line


def report(run: andornot.Run) -> Path:
    out = run.path.parent / f"report-{run.path.name}"
    said("report", str(run.path), "--trust-code", "--quiet", "--samples", "6", "--out", str(out))
    return out


def pages(run: andornot.Run) -> Plain:
    """All pages of a report, the list that its gallery searches, and the names of its files."""
    out = report(run)
    listed = (out / "units.js").read_text(encoding="utf-8")
    files = sorted(p.relative_to(out).as_posix() for p in out.rglob("*") if p.is_file())
    return {
        "pages": {
            file.relative_to(out).as_posix(): page(file, run)
            for file in sorted(out.rglob("*.html"))
        },
        "units.js": plain(json.loads(listed.partition("=")[2].strip().rstrip(";"))),
        "files": [re.sub(r"[0-9a-f]{12,}", "DIGEST", name) for name in files
                  if not name.startswith(("static/", "."))],
    }  # fmt: skip


def read(folder: Path, name: str) -> dict[str, Plain]:
    """What is pinned of a run, in parts; of some also all that is told of them."""
    run = RUNS[name](folder)
    parts = {"run": whole_run(run)}
    if name in RUNS_OF_READERS:
        parts |= {"answers": answers(run), "printed": printed(run), "pages": pages(run)}
    return parts
