"""Looking at single policies: searched, compared, followed through time."""

from privacylab.explore.texts import (
    SORTS,
    Texts,
    amid_the_longest_history,
    behind,
    csv_link,
    kwic,
    most_seen,
    segments_of,
    service_timeline,
    texts_of,
    timeline_figure,
    who_writes,
)
from privacylab.explore.versions import CHANGES, Comparison, aligned, compared, differences, side_by_side
