"""Slow and obvious twins of everything fast, on sets of positions, in the paper's notation."""

from __future__ import annotations

import collections
import hashlib
import itertools
import math
from typing import Any

import numpy as np

from andornot.formula import And, Concept, Not

OPERATORS = ("OR", "AND", "AND NOT")


def compose(left, operator, right):
    """``L operator C`` for sets of positions."""
    if operator == "OR":
        return left | right
    return left & right if operator == "AND" else left - right


def iou(unit, mask):
    """Eq. 2 of the paper."""
    return len(unit & mask) / len(unit | mask) if unit | mask else 0.0


def published_iou(unit, mask):
    """The published code's IoU, with its epsilon."""
    both = len(unit & mask)
    return both / (len(mask) + len(unit) - both + 1e-10)


def counts(unit, mask, n):
    """TP, FP, FN, TN."""
    both = len(unit & mask)
    return both, len(mask) - both, len(unit) - both, n - len(unit | mask)


def metric(name, unit, mask, n):
    """Every score from its textbook definition."""
    return metric_of_counts(name, *counts(unit, mask, n))


def metric_of_counts(name, tp, fp, fn, tn):
    """The same from counts, as whole numbers of any size."""
    n = tp + fp + fn + tn
    if name == "iou":
        return tp / (tp + fp + fn) if tp + fp + fn else 0.0
    if name == "f1":
        return 2 * tp / (2 * tp + fp + fn) if tp + fp + fn else 0.0
    if name == "precision":
        return tp / (tp + fp) if tp + fp else 0.0
    if name == "recall":
        return tp / (tp + fn) if tp + fn else 0.0
    if name == "accuracy":
        return (tp + tn) / n if n else 0.0
    if name == "cosine":
        return tp / math.sqrt((tp + fp) * (tp + fn)) if (tp + fp) * (tp + fn) else 0.0
    assert name == "mcc"
    sides = (tp + fp) * (tp + fn) * (tn + fp) * (tn + fn)
    return (tp * tn - fp * fn) / math.sqrt(sides) if sides else 0.0


def published_search(unit, concepts, length, beam_size, limit=None, penalty=1.0):
    """The published beam search: every generated formula is an entry of its own.

    A formula is a tuple ``(concept, (operator, concept), ...)``; returns the beam after each step
    as ``[(formula, score), ...]``.
    """
    single = {c: published_iou(unit, mask) for c, mask in enumerate(concepts)}
    useful = sorted((c for c in single if single[c] > 0), key=lambda c: -single[c])
    beam: list[Any] = [((c,), single[c], concepts[c]) for c in useful[:beam_size]]
    pool = useful[:limit] if limit is not None else list(range(len(concepts)))
    steps = [beam]
    for _ in range(length - 1):
        new = []
        for formula, _, mask in beam:
            for c in pool if beam else []:
                for operator in OPERATORS:
                    grown = (*formula, (operator, c))
                    nots = sum(term[0] == "AND NOT" for term in grown[1:])
                    area = compose(mask, operator, concepts[c])
                    score = penalty ** (len(grown) - 1 + nots) * published_iou(unit, area)
                    new.append((grown, score, area))
        beam = sorted(beam + new, key=lambda entry: -entry[1])[:beam_size]
        steps.append(beam)
    return [[(formula, score) for formula, score, _ in beam] for beam in steps]


def published_text_search(unit, concepts, derived, length, beam_size):
    """The published search on text: what is derived from a concept is tried at the start only.

    ``derived`` gives for some concepts the positions of the concept derived from it, which stands
    in a formula as ``("N", concept)``. Later steps compose with the plain concept of every start
    formula that scores above 0, so twice when both do.
    """
    starts: list[Any] = []
    for c, mask in enumerate(concepts):
        starts.append(((c,), published_iou(unit, mask), mask, c))
        if c in derived:
            starts.append(((("N", c),), published_iou(unit, derived[c]), derived[c], c))
    useful = [start for start in starts if start[1] > 0]
    beam = sorted(useful, key=lambda start: -start[1])[:beam_size]
    pool = [c for *_, c in useful]
    steps = [beam]
    for _ in range(length - 1):
        new = []
        for formula, _, mask, _ in beam:
            for c in pool:
                for operator in OPERATORS:
                    area = compose(mask, operator, concepts[c])
                    new.append(((*formula, (operator, c)), published_iou(unit, area), area, c))
        beam = sorted(beam + new, key=lambda entry: -entry[1])[:beam_size]
        steps.append(beam)
    return [[(formula, score) for formula, score, *_ in beam] for beam in steps]


