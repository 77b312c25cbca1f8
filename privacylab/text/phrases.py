"""The phrases of a rule as one pattern."""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple


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
    spaced = [re.sub(r"\[[^\]]*\]| \?| (?=\{)| ", _white_space, word) for word in words]
    any_of = f"(?:{'|'.join(spaced)})"
    return re.compile(form.format(rf"(?<!\w){any_of}(?!\w)" if bounded else any_of), flags)


def _white_space(match: re.Match[str]) -> str:
    """A space of a rule's phrase as any white space; an optional one stays optional."""
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


class Rule(NamedTuple):
    """A block of a rule file, and the phrases of its keys as patterns."""

    block: Mapping[str, Any]
    patterns: Mapping[str, re.Pattern[str]]

    def has(self, key: str, text: str) -> bool:
        """Whether a text holds a phrase of a key; it holds none where the block leaves the key out."""
        return key in self.patterns and self.patterns[key].search(text) is not None


def rule_of(
    block: Mapping[str, Any], forms: Mapping[str, str], *, macros: Mapping[str, str], flags: int = re.IGNORECASE
) -> Rule:
    """A block with its phrases.

    Args:
        block: a block of a rule file.
        forms: the keys that hold phrases, and where these must stand, as in `phrases`.
        macros: as in `words_of`.
        flags: as in `phrases`.
    """
    words = {key: words_of(block, key, macros) for key in forms}
    return Rule(block, {key: phrases(each, forms[key], flags=flags) for key, each in words.items() if each})
