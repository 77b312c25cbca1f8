"""How to reach an organisation: the addresses and numbers in its texts."""

import re
from collections.abc import Sequence

from privacylab.text.sentences import sentences

_CONTACTS = {
    "email": re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]+(?:\.[\w-]+)+"),
    "phone": re.compile(
        r"(?:(?<=phone)|(?<=tel)|(?<=call)|(?<=call us)|(?<=fax)|(?<![\w./-])(?=\+|1-8|\(\d{3}\)))"
        r"[ :.]{0,3}(?:at |on |number )?(\+?\(?\d[\d ()./-]{6,18}\d)",
        re.IGNORECASE,
    ),
}

_BY_POST = re.compile(r"\b(?:writ(?:e|ing) to|by (?:post|mail)|mailing address|letters? to)\b", re.IGNORECASE)
_ADDRESS = re.compile(
    r"\bBox \d|\b\d+[a-z]? [A-Z][a-z]+ [A-Z][a-z]|\b[A-Z]{2} \d{5}\b|\b[A-Z]{1,2}\d{1,2} \d[A-Z]{2}\b"
)


def contacts(texts: Sequence[str]) -> list[tuple[str, str]]:
    """How to reach the organisation: ``email``, ``phone`` and ``post`` (the sentence with the address), each once.

    >>> contacts(["Write to privacy@example.org, or call +44 20 7946 0000."])
    [('email', 'privacy@example.org'), ('phone', '+44 20 7946 0000')]
    """
    rows = []
    for text in texts:
        for kind, pattern in _CONTACTS.items():
            rows += [(kind, contact.strip()) for contact in pattern.findall(text)]
        by_post = filter(_BY_POST.search, sentences(text))
        rows += [("post", sentence) for sentence in by_post if _ADDRESS.search(sentence)]
    return list(dict.fromkeys(rows))
