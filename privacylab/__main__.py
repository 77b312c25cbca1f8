"""``privacylab`` and ``python -m privacylab``."""

import os
import signal
import sys
import threading
from typing import Any

from privacylab.paths import RulesError


def main() -> None:
    """Runs the command line; a Ctrl-C or one's own wrong rules while Python loads it leave a line, too."""
    sys.unraisablehook = _once_more
    try:
        from privacylab import cli
    except KeyboardInterrupt:
        sys.stderr.write("privacylab: stopped before anything began\n")
        sys.exit(130)
    except RulesError as error:
        sys.stderr.write(f"privacylab: {error}\n")
        sys.exit(2)
    cli.main()


def _once_more(ignored: Any) -> None:  # noqa: ANN401 (Python's own record)
    """Where Python can only print that it drops a Ctrl-C, as at the end of a weak reference, it comes again at once."""
    if ignored.exc_type is not KeyboardInterrupt:
        sys.__unraisablehook__(ignored)
        return
    again = threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT))
    again.daemon = True
    again.start()


if __name__ == "__main__":
    main()
