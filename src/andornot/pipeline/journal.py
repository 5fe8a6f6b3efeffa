"""What is told of a run beside its results: which steps there were, their times, and notes.

Steps write into the journal and learn nothing from it; the last one puts all of it into the
manifest (``write``).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from andornot._tools.progress import tell
from andornot._tools.timer import Timer
from andornot.runs.cache import Stage


@dataclass
class Journal:
    """The journal of one try at a run.

    Attributes:
        started: when the run began, as ``time.perf_counter()`` tells it.
        clocks: the stopwatches of all steps in their order, stages or not.
        stages: the stages among them.
        notes: what a reader of the results should know.
    """

    started: float
    clocks: dict[str, Timer] = field(default_factory=dict)
    stages: dict[str, Stage] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def enter(self, stage: Stage) -> Timer:
        """Note that the run comes to a stage; the stopwatch for its parts."""
        self.stages[stage.name] = stage
        return self.clock(stage.name)

    def clock(self, name: str) -> Timer:
        """The stopwatch of a step, also of one that keeps nothing and so is no stage."""
        return self.clocks.setdefault(name, Timer())

    def finish(self, stage: Stage, **info: object) -> None:
        """Note in a stage's directory that it is done, and how long its parts took."""
        stage.finish(self.clock(stage.name).seconds, **info)

    def note(self, sentence: str) -> None:
        """Tell at once, and keep with the run, what a reader of its results should know."""
        self.notes.append(sentence)
        tell(f"note: {sentence}")
