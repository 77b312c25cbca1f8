"""The phrases of a rule as one pattern."""

import re
from collections.abc import Mapping
from typing import Any


def phrases(words: list[str], form: str = "{}", *, flags: int = re.IGNORECASE, bounded: bool = True) -> re.Pattern[str]:
    r"""One pattern for the phrases of a rule: any of them, whole words.

    Args:
        words: regular expressions, in which a space stands for any white space.
        form: where the phrase must stand, with ``{}`` for it: ``"^{}"`` at the beginning.
        flags: 0 for exact case.
        bounded: False where ``form`` says itself how words begin and end.

    >>> phrases(["privacy ?shields?"]).findall("Privacy\nShield, privacyshields, privacy shielded")
    ['Privacy\nShield', 'privacyshields']
    """
    any_of = rf"(?:{'|'.join(map(_spaced, words))})"
    return re.compile(form.format(rf"(?<!\w){any_of}(?!\w)" if bounded else any_of), flags)


def _spaced(word: str) -> str:
    """A rule's phrase with its spaces written as white space; an optional one stays optional."""
    return re.sub(r"\[[^\]]*\]| \?| (?=\{)| ", _white_space, word)


def _white_space(match: re.Match[str]) -> str:
    space = match.group()
    if space.startswith("["):
        return space.replace(" ", r"\s")
    return r"\s*" if space == " ?" else r"\s" if match.string[match.end() : match.end() + 1] == "{" else r"\s+"


def words_of(block: Mapping[str, Any], key: str, macros: Mapping[str, str]) -> list[str]:
    """The phrases of one key of a rule's block, those of all values together; none where the block leaves it out.

    Args:
        block: a block of a rule file.
        key: which phrases.
        macros: what stands for ``@name@`` in a phrase.
    """
    written = block.get(key, [])
    words = [word for words in written.values() for word in words] if isinstance(written, dict) else written
    return [re.sub("@(.*?)@", lambda macro: macros[macro[1]], word) for word in words]


def pattern_of(
    block: Mapping[str, Any],
    key: str,
    form: str = "{}",
    *,
    macros: Mapping[str, str],
    flags: int = re.IGNORECASE,
) -> re.Pattern[str] | None:
    """The phrases of one key of a rule's block as one pattern (`phrases`); None where the block leaves it out."""
    words = words_of(block, key, macros)
    return phrases(words, form, flags=flags) if words else None
