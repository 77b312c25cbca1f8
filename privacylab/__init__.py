"""The history of privacy policies, in Python.

Ten things to do with it.

**1. Open a corpus**, the project's own or one that you built. Every table is a pandas frame.

>>> from privacylab import eras, findings, paths, plots, tables
>>> corpus = tables.Corpus.open(paths.corpus())
>>> policies = findings.with_owners(corpus.policies(), corpus.services())
>>> features = findings.features(corpus)

**2. Count services, era by era**, each with its interval: `privacylab.findings.shares.share_by_era`. What a feature is
called and what it counts is in `privacylab.plots.labels.definitions`.

>>> shares = findings.share_by_era(policies, features, columns=["cue:dpo", "claims:privacy_shield"])
>>> list(shares)
['era', 'feature', 'n', 'n_effective', 'count', 'value', 'low', 'high', 'interval']

**3. Compare the same services** before and after a day or an era: `privacylab.findings.change.paired`.

>>> year = {"before": "2018-01-01", "after": "2019-01-01"}
>>> change = findings.paired(policies, features, **year, columns=["cue:dpo"])

**4. Ask which services** gained or dropped something: `privacylab.findings.change.movers`.

>>> movers = findings.movers(policies, features, **year, feature="cue:dpo")
>>> dropped = movers[movers["move"] == "lost"]

**5. Correct a share for the program's errors**, by policies that were read: `privacylab.findings.correction.corrected`.

>>> read, found = findings.policy_labels(paths.gold()), findings.with_sums(features)
>>> gold = findings.policy_gold(read, found, corpus.occurrences())
>>> better = findings.corrected(shares, gold=gold, by="era")

**6. Follow a claim** after its framework has ended: `privacylab.findings.claims.spells`,
`privacylab.findings.claims.half_life`.

>>> last_day = eras.eve("schrems_i")
>>> spells = findings.spells(corpus.versions(), "safe_harbor", at=last_day, policies=policies)
>>> life = findings.half_life(spells)

**7. See which words came and went** in the same services: `privacylab.findings.keyness.keyness`.

>>> words = findings.keyness(corpus, policies, **year)

**8. Draw it**, with its numbers as CSV beside it: `privacylab.plots`, a figure for each statistic, of the same name.

>>> figure = plots.share_by_era(shares)

**9. Read a text**: its rights, periods, frameworks and date (`privacylab.cues`, `privacylab.frameworks`,
`privacylab.dates`), or all at once in spaCy (`privacylab.text.pipeline.english`).

>>> from privacylab import cues
>>> [cue.cue for cue in cues.cues("You may ask us to erase your data, which we keep for two years.")]
['right_erasure', 'retention_period']

**10. Build a corpus of your own**: `privacylab.build.corpus` reads files, archives and tables, the same bytes each
time; `privacylab.topics` finds what it talks about, `privacylab.report` makes its pages.
"""

__version__ = "0.1.0"
