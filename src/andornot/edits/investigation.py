"""Propose edits from the units' formulas, and test them against controls (Section 6 of the paper).

The samples are split in two. On the first part every edit that a formula asks for is tried, in
every variant, and so are the controls, each of which gets its own best variant too. The second
part is touched once: by the few edits that did best, and by their controls. The intervals of all
these edits hold together (Bonferroni), so looking at several is no way to a lucky finding.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from andornot._tools.statistics import Comparison, compare
from andornot.data.classes import class_index
from andornot.edits.alike import Merged, merged_alike
from andornot.edits.attack_options import FEWEST_SAMPLES
from andornot.edits.attack_options import AttackOptions as AttackOptions
from andornot.edits.class_concepts import ClassConcept, class_concept
from andornot.edits.classes import class_names, classes_of
from andornot.edits.classifiers import Classifier
from andornot.edits.control_rules import ControlRule
from andornot.edits.editor import Editor, Proposal
from andornot.edits.goals import Goal, goals_of, weights
from andornot.edits.presence import Presence
from andornot.edits.screening import BestVariant, Screening, Trials
from andornot.edits.session import open_for_edits
from andornot.errors import DataError, OptionError
from andornot.formula import Formula
from andornot.runs.run import Run

FAINT = 0.02
"""Proposals that are so much weaker than the strongest are not tried."""


@dataclass(frozen=True)
class Case:
    """What is attacked.

    Attributes:
        run: the run.
        layer: its layer.
        names: names of the classes.
        source: number of the class to lead away from.
        target: number of the class to lead to.
        connected: whether units were weighed by connection weights, else by correlations.
        labelled: whether the samples' own labels say which are of the source class; else it is
            the network's answer.
        of_class: class of each of the run's samples (see ``classes.classes_of``), (n_samples,).
        n_source: samples of the source class.
        n_right: those of them that the network gets right.
        screening: samples on which edits are chosen.
        test: samples on which they are tested.
    """

    run: Run
    layer: str
    names: tuple[str, ...]
    source: int
    target: int
    connected: bool
    labelled: bool
    of_class: NDArray[np.int64]
    n_source: int
    n_right: int
    screening: NDArray[np.int64]
    test: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class EditEffect:
    """What came of an edit on the test samples.

    Attributes:
        chosen: the edit, as the screening found it.
        belongs: how what it brings in and the target go together in the data.
        flips: which samples it takes to the target, (n,).
        left: which samples it takes away from the source, to whatever class, (n,).
        applied: which samples it changed at all, (n,).
        controls: its controls, as the screening found them.
        control_flips: which samples each of these takes to the target, (n, controls).
        comparison: both rates and their difference.
        alike: other edits that were tried and do the same to a reader, which this one stands for.
    """

    chosen: BestVariant[Any]
    belongs: ClassConcept
    flips: NDArray[np.bool_]
    left: NDArray[np.bool_]
    applied: NDArray[np.bool_]
    controls: tuple[BestVariant[Any], ...]
    control_flips: NDArray[np.bool_]
    comparison: Comparison
    alike: tuple[BestVariant[Any], ...] = ()


@dataclass(frozen=True)
class Transfer:
    """What an edit does to another classifier.

    Attributes:
        model: what the classifier is called.
        edit: the edit.
        n: test samples that this classifier too puts in the source class.
        comparison: how many of these the edit and its controls take to the target.
    """

    model: str
    edit: Any
    n: int
    comparison: Comparison


@dataclass(frozen=True)
class EditExample:
    """A test sample before and after an edit.

    Attributes:
        sample: its id.
        edit: the edit, in words.
        before: an image, a sentence or a pair.
        after: the same, edited.
        answer: class that the network gives it now.
        probability: of the target, before and after.

    Examples:
        >>> from andornot.edits import attack
        >>> options = AttackOptions(n_edits=1, n_controls=2)
        >>> example = attack(run, "fire", "grass", options=options, n_examples=1).examples[0]
        >>> example.answer, example.probability[0] < example.probability[1]
        ('grass', True)
    """

    sample: str
    edit: str
    before: Any
    after: Any
    answer: str
    probability: tuple[float, float]


@dataclass(frozen=True, eq=False)
class Findings:
    """All that was found; :func:`~andornot.edits.attack` makes tables and sentences of it.

    Attributes:
        case: what was attacked.
        options: how.
        goals: what formulas asked for.
        tried: every proposal, with its best variant on the screening samples, best first.
        excluded: names of the proposals that belong to the target, with the reason.
        verdicts: the edits that were tested, in the order of the screening.
        transfers: what they do to other classifiers.
        examples: samples before and after.
        pilot: every variant of every proposal on the first screening samples.
        excluded_controls: what could have been a control, but is evidence for the target, with
            the reason.
    """

    case: Case
    options: AttackOptions
    goals: tuple[Goal, ...]
    tried: tuple[BestVariant[Any], ...]
    excluded: tuple[tuple[str, str], ...]
    verdicts: tuple[EditEffect, ...]
    transfers: tuple[Transfer, ...]
    examples: tuple[EditExample, ...]
    pilot: Trials[Any]
    excluded_controls: tuple[tuple[str, str], ...]


def investigate(
    run: Run,
    source: str,
    target: str,
    *,
    layer: str | None = None,
    model: Any = None,
    data: Any = None,
    also: Sequence[Any] = (),
    options: AttackOptions | None = None,
    n_examples: int = 8,
) -> Findings:
    """Find edits that take samples of one class to another; see :func:`~andornot.edits.attack`."""
    chosen = options or AttackOptions()
    case = _case(run, run.layer(layer), source, target, chosen)
    goals = goals_of(run, case.layer, case.source, case.target, chosen.n_units)
    presence = Presence(run.at_positions)
    editor, classifier, others = open_for_edits(
        run, model, data, also,
        goals=goals,
        samples=np.concatenate([case.screening, case.test]),
        donors=case.of_class != case.target,
        seed=chosen.seed,
        evidence=ControlRule(run.concepts, run.responses(case.layer), goals,
                          lambda concept: _class_concept(presence, case, concept).reason),
    )  # fmt: skip
    proposals, excluded = _proposals(editor, case, chosen)
    screening = Screening.of(Trials(editor, classifier, case.screening, case.target))
    tried = screening.choose(proposals, "trying edits")
    tried.sort(key=lambda c: (-c.rate, -c.target))
    # chosen before the test samples are touched, which is what makes their intervals honest
    best = _worth_testing(tried)[: chosen.n_edits]
    test = Trials(editor, classifier, case.test, case.target)
    verdicts = [
        replace(_verdict(case, own.chosen, len(best), screening, test, chosen), alike=own.others)
        for own in best
    ]
    transfers = [t for other in others for t in _transfers(case, editor, other, verdicts, chosen)]
    return Findings(
        case, chosen, goals, tuple(tried), excluded, tuple(verdicts), tuple(transfers),
        _examples(case, test, verdicts, n_examples), screening.pilot,
        tuple(editor.excluded_controls.items()),
    )  # fmt: skip


def _case(run: Run, layer: str, source: str, target: str, options: AttackOptions) -> Case:
    if not run.positions.editor:
        raise OptionError(
            f"{run.path} explains units at {run.positions.position}s; an attack needs units at "
            "images, at sentences or at pairs"
        )
    names = class_names(run)
    start, end = class_index(names, source), class_index(names, target)
    if start == end:
        raise OptionError(f"source and target are both {names[start]}; name two classes")
    answers = run.samples["prediction"].to_numpy()
    of_class = classes_of(run.samples["class"], names)
    labelled = bool((of_class == start).any())
    own = of_class if labelled else answers
    right = np.flatnonzero((own == start) & (answers == start))
    if len(right) < FEWEST_SAMPLES:
        gets = f"gets {len(right)} samples of {names[start]} right"
        takes = f"takes {len(right)} samples for {names[start]}"
        raise DataError(
            f"the network {gets if labelled else takes} in {run.path}; an "
            f"attack needs at least {FEWEST_SAMPLES}, so choose another class or more data"
        )
    # drawn at random: data are often sorted, and both parts must be of one kind
    picked = np.random.default_rng(options.seed).permutation(right)[: options.n_samples]
    middle = min(len(picked) // 2, options.n_screening)
    n_source = int((own == start).sum())
    return Case(
        run, layer, names, start, end, weights(run, layer)[1], labelled,
        of_class if (of_class >= 0).any() else answers, n_source, len(right),
        np.sort(picked[:middle]), np.sort(picked[middle:]),
    )  # fmt: skip


def _proposals(
    editor: Editor[Any], case: Case, options: AttackOptions
) -> tuple[list[Proposal[Any]], tuple[tuple[str, str], ...]]:
    """The proposals to try, strongest first, and those that belong to the target."""
    found, excluded = [], []
    for proposal in sorted(editor.proposals(), key=lambda p: (-p.strength, p.name)):
        reason = _class_concept(editor.presence, case, proposal.concept).reason
        if reason:
            excluded.append((proposal.name, reason))
        else:
            found.append(proposal)
    if not found:
        source, target = case.names[case.source], case.names[case.target]
        raise DataError(
            f"the formulas of {case.run.path} ask for no edit that could be made to take {source} "
            f"to {target}; try other classes, more units or longer formulas"
        )
    strong = [p for p in found if p.strength >= FAINT * found[0].strength]
    return strong[: options.n_proposals], tuple(excluded)


def _worth_testing(tried: Sequence[BestVariant[Any]]) -> list[Merged]:
    """The edits that flip anything in the screening; if none does, the best one.

    Those that do the same to a reader are one.
    """
    each_once = merged_alike(tried)
    flipping = [own for own in each_once if own.chosen.rate > 0]
    return flipping or each_once[:1]


def _class_concept(presence: Presence, case: Case, concept: Formula | None) -> ClassConcept:
    """How what an edit brings in (it is no control) and the target go together."""
    assert concept is not None
    present = presence.counts(concept) > 0
    return class_concept(concept, present, case.of_class, case.target, case.names[case.target])


def _verdict(
    case: Case,
    chosen: BestVariant[Any],
    n_edits: int,
    screening: Screening[Any],
    test: Trials[Any],
    options: AttackOptions,
) -> EditEffect:
    """Test an edit and its controls; each of these gets its own best variant."""
    rivals = test.editor.controls(chosen.proposal, options.n_controls)
    controls = screening.choose(rivals, "trying controls")
    test.run([chosen.edit, *(c.edit for c in controls)], "testing")
    flips = test.flips(chosen.edit)
    columns = [test.flips(c.edit) for c in controls]
    control_flips = np.stack(columns, 1) if columns else np.zeros((len(flips), 0), np.bool_)
    return EditEffect(
        chosen,
        _class_concept(test.editor.presence, case, chosen.proposal.concept),
        flips,
        test[chosen.edit].answers != case.source,
        test[chosen.edit].applied,
        tuple(controls),
        control_flips,
        compare(flips, control_flips, _confidence(options, n_edits), options.seed),
    )


def _confidence(options: AttackOptions, n: int) -> float:
    """The confidence of each of ``n`` intervals that are to hold together."""
    return 1 - (1 - options.confidence) / max(1, n)


def _transfers(
    case: Case,
    editor: Editor[Any],
    other: Classifier[Any],
    verdicts: Sequence[EditEffect],
    options: AttackOptions,
) -> list[Transfer]:
    """Show the same edited samples to another classifier."""
    source = class_index(other.class_names, case.names[case.source])
    target = class_index(other.class_names, case.names[case.target])
    plain = Trials(editor, other, case.test, target)
    # only what this classifier, too, takes for the source can be led away from it
    same = plain[None].answers == source
    trials = Trials(editor, other, case.test[same], target)
    found = []
    for verdict in verdicts if same.any() else ():
        edits = [verdict.chosen.edit, *(c.edit for c in verdict.controls)]
        trials.run(edits, f"testing {other.name}"[:26])
        flips = np.stack([trials.flips(edit) for edit in edits], 1)
        confidence = _confidence(options, len(verdicts))
        compared = compare(flips[:, 0], flips[:, 1:], confidence, options.seed)
        found.append(Transfer(other.name, verdict.chosen.edit, int(same.sum()), compared))
    return found


def _examples(
    case: Case, test: Trials[Any], verdicts: Sequence[EditEffect], count: int
) -> tuple[EditExample, ...]:
    """Samples that the edits flip, of each edit the first ones; of none, samples that held."""
    found = []
    ids = list(case.run.samples["sample"])
    for verdict in verdicts:
        edit = verdict.chosen.edit
        after = test[edit]
        order = np.argsort(~verdict.flips & verdict.applied, kind="stable")
        for i in [i for i in order if verdict.applied[i]][:count]:
            sample = int(case.test[i])
            found.append(
                EditExample(
                    ids[sample],
                    f"{verdict.chosen.proposal.kind} {edit}",
                    test.editor.shown(sample, None),
                    test.editor.shown(sample, edit),
                    case.names[int(after.answers[i])],
                    (float(test[None].target[i]), float(after.target[i])),
                )
            )
    return tuple(found)