def published_search_by_atoms(active, sizes, concepts, length, beam_size):
    """The published search where positions are too many for sets: arrays over atoms.

    ``active`` and ``sizes`` count the unit's and all positions of each atom; ``concepts`` are
    boolean arrays over atoms.
    """
    a = int(active.sum())

    def score(mask):
        both = int(active[mask].sum())
        return both / (int(sizes[mask].sum()) + a - both + 1e-10)

    apply: dict[str, Any] = {
        "OR": np.logical_or,
        "AND": np.logical_and,
        "AND NOT": lambda left, right: left & ~right,
    }
    single = [score(mask) for mask in concepts]
    useful = sorted((c for c, s in enumerate(single) if s > 0), key=lambda c: -single[c])
    beam: list[Any] = [((c,), single[c], concepts[c]) for c in useful[:beam_size]]
    steps = [beam]
    for _ in range(length - 1):
        new = []
        for formula, _, mask in beam:
            for c, concept in enumerate(concepts):
                for operator in OPERATORS:
                    grown = apply[operator](mask, concept)
                    new.append(((*formula, (operator, c)), score(grown), grown))
        beam = sorted(beam + new, key=lambda entry: -entry[1])[:beam_size]
        steps.append(beam)
    return [[(formula, value) for formula, value, _ in beam] for beam in steps]


def text(formula, names):
    """A formula as it prints."""
    from andornot import And, Concept, Formula, Not, Or

    negated = begins_with_not(formula)
    first = Concept(names[formula[0][1] if negated else formula[0]])
    result: Formula = Not(first) if negated else first
    for operator, c in formula[1:]:
        right = Concept(names[c])
        if operator == "OR":
            result = Or(result, right)
        else:
            result = And(result, right if operator == "AND" else Not(right))
    return str(result)


def begins_with_not(formula):
    """Whether NOT stands before the first concept, as in ``(("NOT", 0), ("OR", 1))``."""
    return isinstance(formula[0], tuple) and formula[0][0] == "NOT"


def plain(formula):
    """``NOT a AND b`` as ``b AND NOT a``: the first concept that must hold, before the first OR."""
    rest = list(formula[1:])
    operators = [operator for operator, _ in rest]
    stop = operators.index("OR") if "OR" in operators else len(rest)
    if not begins_with_not(formula) or "AND" not in operators[:stop]:
        return formula
    at = operators.index("AND")
    _, first = rest.pop(at)
    return (first, ("AND NOT", formula[0][1]), *rest)


def says_something(formula, mask, n):
    """Whether it is true somewhere and, if it begins with NOT, not everywhere."""
    return bool(mask) and not (begins_with_not(formula) and len(mask) == n)


