"""Dates as policies may state them, in words of our own: forms, labels, changes, and what is no date of the policy."""

import pytest

from privacylab.dates import effective_date

HEAD = "Larkspur Looms Privacy Policy\n"
BODY = "\nLarkspur Looms makes blankets. This policy tells you which personal data we collect and why we collect them."

# Each line of a block: the date expected, then what the text says.
LABELS = """
2018-05-25 | This policy became effective as of May 25, 2018.
2018-05-25 | Revised: 25 May 2018
2018-05-25 | Last modified on 25th May 2018
2016-05-04 | (v. 3.2, May 4, 2016)
2016-05-14 | (v. 3.2, 05/14/2016)
2019-03-01 | In effect since 1 March 2019.
2019-03-01 | This policy has been in effect since March 1, 2019.
2019-03-01 | This notice has been in force since 1st of March 2019
2020-07 | Last review: July 2020
2020-07-09 | Date of last revision: July 9, 2020
2020-07-09 | Date last modified: 9 July 2020
2020-07-09 | Date of issue: 9 July 2020
2020-07-09 | Effective date of this version: 9 July 2020
2020-07-09 | Most recent update: July 9, 2020
2020-07-09 | Most recently updated on July 9th, 2020
2020-07-09 | Latest revision July 9, 2020
2020-07-09 | Privacy policy updated 9.7.2020
2020-07-19 | Policy last changed 19/07/2020
2020-07-09 | The current version of this policy dates from 9 July 2020.
2020-07-09 | This privacy policy is dated 9 July 2020.
2020-07-09 | This privacy policy was drawn up on 9 July 2020.
2020-07-09 | This privacy statement was written on 9 July 2020.
2020-07-09 | This notice was prepared on July 9, 2020.
2020-07-09 | Policy adopted July 9, 2020
2020-07-09 | Approved by the trustees on 9 July 2020
2020-07-09 | This policy shall apply from 9 July 2020 onwards.
2020-07-09 | This policy applies from 9 July 2020.
2020-07-09 | Applicable from: 09 July 2020
2020-07-09 | With effect from 9 July 2020
2020-07-09 | w.e.f. 9 July 2020
2020-07-09 | Effective as of: 2020-07-09
2020-07-09 | Effective Date - July 9, 2020
2020-07-09 | EFFECTIVE DATE: JULY 9, 2020
2020-07-09 | Effective Date (July 9, 2020)
2020-07-09 | Effective on and after July 9, 2020
2020-07-09 | Effective starting July 9, 2020
2020-07-09 | Effective July 9, 2020 until further notice
2020-07-09 | These terms of privacy come into force on 9 July 2020.
2020-07-09 | This privacy notice took effect on July 9, 2020.
2020-07-09 | This Privacy Policy is effective beginning on July 9, 2020.
2020-07-09 | Start date: 9 July 2020
2020-07-09 | Policy version: 2020-07-09
2020-07-09 | Version date: 9 July 2020
2020-07-09 | Version 4, 9 July 2020
2020-07-09 | Version 4 of 9 July 2020
2020-07-09 | Version 2020-07-09
2020-07-09 | Version of July 9, 2020
2020-07-09 | Rev. 07/09/20 (July 9, 2020)
2020-07 | Rev. 7/2020
2020-07 | Form LLPRIV 07/2020
2020-07-09 | PP_v2_20200709
2020-07-09 | privacy-policy-2020-07-09.pdf
2020-07-09 | Privacy Policy (as at 9 July 2020)
2020-07-09 | As amended on 9 July 2020
2020-07-09 | As last amended July 9, 2020
2020-07-09 | Last amendment: July 9, 2020
2020-07-09 | Last edited by Ms Ottoline Vane on 9 July 2020
2020-07-09 | Last checked and updated: 9 July 2020
2020-07-09 | Reviewed and updated 9 July 2020
2020-07-09 | Reviewed: July 9, 2020
2020-07-09 | Updated & effective July 9, 2020
2020-07-09 | Last updated/reviewed: 9 July 2020
2020-07-09 | Page last updated: Thursday, 9 July 2020
2020-07-09 | Site last updated: Thu Jul 9 2020
2020-07-09 | Last updated: Thu, 09 Jul 2020 11:22:33 GMT
2020-07-09 | Last update: 2020-07-09T11:22:33Z
2020-07-09 | Last update: 09.07.2020, 14:30
2020-07-09 | Updated on 9th July, 2020.
2020-07-09 | Updated: 9-Jul-2020
2020-07-09 | Updated: 09JUL2020
2020-07-09 | Published: 9 July 2020
2020-07-09 | Publication date: July 9, 2020
2020-07-09 | Posted July 9, 2020
2020-07-09 | Date posted: July 9, 2020
2020-07-09 | First posted July 1, 2010; last changed July 9, 2020
2020-07-09 | Issued: 9 July 2020
2020-07-09 | Release date: 9 July 2020
2020-07-09 | Status: July 9, 2020
2020-07-09 | State: 9 July 2020
2020-07-09 | Stand: 09.07.2020
2020-07 | As of: July 2020
2020-07-09 | Date: July 9, 2020
2020-07-09 | Dated this 9th day of July, 2020
2020-07-09 | <img src="//seal.example/1"> Effective July 9, 2020
2020-07-09 | Last refreshed on July 9, 2020
2020-07-09 | Last reviewed & revised: July 9, 2020
2020-07-09 | Our privacy policy was last updated as of July 9, 2020.
2020-07-09 | We last updated this policy on July 9, 2020.
2020-07-09 | We updated our privacy policy on July 9, 2020.
2020-07-09 | We made changes to this policy on July 9, 2020.
2020-07-09 | This document was last changed on July 9, 2020.
2020-07-09 | This statement was last reviewed in full on July 9, 2020.
2020-07-09 | Modified 07/09/2020 by LLC staff, July 9, 2020
2020-07-09 | Last Updated: July 9, 2020 | Print | Download
2020-07-09 | **Last Updated:** July 9, 2020
2020-07-09 | _Last updated July 9, 2020_
2020-07-09 | *Effective*: *July 9, 2020*
2020-07-09 | Last updated\\: 2020\\-07\\-09
2020-07-19 | Last updated - 19 \\- 7 \\- 2020
2020-07-09 | Last\u00a0updated:\u00a0July\u00a09,\u00a02020
2020-07-09 | Last updated: July 9,2020
2020-07-09 | Last updated:July 9 , 2020
2020-07-09 | Last updated: July 9. 2020
2020-07-09 | Last updated: 9.July.2020
2020-07-09 | Last updated: 9. July 2020
2020-07-09 | LastUpdated: 07/09/2020 (July 9, 2020)
2020-07-09 | Last Updated July 09,2020Your privacy
"""

