"""What the tables show: shares, changes, claims, words, each with its interval."""

from privacylab.findings.change import (
    average_ratio,
    both_sides,
    both_ways,
    equivalence,
    movers,
    paired,
    paired_amount,
    pairs,
    ratio_of_averages,
    shows,
    typical,
)
from privacylab.findings.claims import (
    claim_outcomes,
    claim_survival,
    half_life,
    mechanism,
    sightings,
    spells,
    stated_changes,
    transfer_flow,
)
from privacylab.findings.correction import (
    NEEDED,
    as_corrected,
    corrected,
    corrected_change,
    error_rates,
    may_be_off,
    ppi_draws,
    rogan_gladen,
    rogan_gladen_draws,
    share_draws,
)
from privacylab.findings.event_study import event_study, panel, steps
from privacylab.findings.features import amounts, choose, features, incidence, only_for, rarefied
from privacylab.findings.gold import (
    FEATURES_READ,
    agreement,
    counts,
    gone,
    policy_gold,
    policy_labels,
    with_sums,
)
from privacylab.findings.intervals import (
    TooFewError,
    benjamini_hochberg,
    effective_number,
    percentiles,
    resampled_services,
    wilson,
)
from privacylab.findings.keyness import keyness, terms
from privacylab.findings.ledger import archive_timeline, exclusion_flow, on_both_sides, sighted_again
from privacylab.findings.replication import (
    Finding,
    beside_published,
    compare,
    findings,
    markdown,
    published_series,
    table,
    told,
)
from privacylab.findings.sampling import cells, enough_on, in_force, observations, owners_of, with_owners
from privacylab.findings.shares import (
    average,
    changed_by_the_crawler,
    length_by_half_year,
    sensitivity,
    share,
    share_by_era,
    share_by_half_year,
    share_difference,
    share_on,
)
from privacylab.findings.text_changes import change_by_month, change_excess, change_within, changed_within
