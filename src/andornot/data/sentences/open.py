"""Open sentence pairs by a short text, as the command line and configurations do."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from andornot._tools.checks import users_path, whole_number
from andornot._tools.looks import check_file
from andornot._tools.numerals import whole
from andornot.concepts.provenance import UNKNOWN
from andornot.data.samples import OWN, groups_by_name, is_expression
from andornot.data.sentences import looks
from andornot.data.sentences.conllu import read_conllu
from andornot.data.sentences.modality import SENTENCES
from andornot.data.sentences.pairs import Pair, PairData
from andornot.data.sentences.readers import COLUMNS, read_feats, read_jsonl, read_table, read_tokens
from andornot.data.sentences.tagging import DEFAULT_TAGGER, with_tags
from andornot.data.sources.named import named_sources
from andornot.errors import DataError, OptionError, quoted

KINDS = tuple(kind.name for kind in SENTENCES.kinds)

OPTIONS = ("split", "limit", "labels", "keep_unlabelled", "tagger", "group")
"""Options that a text may hold behind the file; names of columns may stand there too."""

_COLUMN_OPTIONS = tuple(key for key in COLUMNS if key not in OPTIONS)
_OPTION = re.compile(r",([A-Za-z_-]+)=")


def open_pairs(
    spec: str | Path,
    split: str | None = None,
    limit: int | None = None,
    *,
    labels: str | Path | None = None,
    columns: Mapping[str, str] | None = None,
    keep_unlabelled: bool = False,
    tagger: str | None = DEFAULT_TAGGER,
    group: str | None = None,
    sources: Sequence[Any] = (),
) -> PairData:
    """Open a set of sentence pairs.

    Args:
        spec: ``snli:FILE`` (SNLI or MNLI, JSON lines), ``snli:FOLDER`` with a split,
            or ``pairs:FILE`` (``.tok``, ``.feats``, ``.conllu``, CSV, TSV or JSON lines; see
            ``docs/reference/text.md``). The options below may follow it, as
            ``pairs:dev.tok,labels=gold.csv`` or ``pairs:my.csv,premise=text_a,hypothesis=text_b``;
            they go before the arguments.
        split: which file of a folder (``dev`` finds ``snli_1.0_dev.jsonl``), or which rows of a
            table that has a column ``split``.
        limit: keep at most so many pairs, spread evenly over the file.
        labels: for ``.tok`` and ``.feats``, a CSV or TSV file with a label for each pair.
        columns: for tables and JSON lines, names of the columns (see ``readers.read_table``).
        keep_unlabelled: for ``snli:``, keep pairs without a gold label, as the paper's probing
            does.
        tagger: the spaCy model for sentences without tags, where spaCy is installed; None to do
            without tags.
        group: which pairs are not independent of each other: the column of a table or of JSON
            lines that tells, a regular expression that begins with ``^`` and is matched to the
            ids (see ``data.samples.groups_by_name``), or ``none``, so that each is its own group.
            If not given, what the format says (``captionID`` of SNLI, documents of CoNLL-U), and
            else the premise.
        sources: further concepts, as ``dissect`` takes them: ``FILE.py:FUNCTION`` (which runs that
            file), the name of an entry point, functions or sources (see ``data.sources``).

    Raises:
        DataError: the file is missing, damaged or inconsistent.
        OptionError: an option does not fit the file.

    Examples:
        >>> pairs = open_pairs("pairs:pairs.csv", tagger=None)
        >>> len(pairs), pairs.labels
        (4, ('entailment', 'neutral', 'contradiction'))
        >>> pairs.pairs[0].hypothesis.text
        'Nobody is awake .'
        >>> len(set(pairs.groups))  # two pairs have one premise
        3
    """
    text, written = split_options(str(spec))
    if written:
        given = {"split": split, "limit": limit, "labels": labels, "columns": columns,
                 "keep_unlabelled": keep_unlabelled, "tagger": tagger, "group": group,
                 "sources": sources}  # fmt: skip
        return open_pairs(text, **(given | written))
    kind, path = _resolve(text, split)
    data = _with_groups(
        _read(kind, path, labels, columns_with(columns, group), keep_unlabelled), group
    )
    if split is not None:
        data = _of_split(data, split)
    if limit is not None:
        limit = whole_number(limit, "limit", 1)
        step = max(1.0, len(data) / limit)
        data = data.subset(int(i * step) for i in range(min(limit, len(data))))
    source = {
        # whole paths: the run may be opened again from another directory
        "spec": f"{kind}:{path.absolute()}",
        "split": split,
        "limit": limit,
        "labels": None if labels is None else str(users_path(labels, "labels").absolute()),
        "columns": None if columns is None else dict(columns),
        "keep_unlabelled": keep_unlabelled,
        "tagger": tagger,
        "group": group,
    }
    return replace(with_tags(data, tagger), source=source, further=named_sources(sources))


def columns_with(columns: Mapping[str, str] | None, group: str | None) -> Mapping[str, str] | None:
    """The names of columns, with that of groups if an option gives one."""
    if group is None or group == OWN or is_expression(group):
        return columns
    if "group" in (columns or {}):
        raise OptionError("the column of groups is given twice; give group, or columns")
    return {**(columns or {}), "group": group}


def _with_groups(data: PairData, group: str | None) -> PairData:
    """The pairs with the groups that a user names; those of a column are read with it."""
    if group == OWN:
        return replace(data, independent=True)
    if group is None or not is_expression(group):
        return data
    named = zip(data.pairs, groups_by_name(data.sample_ids, group), strict=True)
    return replace(data, pairs=tuple(replace(p, group=name or p.id) for p, name in named))


def join_labelled(data: Sequence[PairData]) -> tuple[Pair, ...]:
    """The pairs of several files that have a label, to learn from or to judge by.

    Where there are several files, the ids get the name of the file before them.

    Raises:
        DataError: no pair has a label.
    """
    names: Counter[str] = Counter()
    pairs: list[Pair] = []
    for part in data:
        names[part.name] += 1
        times = names[part.name]
        name = part.name if times == 1 else f"{part.name}~{times}"
        labelled = (pair for pair in part.pairs if pair.label)
        pairs += (replace(p, id=f"{name}:{p.id}") if len(data) > 1 else p for p in labelled)
    if not pairs:
        files = ", ".join(str(part.path) for part in data)
        raise DataError(f"no pair of {files} has a label; give labels, or name their column")
    return tuple(pairs)


def split_options(
    spec: str,
    known: Sequence[str] = OPTIONS,
    known_columns: Sequence[str] = _COLUMN_OPTIONS,
) -> tuple[str, dict[str, Any]]:
    """Part ``kind:FILE,name=value,...`` into the file and its options.

    Args:
        spec: the text.
        known: the names of all options.
        known_columns: and of all columns, which are one option together.

    Raises:
        OptionError: there is no such option, or it has no such value.
    """
    text, *parts = _OPTION.split(spec)
    options: dict[str, Any] = {}
    columns: dict[str, str] = {}
    for name, value in zip(parts[::2], parts[1::2], strict=True):
        key = name.replace("-", "_")
        if key in known_columns:
            columns[key] = value
        elif key in known:
            options[key] = _value(spec, key, value)
        else:
            raise OptionError(
                f"{quoted(spec)} has the option {quoted(name)}; there are {', '.join(known)}, "
                f"and the columns {', '.join(known_columns)}"
            )
    return text, options | ({"columns": columns} if columns else {})


def _value(spec: str, key: str, value: str) -> Any:
    """What an option's text means."""
    if key in ("limit", "cut"):
        number = whole(value)
        if number is None:
            raise OptionError(
                f"{quoted(spec)} gives {key} as {quoted(value)}; write a whole number"
            )
        return number
    if key == "keep_unlabelled":
        if value not in ("yes", "no"):
            raise OptionError(f"{quoted(spec)} gives {key} as {quoted(value)}; write yes or no")
        return value == "yes"
    return None if key == "tagger" and value == "none" else value


