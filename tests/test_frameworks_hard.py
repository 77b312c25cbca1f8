"""Frameworks as policies may name them, in words of our own: spellings, lists, namesakes, and who does what."""

import pytest

from privacylab.frameworks import mentions

SPELLINGS = """
safe_harbor | Larkspur follows the US-EU Safe Harbour.
safe_harbor | Larkspur follows the U.S.-E.U. Safe-Harbor programme.
safe_harbor | Larkspur follows the US/EU SafeHarbor principles.
safe_harbor | Larkspur follows the U.S. - EU Safe  Harbor.
safe_harbor | Larkspur follows the EU/US safeharbour arrangement.
safe_harbor | Larkspur follows the US \u2013 EU Safe\\nHarbor Framework.
safe_harbor | Larkspur follows the Safe Har\u00adbor principles agreed with the EU.
safe_harbor | Larkspur follows the EU Safe\u00a0Harbor.
safe_harbor | Larkspur follows the International Safe Harbor Privacy Principles.
safe_harbor | Larkspur follows the Swiss Safe Harbor.
safe_harbor | Larkspur follows the EU safe-\\nharbor rules.
safe_harbor safe_harbor | Larkspur follows the U.S.-EU Safe Harbor and the U.S.-Swiss Safe Harbor.
privacy_shield | Larkspur follows the PrivacyShield.
privacy_shield | Larkspur follows the Privacy-Shield of the EU and the US.
privacy_shield | Larkspur follows the EU/US Privacy\\nShield.
privacy_shield | Larkspur follows the EU\u2013US Privacy Shield Frameworks.
privacy_shield | Larkspur follows the Swiss\u2013U.S. Privacy Shield.
privacy_shield | Larkspur follows the EU-U.S. and Swiss-U.S. Privacy Shield Frameworks.
privacy_shield | Larkspur follows the Privacy Shi\u00adeld.
privacy_shield | Larkspur follows the EU-US-Privacy-Shield.
privacy_shield | Larkspur follows the privacy shield agreement between the EU and the USA.
dpf | Larkspur follows the EU-U.S. Data Privacy Framework.
dpf | Larkspur follows the EU-US DPF.
dpf | Larkspur follows the EU\u2013US Data Privacy Framework.
dpf | Larkspur follows the EU/US Data Privacy Framework.
dpf | Larkspur follows the Trans-Atlantic Data Privacy Framework.
dpf | Larkspur follows the Transatlantic Data Privacy Framework.
dpf | Larkspur follows the Trans-Atlantic Data Privacy Framework (TADPF) principles.
dpf | Larkspur follows the Swiss-U.S. Data Privacy Framework.
dpf | Larkspur follows the EU-US Data-Privacy-Framework.
dpf dpf | Larkspur follows the UK Extension to the EU-U.S. Data Privacy Framework and the DPF Principles.
dpf | Larkspur follows the UK-US data bridge.
dpf | Larkspur follows the U.S. Data Privacy Framework of the EU and the Department of Commerce.
dpf dpf | Larkspur follows the EU-U.S. Data Privacy Framework (\u201cEU-U.S. DPF\u201d).
dpf | Larkspur follows the EU-U.S. and Swiss-U.S. Data Privacy Frameworks.
privacy_shield dpf | Larkspur follows the EU-U.S. Data Privacy Shield Framework's successor, the DPF.
gdpr | Larkspur follows the G.D.P.R. of the Union.
gdpr | Larkspur follows Regulation (EU) 2016/679.
gdpr | Larkspur follows Regulation 2016/679/EU.
gdpr | Larkspur follows the EU Regulation No. 2016/679.
gdpr | Larkspur follows the DSGVO.
gdpr | Larkspur follows the DS-GVO.
gdpr | Larkspur follows the RGPD.
gdpr | Larkspur follows the General Data Protection Regulations.
gdpr | Larkspur follows the General Data Protection\\nRegulation.
gdpr | Larkspur follows the General Data-Protection Regulation.
gdpr | Larkspur follows the European Data Protection Regulation.
gdpr | Larkspur follows the EU-GDPR.
gdpr | Larkspur follows the EU's General Data Protection Regulation (2016/679).
gdpr gdpr | Larkspur follows the General Data Protection Regulation (GDPR).
gdpr | Larkspur follows the General Data Privacy Regulation of the EU.
gdpr uk_gdpr | Larkspur follows the EU and UK GDPR.
uk_gdpr | Larkspur follows the UK-GDPR.
uk_gdpr | Larkspur follows the U.K. GDPR.
uk_gdpr | Larkspur follows the UK General Data Protection Regulation.
uk_dpa_2018 | Larkspur follows the Data Protection Act 2018.
uk_dpa_2018 | Larkspur follows the UK Data Protection Act (2018).
uk_dpa_2018 | Larkspur follows the DPA 2018.
directive_95_46 | Larkspur follows Directive 95/46/EC.
directive_95_46 | Larkspur follows EU Directive 95/46.
directive_95_46 | Larkspur follows the European Data Protection Directive.
directive_95_46 | Larkspur follows the EU Directive on Data Protection.
ccpa ccpa | Larkspur follows the California Consumer Privacy Act of 2018 (CCPA).
ccpa | Larkspur follows the CCPA/CPRA.
ccpa | Larkspur follows the California Privacy Rights Act of 2020.
ccpa | Larkspur follows the California Consumer Protection Act on privacy.
ccpa | Larkspur follows California\u2019s Consumer Privacy Act.
ccpa ccpa | Larkspur follows the CCPA as amended by the CPRA.
coppa | Larkspur follows the Children\u2019s Online Privacy Protection Act.
coppa | Larkspur follows the Children's On-line Privacy Protection Act of 1998.
coppa | Larkspur follows the Childrens Online Privacy Protection Rule.
coppa | Larkspur follows the Child Online Privacy Protection Act.
hipaa | Larkspur follows the Health Insurance Portability & Accountability Act.
hipaa | Larkspur follows HIPPA.
lgpd | Larkspur follows the Lei Geral de Prote\u00e7\u00e3o de Dados.
lgpd | Larkspur follows Brazil's General Data Protection Law.
lgpd | Larkspur follows the Brazilian LGPD.
pipeda | Larkspur follows Canada's Personal Information Protection and Electronic Documents Act.
pecr | Larkspur follows the Privacy and Electronic Communications Regulations 2003.
pecr | Larkspur follows the Privacy and Electronic Communications (EC Directive) Regulations 2003.
scc | Larkspur uses the EU Standard Contractual Clauses.
scc | Larkspur uses standard contract clauses for transfers.
scc | Larkspur uses the EU Model Clauses.
scc | Larkspur uses standard data protection clauses.
scc | Larkspur uses the Model Contract Clauses of the Commission.
scc | Larkspur uses standard contractual data protection clauses.
scc | Larkspur uses SCCs.
scc | Larkspur uses Standard-Contractual-Clauses.
scc | Larkspur uses Commission-approved contractual clauses of the EU for transfers.
bcr | Larkspur uses Binding Corporate Rules.
bcr | Larkspur uses its BCRs.
adequacy | Larkspur sends data under an adequacy decision.
adequacy | Larkspur sends data to countries deemed adequate by the European Commission.
"""