def beam_search(
    concepts, length, beam_size, score, operators=OPERATORS, penalty=1.0, limit=None, n=None
):
    """The same search where formulas with the same positions count once, the first of them.

    ``score(mask)`` is any score of a set of positions; formulas that are true nowhere, and those
    that score nothing, are left out. If ``n`` is given, the number of positions, formulas may begin
    with NOT; those are made after all others. Returns the beam after each step.
    """

    def trim(entries, size=beam_size):
        best, seen = [], set()
        for entry in sorted(entries, key=lambda e: -e[1]):
            there = says_something(entry[0], entry[2], n)
            if there and entry[2] not in seen and entry[1] > 0 and len(best) < size:
                seen.add(entry[2])
                best.append(entry)
        return best

    masks = [frozenset(mask) for mask in concepts]
    single = {c: score(mask) if mask else 0 for c, mask in enumerate(masks)}
    pool = list(single)
    if limit is not None:
        pool = sorted((c for c in single if single[c] > 0), key=lambda c: -single[c])[:limit]
    starts: list[Any] = [((c,), single[c], mask) for c, mask in enumerate(masks)]
    for c, mask in enumerate(masks if n is not None else []):
        others = frozenset(range(n)) - mask
        starts.append(((("NOT", c),), score(others), others))
    beam = trim(starts)
    steps = [beam]
    for _ in range(length - 1):
        new = []
        for formula, _, mask in sorted(beam, key=lambda entry: begins_with_not(entry[0])):
            for c, operator in itertools.product(pool, operators):
                area = frozenset(compose(mask, operator, masks[c]))
                grown = (*formula, (operator, c))
                new.append((grown, penalty ** (len(grown) - 1) * score(area), area))
        beam = trim(beam + new)
        steps.append(beam)
    return [[(plain(formula), score) for formula, score, _ in beam] for beam in steps]


def exhaustive_search(
    concepts, length, beam_size, score, operators=OPERATORS, penalty=1.0, limit=None, n=None
):
    """The best of all formulas; of those with the same positions the shortest, then the first."""
    pool: Any = range(len(concepts))
    if limit is not None:
        useful = [c for c in pool if concepts[c] and score(concepts[c]) > 0]
        pool = sorted(sorted(useful, key=lambda c: -score(concepts[c]))[:limit])
    best = {}
    for formula, mask in all_formulas(concepts, length, operators, pool, n):
        value = penalty ** (len(formula) - 1) * score(mask)
        if says_something(formula, mask, n) and value > 0 and frozenset(mask) not in best:
            best[frozenset(mask)] = (plain(formula), value)
    return sorted(best.values(), key=lambda entry: -entry[1])[:beam_size]


def all_formulas(concepts, length, operators=OPERATORS, pool=None, n=None):
    """Every left-deep formula of up to ``length`` concepts, with its positions.

    The first concept is any; the further ones are from the pool, if there is one. If ``n`` is
    given, the number of positions, NOT may stand before the first one.
    """
    pool = range(len(concepts)) if pool is None else pool
    level: list[Any] = [((c,), set(mask)) for c, mask in enumerate(concepts)]
    if n is not None:
        level += [((("NOT", c),), set(range(n)) - set(mask)) for c, mask in enumerate(concepts)]
    yield from level
    for _ in range(length - 1):
        level = [
            ((*formula, (operator, c)), compose(mask, operator, set(concepts[c])))
            for formula, mask in level
            for c in pool
            for operator in operators
        ]
        yield from level


def best_of_lengths(concepts, length, score, operators=OPERATORS, penalty=1.0, n=None):
    """The best score of a left-deep formula of up to each length; 0 where none is above."""
    best = [0.0] * length
    for formula, mask in all_formulas(concepts, length, operators, n=n):
        if says_something(formula, mask, n):
            value = penalty ** (len(formula) - 1) * score(mask)
            for at in range(len(formula) - 1, length):
                best[at] = max(best[at], value)
    return best


def known_positions(formula, known):
    """The positions on which all concepts of a formula are known."""
    first = formula[0][1] if begins_with_not(formula) else formula[0]
    concepts = [first, *(c for _, c in formula[1:])]
    return set.intersection(*(set(known[c]) for c in concepts))


def known_formulas(unit, concepts, known, length, score, operators=OPERATORS, penalty=1.0, n=None):
    """Every formula with its score on the positions where all its concepts are known.

    ``known`` gives these positions for each concept; ``score(unit, mask, n)`` is a score on ``n``
    positions. Formulas on whose positions the unit is never active are left out.
    """
    for formula, mask in all_formulas(concepts, length, operators, n=n):
        inside = known_positions(formula, known)
        if unit & inside and says_something(formula, mask & inside, len(inside)):
            value = score(unit & inside, mask & inside, len(inside))
            yield plain(formula), penalty ** (len(formula) - 1) * value


