"""How good an explanation is and how far it can be trusted, in words and numbers of a page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from andornot.analyses.vocabulary import FAR_BELOW
from andornot.measures.scores import Agreement
from andornot.results.explanation import Certificate, Explanation, Twins
from andornot.results.trust import Chance, Core, HeldOut, HeldOutChance, Stability, Trust
from andornot.views.plain import View


@dataclass(frozen=True)
class Finding(View):
    """Something that is known of an explanation: what, its value, and what that means."""

    label: str
    value: str
    means: str


def proof(e: Explanation) -> str:
    """What is known of better formulas, in sentences; empty where there is no formula."""
    if e.formula is None:
        return ""
    c = e.certificate
    said = ["No formula of the searched kind and length is better (proven)."]
    if not c.proven:
        limit = f"; none could exceed {c.upper_bound:.3f}" if round(c.upper_bound, 3) < 1 else ""
        length = _concepts(e.formula.length)
        said = [f"Of up to {length} the formula is the best that was found{limit}."]
    if c.ties > 1:
        said.append(f"At least {c.ties} formulas, it among them, score the same.")
    return " ".join(said)


def formulas_of(length: int, operators: Sequence[str], negated_first: bool) -> str:
    """Which formulas were searched for."""
    more = "; they may begin with NOT" if negated_first else ""
    return f"up to {length} concepts, with {', '.join(operators)}{more}"


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


def held_out_iou(e: Explanation) -> float | None:
    """Held-out IoU of the formula that is shown; None where it is not known."""
    return None if e.trust is None else e.trust.held_out_iou


def findings(e: Explanation) -> tuple[Finding, ...]:
    """All that is known of how far an explanation can be trusted, one thing a row."""
    return tuple(_findings(e)) if e.formula is not None else ()


def _findings(e: Explanation) -> Iterator[Finding]:
    trust = e.trust
    if trust is not None:
        yield from _held_out_findings(trust)
    yield Finding(
        "IoU in sample",
        f"{e.iou:.3f}",
        "on the samples that it was searched on; it grows with how often a unit is active",
    )
    if trust is not None and trust.stability is not None:
        yield from _redraws(trust.stability)
    if trust is not None and trust.chance is not None:
        yield from _chance(trust.chance, trust.length)
    held_out = None if trust is None else trust.held_out
    yield from _certificate(e.certificate, e.metric, held_out)
    if e.agreement is not None:
        yield from _agreement(e.agreement)


def _held_out_findings(trust: Trust) -> Iterator[Finding]:
    """All that a verdict rests on."""
    if trust.held_out is not None:
        yield from _held_out(trust.held_out, trust.shown)
    if trust.held_out_chance is not None:
        yield from _held_out_chance(trust.held_out_chance)
    if trust.stability is not None and trust.stability.mask_iou is not None:
        yield _stability(trust.stability, trust.stability.mask_iou)
    if trust.core is not None:
        yield _core(trust.core)


def _held_out(held: HeldOut, length: int) -> Iterator[Finding]:
    inside, outside = held.in_sample[length - 1], held.by_length[length - 1]
    span = "95 % interval {:.3f} to {:.3f}; ".format(*held.interval) if held.interval else ""
    yield Finding(
        "held-out IoU",
        f"{outside:.3f}",
        f"{span}formulas found without some samples, scored on these; {inside:.3f} on those "
        f"searched; {_concepts(held.length)} would do",
    )
    precision, recall = held.precision(length), held.recall(length)
    if precision is not None and recall is not None:
        yield Finding(
            "precision", f"{precision:.0%}", "held out: where the formula holds, the unit is active"
        )
        yield Finding(
            "recall", f"{recall:.0%}", "held out: where the unit is active, the formula holds"
        )


def _held_out_chance(luck: HeldOutChance) -> Iterator[Finding]:
    about = "" if luck.exact else "; approximate, for groups of samples differ in size"
    yield Finding(
        "chance, held out",
        f"{luck.iou:.3f}",
        f"the same where there is nothing to find: annotations shuffled among samples{about}",
    )
    yield Finding(
        "gain",
        f"{luck.gain:.2f}",
        f"{luck.low:.2f} to {luck.high:.2f}; logarithm of the odds of a hit over those of chance",
    )
    yield Finding(
        "p-value",
        f"{luck.p_value:.3g}",
        f"{luck.reached} of {luck.nulls} shuffles reach the unit; over the layer q = "
        f"{luck.q_value:.2g} (by the shuffles of all units {luck.q_pooled:.2g})",
    )


def _stability(stable: Stability, mask_iou: float) -> Finding:
    shares = ", ".join(f"{name} {share:.0%}" for name, share in stable.signed)
    came = f"; how often concepts came back: {shares}" if shares else ""
    means = f"median IoU with the formulas of {stable.resamples} draws of the samples{came}"
    return Finding("stability", f"{mask_iou:.3f}", means)


def _core(core: Core) -> Finding:
    if core.formula is None:
        nothing = "what came back in most draws, if any, is not enough for a formula"
        return Finding("core", "none", nothing)
    means = f"held-out IoU of {core.formula}, which came back in most draws"
    return Finding("core", f"{core.iou:.3f}", means)


def _concepts(n: int) -> str:
    return f"{n} concept{'' if n == 1 else 's'}"


def _redraws(stable: Stability) -> Iterator[Finding]:
    yield Finding(
        "interval in sample",
        f"{stable.low:.3f} to {stable.high:.3f}",
        "95 %, of the IoU of the formula of full length over draws of the samples",
    )
    if stable.resamples:
        shares = ", ".join(f"{name} {share:.0%}" for name, share in stable.concepts)
        yield Finding(
            "came back",
            f"{stable.same} of {stable.resamples}",
            f"searches of the full length on other draws of the samples; of its concepts: {shares}",
        )


def _chance(chance: Chance, length: int) -> Iterator[Finding]:
    null = chance.null[length - 1]
    yield Finding(
        "chance in sample",
        f"{null:.3f}",
        f"mean IoU of the same search on other samples' annotations ({chance.nulls} shuffles)",
    )
    yield Finding(
        "p-value in sample",
        f"{chance.p_value:.3g}",
        f"exact; {chance.nulls} shuffles allow no less than {1 / (chance.nulls + 1):.2g}; over all "
        f"units q = {chance.q_value:.2g}",
    )
    yield Finding(
        "pooled p-value in sample",
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
        f"{'; '.join(map(str, twins))}: on these data, concepts with = between them can stand in "
        "for each other here; with each of them the formula is true on the very same positions."
    )