WORDS = """
2018-05-25 | Effective the twenty-fifth of May, two thousand and eighteen.
2018-05-25 | Effective the twenty-fifth day of May, two thousand eighteen
2018-05-01 | Last updated on the first of May 2018
2018-05-31 | Last updated on May thirty-first, twenty eighteen
2021-06-20 | In force since the twentieth of June, twenty twenty-one
2003-10-12 | Effective as of October twelfth, two thousand three.
2009-03 | Last updated in March two thousand and nine
2018 | Last updated: Spring 2018
2018 | Last updated: Q2 2018
2018 | Last updated in the second quarter of 2018
2018 | Version: Winter 2018
2018-05 | Last updated: end of May 2018
2018-05 | Last updated: mid-May 2018
2018-05 | Updated May, 2018.
2018-05 | Updated in the month of May, 2018
2018-05 | Last revision 05-2018
2018-05 | Last revision: 2018-05
2018-05 | Last revision: 2018/05
2018-05 | Last revision: 2018.05
2018 | Last revision: 2018
2018 | Last updated in 2018.
2018-09-05 | Last updated: 5 Sept 2018
2018-09-05 | Last updated: Sept 5th 2018
2018-02-05 | Last updated: Febuary 5, 2018
2018-02-05 | Last updated: 5th Febr. 2018
2018-09-05 | Last updated: Septmber 5, 2018
2018-01-05 | Last updated: 5/Jan/2018
2018-01-05 | Last updated: Jan-05-2018
2018-01-05 | Last updated: Jan/05/2018
2018-01-05 | Last updated: 2018-Jan-05
2018-11-23 | Last updated: 23 / 11 / 2018
2018-11-23 | Last updated: 11 - 23 - 2018
2018-11-23 | Last updated: 11/23/'18
2018-11-23 | Last updated: 23.11.18
2018-11-23 | Last updated: 23-11-18
2018-11-23 | Last updated: 11.23.18
2018-11-23 | Last updated: the 23rd of November, 2018
2018-11-23 | Last updated: this 23rd November, 2018
"""

