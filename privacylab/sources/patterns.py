"""The regular expressions of ``rules/layouts.toml``; a long one keeps its words apart from its form."""

import re
from functools import cache

from privacylab import paths


@cache
def pattern(*names: str) -> re.Pattern[str]:
    """The expression at a place there; case, and blanks and line ends in it, do not matter."""
    rule = paths.rules("layouts")
    for name in names:
        rule = rule[name]
    written = rule if isinstance(rule, str) else rule["form"].replace("@words@", "|".join(rule["words"]))
    return re.compile(written, re.IGNORECASE | re.VERBOSE)
