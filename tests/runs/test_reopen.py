"""What a run was made from is opened again; what moved or changed is noticed."""

from __future__ import annotations

import json

import pytest

import colour_cases
import reader_cases
from andornot import Run
from andornot.errors import DataError, OptionError
from andornot.runs.reopen import images_of, pairs_of

run = colour_cases.run
table_file, pair_run = reader_cases.table_file, reader_cases.run


def changed(run, **data):
    """The run with another note on its data."""
    manifest = json.loads(json.dumps(run.manifest))
    manifest["data"] |= data
    return Run(run.path, manifest)


def test_the_data_of_a_run_is_found_again(run):
    assert images_of(run).fingerprint() == run.manifest["data"]["fingerprint"]


def test_data_that_moved_is_missed(run, tmp_path):
    with pytest.raises(DataError, match=r"was at .*gone and is not there; put it back"):
        images_of(changed(run, source={"spec": f"labelmaps:{tmp_path / 'gone'}"}))


def test_data_that_changed_is_noticed(run):
    with pytest.raises(DataError, match="has changed since"):
        images_of(changed(run, fingerprint="0" * 64))


def test_data_without_pictures_is_refused(run):
    with pytest.raises(OptionError, match="'snli', which has no images"):
        images_of(changed(run, kind="snli"))
    with pytest.raises(OptionError, match="'labelmaps', which has no sentences"):
        pairs_of(run)


def test_pairs_that_moved_or_changed_are_noticed(pair_run, table_file, tmp_path):
    source = pair_run.manifest["data"]["source"]
    with pytest.raises(DataError, match=r"was at .*gone.tsv and is not there"):
        pairs_of(changed(pair_run, source=source | {"spec": f"pairs:{tmp_path / 'gone.tsv'}"}))
    other = tmp_path / "changed.tsv"
    text = table_file.read_text(encoding="utf-8").replace("runs", "walks")
    other.write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match="has changed since"):
        pairs_of(changed(pair_run, source=source | {"spec": f"pairs:{other}"}))
    with pytest.raises(OptionError, match="'pairs', which has no images"):
        images_of(pair_run)
