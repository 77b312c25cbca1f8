"""Statements as policies may make them, in words of our own: each names its cue, with its value where it has one."""

import pytest

from privacylab.cues import cues

FIRE = """
right_access | You are entitled to know which data we hold about you.
right_access | You can ask us for a copy of your data.
right_access | To see the personal information that we have about you, write to us.
right_access | If you wish to access, correct or delete your personal information, please write to us.
right_access | We give you access to your personal data on request.
right_access | Users may view and edit their account information at any time.
right_rectification | You can have inaccurate data corrected.
right_rectification | You may ask that wrong data be corrected.
right_rectification | If your details change, you can update them in your account settings.
right_rectification | You may change or correct your information by logging in to your account.
right_rectification | Please let us know if the data we hold about you are wrong, and we will correct them.
right_erasure | You may ask that your data be deleted.
right_erasure | You can delete your account at any time.
right_erasure | We will delete your personal data on your request.
right_erasure | To have your information removed, write to us.
right_erasure | Upon request Larkspur will remove your data from its lists.
right_erasure | You may close your account and have your data erased.
right_portability | You can receive your data in a structured, commonly used and machine-readable format.
right_portability | You may ask us to transfer your data to another controller.
right_objection | You may object at any time to the use of your data for marketing.
right_objection | You have the right, on grounds relating to your situation, to object.
right_restriction | You can ask us to restrict how we use your data.
right_restriction | You may demand that the processing be restricted.
right_withdraw_consent | Consent may be revoked at any time.
right_withdraw_consent | You can take back your consent whenever you like.
right_withdraw_consent | You are free to withdraw this consent.
right_complaint | You may lodge a complaint with the data protection authority where you live.
right_complaint | You can complain to the Information Commissioner's Office.
basis_consent | Our legal basis is your consent.
basis_consent | We do this with your consent (Art. 6(1)(a) GDPR).
basis_consent | We use your e-mail address on the basis of the consent that you gave.
basis_contract | We need these data to perform our contract with you.
basis_contract | Processing is necessary to fulfil our contractual obligations to you.
basis_contract | The legal basis is Art. 6 para. 1 lit. b GDPR.
basis_legal_obligation | We have to keep invoices to meet our legal obligations.
basis_legal_obligation | Some processing is needed for compliance with a legal obligation.
basis_legitimate_interests | It is in our legitimate interest to prevent fraud.
basis_legitimate_interests | The processing serves legitimate interests of ours.
basis_vital_interests | We may use your data to protect someone's vital interests.
basis_public_task | We act in the public interest or in the exercise of official authority.
retention_period=P30D | Log files are deleted after 30 days.
retention_period=P6M | We keep applications for six months.
retention_period=P1Y | Your data will be stored for one year.
retention_period=P10Y | Tax records are retained for 10 years by law.
retention_period=P7D | Chats are erased within seven days.
retention_period=P14D | The logs are overwritten every 14 days.
retention_period=P18M | The storage period is 18 months.
retention_period=as-long-as-necessary | We keep your data only as long as we need them.
retention_period=as-long-as-necessary | Data are kept no longer than necessary.
retention_period=as-long-as-necessary | We hold your information as long as is needed to serve you.
dpo | Our data protection officer is Ottoline Vane.
dpo | Write to the DPO at dpo@larkspur.example.
supervisory_authority | The competent supervisory authority is that of Ghent.
supervisory_authority | Write to the Office of the Privacy Commissioner of Canada.
do_not_track | We do not respond to DNT signals.
do_not_track | Some browsers have a "Do Not Track" setting.
do_not_track | Our site ignores do-not-track requests.
global_privacy_control | We treat a GPC signal as an opt-out.
sale_of_data=does-not-sell | We never sell your personal data.
sale_of_data=does-not-sell | Your information is not sold to anybody.
sale_of_data=does-not-sell | Larkspur does not rent or sell its lists of customers' addresses.
sale_of_data=does-not-sell | We will not sell, rent or share your information.
sale_of_data=sells | We may sell your information to other firms.
sale_of_data=opt-out | Californians may opt out of the sale of their data.
sale_of_data=opt-out | Click "Do Not Sell My Personal Information".
children_age=13 | We do not knowingly collect data from anyone under 13.
children_age=16 | Our shop is not meant for persons under the age of sixteen.
children_age=13 | Children younger than 13 may not register.
children_age=18 | You must be 18 or older to order.
children_age=14 | Minors below the age of 14 need their parents' leave.
children_age=13 | Users must be at least 13 years of age.
privacy_seal | Larkspur holds the TRUSTe seal.
privacy_seal | We are a member of the BBBOnLine Privacy Program.
tracker | We set cookies.
tracker | Our mails hold a web beacon.
tracker | Pixel tags count the visits.
tracker | We log the visits in server log files.
tracker | Local Shared Objects keep your settings.
ai | We use machine learning to sort orders.
ai | No automated decisions are taken about you.
ai | You have a right not to be subject to automated decision-making.
ai | Chats with our AI assistant are kept.
precise_location | Our app asks for your precise location.
precise_location | We read the GPS data of your phone.
biometric | We store a template of your face print, that is, biometric data.
social_login | You can sign in with your Facebook account.
social_login | If you register through Google or Facebook, we get your name.
breach_notice | We will notify you of any data breach.
breach_notice | In the event of a security breach we will inform you by e-mail.
business_transfer | If our company is sold, your data go to the buyer.
business_transfer | In the event of a merger or acquisition your information may be transferred.
business_transfer | Your data may pass to a successor in a bankruptcy.
business_transfer | We may transfer data in connection with a sale of our company or its assets.
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
right_access | Readers are entitled to know how we answer such signals.
right_access | We may access your account to help you.
right_erasure | We delete spam at once.
right_erasure | You can delete cookies in your browser.
right_rectification | We correct errors in our shop as we find them.
right_objection | The object of this section is to inform you.
right_complaint | If you have a complaint, write to our shop.
basis_consent | By ordering you consent to our terms.
basis_legal_obligation | We obey the law.
basis_contract | Our contractors wear hats.
retention_period | We answer within 30 days.
retention_period | The cookie expires after 30 days.
retention_period | You can return a blanket within 14 days.
retention_period | We have sold blankets for 30 years.
dpo | Our chief privacy officer is Ottoline Vane.
sale_of_data | We sell blankets at fair prices.
sale_of_data | We may sell our business.
children_age | Delivery takes 13 days.
tracker | We do not use cookies.
ai | We write each answer by hand.
precise_location | Our location is in Ghent.
social_login | Follow us on Facebook.
breach_notice | A breach of these rules ends your account.
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
