"""``privacylab`` and ``python -m privacylab``."""

import sys


def main() -> None:
    """Runs the command line; a Ctrl-C while Python loads it leaves a line, too."""
    try:
        from privacylab import cli
    except KeyboardInterrupt:
        sys.stderr.write("privacylab: stopped before anything began\n")
        sys.exit(130)
    cli.main()


if __name__ == "__main__":
    main()