NAMESAKES = """
coppa_safe_harbor | Larkspur Kids is certified by the kidSAFE Seal Program, a COPPA safe harbor approved by the FTC.
coppa_safe_harbor | We are a member of an FTC-approved COPPA Safe Harbor program.
coppa_safe_harbor | PRIVO is an independent, third-party organization and a COPPA safe harbor.
coppa_safe_harbor | iKeepSafe's COPPA Safe Harbor certification covers our toys.
coppa_safe_harbor | Our games hold the CARU Safe Harbor seal for children.
coppa_safe_harbor coppa | The ESRB's Safe Harbor program is approved under COPPA.
- | The DMCA gives hosts a safe harbor.
- | We rely on the safe harbor provisions of 17 U.S.C. 512.
- | To claim the safe harbor for copyright, a host takes down what infringes.
- | Our forecasts are made under the safe harbor for forward-looking statements.
- | This report relies on the safe harbor of the Private Securities Litigation Reform Act of 1995.
- | Section 27A of the Securities Act creates a safe harbor.
hipaa | Records are de-identified by the safe harbor method of HIPAA.
- | Identifiers are removed under the Safe Harbor de-identification standard.
- | The bay is a safe harbor for small boats.
- | Our plan is a safe harbor 401(k).
- | The law grants a safe harbor to firms that encrypt their data.
- | The bank meets its capital adequacy ratio.
- | We check the adequacy of our safeguards each year.
- | We keep an adequate level of protection for your data.
- | Our privacy framework for data rests on five ideas.
- | All staff are trained in our data privacy framework.
- | The APEC Privacy Framework guides our Asian offices.
- | The NIST Privacy Framework helps us to manage risks.
- | Larkspur Shield blocks unwanted mail.
- | Buy our privacy shield for your laptop screen.
- | The Shield subscription costs two euros.
- | Spray Shield protects your loom.
- | Click the shield icon to see who may look.
- | A firewall shields our servers.
- | Mr Schrems brought the case.
- | The Schrems II ruling changed much.
- | Our founder Max Schrems-Weaver likes looms.
- | Visit www.privacyshield.gov or export.gov/safeharbor.
- | See https://www.dataprivacyframework.gov/list for the list.
- | Write to gdpr@larkspur.example, dpf@larkspur.example or ccpa-help@larkspur.example.
- | [Our notice](https://larkspur.example/privacy-shield/gdpr) tells more.
- | The Data Protection Act 1998 applied then.
- | Ruritania's Data Protection Act of 2009 applies.
- | Directive 2002/58/EC covers cookies.
- | Your California privacy rights: see Civil Code 1798.83.
- | Read our children's online privacy policy.
- | The clauses of this contract are standard.
- | Our rules bind all corporate staff.
- | A Framework Agreement was signed.
"""

