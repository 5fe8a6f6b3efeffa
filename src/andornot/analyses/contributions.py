"""Which units speak for and against each class (Section 6, Figure 8).

The paper goes by the weight between unit and class. Where no linear head follows, or beside it,
there are how a unit goes together with what the network says, and what the class loses without it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from andornot._tools.checks import several, whole_number
from andornot._tools.statistics import correlations
from andornot.analyses.answer import Answer
from andornot.analyses.importance import (
    Importance,
    exact_importance,
    linear_head,
    pooled_activations,
)
from andornot.analyses.outcomes import known_logits, outcomes
from andornot.analyses.units import Units, explained_units, formula_of
from andornot.data.classes import by_prediction, class_index
from andornot.errors import OptionError, RunError
from andornot.runs.run import Run

Floats = NDArray[np.float64]

FOR, AGAINST = "for", "against"


def answer(
    run: Run,
    layer: str | None = None,
    *,
    top: int = 5,
    classes: Sequence[str] | None = None,
    causal: Importance | None = None,
) -> Answer:
    """The units that contribute most to each class, with their formulas.

    By connection weights, as in section 6 and Figure 8 of the paper, and in three other ways.

    Tables, each with the ``top`` units of every class by one quantity: ``weights`` (largest and
    most negative connection weight, where a linear head follows), ``correlation`` (of the unit's
    mean activation with the prediction), ``overlap`` (IoU of the samples on which the unit is
    active and those predicted so), ``ablation`` (margin lost by the class's own samples without
    the unit, where that is known).

    Args:
        run: the run.
        layer: needed if the run has several.
        top: units for each class, and in ``weights`` as many against it.
        classes: names (or numbers) of the network's classes to look at; all if not given, those
            that are predicted most often first.
        causal: what is lost without units; by default it is computed where only an average and a
            linear layer follow the units, and samples have classes.

    Raises:
        OptionError: there is no such layer or class, or ``top`` is below 1.
        RunError: no unit has a formula, or there are no logits or names of classes.

    Examples:
        >>> weights = answer(run, top=1).tables["weights"]
        >>> weights[["class", "unit", "weight", "formula"]]
           class  unit  weight formula
        0   fire     0     9.0     red
        1  grass     1     9.0   green
    """
    if whole_number(top, "top") < 1:
        raise OptionError(f"top is {top}; show at least 1 unit for each class")
    units = explained_units(run, layer)
    logits, names = known_logits(run)
    said = logits.argmax(axis=1)
    chosen = _chosen(names, said, classes)
    pooled = pooled_activations(run, units.layer)[:, units.numbers]
    tables = {}
    weights = run.head_weights(units.layer)
    if weights is not None and len(weights) == len(names):
        linear = linear_head(run, units.layer) is not None
        tables["weights"] = _weights(units, names, chosen, weights, pooled, said, top, linear)
    indicator = np.array([said == c for c in chosen], np.float64)
    active = run.areas(units.layer)[:, units.numbers] > 0
    shown = [names[c] for c in chosen]
    tables["correlation"] = _best(units, shown, correlations(indicator, pooled), top, "correlation")
    tables["overlap"] = _best(units, shown, overlaps(indicator, active), top, "iou_with_class")
    lost = _exact(run, units.layer) if causal is None else causal
    if lost is not None:
        tables["ablation"] = _ablation(units, lost, shown, top)
    sentences = (
        units.sentence(),
        *_findings(tables, shown, indicator),
        *_limits(tables),
    )
    return Answer("contributions", "Units that speak for each class", tables, tuple(sentences))


def _exact(run: Run, layer: str) -> Importance | None:
    """What is lost without units, where the run itself can tell."""
    try:
        return exact_importance(run, outcomes(run), layer)
    except RunError:  # no sample has a class of the network
        return None


def overlaps(indicator: Floats, active: NDArray[np.bool_]) -> Floats:
    """IoU of the samples of each class and those on which each unit is active.

    Returns:
        ``(n_classes, n_units)``; NaN where there is no such sample at all.
    """
    both = indicator @ active.astype(np.float64)
    either = indicator.sum(axis=1)[:, None] + active.sum(axis=0) - both
    with np.errstate(invalid="ignore"):
        found: Floats = both / either
    return found


def _chosen(
    names: Sequence[str], said: NDArray[np.int64], classes: Sequence[str] | None
) -> list[int]:
    if classes is None:
        return [int(c) for c in by_prediction(said, len(names))]
    return list(dict.fromkeys(class_index(names, name) for name in several(classes, "classes")))


def _weights(
    units: Units,
    names: Sequence[str],
    classes: Sequence[int],
    weights: NDArray[np.float32],
    pooled: Floats,
    said: NDArray[np.int64],
    top: int,
    linear: bool,
) -> pd.DataFrame:
    """The units with the largest and the most negative weights to each class.

    ``contribution`` is weight times mean activation on the samples predicted so: what the unit
    adds to the logit there, where logits are a linear function of the units.
    """
    rows: list[dict[str, Any]] = []
    for c in classes:
        own = weights[c, units.numbers]
        there = said == c
        for side, order in (
            (FOR, np.argsort(-own, kind="stable")),
            (AGAINST, np.argsort(own, kind="stable")),
        ):
            fitting = [i for i in order[:top] if (own[i] > 0) == (side == FOR) and own[i] != 0]
            for rank, i in enumerate(fitting, 1):
                row = {"class": names[c], "side": side, "rank": rank, **_named(units, i)}
                row["weight"] = float(own[i])
                if linear:
                    mean = pooled[there, i].mean() if there.any() else np.nan
                    row["contribution"] = float(own[i] * mean)
                rows.append(row)
    return _formula_last(pd.DataFrame(rows))


def _best(
    units: Units, names: Sequence[str], values: Floats, top: int, quantity: str
) -> pd.DataFrame:
    """The units with the largest values for each class."""
    rows = []
    for name, own in zip(names, values, strict=True):
        known = np.flatnonzero(~np.isnan(own))
        # stable, so that of equal units the first is told on every machine
        order = known[np.argsort(-own[known], kind="stable")][:top]
        for rank, i in enumerate(order, 1):
            rows.append({"class": name, "rank": rank, **_named(units, i), quantity: own[i]})
    columns = ["class", "rank", "unit", quantity, "iou", "formula"]
    return pd.DataFrame(rows, columns=columns)


def _ablation(units: Units, causal: Importance, names: Sequence[str], top: int) -> pd.DataFrame:
    """The units without which the samples of each class lose most of their margin."""
    formulas = pd.DataFrame([_named(units, i) for i in range(len(units.explanations))])
    lost = causal.by_class[causal.by_class["class"].isin(names)].merge(formulas, on="unit")
    lost = lost.sort_values(["margin_lost", "unit"], ascending=[False, True])
    best = lost.groupby("class", sort=False).head(top)
    place = {name: i for i, name in enumerate(names)}
    best = best.sort_values("class", key=lambda column: column.map(place), kind="stable")
    best = best.assign(rank=best.groupby("class").cumcount() + 1)
    columns = [
        "class", "rank", "unit", "margin_lost", "accuracy_lost", "loss_gained", "samples", "iou",
        "formula",
    ]  # fmt: skip
    return best[columns].reset_index(drop=True)


def _named(units: Units, index: int) -> dict[str, Any]:
    e = units.explanations[index]
    return {"unit": e.unit, "iou": e.iou, "formula": str(formula_of(e))}


def _formula_last(table: pd.DataFrame) -> pd.DataFrame:
    if table.empty:
        return table
    return table[[*table.columns.drop(["iou", "formula"]), "iou", "formula"]]


def _findings(
    tables: dict[str, pd.DataFrame], names: Sequence[str], indicator: Floats
) -> list[str]:
    found = []
    if "weights" not in tables:
        found.append(
            "Further weights lie between this layer and the classes, so there are no connection "
            "weights to go by; units are ranked by how they go with the prediction."
        )
    for name, text in (
        ("weights", "by connection weight"),
        ("correlation", "by correlation with the prediction"),
        ("ablation", "by margin lost without it"),
    ):
        table = tables.get(name)
        if table is not None and not table.empty:
            first = table[table["class"] == table["class"].iloc[0]].iloc[0]
            found.append(
                f"First for {first['class']} {text}: unit {first['unit']}, {first['formula']}."
            )
    never = [name for name, row in zip(names, indicator, strict=True) if not row.any()]
    if never:
        found.append(
            f"No sample is predicted to be of {len(never)} of the {len(names)} classes "
            f"(such as {never[0]}): nothing goes together with that."
        )
    return found


def _limits(tables: dict[str, pd.DataFrame]) -> list[str]:
    limits = [
        "Correlation and overlap are with what the network predicts, over all samples of the run, "
        "also those of no class that it knows.",
        "A unit that goes together with a class need not bring it about.",
    ]
    if "weights" in tables:
        limits.append(
            "A large weight means little for a unit that is hardly active: see contribution, the "
            "weight times its mean activation on the samples predicted so."
            if "contribution" in tables["weights"]
            else "More than an average lies between units and head, so a weight times an "
            "activation is not what a unit adds to a logit."
        )
    return limits
