"""A result as one file: JSON with a mark, a format and a digest of what it holds.

Reading it runs nothing. The digest tells damage by chance, and that nobody has changed the file; so
it also says whose a file is that a new one would replace.
"""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from andornot._tools.checks import as_path
from andornot._tools.files import check_plain, digest, sweep, text_writer, write_whole, writing
from andornot.errors import DataError, OptionError, RunError, quoted

_MARK: Final = "result"
_FORMAT: Final = 1


def write_saved(path: str | Path, content: dict[str, Any]) -> None:
    """Write plain data as a file of ours, whole or not at all; an older one of ours is replaced.

    Raises:
        OptionError: something else lies there.
        RunError: it cannot be written.
    """
    path = as_path(path, "path")
    if not path.parent.is_dir():
        raise RunError(f"{path} cannot be written: there is no folder {path.parent}; make it")
    with writing(path):
        check_plain(path)
        if path.exists() and not _is_ours(path):
            raise OptionError(
                f"{path} is no result that andornot saved, or was changed since, so it is not "
                "replaced; choose another file"
            )
        text = json.dumps(content, default=_plain)
        # of what will be read back: floats and tuples as JSON has them
        head = {"andornot": _MARK, "format": _FORMAT, "digest": _digest(json.loads(text))}
        sweep(path.parent, path.name)
        write_whole(path, text_writer(f'{json.dumps(head)[:-1]}, "content": {text}}}\n'))


def read_saved(path: str | Path) -> dict[str, Any]:
    """What :func:`write_saved` wrote.

    Raises:
        DataError: there is no file, or it is another, damaged, or of an unknown format.
    """
    path = as_path(path, "path")
    version, content = _read(path)
    # only after the digest: a damaged file is told of as damaged, whatever format it claims
    if version != _FORMAT:
        raise DataError(
            f"{path} holds a result of format {quoted(version)}, this version reads format "
            f"{_FORMAT}; save it again with this version"
        )
    return content


def damaged(path: str | Path, reason: object) -> DataError:
    """That a file of ours cannot be used, and why."""
    return DataError(f"{path} is damaged ({quoted(str(reason))}); save the result again")


def _read(path: Path) -> tuple[object, dict[str, Any]]:
    """The format of a file of ours, of whatever version, and its content."""
    if not path.is_file():  # a pipe would be waited for
        what = "is no file" if path.exists() else "is not there"
        raise DataError(f"{path} {what}; give a file that result.save wrote")
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror}); give another file") from error
    except (ValueError, RecursionError) as error:
        raise DataError(
            f"{path} is no JSON, so it is damaged or no result that andornot saved; give a file "
            "that result.save wrote"
        ) from error
    if not isinstance(data, dict) or data.get("andornot") != _MARK:
        raise DataError(
            f"{path} holds no result that andornot saved; give a file that result.save wrote"
        )
    content = data.get("content")
    if not isinstance(content, dict) or data.get("digest") != _digest(content):
        raise damaged(path, "its content is not what andornot wrote")
    return data.get("format"), content


def _is_ours(path: Path) -> bool:
    """Whether a file is as :func:`write_saved` wrote it, in this version or another."""
    with suppress(DataError):
        return bool(_read(path))
    return False


def _digest(content: object) -> str:
    """A digest of plain data, however its text is laid out."""
    return digest([json.dumps(content, sort_keys=True).encode()])


def _plain(value: Any) -> Any:
    """A number of NumPy's as Python's own, which JSON knows."""
    return value.item()
