"""Whether data and network are still what stages were made from, where keys cannot tell.

A key holds of a data file its size and time, and of a network its code and weights. Both can stay
as they are while what they give changes: a file that was rewritten with its times, an attribute
that ``forward`` uses. So a run keeps what the files held and what the network answered when they
were first used, and an *edition* of each, a text in the keys of all that was made from them. As
long as they give the same the edition stays; else there is a new one, and all is made anew.

Answers are compared with a tolerance and not by a digest: the last bits of a network hang on
threads and libraries, and wherever one rounds, some number lies on the border.
"""

from __future__ import annotations

import hashlib
from contextlib import suppress
from typing import Any

import numpy as np
from numpy.typing import NDArray

from andornot._tools.files import writing
from andornot._tools.progress import tell
from andornot._tools.reading import read_array
from andornot.data.rows import fingerprint_of
from andornot.errors import RunError
from andornot.pipeline.journal import Journal
from andornot.pipeline.plan import Plan
from andornot.pipeline.values import DataEdition
from andornot.probes.base import answer_file, same_answer
from andornot.runs import stage_names
from andornot.runs.cache import Stage

_TOLERANCE = 1e-4
"""Answers may differ by this share of their root mean square: ten times what rounding in float32
makes of a deep network."""

_STORED = {"labels": "concept table", "images": "activations"}
"""The parts of a data set (see ``Probe.content``), and what is made from them."""


def data_edition(plan: Plan, log: Journal) -> DataEdition:
    """The edition of label maps and of images; compared by content if the run is to verify."""
    key = fingerprint_of(plan.probe.data)
    stage = plan.stage(stage_names.DATA, data=key)
    log.enter(stage)
    known = _noted(stage)
    if plan.options.verify:
        for part in _STORED:
            content = plan.probe.content(part, plan.options.execution.jobs)
            if known[part]["content"] != content:
                _tell_changed(part, known[part]["content"], stage.done)
                known[part] = {"content": content, "edition": content}
    log.finish(stage, **known)
    return DataEdition(key, stage, **{part: known[part]["edition"] for part in _STORED})


def note_labels(plan: Plan, data: DataEdition, log: Journal) -> None:
    """Keep what the label maps hold from which a table was just built."""
    known = _noted(data.stage)
    if not plan.options.verify:  # else it is noted already
        known["labels"]["content"] = plan.probe.content("labels", plan.options.execution.jobs)
        log.finish(data.stage, **known)


def _noted(stage: Stage) -> dict[str, dict[str, str]]:
    info: dict[str, Any] = {}
    with suppress(RunError, TypeError, ValueError):  # damaged: then nothing is known
        info = stage.info if stage.done else {}
    parts = {part: info.get(part) for part in _STORED}
    return {
        part: {
            name: str(facts.get(name, "")) if isinstance(facts, dict) else ""
            for name in ("content", "edition")
        }
        for part, facts in parts.items()
    }


def _tell_changed(part: str, before: str, stored: bool) -> None:
    if before:
        tell(
            f"note: some files behind the stored {_STORED[part]} hold other bytes than they did, "
            "though their sizes and times are the same; what was made from them is made anew"
        )
    elif stored:
        tell(
            f"note: what the files behind the stored {_STORED[part]} held is not known, for the "
            "run was made without verify; what was made from them is made anew"
        )


def network_editions(plan: Plan, log: Journal, **inputs: Any) -> dict[str, str]:
    """The edition of the network's answers, by layer, and of the logits."""
    stage = plan.stage(stage_names.NETWORK, **inputs)
    with log.enter(stage).timed("forward"):
        answers = plan.probe.answers()  # none if it fails; recording will say where it does
    editions = {name: _edition(stage, name, values) for name, values in answers.items()}
    log.finish(stage)
    return editions


def _edition(stage: Stage, name: str, now: NDArray[np.float64]) -> str:
    path = stage.path / answer_file(name)
    before = None
    with suppress(RunError):  # not there yet, or damaged
        before = read_array(path)
    if before is not None and same_answer(before, now, _TOLERANCE):
        # the first answer names the edition: last bits that differ change no key
        now = before
    else:
        if before is not None:
            tell(
                f"note: the network gives other values at {name} than when they were recorded, "
                "though its code and weights are the same (an attribute may have changed, or a "
                "file that its own file imports); it runs again"
            )
        with writing(path):
            stage.write_array(path.name, now)
    return hashlib.sha256(repr(now.shape).encode() + now.tobytes()).hexdigest()[:16]
