"""What marks of words are compared with."""

from __future__ import annotations

from itertools import product

from andornot.formula import And, Concept, Not


def normal_form(formula, wanted=True):
    """Conjunctions of (name, whether it must hold), at least one of which has to hold."""
    if isinstance(formula, Concept):
        return [{(formula.name, wanted)}]
    if isinstance(formula, Not):
        return normal_form(formula.operand, not wanted)
    left, right = normal_form(formula.left, wanted), normal_form(formula.right, wanted)
    if isinstance(formula, And) == wanted:
        return [one | other for one, other in product(left, right)]
    return left + right


def carriers(name, pair):
    """Tokens of a plain concept, straight from its name: (side, place)."""
    side, _, rest = name.partition(":")
    if name.startswith("overlap-"):
        words = [{t.lower() for t in s.tokens} for s in pair.sentences]
        least = int(name[len("overlap-") : -1]) / 100
        if len(words[0] & words[1]) <= least * len(words[0] | words[1]):
            return set()
        both = words[0] & words[1]
        return {
            (side, i)
            for side, s in zip(("pre", "hyp"), pair.sentences, strict=True)
            for i, token in enumerate(s.tokens)
            if token.lower() in both
        }
    own = pair.premise if side == "pre" else pair.hypothesis
    places = zip(own.tokens, own.tags, strict=True)
    if rest.startswith("tag:") and len(rest) > 4:
        return {(side, i) for i, (_, tag) in enumerate(places) if tag == rest[4:]}
    if rest != rest.lower():
        return {(side, i) for i, (_, tag) in enumerate(places) if tag == rest}
    return {(side, i) for i, (word, _) in enumerate(places) if word.lower() == rest}
