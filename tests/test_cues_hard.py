"""Statements as policies may make them, in words of our own: each names its cue, with its value where it has one."""

import pytest

from privacylab.cues import cues

FIRE = """
right_access | You have the right to review, update and delete your information.
right_access | Larkspur provides you with a way to view the personal data it holds.
right_rectification | We offer you the means to correct or remove the personal data you gave us.
right_rectification | Keep your personal information up to date. Just log into your account and update it.
right_erasure | We offer you the means to correct or remove the personal data you gave us.
right_erasure | You have the right to request removal of unwanted information that you posted.
retention_period=P36M | After thirty-six (36) months of inactivity we may delete your account.
retention_period=P2Y | After 2 years without a visit your profile is erased.
supervisory_authority | You may complain to the Information Regulator.
business_transfer | If we merge with another company, your data go with us.
business_transfer | If all of our assets are sold, we may pass on your information.
business_transfer | Should Larkspur merge with or be bought by another business, this policy goes on.
"""

SILENT = """
right_access | We have the right to review all comments.
right_rectification | Log in and update the app.
right_erasure | We have the right to remove any content.
retention_period | After 30 days we may change the price and remove the offer of free blankets at once, as said.
business_transfer | We merge your data with those of another visit.
business_transfer | Our assets are insured, and our data are safe.
supervisory_authority | Banks are watched by their regulator.
"""


def rows(block):
    return [line.split(" | ", 1) for line in block.strip().splitlines()]


def found(text):
    return {name for cue in cues(text) for name in (cue.cue, f"{cue.cue}={cue.value}")}


@pytest.mark.parametrize(("cue", "text"), rows(FIRE))
def test_the_cue_fires(cue, text):
    assert cue in found(text)


@pytest.mark.parametrize(("cue", "text"), rows(SILENT))
def test_the_cue_keeps_silent(cue, text):
    assert cue not in found(text)
