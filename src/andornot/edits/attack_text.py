"""What is said of an attack: the columns of its tables, and every sentence that it ends with.

Nothing is computed here; all numbers are those of ``investigation.Findings``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from andornot._tools.statistics import Comparison, Estimate
from andornot.edits.edits_of_images import Paste
from andornot.edits.investigation import EditEffect, Findings, Transfer

if TYPE_CHECKING:
    import pandas as pd


TABLES = ("edits", "controls", "transfer", "tried", "places", "excluded", "barred", "outcomes")

_NAMED = 8  # concepts in a sentence


def tables(found: Findings) -> dict[str, pd.DataFrame]:
    """The tables of an attack.

    ``edits``: the edits that were tested, with the comparison to their controls, and how many more
    that were tried do the same to a reader (``alike``). ``controls``: each control. ``transfer``:
    the same on other classifiers. ``tried``: every proposal on the screening samples, with the
    tested edit that it is or is like (``tested_as``). ``places``: flip rate of what was pasted by
    size and place, on the first third of them. ``excluded``: proposals that belong to the target.
    ``barred``: what is no control, since it speaks for the target. ``outcomes``: each test sample.
    """
    import pandas as pd

    parts = (
        _edits(found),
        _controls(found),
        _transfers(found),
        _tried(found),
        _places(found),
        ({"edit": name, "reason": reason} for name, reason in found.excluded),
        ({"concept": name, "reason": reason} for name, reason in found.excluded_controls),
        _outcomes(found),
    )
    return {name: pd.DataFrame(list(p)) for name, p in zip(TABLES, parts, strict=True)}


def title(verdict: EditEffect) -> str:
    """A tested edit in words, such as ``insert hyp:nobody at the start``."""
    return f"{verdict.chosen.proposal.kind} {verdict.chosen.edit}"


def _spread(name: str, estimate: Estimate) -> dict[str, float]:
    return {name: estimate.value, f"{name}_low": estimate.low, f"{name}_high": estimate.high}


def _compared(comparison: Comparison) -> dict[str, float]:
    return (
        _spread("flip_rate", comparison.edit)
        | _spread("control_rate", comparison.controls)
        | _spread("difference", comparison.difference)
    )


def _edits(found: Findings) -> Iterator[dict[str, Any]]:
    for v in found.verdicts:
        best = best_control(v)
        yield {
            "edit": title(v),
            "asked_for": v.chosen.proposal.name,
            "n": len(v.flips),
            **_compared(v.comparison),
            "best_control": best[0],
            "best_control_rate": best[1],
            "left_source": float(v.left.mean()),
            "applied": float(v.applied.mean()),
            "screening_rate": v.chosen.rate,
            "variants": len(v.chosen.proposal.variants),
            "alike": len(v.alike),
            "units": " ".join(str(a.unit) for a in _one_each(v)),
            "formula": str(v.chosen.proposal.goals[0].formula),
            "role": v.chosen.proposal.goals[0].role,
            "in_target": v.belongs.in_target,
            "elsewhere": v.belongs.elsewhere,
        }


def _one_each(verdict: EditEffect) -> list[Any]:
    """A goal for each unit that asks for the edit."""
    return list({goal.unit: goal for goal in verdict.chosen.proposal.goals}.values())


def best_control(verdict: EditEffect) -> tuple[str, float]:
    """The control that flips most test samples, and its rate; nothing if there are none."""
    if not verdict.controls:
        return "", float("nan")
    rates = verdict.control_flips.mean(0)
    best = int(rates.argmax())
    return str(verdict.controls[best].edit), float(rates[best])


def _controls(found: Findings) -> Iterator[dict[str, Any]]:
    for v in found.verdicts:
        for i, control in enumerate(v.controls):
            yield {
                "edit": title(v),
                "control": str(control.edit),
                "screening_rate": control.rate,
                "flip_rate": float(v.control_flips[:, i].mean()),
            }


def _transfers(found: Findings) -> Iterator[dict[str, Any]]:
    kinds = {v.chosen.edit: title(v) for v in found.verdicts}
    for t in found.transfers:
        yield {"model": t.model, "edit": kinds[t.edit], "n": t.n} | _compared(t.comparison)


def _tried(found: Findings) -> Iterator[dict[str, Any]]:
    tested_as = {c: title(v) for v in found.verdicts for c in (v.chosen, *v.alike)}
    for c in found.tried:
        goal = c.proposal.goals[0]
        yield {
            "asked_for": c.proposal.name,
            "best_variant": str(c.edit),
            "variants": len(c.proposal.variants),
            "screening_rate": c.rate,
            "target_probability": c.target,
            "tested_as": tested_as.get(c, ""),
            "strength": c.proposal.strength,
            "unit": goal.unit,
            "role": goal.role,
            "formula": str(goal.formula),
        }


def _places(found: Findings) -> Iterator[dict[str, Any]]:
    for v in found.verdicts:
        for edit in v.chosen.proposal.variants:
            if isinstance(edit, Paste):
                yield {
                    "asked_for": v.chosen.proposal.name,
                    "cutout": edit.cutout.origin,
                    "x": edit.place.x,
                    "y": edit.place.y,
                    "size": edit.place.size,
                    "rate": float(found.pilot.flips(edit).mean()),
                    "target_probability": float(found.pilot[edit].target.mean()),
                }


def _outcomes(found: Findings) -> Iterator[dict[str, Any]]:
    ids = list(found.case.run.samples["sample"])
    for v in found.verdicts:
        for i, sample in enumerate(found.case.test):
            yield {
                "edit": title(v),
                "sample": ids[sample],
                "applied": bool(v.applied[i]),
                "left_source": bool(v.left[i]),
                "flipped": bool(v.flips[i]),
                "controls_flipped": int(v.control_flips[i].sum()),
            }


def sentences(found: Findings) -> tuple[str, ...]:
    """What was found, and what it cannot tell."""
    return (
        *_how(found),
        *_alike(found),
        *_found(found),
        *_not_controls(found),
        *_carried_over(found),
        *_limits(found),
    )


def _how(found: Findings) -> Iterator[str]:
    case, options = found.case, found.options
    source, target = case.names[case.source], case.names[case.target]
    if case.labelled:
        of = f"Of {case.n_source} samples of {source} the network gets {case.n_right} right"
    else:
        of = f"The network takes {case.n_right} samples for {source}, which no sample is labelled"
    yield (
        f"{of}; "
        f"edits to {target} were chosen on {len(case.screening)} of these and tested on "
        f"{len(case.test)} others."
    )
    by = "connection weights" if case.connected else "correlations of units with logits"
    left_out = len(found.excluded)
    yield (
        f"{len(found.tried)} edits were tried, which the formulas of up to {options.n_units} units "
        f"to {target} and as many to {source} ask for (by {by} times IoU)"
        + (f"; {left_out} more were not, for they belong to {target}." if left_out else ".")
    )


def _alike(found: Findings) -> Iterator[str]:
    if n := sum(len(v.alike) for v in found.verdicts):
        yield (
            f"{n} more of them {'does' if n == 1 else 'do'} the same to a reader as one that was "
            "tested (the same words, or nearly the same piece of a picture, at another place; more "
            f"overlap), and {'was' if n == 1 else 'were'} not tested."
        )


def _not_controls(found: Findings) -> Iterator[str]:
    names = [name for name, _ in found.excluded_controls]
    if names:
        target = found.case.names[found.case.target]
        more = f" and {len(names) - _NAMED} more" if names[_NAMED:] else ""
        yield (
            f"No controls, for they speak for {target} themselves (units that lead there answer to "
            f"them more than usual, or they belong to it): {', '.join(names[:_NAMED])}{more}."
        )


def _found(found: Findings) -> Iterator[str]:
    case = found.case
    target = case.names[case.target]
    clear = [v for v in found.verdicts if v.comparison.difference.low > 0]
    for v in clear:
        c, (name, rate) = v.comparison, best_control(v)
        beaten = "" if rate < c.edit.value else " One of the controls does as well, though."
        yield (
            f"{title(v)[0].upper()}{title(v)[1:]}: {c.edit} of {len(v.flips)} samples become "
            f"{target}, of {len(v.controls)} controls {c.controls} on average (the best, "
            f"{name}, {rate:.0%}); difference {c.difference}.{beaten} {_asked_by(v)}"
        )
    others = len(found.verdicts) - len(clear)
    if not clear:
        yield (
            f"No edit takes clearly more samples to {target} than its controls do: none of the "
            f"{len(found.verdicts)} tested has an interval of the difference above 0."
        )
    elif others:
        which = "other tested edit is" if others == 1 else f"other {others} tested edits are"
        yield f"The {which} not clearly above the controls."


def _asked_by(verdict: EditEffect) -> str:
    goals = _one_each(verdict)
    others = f", and {len(goals) - 1} more" if goals[1:] else ""
    does = "leads there" if goals[0].role == "raise" else "leads away from there"
    return f"Asked for by unit {goals[0].unit}{others}, which {does}: {goals[0].formula}."


def _carried_over(found: Findings) -> Iterator[str]:
    kinds = {v.chosen.edit: title(v) for v in found.verdicts}
    for t in found.transfers:
        yield f"On {t.model}, {_told(t, kinds[t.edit])}."


def _told(t: Transfer, name: str) -> str:
    c = t.comparison
    return (
        f"{name} takes {c.edit} of the {t.n} samples that it gets right too, the controls "
        f"{c.controls}; difference {c.difference}"
    )


def _limits(found: Findings) -> Iterator[str]:
    n = max(1, len(found.verdicts))
    yield (
        f"Intervals hold at {found.options.confidence:.0%} for all {n} tested edits together; "
        "each control had the choice of variants that its edit had. An edit can change the truth "
        "as well as the answer: look at the samples before you call a flip a mistake."
    )
