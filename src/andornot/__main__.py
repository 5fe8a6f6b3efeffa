"""``python -m andornot``."""

from andornot.cli import main

main()
