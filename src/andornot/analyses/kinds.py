"""What sort of concept each unit detects, and which detect unrelated ones (Section 4).

The sort of formula is read off the formula (``formula_forms``). Whether its concepts belong
together is judged by their words; that a unit is polysemantic is never proven so, only suggested.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from andornot._tools.checks import number, whole_number
from andornot._tools.looks import check_file
from andornot._tools.numerals import whole
from andornot._tools.statistics import cohen_kappa
from andornot._tools.words import count, percent
from andornot.analyses.answer import Answer
from andornot.analyses.coherence import (
    BACKGROUND_SHARE,
    Similarity,
)
from andornot.analyses.lexicon import Lexicon, open_lexicon
from andornot.analyses.polysemantic import LEAST_SAMPLES, Candidate, find_candidates
from andornot.analyses.split_counts import SplitCounts
from andornot.analyses.units import Units, explained_units
from andornot.errors import DataError, OptionError, quoted
from andornot.formula import Formula
from andornot.formula_forms import MEANING, SINGLE, SPECIALISATION, kind_of, positive_concepts
from andornot.results.explanation import Scored
from andornot.results.result import Result
from andornot.runs.run import Run

COHERENT, INCOHERENT, POLYSEMANTIC, UNKNOWN = "coherent", "incoherent", "polysemantic", "unknown"

VERDICTS = (SINGLE, SPECIALISATION, COHERENT, INCOHERENT, POLYSEMANTIC)
"""What a unit may be called, by this measure or by hand."""

SHOWN_SAMPLES = 8
"""Samples named for each part of a candidate."""


def answer(
    run: Run,
    layer: str | None = None,
    *,
    length: int | None = None,
    similarity: Similarity | str | Path | None = None,
    threshold: float | None = None,
    min_share: float = 0.2,
    labels: str | Path | None = None,
) -> Answer:
    """Sort units by their formula, and rank those that may detect unrelated things.

    The kinds are those of section 4 of the paper, where people sorted units by eye.

    Tables: ``kinds``, ``verdicts``, ``candidates`` (for polysemanticity, the best first),
    ``evidence`` (samples of each of their two parts), ``units``; with labels also ``agreement``
    and ``confusion``.

    Args:
        run: the run.
        layer: needed if the run has several.
        length: look at the best formulas of up to so many concepts; the longest if not given.
        similarity: how near words are: a file of word vectors or a measure; by default the
            vectors that the run's NEIGHBORS were made with. Without it there are no verdicts.
        threshold: least mean similarity of words that belong together; by default what 95 % of
            random pairs of the run's concepts stay below.
        min_share: least share of the explained positions that each of two parts must account
            for, and the other not.
        labels: CSV with columns ``unit`` and ``label``, one of :data:`VERDICTS`.

    Raises:
        OptionError: there is no such layer, an option is out of range, or verdicts are to be
            compared and there are none.
        DataError: the vectors or the labels cannot be read.
        RunError: no unit has a formula.

    Examples:
        >>> answer(run).tables["kinds"][["kind", "units", "mean_iou"]]
                     kind  units  mean_iou
        0  single concept      3       1.0
        1     disjunction      1       1.0
    """
    if not 0 < number(min_share, "min_share") <= 0.5:
        raise OptionError(f"min_share is {min_share}; give a share above 0, up to 0.5")
    if threshold is not None and not -1 <= number(threshold, "threshold") <= 1:
        raise OptionError(f"threshold is {threshold}; give a similarity, from -1 to 1")
    units = explained_units(run, layer)
    best = _of_length(units, length)
    lexicon = open_lexicon(run, similarity, threshold)
    candidates, evidence = find_candidates(run, units.layer, best, lexicon, min_share)
    table = _units(best, candidates, lexicon)
    tables = {
        "kinds": _shares(table, "kind", MEANING).assign(
            meaning=lambda shares: shares["kind"].map(MEANING)
        ),
        "verdicts": _shares(table, "verdict", (*VERDICTS, UNKNOWN)),
        "candidates": _candidates(candidates, evidence, table),
        "evidence": _evidence(run, units.layer, candidates, evidence),
        "units": table,
    }
    labelled = {} if labels is None else read_labels(labels, run.result(units.layer))
    if labelled:
        tables |= _agreement(table, labelled, lexicon)
    sentences = (
        units.sentence(),
        *_findings(table, lexicon, length or units.longest),
        *_about_candidates(candidates, min_share),
        *_about_labels(tables, len(labelled)),
        *_limits(lexicon),
    )
    return Answer("kinds", "Kinds of units", tables, tuple(sentences))


def read_labels(path: str | Path, result: Result) -> dict[int, str]:
    """Read labels that a person gave to units, also to those without a formula.

    Raises:
        DataError: the file cannot be read, or has a unit or a label that there is not.
    """
    path = Path(path).expanduser()
    check_file(path)
    try:
        # as text: pandas would read a missing cell as NaN, and units of such a column as floats
        table = pd.read_csv(path, dtype=str, keep_default_na=False)
    except (OSError, ValueError) as error:
        raise DataError(f"{path} cannot be read ({error}); give a CSV of unit,label") from error
    if not {"unit", "label"} <= set(table.columns):
        raise DataError(f"{path} has no columns unit and label; give a CSV of unit,label")
    known = {e.unit for e in result}
    found: dict[int, str] = {}
    for row, (unit, label) in enumerate(zip(table["unit"], table["label"], strict=True), 2):
        number = whole(unit.strip())
        if number is None or number not in known:
            raise DataError(f"{path}, line {row}: {quoted(unit)} is no unit of the run; mend it")
        if label.strip() not in VERDICTS:
            raise DataError(
                f"{path}, line {row}: {quoted(label)} is no label; use one of {', '.join(VERDICTS)}"
            )
        if number in found:
            raise DataError(f"{path}, line {row}: unit {unit} stands there twice; leave one out")
        found[number] = label.strip()
    if not found:
        raise DataError(f"{path} has no rows; give a label to at least one unit")
    return found


def _of_length(units: Units, length: int | None) -> dict[int, Scored]:
    """The best formula of up to so many concepts of each unit."""
    longest = units.longest
    if length is not None and not 1 <= whole_number(length, "length") <= longest:
        raise OptionError(f"length is {length}; the run has formulas of up to {longest} concepts")
    if length is None:
        return {e.unit: e.beam[0] for e in units.explanations}
    best = {e.unit: e.best_by_length[length - 1] for e in units.explanations}
    return {unit: scored for unit, scored in best.items() if scored is not None}


def _units(
    best: Mapping[int, Scored], candidates: Iterable[Candidate], lexicon: Lexicon
) -> pd.DataFrame:
    split = {c.unit: c for c in candidates}
    rows = [
        {
            "unit": unit,
            "kind": kind_of(scored.formula),
            "verdict": _verdict(scored.formula, split.get(unit), lexicon),
            "coherence": lexicon.coherence(scored.formula),
            "iou": scored.iou,
            "formula": str(scored.formula),
        }
        for unit, scored in best.items()
    ]
    return pd.DataFrame(rows).astype({"coherence": float})


def _verdict(formula: Formula, split: Candidate | None, lexicon: Lexicon) -> str:
    """What to call a unit; the first that fits."""
    kind, near, threshold = kind_of(formula), lexicon.coherence(formula), lexicon.threshold
    if kind == SINGLE:
        return SINGLE
    unlike = None if split is None else split.similarity
    if unlike is not None and threshold is not None and unlike < threshold:
        return POLYSEMANTIC
    if kind == SPECIALISATION:
        return SPECIALISATION
    if threshold is None:
        return UNKNOWN
    if near is None:  # fewer than two known phrases: coherent only if all concepts share one
        shared = {lexicon.phrases.get(name) for name in positive_concepts(formula)}
        return COHERENT if len(shared) == 1 and None not in shared else UNKNOWN
    return COHERENT if near >= threshold else INCOHERENT


def _shares(table: pd.DataFrame, column: str, order: Iterable[str]) -> pd.DataFrame:
    """How many units there are of each sort, and how well they are explained."""
    rows = []
    for name in order:
        iou = table.loc[table[column] == name, "iou"]
        if len(iou):
            share = len(iou) / len(table)
            rows.append({column: name, "units": len(iou), "share": share, "mean_iou": iou.mean()})
    return pd.DataFrame(rows)


def _candidates(
    candidates: list[Candidate], evidence: Mapping[int, SplitCounts], table: pd.DataFrame
) -> pd.DataFrame:
    by_unit = table.set_index("unit")
    columns = [
        "unit", "score", "similarity", "first", "first_share", "first_samples", "second",
        "second_share", "second_samples", "both_samples", "iou", "formula",
    ]  # fmt: skip
    rows = []
    for c in candidates:
        first, second, both = evidence[c.unit].samples
        formula = by_unit.loc[c.unit]
        rows.append(
            (
                c.unit, c.score, c.similarity, str(c.first.name), c.shares[0], first,
                str(c.second.name), c.shares[1], second, both, formula["iou"], formula["formula"],
            )
        )  # fmt: skip
    return pd.DataFrame(rows, columns=columns).astype({"similarity": float})


def _evidence(
    run: Run, layer: str, candidates: list[Candidate], evidence: Mapping[int, SplitCounts]
) -> pd.DataFrame:
    """The samples with most positions of each part of each candidate, then with higher peaks."""
    ids, peaks, rows = run.samples["sample"], run.peaks(layer), []
    for c in candidates:
        found = evidence[c.unit]
        for part, counts in ((c.first, found.first), (c.second, found.second)):
            order = np.lexsort((-peaks[:, c.unit], -counts))[:SHOWN_SAMPLES]
            rows += [
                (c.unit, str(part.name), rank, ids[sample], int(counts[sample]))
                for rank, sample in enumerate(order, 1)
                if counts[sample]
            ]
    return pd.DataFrame(rows, columns=["unit", "part", "rank", "sample", "positions"])


def _agreement(
    table: pd.DataFrame, labels: Mapping[int, str], lexicon: Lexicon
) -> dict[str, pd.DataFrame]:
    """Cohen's kappa of labels and verdicts: of all, and of each against the rest."""
    if lexicon.measure is None:
        raise OptionError(
            "labels are compared with verdicts, which need a measure of similarity; give "
            "--vectors or --wordnet"
        )
    by_unit = table.set_index("unit")["verdict"]
    judged = [unit for unit in labels if unit in by_unit.index]
    if not judged:
        raise DataError("none of the labelled units has a formula; label others")
    hand, verdict = [labels[unit] for unit in judged], [str(by_unit[unit]) for unit in judged]
    rows = [("all", len(hand), _same(hand, verdict), cohen_kappa(hand, verdict))]
    for name in VERDICTS:
        ours, theirs = ([str(v == name) for v in side] for side in (hand, verdict))
        if name in hand or name in verdict:
            rows.append((name, hand.count(name), _same(ours, theirs), cohen_kappa(ours, theirs)))
    pairs = pd.DataFrame({"label": hand, "verdict": verdict})
    confusion = pairs.value_counts(["label", "verdict"], sort=False).reset_index(name="units")
    columns = ["label", "units", "agreement", "kappa"]
    return {"agreement": pd.DataFrame(rows, columns=columns), "confusion": confusion}


