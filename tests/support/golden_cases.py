"""What the golden net pins, case by case, as plain data.

All options are spelled out, so that another default changes nothing here. Floats that are sums and
quotients of whole numbers, or come of a fixed order of additions, are texts (``repr``), which are
compared to the last bit: they are the same on any processor, for kernels are compiled without
fast-math. Floats that pass through BLAS, ``exp`` or ``log`` (correlations, cosines, statistics of
the analyses) stay numbers, which are compared to 11 digits: their order of additions is the
machine's. Arrays are their dtype, shape, SHA-256 and first values.

Internals are imported by ``golden_inside`` alone.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, is_dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

import andornot
from golden_inside import (
    METRICS,
    InMemory,
    Ranges,
    Responses,
    SearchOptions,
    StoredRecount,
    Threshold,
    TrustOptions,
    agreements,
    count_lower_ranges,
    count_responses,
    explain_responses,
    find_moments,
    find_thresholds,
    open_data,
    open_pairs,
    pair_concepts,
    token_concepts,
    upsample,
    with_trust,
)

HERE = Path(__file__).parents[1] / "golden"

Plain = Any
Case = Callable[[Path], Plain]
"""Given a folder to write in, or that of the real data, what is to be pinned."""

TENS = r"^(\d+)\d$"
"""Groups of ten pairs, by their numbers; the first ten are each their own."""

TRUST = TrustOptions(resamples=6, bootstrap=40, nulls=9, seed=7, in_sample=True)

SEARCH: dict[str, Any] = {
    "length": 3, "beam_size": 5, "search": "beam", "metric": "iou",
    "operators": ("OR", "AND", "AND NOT"), "penalty": 1.0, "limit": None, "categories": None,
    "concepts": None, "profile": None, "space": "left-deep", "nodes": None, "seconds": None,
}  # fmt: skip
"""Every option of a search; cases change some of them."""

PENALTY = 0.9375
"""A penalty whose powers are exact in binary, whatever the library that takes them."""

ROUGH = frozenset({"pearson", "cosine_raw"})
"""Keys under which floats hang on the machine's order of additions."""


# --- plain data ---------------------------------------------------------------------------------


def plain(value: Any, rough: bool = False) -> Plain:
    """A value as JSON has it; floats as exact texts, or as numbers where they are rough."""
    if is_dataclass(value) and not isinstance(value, type):
        value = asdict(value)
    if isinstance(value, Mapping):
        return {str(k): plain(v, rough or k in ROUGH) for k, v in value.items()}
    if isinstance(value, np.ndarray):
        return array(value)
    if isinstance(value, bool | np.bool_):
        return bool(value)
    if isinstance(value, int | np.integer):
        return int(value)
    if isinstance(value, float | np.floating):
        return float(value) if rough and math.isfinite(value) else repr(float(value))
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, Iterable):
        return [plain(v, rough) for v in value]
    return str(value)


def array(values: np.ndarray) -> Plain:
    """An array by its digest, with a few values to read."""
    values = np.ascontiguousarray(values)
    named = values.dtype.newbyteorder("<")
    digest = hashlib.sha256(f"{named.str} {values.shape}".encode())
    digest.update(values.astype(named).tobytes())
    flat = values.ravel()
    shown = flat[np.linspace(0, len(flat) - 1, min(6, len(flat))).astype(int)] if len(flat) else []
    return {
        "array": f"{named.str} {values.shape}",
        "sha256": digest.hexdigest(),
        "some": [plain(v) for v in np.asarray(shown).tolist()],
        "sum": plain(
            math.fsum(flat[np.isfinite(flat)].tolist()) if flat.dtype.kind in "fiub" else 0
        ),
    }


def scored(entry: Mapping[str, Any] | None, rough: bool = False) -> Plain:
    """A formula with its counts, in a line; its score beside it where it is rough."""
    if entry is None:
        return None
    counts = "/".join(str(entry[name]) for name in ("tp", "fp", "fn", "tn"))
    text = f"{entry['formula']} {counts} iou {entry['iou']!r}"
    return [text, entry["score"]] if rough else f"{text} score {entry['score']!r}"


