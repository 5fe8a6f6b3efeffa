"""Readers of the files that hold sentence pairs; ``open`` chooses among them."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from andornot._tools.checks import has_halves
from andornot.concepts.provenance import Provenance
from andornot.data.sentences.pairs import Pair, PairData, Sentence
from andornot.data.sentences.tables import find_columns, names_of, table_rows, text_lines
from andornot.errors import DataError, quoted

NO_LABEL = frozenset({"", "-", "-1", "unk", "hidden"})
"""What stands in the place of a label that nobody agreed on or that is kept back, in lower case."""

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "premise": ("premise", "sentence1", "sentence_A"),
    "hypothesis": ("hypothesis", "sentence2", "sentence_B"),
    "label": ("gold_label", "label", "entailment_judgment"),
    "id": ("pairID", "pair_ID", "uid", "id"),
    "split": ("split",),
    "group": ("captionID",),
    "premise_tags": ("premise_tags",),
    "hypothesis_tags": ("hypothesis_tags",),
}
"""Names by which the columns of a table are known, the preferred one first."""

SIDES = ("premise", "hypothesis")
"""Columns that a table of pairs must have."""

LABEL_COLUMNS = (*COLUMNS["label"], "gt")
"""The same for a file of labels; the published code's file of predictions calls it ``gt``."""

TOKEN = re.compile(r"\w+(?:'\w+)?|[^\w\s]")
# only a plain blank parts tag and token: a fraction such as "1 1/2" is one token, with a hard one
_LEAF = re.compile(r"\(([^\s()]+) ([^ ()]+)\)")
_LOOSE = re.compile(r"(?:\([^ ()]*|\)) +[^ ()]")
_ESCAPES = {
    "-LRB-": "(", "-RRB-": ")", "-LSB-": "[", "-RSB-": "]", "-LCB-": "{", "-RCB-": "}",
}  # fmt: skip

_PARSES = {"premise": "sentence1_parse", "hypothesis": "sentence2_parse"}

_PARSER = Provenance.network("the Stanford parser, as SNLI and MNLI were published")
"""Both corpora were parsed by machine."""

_EMPTY = "an empty sentence"
_UNLABELLED = "no gold label"


def tokenize(text: str) -> tuple[str, ...]:
    r"""Split a plain sentence by the expression ``\w+(?:'\w+)?|[^\w\s]``.

    Words keep their apostrophe (``don't``), and every other sign stands alone. Parses and
    published tokens split differently (``do n't``); they are used where they are there.
    """
    return tuple(TOKEN.findall(text))


def parse_leaves(parse: str) -> Sentence | None:
    """The tokens and tags at the leaves of a Penn bracketing; None if it is damaged.

    Escaped brackets become signs again as tokens (``-LRB-`` is ``(``) and stay as tags.
    """
    leaves = _LEAF.findall(parse)
    rest = _LEAF.sub("()", parse)
    if not leaves or rest.count("(") != rest.count(")") or _LOOSE.search(rest):
        return None
    tags, tokens = zip(*leaves, strict=True)
    return Sentence(tuple(_ESCAPES.get(token, token) for token in tokens), tags)


def read_jsonl(
    path: Path, keep_unlabelled: bool = False, columns: Mapping[str, str] | None = None
) -> PairData:
    """Read a JSON object a line, such as SNLI or MNLI as published.

    Tokens and tags are those of the parses; without parses the sentence is tokenised plainly.

    Args:
        path: the file.
        keep_unlabelled: keep pairs whose annotators reached no consensus (gold label ``-``), as
            the paper's probing does; otherwise they are dropped and counted.
        columns: what the fields are called, as those of a table (see :func:`read_table`).

    Raises:
        DataError: a line is damaged; the message gives its number.
        OptionError: ``columns`` has a key that we do not know.
    """
    pairs: list[Pair] = []
    dropped: Counter[str] = Counter()
    ids: Counter[str] = Counter()
    for number, line in text_lines(path):
        if not line.strip():
            continue
        where = f"{path}, line {number}"
        fields = _fields(line, columns or {}, where)
        pair = Pair(
            id=distinct(fields.get("id") or str(number), ids),
            premise=_parsed(fields, "premise", where),
            hypothesis=_parsed(fields, "hypothesis", where),
            label=label_of(fields.get("label", "")),
            split=fields.get("split", ""),
            group=fields.get("group", ""),
        )
        _keep(pair, pairs, dropped, keep_unlabelled)
    return PairData(path, "snli", tuple(pairs), dict(dropped), annotated_by=_PARSER)


def read_tokens(path: Path, labels: Path | None = None) -> PairData:
    """Read tokens between blanks: premises and hypotheses in turn, a sentence a line.

    Args:
        path: the file.
        labels: a CSV or TSV file with a row for each pair, such as the published predictions.

    Raises:
        DataError: the file cannot be read, or has not two lines for each label.
    """
    sentences = [Sentence(tuple(line.split())) for line in _lines_of(path)]
    return _alternating(path, sentences, labels)