def _same(first: list[str], second: list[str]) -> float:
    return sum(a == b for a, b in zip(first, second, strict=True)) / len(first)


def _findings(table: pd.DataFrame, lexicon: Lexicon, length: int) -> list[str]:
    sorts = table["kind"].value_counts()
    named = ", ".join(f"{n:,} {kind}" for kind, n in sorts.items())
    found = [f"By their formulas of up to {count(length, 'concept')} units are: {named}."]
    if lexicon.measure is None:
        return [
            *found,
            "Nothing is known of what the words mean: give word vectors (--vectors FILE) or "
            "--wordnet to tell units whose concepts belong together from others.",
        ]
    name, threshold = lexicon.measure.name, lexicon.threshold
    if threshold is None:
        return [*found, f"Too few concepts are known to {name} to find a threshold; give one."]
    share = float((table["verdict"] == POLYSEMANTIC).mean())
    return [
        *found,
        f"Coherence is the mean {name} of all pairs of phrases of a unit's concepts (without "
        f"those after NOT); from {threshold:.3f} on it counts as coherent (by default what "
        f"{100 * BACKGROUND_SHARE:.0f} % of random pairs of the run's concepts stay below).",
        f"{percent(share)} of the units are candidates for polysemanticity by this measure (by "
        "hand, the paper found 31 % among 128 of its vision units).",
    ]


