"""``python -m privacylab``."""

from privacylab.cli import main

main()
