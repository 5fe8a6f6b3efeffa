"""Tasks on somebody else's engine: processes here, a Dask cluster, any ``Executor``.

A task is a plain function of one large object, which is the same for all tasks, and a few small
arguments. The object is written to a file once, and each worker reads it once; so workers on other
machines need the run's directory under the same path. A worker that dies costs the tasks it had:
they are given out again.
"""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import pickle
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait
from concurrent.futures.process import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from tempfile import gettempdir
from threading import Thread
from typing import Any, TypeVar

from andornot._tools.extras import install
from andornot._tools.files import unwritable, write_whole
from andornot._tools.numerals import whole
from andornot._tools.parallel import n_workers
from andornot._tools.whole_folders import temporary_folder
from andornot.errors import OptionError, RunError, quoted

Arguments = tuple[Any, ...]
R = TypeVar("R")

_TRIES = 5
"""How often a task is given out whose worker died."""
_WIDTH = 256
"""Tasks in flight on an executor that does not say how many workers it has."""


ENGINE = "engine"
"""Name of the folder for objects that are sent to other processes."""


@dataclass(frozen=True)
class Parcel:
    """An object in a file, for workers to read."""

    path: str
    digest: str

    def open(self) -> Any:
        """The object; read once by each process.

        Raises:
            RunError: the file cannot be read here, or is not the one that was written.
        """
        return _opened(self.path, self.digest)


@lru_cache(maxsize=2)
def _opened(path: str, digest: str) -> Any:
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise RunError(
            f"a worker cannot read {path} ({error.strerror}); workers need the run's directory "
            "under the same path"
        ) from error
    if hashlib.sha256(data).hexdigest() != digest:  # before anything in it is run
        raise RunError(f"{path} was changed while the run went on; start it again")
    try:
        return pickle.loads(data)
    except Exception as error:  # whatever the modules raise that a worker imports
        raise RunError(
            f"a worker cannot load what was sent to it ({type(error).__name__}: {error}); name the "
            "model as FILE.py:FUNCTION, or define its class in a module that workers can import"
        ) from error


def _call(function: Callable[..., R], parcel: Parcel, arguments: Arguments) -> R:
    """What a worker runs."""
    return function(parcel.open(), *arguments)


@dataclass
class _Lane:
    """An executor, and how to make it anew when a death has broken it.

    Attributes:
        executor: where its tasks run.
        width: most tasks in flight.
        make: makes it anew; None where it belongs to the user.
        busy: tasks in flight.
    """

    executor: Executor
    width: int
    make: Callable[[], Executor] | None = None
    busy: int = 0

    def submit(self, *call: Any) -> tuple[Executor, Future[Any]]:
        """Begin a task; also which executor has it, as a later one may stand in its place."""
        try:
            future = self.executor.submit(*call)
        except BrokenExecutor:
            # a pool learns of a death when it is used next, which may be here
            self.renew(self.executor)
            future = self.executor.submit(*call)
        self.busy += 1
        return self.executor, future

    def renew(self, broken: Executor) -> None:
        """Make the executor anew, unless that is done already."""
        if self.executor is not broken:
            return
        if self.make is None:
            raise RunError(
                "the executor broke when one of its workers died, and cannot be made anew here; "
                "start again, what is done is kept (executor 'processes:N' would have gone on)"
            )
        broken.shutdown(wait=False)
        self.executor = self.make()


@dataclass
class Engine:
    """Runs tasks on executors.

    Attributes:
        lanes: the executors.
        threads: how many threads a task shall use.
        directory: where objects for the workers are written.
    """

    lanes: list[_Lane]
    threads: int
    directory: Path

    def run(
        self, function: Callable[..., R], shared: object, calls: Iterable[Arguments]
    ) -> Iterator[tuple[Arguments, R]]:
        """Call ``function(shared, *arguments)`` for all ``arguments``, in any order.

        Args:
            function: a function of a module; what it raises is raised here, and ends the others.
            shared: sent to each worker once; it and the arguments can be pickled.
            calls: read lazily, when there is room for another task.

        Yields:
            arguments and result, as the tasks are done.

        Raises:
            OptionError: the shared object cannot be pickled.
            RunError: a task's worker died again and again.
        """
        parcel = self._send(shared)
        upcoming = ((arguments, 1) for arguments in calls)
        again: deque[tuple[Arguments, int]] = deque()
        flying: dict[Future[R], tuple[_Lane, Executor, Arguments, int]] = {}
        try:
            while True:
                for lane, arguments, tries in self._free(again, upcoming):
                    owner, future = lane.submit(_call, function, parcel, arguments)
                    flying[future] = (lane, owner, arguments, tries)
                if not flying:
                    return
                for future in wait(flying, return_when=FIRST_COMPLETED).done:
                    lane, owner, arguments, tries = flying.pop(future)
                    # before anything can raise, else the place would be lost for good
                    lane.busy -= 1
                    error = _error_of(future)
                    if error is None:
                        yield arguments, future.result()
                        continue
                    _check_lost(error, tries)
                    lane.renew(owner)
                    # lost with its worker, not by its own fault, so it is given out again
                    again.append((arguments, tries + 1))
        finally:
            for future, (lane, *_) in flying.items():
                future.cancel()
                lane.busy -= 1

    def _free(
        self, again: deque[tuple[Arguments, int]], upcoming: Iterator[tuple[Arguments, int]]
    ) -> Iterator[tuple[_Lane, Arguments, int]]:
        """Free places, each with a task for it; the emptiest executors first."""
        while True:
            # if the emptiest is full, all are
            lane = min(self.lanes, key=lambda lane: lane.busy)
            if lane.busy >= lane.width:
                return
            task = again.popleft() if again else next(upcoming, None)
            if task is None:
                return
            yield lane, *task

    def _send(self, shared: object) -> Parcel:
        try:
            data = pickle.dumps(shared, protocol=5)
        except (pickle.PicklingError, AttributeError, TypeError) as error:
            raise OptionError(
                f"model or data cannot be sent to other processes ({error}); name the model as "
                "FILE.py:FUNCTION, or define its class in a module that can be imported"
            ) from error
        digest = hashlib.sha256(data).hexdigest()
        path = (self.directory / f"{digest[:16]}.pickle").resolve()
        try:
            write_whole(path, lambda aside: aside.write_bytes(data))
        except OSError as error:
            raise RunError(unwritable(path, error)) from error
        return Parcel(str(path), digest)


