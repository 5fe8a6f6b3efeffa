"""Texts that name networks, made to hold from anywhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from andornot.specs import absolute


@pytest.mark.parametrize("text", [None, "torchvision:resnet18", "DEFAULT", "PairClassifier"])
def test_texts_without_a_path_stay(text):
    assert absolute(text) == text


def test_texts_with_a_path_are_resolved(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("weights.pt").touch()
    assert absolute("weights.pt") == str(tmp_path / "weights.pt")
    assert absolute("hf:sub/net") == f"hf:{tmp_path / 'sub' / 'net'}"
