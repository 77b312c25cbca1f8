"""The regular expressions of ``rules/layouts.toml``."""

import re
from functools import cache

from privacylab import paths


@cache
def pattern(*names: str) -> re.Pattern[str]:
    """The one at a place there; case, and blanks and ends of lines in it, do not count."""
    rule = paths.rules("layouts")
    for name in names:
        rule = rule[name]
    return re.compile(str(rule), re.IGNORECASE | re.VERBOSE)