STANCES = """
adheres | Larkspur complies with the EU-U.S. Data Privacy Framework.
adheres | We have certified to the Department of Commerce that we adhere to the Privacy Shield Principles.
adheres | Larkspur has self-certified under the Safe Harbor of the EU.
adheres | We continue to participate in the Privacy Shield.
adheres | Larkspur remains committed to the Privacy Shield Principles.
adheres | If our agents process data in a manner inconsistent with the DPF Principles, Larkspur remains liable.
adheres | You may invoke binding arbitration under the Privacy Shield.
adheres | We are subject to the GDPR.
adheres | You may exercise your rights under the CCPA by mail.
adheres | We process your data on the basis of Art. 6(1)(b) GDPR.
adheres | Our lawful basis under the UK GDPR is contract.
adheres | We handle all data in accordance with the GDPR.
adheres | Larkspur is a covered entity under HIPAA.
adheres | Our Privacy Shield Policy is available on request.
adheres | Complaints about our handling of data under the Safe Harbor program of the EU go to our office.
relies | We rely on the Privacy Shield for transfers to our parent.
relies | Data are transferred to the United States on the basis of the EU-U.S. Data Privacy Framework.
relies | Transfers to our offices in Boston are covered by the EU-US DPF.
relies | We use standard contractual clauses for transfers to India.
relies | Such transfers are made under SCCs.
relies | We transfer data to Japan based on an adequacy decision.
relies | Transfers within our group rest on binding corporate rules.
third_party | Our hosting provider is certified under the EU-U.S. Data Privacy Framework.
third_party | We use Google Analytics. Google LLC is certified under the EU-US Data Privacy Framework.
third_party | We only work with partners that participate in the Privacy Shield.
third_party | Our vendors must comply with the GDPR.
third_party | We use Webloom to send mail. Webloom participates in the EU-US Privacy Shield.
third_party | Our site uses Statloom, Inc. for statistics. Statloom, Inc. adheres to the EU-US DPF.
third_party | We chose Privacy Shield certified subcontractors.
third_party | Only DPF-certified recipients in the EU and the US get your data.
third_party | Each recipient is Privacy Shield certified.
third_party | We use a mail service of Webloom. Webloom is Privacy Shield certified.
third_party | Payments are handled by Coinloom Ltd., which is a member of the EU-US Privacy Shield.
third_party | The provider has joined the Privacy Shield.
third_party | The processor has submitted to the EU-US Privacy Shield.
withdrawn | We no longer rely on the Privacy Shield.
withdrawn | Larkspur no longer participates in the Safe Harbor with the EU.
withdrawn | The EU-U.S. Privacy Shield was invalidated by the Court of Justice.
withdrawn | The Privacy Shield is no longer valid.
withdrawn | Larkspur has left the Privacy Shield.
withdrawn | Since the Privacy Shield was struck down we look for other ways.
withdrawn | The Court declared the Safe Harbor decision of the EU invalid.
withdrawn | The Privacy Shield has been replaced by a new arrangement.
withdrawn | Following the invalidation of the Privacy Shield we reviewed our transfers.
withdrawn | Larkspur was formerly certified under the Privacy Shield.
mentions | The Department of Commerce runs the Privacy Shield program.
mentions | To learn more about the Privacy Shield, visit the site of the department.
mentions | "GDPR" means Regulation (EU) 2016/679.|mentions mentions
mentions | "Personal data" has the meaning given to it in the GDPR.
mentions | The terms have the meaning that they have in the CCPA.
mentions | The GDPR is a law of the European Union.
mentions | The CCPA defines a sale broadly.
mentions | We are not certified under the Privacy Shield.
mentions | Larkspur does not participate in the EU-U.S. Data Privacy Framework.
mentions | Larkspur is not subject to HIPAA.
mentions | The CCPA does not apply to us.
mentions | We intend to join the EU-U.S. Data Privacy Framework.
mentions | Larkspur plans to certify to the Privacy Shield.
mentions | Larkspur has applied to join the Privacy Shield.
mentions | Data covered by the Health Insurance Portability and Accountability Act (HIPAA) are none.|mentions mentions
mentions | The European Community has set up a regime of data protection under Directive 95/46/EC.
mentions | Some laws (see, for example, Directive 95/46/EC) ask for more.
mentions | For further details, see European Commission: Adequacy of the protection of personal data in other countries.
mentions | There is no adequacy decision for that country.
mentions | Our CCPA list leaves out records governed by HIPAA and kept pursuant to it.|adheres mentions
adheres | Larkspur complies with the principles of the Swiss-U.S. Privacy Shield as set forth by the US.
adheres | Larkspur, Inc. has committed to refer unresolved Privacy Shield complaints to an arbiter abroad.
adheres | If you have an inquiry about our Safe Harbor compliance in the EU, write to us.
adheres | Under certain conditions you may invoke binding arbitration for DPF complaints in the EU.
adheres | The Federal Trade Commission has jurisdiction over our compliance with the DPF.
adheres | In the context of an onward transfer under the DPF, Larkspur remains liable.
adheres | Larkspur abides by the Safe Harbor framework set forth by the Department of Commerce.
adheres | Larkspur is a licensee of the TRUSTe programme and abides by the EU Safe Harbor Framework.
adheres | Larkspur is listed as a participant in the Privacy Shield.
adheres | Larkspur and its subsidiaries Warp LLC and Weft Inc. adhere to the DPF Principles.
adheres | In compliance with the Safe Harbor Principles of the EU, Larkspur commits to resolve complaints.
adheres | Our practices are consistent with the EU Safe Harbor Principles.
adheres | We have chosen to take part in the Privacy Shield.
adheres | If there is a conflict between this policy and the Privacy Shield Principles, the latter govern.
adheres | Although the Court declared it invalid, we continue to comply with the Privacy Shield.
adheres | Our Privacy Shield certification can be seen on the list.
adheres | As a data controller under the GDPR, Larkspur decides why data are used.
adheres | Where the GDPR applies, you have these rights:
adheres | Larkspur has appointed a representative in the Union under Article 27 GDPR.
adheres | California residents have these rights under the CCPA:
adheres | You have a right of access (Art. 15 GDPR).
adheres | Your rights under the LGPD are listed below.
adheres | We process special categories of data as Article 9 of the GDPR permits.
adheres | As required by the CCPA, we list the categories of data that we collect.
adheres | We do not sell data within the meaning of the CCPA, and we honour your CCPA requests.|mentions adheres
adheres | As a data subject within the meaning of the GDPR you have the following rights:
adheres | Pursuant to COPPA, we ask parents for their consent.
adheres | Larkspur Clinic follows HIPAA.
adheres | We are registered under the Data Protection Act 2018.
adheres | In accordance with PIPEDA we name a privacy officer.
relies | Larkspur relies on the DPF to move data from the EU to the US.
relies | Where we transfer data to the US, we do so under the EU-US Privacy Shield.
relies | Transfers to third countries take place under the standard contractual clauses of the Commission.
relies | We have entered into the EU Model Clauses with our parent.
relies | A copy of the Standard Contractual Clauses is to be had from us.
relies | Appropriate safeguards, such as the European Commission's standard contractual clauses, are in place.
relies | We transfer data only to countries for which the Commission has adopted an adequacy decision.
relies | Switzerland has been recognised as adequate by the European Commission, and we send data there.
relies | For transfers inside the group we have put Binding Corporate Rules in place.
relies | Recipients outside the EEA sign standard contractual clauses with us.
third_party | Webloom LLC, our newsletter service, is certified under the Privacy Shield.
third_party | The recipients are certified under the Data Privacy Framework of the EU and the US.
third_party | Such a company must be a participant in the EU-US DPF.
third_party | Our site uses buttons of Facebook, Inc. Facebook, Inc. is certified under the EU-US Privacy Shield.
third_party | Processors that have joined the Safe Harbor of the EU and the US receive your data.
third_party | Transfers to the US are made only if the company is certified under the DPF of the EU.
third_party | Our customers are responsible for their own compliance with the GDPR.
third_party | Schools must comply with COPPA before they use our looms.
withdrawn | The EU-US Privacy Shield, which the Court struck down in July 2020, is not used any more.
withdrawn | We do not rely on the EU-US Privacy Shield any longer.
withdrawn | On 16 July 2020 the Court of Justice held the Privacy Shield to be invalid.
withdrawn | The Safe Harbor with the US has been annulled.
withdrawn | Since October 6, 2015, the EU no longer recognizes Safe Harbor.
withdrawn | Larkspur withdrew from the Privacy Shield in 2021.
withdrawn | Larkspur's certification under the Privacy Shield has lapsed.
withdrawn | We used to rely on the Privacy Shield.
mentions | Larkspur has not certified to the EU-US Privacy Shield.
mentions | Neither Larkspur nor its agents take part in the Privacy Shield.
mentions | We are working towards certification under the DPF of the EU.
withdrawn | The EU and the US are negotiating a successor to the Safe Harbor.
mentions | A full list of members of the Privacy Shield is kept by the Department of Commerce.
mentions | HIPAA does not apply to what you tell us.
mentions | This notice does not cover data that are exempt from the CCPA.
mentions | As used here, "sale" is as defined by the CCPA.
mentions | The GDPR entered into force in 2018.
mentions | We may be unable to rely on an adequacy decision, for there is none.
mentions | EU-U.S. Privacy Shield
mentions | What is the GDPR?
"""


def rows(block):
    for line in block.strip().splitlines():
        expected, text = line.split(" | ", 1)
        text, _, more = text.replace("\\n", "\n").partition("|")
        yield (more or expected).split(), text


@pytest.mark.parametrize(("expected", "text"), [*rows(SPELLINGS), *rows(NAMESAKES)])
def test_the_framework_is_the_right_one(expected, text):
    assert [found.framework for found in mentions(text)] == [name for name in expected if name != "-"]


@pytest.mark.parametrize(("expected", "text"), [*rows(STANCES)])
def test_the_stance_is_the_one_of_the_sentence(expected, text):
    assert [found.stance for found in mentions(text)] == expected