def _resolve(spec: str, split: str | None) -> tuple[str, Path]:
    """The kind and the file that a text means."""
    kind, _, rest = spec.partition(":")
    if kind not in KINDS or not rest:
        raise OptionError(f"{quoted(spec)} names no sentence pairs; give snli:FILE or pairs:FILE")
    path = users_path(rest, "the file of pairs")
    if kind == "snli" and path.is_dir():
        if split is None:
            raise OptionError(f"{path} is a folder; name the split, such as dev, or the file")
        found = sorted(path.glob(f"*_{split}.jsonl"))
        if len(found) != 1:
            raise DataError(
                f"{path} has {len(found)} files named *_{split}.jsonl; name another split, or the "
                "file"
            )
        path = found[0]
    check_file(path)
    if not path.is_file():
        raise DataError(f"there is no file {path}; give {kind}:FILE with sentence pairs")
    return kind, path


def _read(
    kind: str,
    path: Path,
    labels: str | Path | None,
    columns: Mapping[str, str] | None,
    keep_unlabelled: bool,
) -> PairData:
    """Read a file by the reader for it; refuse options that mean nothing to that reader."""
    found = looks.looks_like(path)
    if kind == "snli":
        if found not in (
            looks.LINES,
            looks.TOKENS,
        ):  # tokens or damage: that is for the reader to say
            raise DataError(
                f"{path} looks like {found}, and snli: reads JSON lines; give pairs:FILE"
            )
        _refuse(path, labels=labels)
        return read_jsonl(path, keep_unlabelled, columns)
    looks.check_suffix(path, found)
    if found == looks.TOKENS and columns:
        found = looks.TABLE
    match looks.SUFFIXES.get(path.suffix.lower(), found):
        case looks.LINES:
            _refuse(path, labels=labels, keep_unlabelled=keep_unlabelled)
            # of a user's own file nobody knows who parsed it
            return replace(read_jsonl(path, True, columns), kind="pairs", annotated_by=UNKNOWN)
        case looks.CONLLU:
            _refuse(path, labels=labels, columns=columns, keep_unlabelled=keep_unlabelled)
            return read_conllu(path)
        case looks.FEATS:
            _refuse(path, columns=columns, keep_unlabelled=keep_unlabelled)
            return read_feats(path, _label_file(labels))
        case looks.TABLE:
            _refuse(path, labels=labels, keep_unlabelled=keep_unlabelled)
            return read_table(path, columns)
    _refuse(path, columns=columns, keep_unlabelled=keep_unlabelled)
    return read_tokens(path, _label_file(labels))