def read_feats(path: Path, labels: Path | None = None) -> PairData:
    """Read the annotated tokens of the published code: premises and hypotheses in turn.

    The first line names the annotations and their sort, ``lemma;open|tag;closed``; then comes a
    sentence a line, its tokens as ``text|lemma|tag``. Tags are used; the others are passed over.

    Raises:
        DataError: the header is not of this kind, a token lacks an annotation, or there are not
            two sentences for each label.
    """
    header, *lines = _lines_of(path)
    fields = [part.partition(";") for part in header.strip().split("|")]
    if any(sort not in ("open", "closed", "multi") for _, _, sort in fields):
        raise DataError(
            f"{path}, line 1: {quoted(header)} is no header of annotations; it must read like "
            "'lemma;open|tag;closed'"
        )
    names = [name for name, _, _ in fields]
    sentences = []
    for number, line in enumerate(lines, 2):
        # a token may hold a bar itself, so it is read from the right
        tokens = [token.rsplit("|", len(names)) for token in line.split()]
        if damaged := [token for token in tokens if len(token) <= len(names)]:
            raise DataError(
                f"{path}, line {number}: the token {quoted('|'.join(damaged[0]))} lacks an "
                f"annotation; write text|{'|'.join(names)}"
            )
        tags = tuple(t[1 + names.index("tag")] for t in tokens) if "tag" in names else None
        sentences.append(Sentence(tuple(token[0] for token in tokens), tags))
    return _alternating(path, sentences, labels)


def read_table(path: Path, columns: Mapping[str, str] | None = None) -> PairData:
    """Read a CSV or TSV file with a header: a pair a row.

    Args:
        path: the file; its header decides between tabs and commas.
        columns: what the columns are called, for instance ``{"premise": "text_a"}``; for the keys
            and the names that are known anyway see ``COLUMNS``. Where there are tags (as many as
            tokens, with blanks between), the sentences are split at blanks too; otherwise they
            are tokenised (see :func:`tokenize`).

    Raises:
        DataError: a column is missing, or a row is damaged; the message gives its number.
        OptionError: ``columns`` has a key that we do not know.
    """
    pairs: list[Pair] = []
    dropped: Counter[str] = Counter()
    ids: Counter[str] = Counter()
    rows = table_rows(path)
    _, header = next(rows)
    advice = ", or give sentences:FILE for single texts"
    used = find_columns(path, header, columns or {}, COLUMNS, SIDES, advice)
    for number, cells in rows:
        row = {key: cells[at].strip() for key, at in used.items()}
        where = f"{path}, row {number}"
        pair = Pair(
            id=distinct(row.get("id") or str(len(ids)), ids),
            premise=_plain(row["premise"], row.get("premise_tags"), where),
            hypothesis=_plain(row["hypothesis"], row.get("hypothesis_tags"), where),
            label=label_of(row.get("label", "")),
            split=row.get("split", ""),
            group=row.get("group", ""),
        )
        _keep(pair, pairs, dropped, keep_unlabelled=True)
    return PairData(path, "pairs", tuple(pairs), dict(dropped))


def _keep(pair: Pair, pairs: list[Pair], dropped: Counter[str], keep_unlabelled: bool) -> None:
    """Put a pair with the others, or count why it is dropped."""
    if not pair.premise.tokens or not pair.hypothesis.tokens:
        dropped[_EMPTY] += 1
    elif not pair.label and not keep_unlabelled:
        dropped[_UNLABELLED] += 1
    else:
        pairs.append(pair)


def label_of(text: str) -> str:
    """A label in lower case; empty where what stands there means that there is none."""
    # pandas writes whole numbers as floats where one of them is missing
    label = re.sub(r"(?<=\d)\.0$", "", text.strip().lower())
    return "" if label in NO_LABEL else label


def distinct(name: str, seen: Counter[str]) -> str:
    """An id that no earlier pair has: the second ``x`` becomes ``x~2``."""
    seen[name] += 1
    if seen[name] == 1:
        return name
    # an earlier pair may itself be called x~2
    return distinct(f"{name}~{seen[name]}", seen)


def _alternating(path: Path, sentences: Sequence[Sentence], labels: Path | None) -> PairData:
    """Pairs of sentences that stand in turn; ids are their places, from 0."""
    if len(sentences) % 2:
        raise DataError(
            f"{path} has {len(sentences)} sentences, but premises and hypotheses come in turn; "
            "give an even number of lines"
        )
    n_pairs = len(sentences) // 2
    known = [""] * n_pairs if labels is None else _read_labels(labels)
    if len(known) != n_pairs:
        raise DataError(
            f"{labels} has {len(known)} labels for the {n_pairs} pairs of {path}; give one for each"
        )
    pairs: list[Pair] = []
    dropped: Counter[str] = Counter()
    for i, label in enumerate(known):
        pair = Pair(str(i), sentences[2 * i], sentences[2 * i + 1], label)
        _keep(pair, pairs, dropped, keep_unlabelled=True)
    return PairData(path, "pairs", tuple(pairs), dict(dropped))


