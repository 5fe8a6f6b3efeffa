"""How good an explanation is and how far it can be trusted, in words and numbers of a page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from andornot.analyses.vocabulary import FAR_BELOW
from andornot.measures.scores import Agreement
from andornot.results.explanation import Certificate, Explanation, Twins
from andornot.results.trust import LEVEL, Chance, HeldOut, Stability
from andornot.views.plain import View

ABOVE_ALL = "all"
ABOVE_POOLED = "pooled"
NOT_ABOVE = "no"

BETTER = {
    ABOVE_POOLED: "yes, by the pooled estimate",
    ABOVE_ALL: "beats every shuffle",
    NOT_ABOVE: "neither",
}
"""Whether a unit is better than chance: what the choices of the gallery are called."""


@dataclass(frozen=True)
class Finding(View):
    """Something that is known of an explanation: what, its value, and what that means."""

    label: str
    value: str
    means: str


def verdict(e: Explanation) -> str:
    """What is known of better formulas, in sentences; empty where there is no formula."""
    if e.formula is None:
        return ""
    c = e.certificate
    said = ["No formula of the searched kind and length is better (proven)."]
    if not c.proven:
        limit = f"; none could exceed {c.upper_bound:.3f}" if round(c.upper_bound, 3) < 1 else ""
        said = [f"The formula is the best that was found{limit}."]
    if c.ties > 1:
        said.append(f"At least {c.ties} formulas, it among them, score the same.")
    return " ".join(said)


def vocabulary_limit(e: Explanation) -> str:
    """That the concepts are the limit, in a sentence; empty where they are not, or unknown.

    They are where no formula of any length over them could reach an IoU of
    :data:`~andornot.analyses.vocabulary.FAR_BELOW`.
    """
    c = e.certificate
    if e.formula is None or e.metric != "iou" or not c.ceiling or c.ceiling >= FAR_BELOW:
        return ""
    return (
        f"The vocabulary is the limit: no formula of any length over these concepts could exceed "
        f"an IoU of {c.ceiling:.3f}, of which this one attains {c.score / c.ceiling:.0%}."
    )


def better_than_chance(e: Explanation) -> tuple[str, ...]:
    """The keys of :data:`BETTER` that are true of a unit; none where that was not found out."""
    chance = None if e.trust is None else e.trust.chance
    if chance is None:
        return ()
    found = (
        *((ABOVE_POOLED,) if chance.q_pooled <= LEVEL else ()),
        *((ABOVE_ALL,) if beats_all(chance) else ()),
    )
    return found or (NOT_ABOVE,)


def beats_all(chance: Chance) -> bool:
    """Whether no shuffle reached the real IoU."""
    return chance.p_value <= 1 / (chance.nulls + 1)


def held_out_iou(e: Explanation) -> float | None:
    """Held-out IoU at the length of the explanation; None where it is not known."""
    if e.trust is None or e.trust.held_out is None:
        return None
    return e.trust.held_out.by_length[e.trust.length - 1]


def findings(e: Explanation) -> tuple[Finding, ...]:
    """All that is known of how far an explanation can be trusted, one thing a row."""
    return tuple(_findings(e)) if e.formula is not None else ()


def _findings(e: Explanation) -> Iterator[Finding]:
    trust = e.trust
    if trust is not None and trust.held_out is not None:
        yield _held_out(trust.held_out, trust.length)
    if trust is not None and trust.stability is not None:
        yield from _stability(trust.stability)
    if trust is not None and trust.chance is not None:
        yield from _chance(trust.chance, trust.length)
    held_out = None if trust is None else trust.held_out
    yield from _certificate(e.certificate, e.metric, held_out)
    if e.agreement is not None:
        yield from _agreement(e.agreement)


def _held_out(held: HeldOut, length: int) -> Finding:
    inside, outside = held.in_sample[length - 1], held.by_length[length - 1]
    return Finding(
        "held-out IoU",
        f"{outside:.3f}",
        f"formulas found without some samples, scored on these; {inside:.3f} on those searched; "
        f"{_concepts(held.length)} would do",
    )


def _concepts(n: int) -> str:
    return f"{n} concept{'' if n == 1 else 's'}"


def _stability(stable: Stability) -> Iterator[Finding]:
    yield Finding(
        "95 % interval",
        f"{stable.low:.3f} to {stable.high:.3f}",
        "of the formula's IoU, over draws of the samples",
    )
    if stable.resamples:
        shares = ", ".join(f"{name} {share:.0%}" for name, share in stable.concepts)
        yield Finding(
            "came back",
            f"{stable.same} of {stable.resamples}",
            f"searches on other draws of the samples; of its concepts: {shares}",
        )


def _chance(chance: Chance, length: int) -> Iterator[Finding]:
    null = chance.null[length - 1]
    yield Finding(
        "by chance",
        f"{null:.3f}",
        f"mean IoU of the same search on other samples' annotations ({chance.nulls} shuffles)",
    )
    yield Finding(
        "p-value",
        f"{chance.p_value:.3g}",
        f"exact; {chance.nulls} shuffles allow no less than {1 / (chance.nulls + 1):.2g}; over all "
        f"units q = {chance.q_value:.2g}",
    )
    yield Finding(
        "pooled p-value",
        f"{chance.p_pooled:.2g}",
        f"an estimate from the shuffles of all units; over all units q = {chance.q_pooled:.2g}",
    )


def _certificate(c: Certificate, metric: str, held: HeldOut | None) -> Iterator[Finding]:
    name = "IoU" if metric == "iou" else metric
    same = f"; at least {c.ties} formulas score the same" if c.ties > 1 else ""
    if c.proven:
        yield Finding("best formula", "proven", f"none of its kind and length is better{same}")
    else:
        bound = f"at most {c.upper_bound:.3f}"
        yield Finding("best formula", bound, f"{name} of the best, not proven to be this{same}")
    if c.ceiling:
        outside = f"; held out, the best union of atoms has {held.ceiling:.3f}" if held else ""
        yield Finding(
            "ceiling",
            f"{c.ceiling:.3f}",
            f"{name} that no formula of any length over these concepts exceeds; this one attains "
            f"{c.score / c.ceiling:.0%} of it{outside}",
        )


def _agreement(scores: Agreement) -> Iterator[Finding]:
    yield Finding(
        "correlation", f"{scores.pearson:.3f}", "of the formula with the raw activations (Pearson)"
    )
    yield Finding("cosine", f"{scores.cosine_raw:.3f}", "of the formula and the raw activations")
    yield Finding(
        "AUPRC", f"{scores.auprc:.3f}", "area under precision and recall of the active positions"
    )
    yield Finding(
        "explanation coverage",
        f"{scores.explanation_coverage:.0%}",
        "of the samples with active positions, where the formula holds on some of them",
    )
    yield Finding(
        "sample coverage",
        f"{scores.sample_coverage:.0%}",
        "of the samples where the formula holds, where the unit is active on some of it",
    )


def cannot_be_told_apart(twins: Sequence[Twins]) -> str:
    """Which concepts of a formula the data cannot tell from others; empty where they can.

    Args:
        twins: of the formula that is shown.
    """
    if not twins:
        return ""
    return (
        f"{'; '.join(map(str, twins))}: on these data, concepts with = between them cannot be told "
        "apart; with each of them the formula is true on the very same positions."
    )
