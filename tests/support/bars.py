"""Progress bars, which are on or off for the whole process; after each test they are off again."""

from andornot._tools import progress


def bars_are_on() -> bool | None:
    """Whether someone asked to see how far the work is."""
    return progress._visible


def turn_bars_on() -> None:
    """As a command does without ``--quiet``."""
    progress.show_progress(True)
