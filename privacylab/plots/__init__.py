"""One function per figure, named like its statistic: a small frame in, a matplotlib `Figure` out.

Show and save it with `publish`. Shares are 0 to 1 in the frames and percent in the figures; whiskers and bands are the
frames' ``low`` and ``high``. ``rules/`` has the readers' names of ids (`labels.readable`).
"""

from privacylab.plots.change import (
    both_ways,
    change_by_month,
    claim_outcomes,
    claim_survival,
    event_study,
    paired_change,
    placebo,
    replication,
)
from privacylab.plots.flows import archive_timeline, exclusion_flow, transfer_flow
from privacylab.plots.publishing import numbers, png, publish, table
from privacylab.plots.shares import (
    beside_published,
    era_matrix,
    keyness,
    length_by_half_year,
    reliability,
    share_by_era,
    share_by_half_year,
    topic_heatmap,
    topics_over_time,
)
from privacylab.plots.topics import topic_categories, topic_map
from privacylab.plots.validation import validation
