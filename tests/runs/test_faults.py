"""What happens on hard days: killed processes, full disks, damaged files, models that fail.

After each, a run that is started again gives what an undisturbed run gives, or a clear sentence.
"""

from __future__ import annotations

import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from andornot.cli import cli
from andornot.data.images.labelmaps import NewSample, write_labelmaps
from andornot.runs.cache import locked_run_directory
from pass_cases import n_recorded

pytest.importorskip("torch", reason="torch is not installed")

NET = """
    import os, time
    import torch

    class Net(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = torch.nn.Conv2d(3, 6, 3, padding=1)
            self.head = torch.nn.Linear(6, 2)
            self.seen = 0

        def forward(self, x):
            time.sleep(float(os.environ.get("NAP", 0)))
            self.seen += len(x) if len(x) != 4 else 0  # asked whether it is still the same
            if self.seen > int(os.environ.get("FAILS_AFTER", 10**9)):
                raise RuntimeError("out of luck")
            if "SIGNAL" in os.environ and self.seen > 4 + 10:  # 4 try it
                os.kill(os.getpid(), int(os.environ.pop("SIGNAL")))
            return self.head(self.layer(x).relu().mean((2, 3)))

    def net():
        torch.manual_seed(0)
        return Net()
"""
RESULTS = ("explanations.json", "explanations.parquet", "samples.parquet")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network in a file and 24 annotated images, with what an undisturbed run makes of them."""
    folder = tmp_path_factory.mktemp("world")
    (folder / "net.py").write_text(textwrap.dedent(NET))
    rng = np.random.default_rng(0)

    def samples():
        for i in range(24):
            image = rng.integers(0, 256, (24, 24, 3), np.uint8)
            labels = np.kron(rng.integers(0, 4, (6, 6)), np.ones((4, 4), np.int64))
            image[labels == 1] = (255, 0, 0)
            image[labels == 2] = (0, 0, 255)
            yield NewSample(f"{i:02d}", Image.fromarray(image), {"squares": labels})

    names = {"red": "colour", "blue": "colour", "noise": "colour"}
    write_labelmaps(folder / "data", names, samples())
    cli.main(options(folder, folder / "calm"), standalone_mode=False)
    return folder


def options(world: Path, out: Path) -> list[str]:
    return [
        "explain", "--model", f"{world / 'net.py'}:net", "--layer", "layer",
        "--data", f"labelmaps:{world / 'data'}", "--size", "24", "--mean", "0,0,0",
        "--std", "1,1,1", "--quantile", "0.05", "--length", "3", "--batch-size", "2",
        "--out", str(out), "--quiet",
    ]  # fmt: skip


def start(world: Path, out: Path, limit_bytes: int = 0, **environment: str) -> subprocess.Popen:
    def limited() -> None:
        if limit_bytes:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit_bytes, limit_bytes))

    return subprocess.Popen(
        [sys.executable, "-m", "andornot", *options(world, out)], stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, preexec_fn=limited, env=os.environ | environment,
    )  # fmt: skip


def finish(process: subprocess.Popen) -> str:
    text, _ = process.communicate(timeout=120)
    assert process.returncode == 0, text
    return text


def refused(process: subprocess.Popen) -> str:
    text, _ = process.communicate(timeout=120)
    assert process.returncode == 2, text
    assert "Traceback" not in text
    return text


def assert_undisturbed(world: Path, out: Path) -> None:
    import pandas as pd

    calm = world / "calm"
    assert (out / RESULTS[0]).read_bytes() == (calm / RESULTS[0]).read_bytes()
    for name in RESULTS[1:]:
        pd.testing.assert_frame_equal(pd.read_parquet(out / name), pd.read_parquet(calm / name))
    assert not [p for p in out.rglob("*") if p.suffix in (".tmp", ".partial")]


def kill_often(world: Path, out: Path, times: int) -> None:
    choose = random.Random(times)
    begun = time.perf_counter()
    finish(start(world, out / "whole", NAP="0.05"))
    longest = time.perf_counter() - begun
    for _ in range(times):
        process = start(world, out / "run", NAP="0.05")
        time.sleep(choose.uniform(0.3, 1.0) * longest)
        process.kill()
        process.communicate()
        if (out / "run" / "manifest.json").exists():  # it was through: begin anew
            assert_undisturbed(world, out / "run")
            shutil.rmtree(out / "run")
    finish(start(world, out / "run"))
    assert_undisturbed(world, out / "run")


def test_killed_now_and_then(world: Path, tmp_path: Path) -> None:
    kill_often(world, tmp_path, 3)


@pytest.mark.slow
def test_killed_fifty_times(world: Path, tmp_path: Path) -> None:
    kill_often(world, tmp_path, 50)


def test_a_model_that_raises_on_one_batch(world: Path, tmp_path: Path) -> None:
    text = refused(start(world, tmp_path / "run", FAILS_AFTER="10"))
    assert "at samples" in text
    assert "out of luck" in text
    finish(start(world, tmp_path / "run"))
    assert_undisturbed(world, tmp_path / "run")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_keeps_what_the_network_gave(world: Path, tmp_path: Path, number: int) -> None:
    process = start(world, tmp_path / "run", SIGNAL=str(int(number)))
    text, _ = process.communicate(timeout=120)
    assert process.returncode == 128 + number
    assert len(text.strip().splitlines()) == 1
    assert "the same command goes on from here" in text
    assert n_recorded(tmp_path / "run") == 10
    finish(start(world, tmp_path / "run"))
    assert_undisturbed(world, tmp_path / "run")


@pytest.mark.parametrize("words", [["show", "RUN"], ["analyze", "length", "RUN", "--json"]])
def test_no_room_for_what_a_command_prints(world: Path, words: list[str]) -> None:
    words = [word.replace("RUN", str(world / "calm")) for word in words]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "andornot", *words], stdout=full, stderr=subprocess.PIPE,
            text=True, check=False, timeout=120,
        )  # fmt: skip
    assert done.returncode == 2
    assert "cannot write to the standard output: No space left on device" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_a_full_disk(world: Path, tmp_path: Path) -> None:
    text = refused(start(world, tmp_path / "run", limit_bytes=3000))
    assert "cannot write" in text
    assert len(text.strip().splitlines()) == 1
    finish(start(world, tmp_path / "run"))
    assert_undisturbed(world, tmp_path / "run")


def test_a_directory_that_cannot_be_written(world: Path) -> None:
    assert "cannot write to /proc/andornot-run" in refused(start(world, Path("/proc/andornot-run")))


def test_an_unreadable_image_in_the_middle(world: Path, tmp_path: Path) -> None:
    here = tmp_path / "world"
    shutil.copytree(world, here)
    shutil.rmtree(here / "calm")
    image = here / "data" / "images" / "11.png"
    good, stamp = image.read_bytes(), image.stat()
    image.write_bytes(good[:60])
    assert "11.png" in refused(start(here, tmp_path / "run"))
    image.write_bytes(good)
    os.utime(image, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    finish(start(here, tmp_path / "run"))
    assert_undisturbed(world, tmp_path / "run")


@pytest.mark.parametrize("damage", ["empty", "cut", "noise", "gone"])
def test_damaged_parts_of_the_cache_are_made_again(
    world: Path, tmp_path: Path, damage: str, request: pytest.FixtureRequest
) -> None:
    shutil.copytree(world / "calm", tmp_path / "run")
    parts = sorted(p for p in (tmp_path / "run" / "cache").rglob("*") if p.is_file())
    part = parts[len(damage) * 7 % len(parts)]
    content = part.read_bytes()
    if damage == "gone":
        part.unlink()
    else:
        noise = random.Random(0).randbytes(len(content))
        part.write_bytes({"empty": b"", "cut": content[:-3], "noise": noise}[damage])
    text, _ = (process := start(world, tmp_path / "run")).communicate(timeout=120)
    assert "Traceback" not in text
    if process.returncode:
        assert part.name in text or part.parent.name in text
    else:
        assert_undisturbed(world, tmp_path / "run")


def test_two_runs_in_one_directory(world: Path, tmp_path: Path) -> None:
    with locked_run_directory(tmp_path / "run"):
        assert "another andornot" in refused(start(world, tmp_path / "run"))
    finish(start(world, tmp_path / "run"))
    assert_undisturbed(world, tmp_path / "run")


def test_a_clock_that_jumps(world: Path, tmp_path: Path) -> None:
    code = "import random, time; time.time = lambda: random.uniform(0, 2e9); "
    code += "from andornot.cli import main; main()"
    command = [sys.executable, "-c", code, *options(world, tmp_path / "run")]
    subprocess.run(command, check=True, timeout=120)
    assert_undisturbed(world, tmp_path / "run")


def test_a_run_of_an_unknown_format(world: Path, tmp_path: Path, capsys) -> None:
    shutil.copytree(world / "calm", tmp_path / "run")
    manifest = json.loads((tmp_path / "run" / "manifest.json").read_text())
    (tmp_path / "run" / "manifest.json").write_text(json.dumps(manifest | {"format": 999}))
    process = subprocess.run(
        [sys.executable, "-m", "andornot", "show", str(tmp_path / "run")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert process.returncode == 2
    assert "format 999" in process.stderr