def all_trees(concepts, length, operators=OPERATORS):
    """For each length, every set that a tree of exactly so many concepts holds on, with a tree.

    A tree is a concept, or a tuple of an operator and two trees.
    """
    levels = [{}, {frozenset(mask): c for c, mask in reversed(list(enumerate(concepts)))}]
    for n in range(2, length + 1):
        level = {}
        for k in range(1, n):
            for (left, tree), (right, other) in itertools.product(
                levels[k].items(), levels[n - k].items()
            ):
                for operator in operators:
                    area = frozenset(compose(left, operator, right))
                    level.setdefault(area, (operator, tree, other))
        levels.append(level)
    return levels[1:]


def best_tree(concepts, length, score, operators=OPERATORS, penalty=1.0):
    """The best score of a tree of up to each length; 0 where none is above."""
    best = [0.0]
    for n, level in enumerate(all_trees(concepts, length, operators)):
        best.append(max([best[-1]] + [penalty**n * score(mask) for mask in level if mask]))
    return best[1:]


def exchanged(formula, name, other):
    """A formula with another concept wherever it has this one."""
    if isinstance(formula, Concept):
        return Concept(other) if formula.name == name else formula
    if isinstance(formula, Not):
        return Not(exchanged(formula.operand, name, other))
    sides = (exchanged(side, name, other) for side in (formula.left, formula.right))
    return type(formula)(*sides)


def holds(formula, concepts, n):
    """The positions on which a formula over concepts with names is true."""
    if isinstance(formula, Concept):
        return set(concepts[formula.name])
    if isinstance(formula, Not):
        return set(range(n)) - holds(formula.operand, concepts, n)
    left, right = (holds(side, concepts, n) for side in (formula.left, formula.right))
    return left & right if isinstance(formula, And) else left | right


def near_threshold(values, threshold, within):
    """The values above a threshold, and above it moved up and down."""
    borders = (threshold, threshold + within, threshold - within)
    return [sum(value > border for value in values) for border in borders]


def idle_steps(steps, concepts, n):
    """The steps, as operator and name, that a formula grown by them does as well without.

    The first has no operator that matters. Without it the second stands first, unless that is
    taken away from something.
    """
    true = grown(steps, concepts, n)
    rests = {i: steps[:i] + steps[i + 1 :] for i in range(len(steps)) if len(steps) > 1}
    return [
        i
        for i, rest in rests.items()
        if (i > 0 or rest[0][0] != "AND NOT") and grown(rest, concepts, n) == true
    ]


def grown(steps, concepts, n):
    """Where a formula holds that is grown from left to right by these steps."""
    true = set(concepts[steps[0][1]])
    for operator, name in steps[1:]:
        own = concepts[name]
        true = {"OR": true | own, "AND": true & own, "AND NOT": true - own}[operator]
    return true


def twins(formula, concepts, n):
    """For each concept of a formula the others that change nothing in its place."""
    true = holds(formula, concepts, n)
    return {
        name: {
            other
            for other in concepts
            if other != name and holds(exchanged(formula, name, other), concepts, n) == true
        }
        for name in formula.concepts
    }


def atoms(concepts, n):
    """Positions grouped by the exact set of concepts that they carry."""
    groups = {}
    for p in range(n):
        carried = frozenset(c for c, mask in enumerate(concepts) if p in mask)
        groups.setdefault(carried, set()).add(p)
    return groups


def ceiling(concepts, n, score):
    """The best score of any union of atoms, by trying all of them."""
    groups = list(atoms(concepts, n).values())
    unions = (
        set().union(*(g for g, use in zip(groups, chosen, strict=True) if use))
        for chosen in itertools.product((False, True), repeat=len(groups))
    )
    return max(map(score, unions))


def tally(carried, folds):
    """Positions of each exact set of concepts, by fold.

    ``carried`` lists for each sample the set of concepts that each of its positions carries.
    """
    counts = collections.Counter()
    for sample, fold in zip(carried, folds, strict=True):
        for concepts in sample:
            counts[frozenset(concepts), fold] += 1
    return counts