# Several dates: which is the policy's own.
SEVERAL = """
2020-08-01 | Last updated: July 9, 2020. Effective: August 1, 2020.
2020-08-01 | Effective: August 1, 2020\\nLast updated: July 9, 2020
2020-08-01 | Posted July 9, 2020 and effective August 1, 2020
2020-08-01 | Published on July 9, 2020. It takes effect on August 1, 2020.
2020-08-01 | This policy was updated on July 9, 2020 and will become effective on August 1, 2020.
2020-07-09 | Created: 2 March 2011. Last modified: 9 July 2020.
2020-07-09 | Last updated: July 9, 2020 (replaces version of May 25, 2018)
2020-07-09 | Last updated: July 9, 2020. This supersedes the policy dated May 25, 2018.
2020-07-09 | Effective July 9, 2020. See the previous version (effective May 25, 2018).
2020-07-09 | Last Updated: July 9, 2020. Prior versions: May 25, 2018 | January 3, 2015
2020-07-09 | Copyright 2004-2021 Larkspur Looms. Last updated: July 9, 2020
2020-07-09 | Last updated: July 9, 2020. \u00a9 2021 Larkspur Looms Inc.
2020-07-09 | \u00a9 2005 Larkspur. Policy revised 9 July 2020. All rights reserved 2021.
2020-07-09 | Last updated: July 9, 2020. The CCPA took effect on January 1, 2020.
2020-07-09 | Updated July 9, 2020 for the California Consumer Privacy Act, effective January 1, 2020
2020-07-09 | Last updated: July 9, 2020. Next review: July 2021
2020-07-09 | Last updated: July 9, 2020. Next review due on 9 July 2022.
2020-07-09 | Terms of use last updated: May 1, 2019. Privacy policy last updated: July 9, 2020.
2020-07-09 | Privacy policy last updated: July 9, 2020. Cookie policy last updated: May 1, 2019.
2020-07-09 | Changes\\n9 July 2020: new section on looms\\n1 May 2018: first version
2020-07-09 | Change log\\n1 May 2018 - first version\\n9 July 2020 - new section on looms
2020-07-09 | Version history\\nv1.0 (1 May 2018): first version\\nv1.1 (9 July 2020): looms added
2020-07-09 | Revision history\\n| 9 July 2020 | Looms added |\\n| 1 May 2018 | First version |
2020-07-09 | History of changes:\\n- 2018-05-01 First version\\n- 2020-07-09 Looms added
2020-07-09 | Past versions: May 1, 2018; June 2, 2016. Current version: July 9, 2020.
2020-07-09 | Originally published May 1, 2018; updated July 9, 2020
2020-07-09 | First version: 1 May 2018. Current version: 9 July 2020.
2020-07-09 | Adopted 1 May 2018, last amended 9 July 2020
2020-07-09 | Last updated: July 9, 2020\\nLarkspur was founded on May 1, 1999.
2020-07-09 | Printed on 12 August 2021. Last updated on 9 July 2020.
2020-07-09 | Last updated 9 July 2020. Downloaded 12 August 2021.
"""

