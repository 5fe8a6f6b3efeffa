"""What programs read of commands: JSON and TSV."""

from __future__ import annotations

import csv
import io
import json
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from andornot.cli.machine import print_json, print_tsv
from report_cases import EVIL

NAMES = [
    EVIL,
    "a\tb",
    "two\nlines",
    "two\r\nlines",
    'a "quoted" name',
    '"dog, brown" AND cat',
    "é漢",
]


def test_json_has_no_nan_and_says_names_as_they_are(capsys):
    print_json({"iou": math.nan, "counts": np.arange(2), "names": NAMES, "none": None})
    printed = capsys.readouterr().out
    assert json.loads(printed, parse_constant=pytest.fail) == {
        "iou": None, "counts": [0, 1], "names": NAMES, "none": None,
    }  # fmt: skip
    assert "漢" in printed


def test_json_of_a_name_that_the_output_cannot_say(capsys):
    print_json({"name": "odd \udce9 one"})
    assert json.loads(capsys.readouterr().out) == {"name": "odd \udce9 one"}


def test_a_table_reads_back_as_it_was(capsys):
    rows = [{"unit": i, "iou": 0.1 + i / 7, "formula": name} for i, name in enumerate(NAMES)]
    print_tsv(rows, ("unit", "iou", "formula", "missing"))
    printed = capsys.readouterr().out
    read = pd.read_csv(io.StringIO(printed), sep="\t", keep_default_na=False)
    assert list(read["formula"]) == NAMES
    assert list(read["iou"]) == [row["iou"] for row in rows]
    assert set(read["missing"]) == {""}


@given(st.lists(st.text(st.characters(blacklist_categories=["Cs"])), min_size=1))
def test_any_text_reads_back(names):
    with pytest.MonkeyPatch.context() as patch:
        printed = io.StringIO()
        patch.setattr("sys.stdout", printed)
        print_tsv(({"n": 1, "name": name} for name in names), ("n", "name"))
    lines = csv.reader(io.StringIO(printed.getvalue(), newline=""), "excel-tab")
    assert [name for _, name in lines] == ["name", *names]
