"""Addresses and numbers in texts."""

import pytest

from privacylab.text.contacts import contacts


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Write to privacy@example.org.", [("email", "privacy@example.org")]),
        ("Call us at (415) 555-0100 or +49 941 1234567.", [("phone", "(415) 555-0100"), ("phone", "+49 941 1234567")]),
        ("Write to us at Box 12, Ohio. We read it.", [("post", "Write to us at Box 12, Ohio.")]),
        ("By post: 14 Mill Lane, Brattlewood.", [("post", "By post: 14 Mill Lane, Brattlewood.")]),
        ("Write to us, or see the Act of 09.07.2019 (2016/679), of 1997-2003.", []),
        ("We keep it by mail.", []),
        ("a@example.org, a@example.org", [("email", "a@example.org")]),
    ],
)
def test_contacts(text, expected):
    assert contacts([text]) == expected