def threshold(values, quantile):
    """The smallest of the values with ``P(f > T) <= quantile``."""
    values = np.sort(np.asarray(values).ravel())
    n = len(values)
    for value in values:
        if (values > value).sum() <= math.floor(round(quantile * n, 9)):
            return value
    raise AssertionError("the largest value always qualifies")


def upsample(values, height, width):
    """Bilinear upsampling of one map with half-pixel centres, pixel by pixel."""
    h, w = values.shape
    out = np.zeros((height, width))
    for i in range(height):
        for j in range(width):
            y = min(max((i + 0.5) * h / height - 0.5, 0), h - 1)
            x = min(max((j + 0.5) * w / width - 0.5, 0), w - 1)
            y0, x0 = math.floor(y), math.floor(x)
            y1, x1 = min(y0 + 1, h - 1), min(x0 + 1, w - 1)
            top = (1 - (x - x0)) * values[y0, x0] + (x - x0) * values[y0, x1]
            bottom = (1 - (x - x0)) * values[y1, x0] + (x - x0) * values[y1, x1]
            out[i, j] = (1 - (y - y0)) * top + (y - y0) * bottom
    return out


def pearson(values, mask):
    """Correlation of values with a set of their indices."""
    truth = np.zeros(len(values))
    truth[list(mask)] = 1
    if truth.std() == 0 or np.std(values) == 0:
        return 0.0
    return float(np.corrcoef(values, truth)[0, 1])


def average_precision(ranking, truth):
    """Area under precision and recall, step by step; equal values enter the ranking together."""
    ranking, truth = np.asarray(ranking), np.asarray(truth, bool)
    area, found = 0.0, 0
    for value in sorted(set(ranking.tolist()), reverse=True):
        chosen = ranking >= value
        hits = int((chosen & truth).sum())
        area += (hits - found) / truth.sum() * hits / chosen.sum()
        found = hits
    return area


def ranking_auc(ranking, truth):
    """Share of pairs of a true and a false one in which the true one ranks higher; ties half."""
    true, false = np.asarray(ranking)[truth], np.asarray(ranking)[~truth]
    wins = (true[:, None] > false).sum() + (true[:, None] == false).sum() / 2
    return wins / (len(true) * len(false))


def coverages(active, holds):
    """Explanation coverage and sample coverage, from the two masks of each sample."""
    both = sum(bool((a & h).any()) for a, h in zip(active, holds, strict=True))
    return both / max(1, sum(a.any() for a in active)), both / max(1, sum(h.any() for h in holds))


def clusters(values, k):
    """The least sum of squared distances to the mean in ``k`` runs of sorted values."""
    ordered = np.sort(values)
    return min(
        sum(((part - part.mean()) ** 2).sum() for part in np.split(ordered, list(cuts)))
        for cuts in itertools.combinations(range(1, len(ordered)), k - 1)
    )


def held_out_threshold(values, folds, fold, share):
    """The smallest value that at most this share of the values of other samples exceeds."""
    kept = np.concatenate([v.ravel() for v, f in zip(values, folds, strict=True) if f != fold])
    fits = [v for v in kept.tolist() if (kept > v).sum() <= share * len(kept)]
    return min(fits)


def permuted(masks, order):
    """Unit masks where sample ``order[s]`` carries the mask of sample ``s``."""
    moved = np.empty_like(masks)
    for s, lender in enumerate(order):
        moved[:, lender] = masks[:, s]
    return moved


def numbered(names):
    """Groups by number, from 0 in order of first appearance."""
    seen = list(dict.fromkeys(names))
    return [seen.index(name) for name in names]


def fold(name, n):
    """The fold of a group, or of a sample that is its own: the first 8 bytes of a digest."""
    return int(hashlib.sha256(name.encode()).hexdigest()[:16], 16) % n


def by_group(groups):
    """The samples of each group, in order."""
    return [[s for s, g in enumerate(groups) if g == own] for own in range(max(groups) + 1)]