def _error_of(future: Future[Any]) -> BaseException | None:
    if future.cancelled():
        return RunError("the executor was shut down; start again, what is done is kept")
    return future.exception()


def _check_lost(error: BaseException, tries: int) -> None:
    """Go on only where it was the worker that was lost, and not too often."""
    # by name, for Dask need not be installed
    if not isinstance(error, BrokenExecutor) and type(error).__name__ != "KilledWorker":
        raise error
    if tries >= _TRIES:
        raise RunError(
            f"the workers of one task died {tries} times (is memory short?); use fewer workers or "
            "smaller batches, and start again, what is done is kept"
        ) from error


@contextmanager
def engine_of(
    executor: Executor | str, directory: Path | None = None, jobs: int | None = None
) -> Iterator[Engine]:
    """Make an engine of an executor, or of the text that names one.

    Args:
        executor: any ``concurrent.futures.Executor``, which is left open; ``processes:N`` for N
            processes on this machine; ``dask:ADDRESS`` for the Dask cluster whose scheduler is
            there.
        directory: where objects for the workers are written; one for temporary files if not given.
        jobs: threads of one task; by default those of this machine are shared among the processes,
            and tasks elsewhere use one.

    Raises:
        OptionError: the text names no executor, Dask is not installed, or no scheduler answers.
    """
    kind, number, value = check_executor(executor)
    with ExitStack() as stack:
        folder = _folder(directory, stack)
        if isinstance(executor, Executor):
            # two tasks a worker: the next one lies ready when one is done
            width = 2 * int(getattr(executor, "_max_workers", _WIDTH // 2))
            yield Engine([_Lane(executor, width)], jobs or 1, folder)
            return
        if kind == "processes":
            threads = jobs or max(1, n_workers() // number)
            lanes = _processes(number, threads)
            stack.push(partial(_shut_down, lanes))
            yield Engine(lanes, threads, folder)
        else:
            yield Engine([_dask(value, stack)], jobs or 1, folder)


def check_executor(executor: object) -> tuple[str, int, str]:
    """What a text says that names an executor: its kind, and how many processes, or an address.

    Raises:
        OptionError: it names none, or something else was given.
    """
    kind, _, value = executor.partition(":") if isinstance(executor, str) else ("", "", "")
    number = whole(value) or 0
    named = (kind == "processes" and number) or (kind == "dask" and value)
    if not (named or isinstance(executor, Executor)):
        raise OptionError(
            f"executor is {quoted(executor)}; give processes:N, dask:ADDRESS or an Executor"
        )
    return kind, number, value


def _folder(directory: Path | None, stack: ExitStack) -> Path:
    """A folder for objects that are sent, removed at the end."""
    try:
        parent = Path(gettempdir()) if directory is None else directory
        return stack.enter_context(temporary_folder(parent, ENGINE))
    except OSError as error:
        raise RunError(unwritable(Path(error.filename), error)) from error


def _shut_down(lanes: list[_Lane], kind: type[BaseException] | None, *_: object) -> None:
    """End the processes; where the run was interrupted, without waiting for what they do."""
    for lane in lanes:
        if kind is not None and not issubclass(kind, Exception):
            # before Python 3.14 a pool has no public way to end a task that runs
            for process in list((getattr(lane.executor, "_processes", None) or {}).values()):
                process.terminate()
        lane.executor.shutdown(cancel_futures=True)


def _processes(count: int, threads: int) -> list[_Lane]:
    """A pool for each process, so that one that dies takes no other along."""

    def make() -> Executor:
        # neither torch nor OpenMP survives a fork
        context = multiprocessing.get_context("spawn")
        return ProcessPoolExecutor(1, context, _begin_process, (threads,))

    return [_Lane(make(), 2, make) for _ in range(count)]


def _begin_process(threads: int) -> None:
    """Divide the cores among the processes; Ctrl-C ends them without a word."""
    # for libraries that are loaded after this, as torch is: they look only then
    os.environ["OMP_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = str(threads)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """End when the process that gives the tasks out was killed; nobody else would tell."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        # at once: nobody is left to hear of anything
        os._exit(1)


def _dask(address: str, stack: ExitStack) -> _Lane:
    try:
        from distributed import Client
    except ImportError as error:
        raise OptionError(f"Dask is not installed; install it with {install('dask')}") from error
    try:
        client = stack.enter_context(Client(address, set_as_default=False))  # type: ignore[no-untyped-call]
    except (OSError, ValueError) as error:
        raise OptionError(
            f"no Dask scheduler answers at {address} ({error}); give its address, such as "
            "dask:tcp://127.0.0.1:8786"
        ) from error
    workers = sum(client.ncores().values())
    # not pure: Dask would take two equal calls for one, and give the answer of the first
    return _Lane(client.get_executor(pure=False), 2 * max(1, workers))
