"""Find the images that a run was made from again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from andornot.errors import DataError, OptionError
from andornot.probing.dataset import ProbingData
from andornot.run import Run


def data_of(run: Run) -> ProbingData:
    """Open the images of a run again, by what its manifest says of them.

    Raises:
        OptionError: the run was made from arrays or text, or from a kind of data unknown here.
        DataError: the data has moved, or has changed since the run was made.
    """
    noted = run.manifest["data"]
    kind, path = noted["kind"], noted["path"]
    how: dict[str, Any] = noted.get("source") or {}
    if kind == "demo":
        from andornot.demo.world import draw_world

        data: ProbingData = draw_world(**how)
    elif kind in ("broden", "labelmaps"):
        data = _open_folder(run, **({"spec": f"{kind}:{path}"} | how))
    else:
        raise OptionError(
            f"{run.path} was made from data of kind {kind!r}, which has no images to show; "
            "pictures need a run on broden, labelmaps or demo data"
        )
    data = matching(run, data)
    if data.fingerprint() != noted["fingerprint"]:
        raise DataError(
            f"the data at {path} has changed since {run.path} was made from it; make the run "
            "again, or hand over the data itself if only its files' dates have changed"
        )
    return data


def _open_folder(run: Run, spec: str, **options: Any) -> ProbingData:
    from andornot.probing.open import open_data

    path = Path(spec.partition(":")[2])
    if not path.exists():
        raise DataError(
            f"the images of {run.path} were at {path} and are not there; put them back, or say "
            "where they are now"
        )
    return open_data(spec, **options)


def matching(run: Run, data: ProbingData) -> ProbingData:
    """The samples of a run, in its order, among those of a data set.

    Raises:
        DataError: a sample of the run is not in the data set.
    """
    wanted = tuple(run.samples["sample"])
    if data.sample_ids == wanted:
        return data
    where = {name: i for i, name in enumerate(data.sample_ids)}
    missing = [name for name in wanted if name not in where]
    if missing:
        raise DataError(
            f"the data at {data.path} lacks {missing[0]!r} and {len(missing) - 1} more of the "
            f"{len(wanted)} samples of {run.path}; give the data that the run was made from"
        )
    return data.subset(where[name] for name in wanted)