def _about_candidates(candidates: list[Candidate], min_share: float) -> list[str]:
    rule = (
        f"two alternatives that each account for at least {percent(min_share)} of the explained "
        f"positions by themselves, on {LEAST_SAMPLES} samples or more"
    )
    if not candidates:
        return [f"No formula has {rule}."]
    c, have = candidates[0], "has" if len(candidates) == 1 else "have"
    return [
        f"{count(len(candidates), 'formula')} {have} {rule}; first among them is unit {c.unit}: "
        f"{c.first.name} ({percent(c.shares[0])}), or {c.second.name} ({percent(c.shares[1])})."
    ]


def _about_labels(tables: Mapping[str, pd.DataFrame], n_labels: int) -> list[str]:
    if "agreement" not in tables:
        return []
    row = tables["agreement"].iloc[0]
    kappa = "not defined" if pd.isna(row["kappa"]) else f"{row['kappa']:.2f}"
    without = n_labels - int(row["units"])
    left_out = f" {count(without, 'label')} of units without a formula left out." if without else ""
    return [
        f"Of {count(int(row['units']), 'unit')} labelled by hand, {percent(row['agreement'])} have "
        f"the same verdict; Cohen's kappa is {kappa}.{left_out}"
    ]


def _limits(lexicon: Lexicon) -> list[str]:
    limits = [
        "A formula is the best description in this vocabulary: what looks like two unrelated "
        "concepts may be one feature without a name here (the paper's vertical rails).",
        "A NOT that excludes next to nothing makes a specialisation too: compare with shorter "
        "formulas (--length).",
    ]
    if lexicon.measure is not None:
        limits.append(
            "Words can be near and things unlike, and the other way round: look at the samples, "
            "and check the measure against labels of your own (--labels)."
        )
    return limits