MORE = """
2018-05 | Last updated: 05.2018
2018-05 | Last updated: May-2018
2018-05 | Last updated: May/2018
2018-05 | Last updated: 2018 May
2018-05-25 | Last updated: 25/May/2018
2018-05-25 | Last updated : 25 – 05 – 2018
2018-05-25 | Last updated: May 25 th, 2018
2018-05-25 | Last updated: May 25<sup>th</sup>, 2018
2018-05-25 | Last updated: 25<sup>th</sup> May 2018
2018-05-25 | Effective as of 12:01 a.m. PT on May 25, 2018
2018-05-25 | Last updated on the 25/05/2018
2018-05-25 | Last Updated: Friday May 25 2018 10:00 AM
2018-05-25 | Last updated 3 months ago (May 25, 2018)
2018-05-30 | This Privacy Policy was last modified on: 05/25/2018 and became effective on 05/30/2018.
2018-05-25 | This privacy policy, effective as of May 25, 2018, tells what we do.
2018-05-25 | The effective date of this Privacy Policy is May 25, 2018.
2018-05-25 | The date of this policy is 25 May 2018.
2018-05-25 | Privacy Policy effective 25 May 2018
2018-05-25 | Privacy Policy last updated May 25th, 2018
2018-05 | Larkspur Privacy Policy – May 2018
2018-05-25 | Last Revised on May 25, 2018 and effective immediately.
2018-05-25 | We last revised this Privacy Policy on May 25, 2018.
2018-05-25 | Our Privacy Policy has been updated. It takes effect May 25, 2018.
2018-05-25 | Changes effective May 25, 2018
2018-05-25 | UPDATED: MAY 25TH 2018
2018-05-25 | Date of Last Update: 25-05-2018
2018-05-25 | Date of entry into force: 25 May 2018
2018-05-25 | In force from 25 May 2018
2018-05-25 | Valid since: 25 May 2018
2018-05-25 | Valid as from 25 May 2018
2018-05-25 | Valid from 25.05.2018 until further notice
2018-05-25 | Applicable since May 25, 2018
2018-05-25 | Policy in effect as of May 25, 2018
2018-05-25 | Amended and restated on May 25, 2018
2018-05-25 | Restated May 25, 2018
2018-05-25 | Policy owner: the DPO. Version: 3. Date approved: 25 May 2018. Review date: May 2020.
2018-05-25 | Document date: 25 May 2018
2018-05-25 | This page was last edited on 25 May 2018, at 10:00.
2018-05-25 | Updated at 2018-05-25 10:00:00 UTC
2018-05-25 | last-modified: Fri, 25 May 2018
2018-05-25 | Rev. 4 (25.5.2018)
2018-05-25 | Revision 4, 25/05/2018
2018-05-25 | This policy is current as of May 25, 2018.
2018-05-25 | This notice is accurate as of 25 May 2018.
2018-05-25 | This statement is correct as at 25 May 2018.
2018-05-25 | Privacy Notice – version dated 25 May 2018
2018-05-25 | This version: 25 May 2018
2018-05-25 | Last change: 25 May 2018
2018-05-25 | Last changes made on 25 May 2018
2018-05-25 | Modification date: 25 May 2018
2018-05-25 | Date modified: 25 May 2018
2018-05-25 | Edited: 25 May 2018
2018-05-25 | Effective since May 25, 2018
2018-05-25 | This Privacy Policy replaces all previous versions and is effective May 25, 2018.
2018-05-25 | This Policy supersedes all earlier ones. Effective: May 25, 2018.
2018-05-25 | Policy updated: 25 May 2018. Officer appointed: 1 June 2018.
2018-05-25 | Last updated May 25, 2018. Cookie declaration last updated on 1/6/2020 by Crumbly.
2018-05-25 | Terms of Service (effective March 1, 2015)\\nPrivacy Policy (effective May 25, 2018)
2018-05-25 | We wrote this policy on May 25, 2018.
2018-05-25 | Thank you for reading. (Last update 25.05.18)
2018-05-25 | Privacy policy, 25th of May 2018 edition
2018-05-25 | LAST REVISION DATE: MAY 25, 2018 | VERSION 7.0
2018-05-25 | Effective: May 25, 2018, Version: 2.0
2018-05-25 | Effective Date of Current Policy: May 25, 2018
2018-05-25 | Effective date\\nMay 25, 2018
2018-05-25 | Last updated\\n\\n25 May 2018
2018-05-25 | | Last updated | 25 May 2018 |
2018-05-25 | Privacy statement as of 25 May 2018
2018-05-25 | Date of preparation: 25 May 2018
2018-05-25 | Date of publication: 25 May 2018
2018-05-25 | Date of adoption: 25 May 2018
2018-05-25 | Date of version: 25 May 2018
2018-05-25 | Date created: 25 May 2018
"""