def redrawn(masks, times):
    """Masks of the samples that were drawn, as often as they were drawn."""
    return np.concatenate([masks[:, s : s + 1] for s, n in enumerate(times) for _ in range(n)], 1)


def benjamini_hochberg(p):
    """q-values: the least level at which each hypothesis would be rejected."""
    p = np.asarray(p)
    m = len(p)
    return np.array([min(1, min(m * v / (p <= v).sum() for v in p if v >= own)) for own in p])


def of_samples(carried):
    """The concepts that each sample has anywhere; ``carried`` gives them position by position."""
    return [frozenset().union(*positions) for positions in carried]


def fills_samples(name, carried, several=3):
    """Whether a concept holds on all positions of the samples that have it, of which there are."""
    own = [positions for positions in carried if any(name in concepts for concepts in positions)]
    return len(own) >= several and all(name in concepts for p in own for concepts in p)


def active_groups(mask, groups):
    """How many groups have a position in a mask, of pairs of sample and position."""
    return len({groups[sample] for sample, _ in mask})


def sample_counts(carried, names):
    """On how many samples each concept holds; ``carried`` has the concepts of each position."""
    return [sum(any(name in p for p in sample) for sample in carried) for name in names]


def nearest(masks, n):
    """For each mask, a set of positions, the others that overlap it most, and what they share."""
    found = []
    for u, own in enumerate(masks):
        pairs = [(len(own & other) / len(own | other), -v) for v, other in enumerate(masks)
                 if v != u and own & other]  # fmt: skip
        found.append([(-v, len(own & masks[-v])) for _, v in sorted(pairs, reverse=True)[:n]])
    return found


def detection_held_out(units, concept, folds):
    """What the best unit for a concept is worth: chosen outside each fold, and scored inside.

    ``folds`` are sets of positions; the first of equally good units is chosen. Gives the choices
    (None where no unit shares a position with the concept), hits and unions of each fold.
    """
    choices, hits, unions = [], [], []
    for fold in folds:
        outside = [iou(unit - fold, concept - fold) for unit in units]
        best = max(range(len(units)), key=lambda u: (outside[u], -u))
        choices.append(best if outside[best] > 0 else None)
        there = units[best] & fold if outside[best] > 0 else set()
        hits.append(len(there & concept))
        unions.append(len(there | (concept & fold)))
    return choices, hits, unions


def looks_around(operator, x, places, item=None, head=None, segment=None):
    """An operator of context on the set X of positions, from the table of the design.

    Args:
        operator: its name.
        x: the positions that have the concept.
        places: all positions: numbers in a row, or pairs (row, column) of a grid.
        item: the item of each position in a row; -1 without one.
        head: for each word the one that it hangs on, -1 of a root.
        segment: the segment of each position.
    """
    holds = set()
    for p in places:
        for q in x:
            if _sees(operator, p, q, places, item, head, segment):
                holds.add(p)
    return holds - x if operator in ("ABOVE", "BELOW", "LEFT", "RIGHT", "NEAR") else holds


def _sees(operator, p, q, places, item, head, segment):
    """Whether q in X makes the operator true at p."""
    if operator == "WITH":
        return True
    if item is not None:
        if item[p] < 0 or item[q] < 0 or segment[p] != segment[q]:
            return False
        if operator in ("HEAD", "CHILD"):
            below, above = (p, q) if operator == "HEAD" else (q, p)
            return head[item[below]] == item[above]
        back = item[p] - item[q]
        return {
            "PREV": back == 1,
            "PREV2": back == 2,
            "NEXT": back == -1,
            "AFTER": back > 0,
            "AFTER5": 0 < back <= 5,
        }[operator]
    down, right = q[0] - p[0], q[1] - p[1]
    height, width = 1 + max(r for r, _ in places), 1 + max(c for _, c in places)
    return {
        "ABOVE": right == 0 and down > 0,
        "BELOW": right == 0 and down < 0,
        "LEFT": down == 0 and right > 0,
        "RIGHT": down == 0 and right < 0,
        "NEAR": 100 * (down**2 + right**2) <= height**2 + width**2,
    }[operator]
