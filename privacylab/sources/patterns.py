"""The regular expressions of ``rules/layouts.toml``; of a long one the words stand apart from the form around them."""

import re
from functools import cache

from privacylab import paths


@cache
def pattern(*names: str) -> re.Pattern[str]:
    """The one at a place there; case, and blanks and ends of lines in it, do not count."""
    rule = paths.rules("layouts")
    for name in names:
        rule = rule[name]
    written = rule if isinstance(rule, str) else rule["form"].replace("@words@", "|".join(rule["words"]))
    return re.compile(written, re.IGNORECASE | re.VERBOSE)