def _label_file(labels: str | Path | None) -> Path | None:
    if labels is None:
        return None
    path = users_path(labels, "labels")
    found = looks.looks_like(path)
    if found not in (looks.TABLE, looks.TOKENS):  # a table of one column looks like tokens
        raise DataError(f"{path} looks like {found}; give the labels as a CSV or TSV file")
    return path


def _refuse(path: Path, **options: object) -> None:
    """Refuse options that mean nothing to the reader of a file."""
    for name, value in options.items():
        if value:
            columns = f" (of {', '.join(value)})" if isinstance(value, Mapping) else ""
            raise OptionError(
                f"{path.name} is a file for which {name}{columns} has no use; leave it out"
            )


def _of_split(data: PairData, split: str) -> PairData:
    """The pairs of one split; a file that says nothing of splits must bear its name."""
    inside = [i for i, name in enumerate(data.splits) if name == split]
    if inside:
        return data.subset(inside)
    if not any(data.splits) and data.path.stem.endswith(f"_{split}"):
        pairs = tuple(replace(pair, split=split) for pair in data.pairs)
        return replace(data, pairs=pairs)
    known = ", ".join(sorted(set(data.splits) - {""})) or "no split at all"
    raise OptionError(f"{data.path} has no pair in the split {quoted(split)}: it has {known}")