NONE = """
The policy of 3 May 2017 no longer applies.
The offer is valid from 3 May 2017 to 9 May 2017.
Prices effective May 3, 2017.
Please answer by 3 May 2017.
Cookie declaration last updated on 3 May 2017 by Crumbly.
The list of vendors was last updated on 3 May 2017.
Our list of sub-processors was last changed on May 3, 2017.
The Ruritanian Privacy Act, in force since 3 May 2017, gives you rights.
On May 3, 2017 the Court of Justice ruled against Ruritania.
Standard Contractual Clauses as issued on 4 June 2021 are used.
We follow Commission Decision 2010/87/EU of 5 February 2010.
The adequacy decision for Japan was adopted on 23 January 2019.
Larkspur's certification was renewed on 3 May 2017.
The Blanket Report of Spring 2017 lists our looms.
Our shop opened on the third of May, two thousand and seventeen.
We closed our accounts for Q3 2017.
We plan to update this policy in 2027.
Consents given before the twenty-fifth of May 2018 remain valid.
The General Data Protection Regulation has applied since 25 May 2018.
As of May 25, 2018 the GDPR applies to us, and we comply with it.
Effective January 1, 2020, California residents may ask us what we know about them.
Under Directive 95/46/EC of 24 October 1995 you may see your data.
Regulation (EU) 2016/679 of 27 April 2016 gives you rights.
The Act of 12 March 1998, last amended on 3 June 2012, binds us.
The Privacy Shield was declared invalid on July 16, 2020.
\u00a9 2003-2019 Larkspur Looms Ltd.
Copyright 2019 Larkspur Looms. All rights reserved.
(c) May 2019 Larkspur Looms
Larkspur Looms was founded in 1999.
Our company was registered on 4 May 2009 under number 20190401.
We keep orders that were placed before 1 January 2016.
You may apply until December 31, 2019.
Our cookie _lk expires on 31 December 2037.
Our site was certified by Pebble Audit on 3 May 2017.
Your request was received on 3 May 2017, for example.
Example: 127.0.0.1 [03/May/2017:10:11:12] GET /looms
The blanket fair takes place on 3 May 2017.
News: 3 May 2017: our looms win a prize.
Posted by Wilhelmina on 3 May 2017 in Blankets
Our Terms of Use were last updated on 3 May 2017.
Cookie Policy last updated: 3 May 2017
A new privacy policy will apply from 3 May 2017; this one remains until then.
Our previous privacy policy, effective 3 May 2017, is here.
This section was last updated on 3 May 2017.
In our 2017 annual report we count 30 complaints.
Between January 1, 2017 and December 31, 2017 we had three requests.
The security of our shop was last reviewed by auditors in May 2017.
Blanket pattern no. 03-05-2017 is out of stock.
Call 0800 2017 0503 or write to PO Box 2018.
Our app needs version 2017 or later.
Last login: 3 May 2017
Today is 3 May 2017.
Thursday, May 3, 2017 10:15 AM
Children born after 3 May 2007 may not register.
Data gathered before 3 May 2017 are treated under other rules.
Last updated: always
Effective immediately.
Last updated on the date shown above.
"""

AMBIGUOUS = """
2018-04-03 | True | Last updated: 04/03/2018
2018-04-03 | True | Last updated: 04/03/18
2018-04-03 | True | Last updated: 04-03-18
2018-12-10 | True | Last updated: 12-10-18
2018-04-25 | False | Last updated: 04/25/18
2018-04-25 | False | Last updated: 25.04.18
2018-05 | True | Last updated: 05/18
2018-05 | False | Last updated: 05/2018
1999-07 | False | Revised 7/99
2018-04-04 | False | Last updated: 04/04/18
2018-04 | False | Last updated: April '18
"""


def rows(block, n=2):
    for line in block.strip().splitlines():
        *cells, text = line.split(" | ", n - 1)
        yield *cells, text.replace("\\n", "\n").replace("\\\\", "\\")


@pytest.mark.parametrize(("expected", "text"), [*rows(LABELS), *rows(WORDS), *rows(SEVERAL), *rows(MORE)])
@pytest.mark.parametrize("place", ["top", "end"])
def test_the_date_is_found_at_either_end(expected, text, place):
    whole = HEAD + text + BODY * 12 if place == "top" else HEAD + BODY * 12 + "\n" + text
    found = effective_date(whole, snapshot="2026-01-01")
    assert found is not None and found.value == expected


@pytest.mark.parametrize("text", [text for (text,) in rows(NONE, 1)])
@pytest.mark.parametrize("place", ["top", "middle", "end"])
def test_none_is_found(text, place):
    parts = {"top": (0, 12), "middle": (6, 6), "end": (12, 0)}[place]
    whole = HEAD + BODY * parts[0] + "\n" + text + BODY * parts[1]
    assert effective_date(whole, snapshot="2026-01-01") is None


def test_a_signature_is_the_date_where_there_is_no_other():
    assert effective_date(HEAD + BODY * 9 + "\nLarkspur Looms, June 2021").value == "2021-06"
    assert effective_date(HEAD + BODY * 9 + "\nCopyright Larkspur Looms, June 2021") is None
    assert effective_date(HEAD + "Last updated: May 2020" + BODY * 9 + "\nLarkspur Looms, June 2021").value == "2020-05"


@pytest.mark.parametrize(("expected", "ambiguous", "text"), [*rows(AMBIGUOUS, 3)])
def test_it_says_when_it_is_ambiguous(expected, ambiguous, text):
    found = effective_date(HEAD + text + BODY, snapshot="2026-01-01")
    assert (found.value, str(found.ambiguous)) == (expected, ambiguous)
