"""``python -m audioqa``."""

from audioqa.cli import main

main()