def told(explanation: Any) -> Plain:
    """All that an explanation says."""
    data = explanation.as_dict()
    rough = data["metric"] == "pearson"
    by_length = [scored(entry, rough) for entry in data.pop("by_length")]
    beam = [scored(entry, rough) for entry in data.pop("beam")]
    if rough:  # formulas that are as good to a rounding may change places
        by_length, beam = ([one and one[1] for one in found] for found in (by_length, beam))
    head = scored(data, rough) if data["formula"] else f"{data['status']} {data['tp']} {data['fn']}"
    for name in ("formula", "score", "iou", "tp", "fp", "fn", "tn"):
        data.pop(name)
    certificate = plain(data.pop("certificate"), rough)
    return {
        "best": head, **plain(data), "certificate": certificate, "by_length": by_length,
        "beam": beam,
    }  # fmt: skip


def result(found: Any) -> Plain:
    return [told(e) for e in found.rows()]


def table(concepts: Any) -> Plain:
    """A concept table: its names and arrays."""
    positions = concepts.positions
    return {
        "concepts": f"{concepts.n_concepts} of {concepts.n_positions} positions",
        "names": hashlib.sha256("\n".join(concepts.names).encode()).hexdigest(),
        "some names": list(concepts.names[:: max(1, concepts.n_concepts // 8)]),
        "categories": hashlib.sha256(repr(concepts.categories).encode()).hexdigest(),
        "derived": hashlib.sha256(repr((concepts.bases, concepts.members)).encode()).hexdigest(),
        "digest": concepts.digest,
        "arrays": {
            name: array(np.asarray(getattr(concepts, name)))
            for name in ("indptr", "indices", "fold_counts", "counts", "concept_counts")
        },
        "positions": None if positions is None else {
            name: array(np.asarray(getattr(positions, name)))
            for name in ("shapes", "atom_offsets", "atoms", "codes", "folds")
        },
    }  # fmt: skip


def responses(counted: Responses) -> Plain:
    names = ("indptr", "atoms", "fold_counts", "counts", "totals")
    return {name: array(getattr(counted, name)) for name in names}


# --- drawn masks --------------------------------------------------------------------------------


class Drawn:
    """Masks of concepts and units, drawn by whole numbers only, which are the same anywhere."""

    def __init__(self, seed: int, n_samples: int, side: int, n_concepts: int, n_units: int) -> None:
        rng = np.random.default_rng(seed)
        self.concepts = np.stack([_blobs(rng, n_samples, side) for _ in range(n_concepts)])
        self.names = [f"c{i}" for i in range(n_concepts)]
        self.categories = [("thing", "colour", ("thing", "part"))[i % 3] for i in range(n_concepts)]
        self.folds = np.arange(n_samples) % 4
        self.units = np.stack([self._unit(rng, i) for i in range(n_units)])

    def _unit(self, rng: np.random.Generator, i: int) -> np.ndarray:
        """A formula of three concepts, less sure from unit to unit; one is nowhere, one random."""
        if i == 0:
            return np.zeros_like(self.concepts[0])
        a, b, c = self.concepts[rng.choice(len(self.concepts), 3, replace=False)]
        planted = ((a | b) & ~c, (a & b) | c, a & ~b, a | b | c)[i % 4]
        noise = rng.integers(0, 100, planted.shape)
        if i == 1:
            return noise < 30
        return np.where(noise < 3 * i, rng.integers(0, 2, planted.shape).astype(bool), planted)

    @property
    def table(self) -> andornot.ConceptTable:
        return andornot.ConceptTable.from_masks(
            self.concepts, self.names, self.categories, self.folds
        )


def _blobs(rng: np.random.Generator, n_samples: int, side: int) -> np.ndarray:
    masks = np.zeros((n_samples, side, side), bool)
    for mask in masks:
        if rng.integers(0, 3):
            y, x = rng.integers(0, side - 1, 2)
            h, w = rng.integers(1, side, 2)
            mask[y : y + h, x : x + w] = True
    return masks


@cache
def pixels() -> Drawn:
    return Drawn(seed=5, n_samples=40, side=9, n_concepts=14, n_units=7)


@cache
def sentences() -> tuple[andornot.ConceptTable, np.ndarray]:
    """A table like that of text: one position a sample, rare words, and NEIGHBORS of some."""
    rng = np.random.default_rng(11)
    n, words = 700, 24
    shares = rng.integers(2, 40, words)
    masks = rng.integers(0, 100, (words, n)) < shares[:, None]
    names = [f"{side}:w{i}" for i in range(words // 2) for side in ("pre", "hyp")]
    plain_table = andornot.ConceptTable.from_masks(
        masks, names, ["word"] * words, rng.integers(0, 4, n)
    )
    related = {
        names[i]: [names[i], *(names[j] for j in rng.choice(words, 3, replace=False))]
        for i in range(0, words, 3)
    }
    units = np.stack(
        [
            ((masks[i] | masks[i + 1] | masks[i + 2]) & ~masks[i + 3])
            ^ (rng.integers(0, 100, n) < 4)
            for i in range(0, 18, 3)
        ]
    )
    return plain_table.derive("NEIGHBORS", related), units


def of_arrays(changes: Mapping[str, Any]) -> dict[str, Any]:
    """All options of a search as ``andornot.explain`` takes them."""
    options = SEARCH | dict(changes)
    return options | {"only": options.pop("concepts"), "jobs": 1}


@cache
def planted() -> tuple[andornot.ConceptTable, np.ndarray]:
    """Units that are formulas of each form but for a few positions, so that forms are found."""
    rng = np.random.default_rng(23)
    a, b, c, d, e, f, *rest = masks = rng.integers(0, 100, (12, 900)) < 34
    forms = (
        (a & b) | (c & d), (a | b) & (c | d), (a & ~b) | (c & ~d), (a & b) & ~c, (e & ~f) & d,
        ((a | b) & c) & ~d, (a & b) | (rest[0] & ~rest[1]), ((e | f) & ~a) | rest[2],
    )  # fmt: skip
    units = np.stack([form ^ (rng.integers(0, 100, 900) < 3) for form in forms])
    names = [f"c{i}" for i in range(len(masks))]
    return andornot.ConceptTable.from_masks(masks, names), units


def planted_search(**changes: Any) -> Plain:
    table, units = planted()
    return result(andornot.explain(units, table, **of_arrays(changes)))


def drawn_search(**changes: Any) -> Plain:
    world = pixels()
    return result(andornot.explain(world.units, world.table, **of_arrays(changes)))


def sentence_search(**changes: Any) -> Plain:
    concepts, units = sentences()
    return result(andornot.explain(units, concepts, **of_arrays(changes)))


def drawn_trust(**changes: Any) -> Plain:
    world = pixels()
    concepts = world.table
    found = andornot.explain(world.units, concepts, **of_arrays(changes))
    examined = andornot.assess(found, world.units, concepts, options=TRUST, jobs=1)
    return [{"unit": e.unit, "trust": plain(e.trust)} for e in examined]


def grouped_trust() -> Plain:
    """Groups of one to four samples: some of them exchange places, the others are rotated."""
    world = pixels()
    n = len(world.folds)
    groups = np.repeat(np.arange(n), np.resize((3, 1, 3, 2, 3, 3, 4), n))[:n]
    concepts = andornot.ConceptTable.from_masks(
        world.concepts, world.names, world.categories, groups % 4, groups.tolist()
    )
    found = andornot.explain(world.units, concepts, **of_arrays({}))
    examined = andornot.assess(found, world.units, concepts, options=TRUST, jobs=1)
    return [{"unit": e.unit, "trust": plain(e.trust)} for e in examined]


def sentence_trust(**changes: Any) -> Plain:
    concepts, units = sentences()
    found = andornot.explain(units, concepts, **of_arrays(changes))
    examined = andornot.assess(found, units, concepts, options=TRUST, jobs=1)
    return [{"unit": e.unit, "trust": plain(e.trust)} for e in examined]


def drawn_counts() -> Plain:
    """Tables, counts, and the scores of formulas that are given."""
    world = pixels()
    concepts, (text, units) = world.table, sentences()
    formulas = ("c0", "NOT c1", "((c0 OR c2) AND NOT c3)", "((c4 AND c5) OR (c6 AND NOT c7))")
    asked = [(formula, unit) for formula in formulas for unit in (1, 3, 6)]
    return {
        "table": table(concepts),
        "responses": responses(Responses.from_masks(world.units, concepts, 1)),
        "text table": table(text),
        "text responses": responses(Responses.from_masks(units, text, 1)),
        "scores": [
            {"formula": f, "unit": u, **plain(c), **plain(c.scores()), "auprc": plain(c.auprc)}
            for f, u in asked
            for c in [andornot.score(f, world.units[u], concepts)]
        ],
        "labels": table(_label_maps()),
        "merged": table(concepts.merge(world.table)),
    }


def _label_maps() -> andornot.ConceptTable:
    rng = np.random.default_rng(3)
    maps = rng.integers(0, 6, (20, 2, 7, 5))
    own = [sorted({int(c) for c in rng.integers(4, 7, 2)}) for _ in range(20)]
    names = {i: f"label {i}" for i in range(1, 7)}
    categories = {i: "odd" if i % 2 else "even" for i in range(1, 7)}
    return andornot.ConceptTable.from_label_maps(
        list(maps), names, categories, own, np.arange(20) % 3
    )


# --- stored activations -------------------------------------------------------------------------


@cache
def stored(name: str) -> Mapping[str, np.ndarray]:
    with np.load(HERE / f"{name}.npz") as file:
        return dict(file)


class Slice:
    """Activations of a layer, and the concept table of the same samples."""

    def __init__(self, values: np.ndarray, concepts: andornot.ConceptTable) -> None:
        shape = (*values.shape, 1, 1)[:4]
        self.activations = InMemory(values.astype(np.float32).reshape(shape), block_size=32)
        self.table = concepts

    def counted(self, rule: Threshold | Ranges) -> Plain:
        """Thresholds, counts, areas and peaks; with ranges the counts of each range."""
        thresholds = find_thresholds(self.activations, rule, self.table.positions, 1)
        found = count_responses(self.activations, thresholds.values, self.table, 1)
        whole = {
            "thresholds": [plain(v) for v in thresholds.values.tolist()],
            "status": list(thresholds.status),
            "lowest": array(thresholds.lowest),
            "highest": array(thresholds.highest),
            "responses": responses(found.responses),
            "areas": array(found.areas),
            "peaks": array(found.peaks),
        }
        if thresholds.borders is None:
            return whole
        lower = count_lower_ranges(self.activations, thresholds.borders, found, self.table, 1)
        borders = [[plain(v) for v in row] for row in thresholds.borders.tolist()]
        return whole | {"borders": borders, "lower": [responses(part) for part in lower]}

    def searched(self, rule: Threshold, trust: bool = False, **changes: Any) -> Plain:
        """Explanations, with their scores from raw activations, and trust if wanted."""
        thresholds = find_thresholds(self.activations, rule, self.table.positions, 1)
        counts = count_responses(self.activations, thresholds.values, self.table, 1).responses
        options = SearchOptions.of(**(SEARCH | changes))
        units = list(range(self.activations.n_units))
        moments = find_moments(self.activations, self.table, units, 1)
        found = explain_responses(
            counts, self.table, options, units=units, status=thresholds.status, jobs=1,
            moments=moments if options.correlates else None,
        )  # fmt: skip
        raw = agreements(list(found), self.activations, thresholds.values, self.table, 1)
        if trust:
            chosen = [e.unit for e in found if e.formula is not None]
            evidence = StoredRecount(
                self.table, self.activations, rule, thresholds.values, chosen,
                counts.select(chosen), 1,
            )  # fmt: skip
            found = with_trust(found, evidence, options, TRUST, jobs=1)
        return {
            "explanations": result(found),
            "agreement": {str(unit): plain(scores.as_dict()) for unit, scores in raw.items()},
        }

    def moments(self) -> Plain:
        """Sums of raw activations; they pass through BLAS."""
        units = list(range(self.activations.n_units))
        sums = find_moments(self.activations, self.table, units, 1)
        return {
            "totals": [float(sums.unit(u).total) for u in units],
            "squares": [float(v) for v in sums.squares],
            "by atom": [float(v) for v in sums.by_atom[:, ::53].ravel()[:60]],
            "sizes": array(sums.sizes),
        }


@cache
def drawn_activations() -> Slice:
    """Maps of whole numbers; units are dead, constant, negative, not finite, and often at most."""
    world, rng = pixels(), np.random.default_rng(8)
    n = len(world.folds)
    maps = rng.integers(0, 200, (n, 9, 4, 5)).astype(np.float32)
    for unit in range(3):  # these follow a concept
        planted = world.concepts[2 * unit][:, ::2, ::2][:, :4, :5]
        maps[:, unit] = np.where(planted, maps[:, unit] + 150, maps[:, unit] // 4)
    maps[:, 3] -= 150
    maps[:, 4] = np.minimum(maps[:, 4], 60)
    maps[:, 5], maps[:, 6] = 0, 7
    maps[3, 7, 1, 1], maps[5, 8, 0, 0] = np.nan, np.inf
    return Slice(maps, world.table)


VECTORS = "vectors.txt"
STOP_WORDS = ("a", "the", "is", "are", ".")


def demo_pictures() -> Slice:
    found = stored("vision_demo")
    maps = [t[:, s].astype(np.int64) for t, s in zip(found["tables"], found["shapes"], strict=True)]
    concepts = andornot.ConceptTable.from_label_maps(
        maps, found["names"].tolist(),
        [kinds.split(";") for kinds in found["categories"].tolist()],
        [[int(scene) + 1] for scene in found["scenes"]], np.arange(len(maps)) % 5,
    )  # fmt: skip
    return Slice(found["maps"], concepts)


def demo_file() -> Path:
    return HERE / "text_demo.tsv"


def write_vectors(folder: Path) -> Path:
    """A vector of whole numbers for most words of the demo language, drawn."""
    rng, path = np.random.default_rng(2), folder / VECTORS
    if not path.exists():
        data = open_pairs(f"pairs:{demo_file()}", tagger=None)
        words = sorted({word for s in data.sentences() for word in s.words})
        rows = rng.integers(-9, 10, (len(words), 8))
        lines = [f"{w} {' '.join(map(str, r))}" for w, r in zip(words, rows, strict=True)]
        path.write_text("\n".join(line for i, line in enumerate(lines) if i % 9) + "\n")
    return path


def demo_pairs(folder: Path, group: str = "none") -> Slice:
    data = open_pairs(f"pairs:{demo_file()}", tagger=None, group=group)
    concepts = pair_concepts(
        data, n_words=120, stop_words=STOP_WORDS, vectors=write_vectors(folder), n_neighbors=3,
        n_folds=5,
    )  # fmt: skip
    return Slice(stored("text_demo")["pairs"], concepts)


def demo_tokens(folder: Path) -> Slice:
    n_words = n_tokens()
    data = open_pairs(f"pairs:{demo_file()}", tagger=None, group="none").subset(range(n_words))
    concepts = token_concepts(
        data, n_words=100, stop_words=(), vectors=write_vectors(folder), n_neighbors=3, n_folds=5
    )
    return Slice(stored("text_demo")["tokens"], concepts)


def n_tokens() -> int:
    """How many pairs, from the first on, have stored activations of their tokens."""
    data = open_pairs(f"pairs:{demo_file()}", tagger=None)
    sizes = np.cumsum([sum(len(s.tokens) for s in p.sentences) for p in data.pairs])
    return int(np.searchsorted(sizes, len(stored("text_demo")["tokens"]))) + 1


def real_pictures(shared: Path) -> Slice:
    found = stored("vision_real")
    data = open_data(f"broden:{shared / 'vision' / 'broden_mini'}", limit=len(found["ids"]))
    assert data.sample_ids == tuple(found["ids"].tolist())
    labels = [data.labels(i) for i in range(len(data))]
    maps = [np.stack(one.maps) if one.maps else np.zeros((1, *one.shape), int) for one in labels]
    concepts = andornot.ConceptTable.from_label_maps(
        [m + 0 for m in maps], list(data.names), list(data.categories),
        [[c + 1 for c in one.concepts] for one in labels], np.arange(len(data)) % 5,
    )  # fmt: skip
    return Slice(found["maps"], concepts)


def real_pairs(shared: Path) -> Slice:
    found, nli = stored("text_real"), shared / "nli"
    data = open_pairs(
        f"pairs:{nli / 'snli_1.0_dev.feats'}", limit=len(found["ids"]), tagger=None, group="none"
    )
    assert data.sample_ids == tuple(found["ids"].tolist())
    concepts = pair_concepts(
        data, n_words=300, stop_words=STOP_WORDS, vectors=nli / "glove.twitter.25d.12k.txt",
        n_neighbors=5, n_folds=5,
    )  # fmt: skip
    return Slice(found["pairs"], concepts)


NATIVE = Threshold(quantile=0.02, fixed=None, resolution="native")
UPSAMPLED = Threshold(quantile=0.02, fixed=None, resolution="upsampled")
ABOVE_0 = Threshold(quantile=None, fixed=0.0, resolution="native")
TOP_TENTH = Threshold(quantile=0.1, fixed=None, resolution="native")


def upsampled_maps() -> Plain:
    maps = stored("vision_demo")["maps"][:3, :2].astype(np.float32)
    sizes = ((96, 96), (24, 24), (25, 31), (7, 5), (112, 90))
    return {f"{h} x {w}": array(upsample(maps, h, w)) for h, w in sizes}


def later(make: Callable[..., Plain], **options: Any) -> Case:
    """A case that needs no folder."""
    return lambda _: make(**options)


NO_CHANGES: dict[str, Any] = {}

CASES: dict[str, Case] = {
    "drawn_counts": lambda _: drawn_counts(),
    "planted_trees": later(
        planted_search, search="optimal", space="trees", length=4, nodes=100_000, beam_size=3
    ),
    "planted_trees_bounded": later(
        planted_search, search="optimal", space="trees", length=4, nodes=40, beam_size=2
    ),
    "planted_optimal": later(planted_search, search="optimal", nodes=100_000, beam_size=8),
    "planted_optimal_long": later(planted_search, search="optimal", length=5, nodes=200),
    "planted_exhaustive": later(planted_search, search="exhaustive", beam_size=8),
    **{
        f"drawn_{name}": later(drawn_search, **changes)
        for name, changes in {
            "beam": NO_CHANGES,
            "beam_long": {"length": 6, "beam_size": 3},
            "optimal": {"search": "optimal", "nodes": 100_000},
            "optimal_bounded": {"search": "optimal", "nodes": 3, "length": 4},
            "exhaustive": {"search": "exhaustive", "length": 3},
            "auto": {"search": "auto", "length": 4, "nodes": 50},
            "trees": {"search": "optimal", "space": "trees", "length": 4, "nodes": 400},
            "mu2020": {"profile": "mu2020", "length": 4},
            "penalty": {"penalty": PENALTY, "search": "optimal", "nodes": 100_000},
            "limit": {"limit": 4, "length": 4},
            "limit_exhaustive": {"limit": 5, "search": "exhaustive"},
            "or": {"operators": ("OR",), "length": 4},
            "and_not": {"operators": ("AND", "AND NOT"), "search": "exhaustive"},
            "categories": {"categories": ("colour", "part")},
            "concepts": {"concepts": ("c1", "c4", "c5", "c9"), "search": "exhaustive"},
        }.items()
    },
    **{
        f"drawn_{kind}_{metric}": later(
            drawn_search, metric=metric, search=kind, nodes=20_000 if kind == "optimal" else None
        )
        for metric in METRICS
        if metric != "iou"
        for kind in ("beam", "optimal")
    },
    **{
        f"sentences_{name}": later(sentence_search, **changes)
        for name, changes in {
            "beam": {},
            "mu2020": {"profile": "mu2020", "length": 5},
            "optimal": {"search": "optimal", "nodes": 20_000},
            "trees": {"search": "optimal", "space": "trees", "length": 4, "nodes": 30},
            "mcc": {"metric": "mcc", "search": "optimal", "nodes": 2000},
        }.items()
    },
    "drawn_trust": lambda _: drawn_trust(),
    "drawn_trust_exhaustive": lambda _: drawn_trust(search="exhaustive", length=2),
    "drawn_trust_mcc": lambda _: drawn_trust(metric="mcc", penalty=PENALTY),
    "drawn_trust_grouped": lambda _: grouped_trust(),
    "sentences_trust": lambda _: sentence_trust(search="optimal", nodes=500),
    "sentences_trust_mu2020": lambda _: sentence_trust(profile="mu2020"),
    "activations_native": lambda _: drawn_activations().counted(TOP_TENTH),
    "activations_upsampled": lambda _: drawn_activations().counted(UPSAMPLED),
    "activations_fixed": lambda _: drawn_activations().counted(ABOVE_0),
    "activations_clusters": lambda _: drawn_activations().counted(Ranges(k=4, by="clusters")),
    "activations_quantiles": lambda _: drawn_activations().counted(Ranges(k=3, by="quantiles")),
    "activations_beam": lambda _: drawn_activations().searched(TOP_TENTH, trust=True),
    "activations_optimal": lambda _: drawn_activations().searched(
        UPSAMPLED, trust=True, search="optimal", nodes=500
    ),
    "activations_pearson": lambda _: drawn_activations().searched(TOP_TENTH, metric="pearson"),
    "upsampled_maps": lambda _: upsampled_maps(),
    "pictures_table": lambda _: table(demo_pictures().table),
    "pictures_native": lambda _: demo_pictures().counted(NATIVE),
    "pictures_upsampled": lambda _: demo_pictures().counted(UPSAMPLED),
    "pictures_clusters": lambda _: demo_pictures().counted(Ranges(k=3, by="clusters")),
    "pictures_quantiles": lambda _: demo_pictures().counted(Ranges(k=4, by="quantiles")),
    "pictures_moments": lambda _: demo_pictures().moments(),
    "pictures_beam": lambda _: demo_pictures().searched(NATIVE, trust=True),
    "pictures_optimal": lambda _: demo_pictures().searched(
        UPSAMPLED, trust=True, search="optimal", nodes=300
    ),
    "pictures_mu2020": lambda _: demo_pictures().searched(NATIVE, profile="mu2020"),
    "pictures_trees": lambda _: demo_pictures().searched(
        NATIVE, search="optimal", space="trees", length=4, nodes=2
    ),
    "pictures_pearson": lambda _: demo_pictures().searched(NATIVE, metric="pearson"),
    "pairs_table": lambda folder: table(demo_pairs(folder).table),
    "pairs_counted": lambda folder: demo_pairs(folder).counted(ABOVE_0),
    "pairs_clusters": lambda folder: demo_pairs(folder).counted(Ranges(k=3, by="clusters")),
    "pairs_moments": lambda folder: demo_pairs(folder).moments(),
    "pairs_beam": lambda folder: demo_pairs(folder).searched(TOP_TENTH, trust=True),
    "pairs_mu2020": lambda folder: demo_pairs(folder).searched(
        ABOVE_0, trust=True, profile="mu2020", length=4
    ),
    "pairs_optimal": lambda folder: demo_pairs(folder).searched(
        ABOVE_0, search="optimal", nodes=300, penalty=PENALTY
    ),
    "pairs_grouped": lambda folder: demo_pairs(folder, TENS).searched(ABOVE_0, trust=True),
    "pairs_pearson": lambda folder: demo_pairs(folder).searched(ABOVE_0, metric="pearson"),
    "tokens_table": lambda folder: table(demo_tokens(folder).table),
    "tokens_counted": lambda folder: demo_tokens(folder).counted(TOP_TENTH),
    "tokens_beam": lambda folder: demo_tokens(folder).searched(TOP_TENTH, trust=True),
}

REAL_CASES: dict[str, Case] = {
    "real_pictures_table": lambda shared: table(real_pictures(shared).table),
    "real_pictures_native": lambda shared: real_pictures(shared).counted(NATIVE),
    "real_pictures_upsampled": lambda shared: real_pictures(shared).counted(UPSAMPLED),
    "real_pictures_beam": lambda shared: real_pictures(shared).searched(NATIVE, trust=True),
    "real_pictures_optimal": lambda shared: real_pictures(shared).searched(
        UPSAMPLED, search="optimal", nodes=300
    ),
    "real_pictures_mu2020": lambda shared: real_pictures(shared).searched(NATIVE, profile="mu2020"),
    "real_pairs_table": lambda shared: table(real_pairs(shared).table),
    "real_pairs_counted": lambda shared: real_pairs(shared).counted(ABOVE_0),
    "real_pairs_beam": lambda shared: real_pairs(shared).searched(ABOVE_0, trust=True),
    "real_pairs_mu2020": lambda shared: real_pairs(shared).searched(ABOVE_0, profile="mu2020"),
    "real_pairs_optimal": lambda shared: real_pairs(shared).searched(
        ABOVE_0, search="optimal", nodes=200
    ),
}
