"""``python -m benchmarks``."""

from andornot.cli import main
from benchmarks.cli import bench

main(command=bench, name="python -m benchmarks")
