"""Looking at single policies: searched, compared, followed through time."""

from privacylab.explore.texts import (
    SORTS,
    Texts,
    amid_the_longest_history,
    behind,
    csv_link,
    differences,
    kwic,
    most_seen,
    segments_of,
    service_timeline,
    side_by_side,
    texts_of,
    timeline_figure,
)