def _read_labels(path: Path) -> list[str]:
    rows = table_rows(path)
    _, header = next(rows)
    column = next((header.index(name) for name in LABEL_COLUMNS if name in header), None)
    if column is None:
        raise DataError(
            f"{path} has no column of labels (its header names {', '.join(header)}); "
            f"call it {' or '.join(LABEL_COLUMNS)}"
        )
    return [label_of(cells[column]) for _, cells in rows]


def _fields(line: str, columns: Mapping[str, str], where: str) -> dict[str, str]:
    """What a line of JSON says of a pair, by our names; its parses too."""
    known = json_record(line, where)
    found = named_fields(known, columns, COLUMNS, SIDES, where)
    for name in _PARSES.values():
        if known.get(name):
            is_text = isinstance(known[name], str) and not has_halves(known[name])
            found[name] = known[name] if is_text else quoted(known[name])
    return found


def json_record(line: str, where: str) -> dict[str, Any]:
    """The object in a line of JSON; an empty one if it holds something else.

    Raises:
        DataError: it is no JSON.
    """
    try:
        record = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise DataError(
            f"{where}: this is no JSON ({error}); the file is damaged, or is not an object a line"
        ) from None
    return record if isinstance(record, dict) else {}


def named_fields(
    known: Mapping[str, Any],
    columns: Mapping[str, str],
    all_names: Mapping[str, tuple[str, ...]],
    needed: Sequence[str],
    where: str,
) -> dict[str, str]:
    """The texts of a record, by our names.

    Args:
        known: the record.
        columns: what a user calls some of its fields.
        all_names: by what names each field is known otherwise.
        needed: the fields that must be there, and be texts.
        where: file and line, for messages.

    Raises:
        DataError: a field that is needed, or that the user names, is missing or no text.
        OptionError: ``columns`` has a key that is not known.
    """
    found = {}
    for key, names in names_of(columns, all_names).items():
        name = next((name for name in names if name in known), None)
        if name is not None:
            found[key] = _text(known[name], name, where, key in needed)
        elif key in columns or key in needed:
            called = " or ".join(map(repr, (*names[1:], names[0])))  # as in SNLI first
            raise DataError(
                f"{where}: the record has no text {called} for the {key} (its fields are "
                f"{', '.join(known)[:200] or 'none'}); each line must be an object with it, under "
                f"a name that `,{key}=NAME` behind the file may give"
            )
    return found


def _text(value: object, name: str, where: str, is_sentence: bool) -> str:
    """The text of a field; a label or an id may be missing, or a whole number."""
    # pandas writes a missing cell as NaN, which Python's json reads
    if not is_sentence and (value is None or value != value):
        return ""
    if not is_sentence and isinstance(value, int | float) and not isinstance(value, bool):
        return str(int(value) if value == value // 1 else value)
    if not isinstance(value, str) or has_halves(value):
        raise DataError(f"{where}: {name!r} is {quoted(value)}, which is no text; mend the line")
    return value


def _parsed(fields: Mapping[str, str], key: str, where: str) -> Sentence:
    """One sentence of a record: from its parse if there is one."""
    parse = fields.get(_PARSES[key])
    if not parse:
        return _plain(fields[key], fields.get(f"{key}_tags"), where)
    sentence = parse_leaves(parse)
    if sentence is None:
        raise DataError(
            f"{where}: {_PARSES[key]} is no Penn bracketing ({quoted(parse)}); "
            "mend the line or remove it"
        )
    return Sentence(sentence.tokens, sentence.tags, fields[key])


def _plain(text: str, tags: str | None, where: str) -> Sentence:
    if not tags:
        return Sentence(tokenize(text), None, text)
    tokens, given = tuple(text.split()), tuple(tags.split())
    if len(tokens) != len(given):
        raise DataError(
            f"{where}: {len(given)} tags for the {len(tokens)} tokens of {quoted(text)}; give one "
            "for each token, tokens with blanks between them"
        )
    return Sentence(tokens, given, text)


def _lines_of(path: Path) -> list[str]:
    """All lines of a text file, without the empty ones at its end."""
    lines = [line.rstrip("\r\n") for _, line in text_lines(path)]
    while lines and not lines[-1].strip():
        lines.pop()
    if not lines:
        raise DataError(f"{path} is empty; give a file with at least one sentence pair")
    return lines
