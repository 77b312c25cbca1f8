import pytest

from privacylab import eras, findings, paths, tables
from privacylab.plots import labels, style


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("category:Data Retention", "Data Retention"),
        ("claims:dpf", "Data Privacy Framework"),
        ("privacy_shield", "Privacy Shield"),
        ("gap", "Between the frameworks"),
        ("cue:privacy_seal=truste", "Privacy seal: TRUSTe"),
        ("cue:dpo", "Data-protection officer"),
        ("cue:ai=machine_learning", "AI: machine learning"),
        ("cue:retention_period=P1M", "Retention period: 1 month"),
        ("cue:retention_period=PT72H", "Retention period: 72 hours"),
        ("cue:cookie_lifetime=PT30M", "Life of a cookie: 30 minutes"),
        ("a_column_without_a_name", "A column without a name"),
    ],
)
def test_names_as_a_reader_would_write_them(name, expected):
    assert labels.readable(name) == expected


def test_every_feature_has_a_definition():
    corpus = tables.Corpus.open(paths.corpus())
    defined = labels.definitions()
    assert defined.index.is_unique and (defined["covers"].str[-1] == ".").all()
    features = {name.partition("=")[0] for name in findings.with_sums(findings.features(corpus))}
    kinds = tuple(paths.rules("names")["kinds"])
    parts = {
        part for name in features for part in ([name] if name.startswith(("category:", "cue:")) else name.split(":"))
    }
    assert {"claims", "safe_harbor", "cue:any legal basis"} <= parts
    assert (parts | set(findings.amounts(corpus))) - set(defined.index) == set()
    assert {kind for kind in kinds if kind not in ("category", "cue")} <= set(defined.index)


def test_a_framework_has_the_name_that_its_block_gives(monkeypatch, tmp_path):
    for file in ("cues", "names"):
        (tmp_path / f"{file}.toml").write_bytes((labels.paths.RULES / f"{file}.toml").read_bytes())
    (tmp_path / "frameworks.toml").write_text('[[framework]]\nid = "shine"\nname = "Shine the Light"\n')
    monkeypatch.setattr(labels.paths, "RULES", tmp_path)
    caches = (labels.paths.rules, labels.names_by_id)
    for cache in caches:
        cache.cache_clear()
    try:
        assert labels.readable("framework:shine") == "Shine the Light"
    finally:
        for cache in caches:
            cache.cache_clear()


@pytest.mark.parametrize(
    ("wanted", "sizes", "expected"),
    [
        ([1, 5, 9], [1, 1, 1], [1, 5, 9]),
        ([5, 5], [1, 1], [4.5, 5.5]),
        ([0, 0, 0], [1, 1, 1], [0.5, 1.5, 2.5]),
        ([10, 10], [2, 1], [8, 9.5]),
        ([3.0, 2.9, 9.0], [1, 1, 1], [3.45, 2.45, 9.0]),
        ([], [], []),
    ],
)
def test_spread_by_hand(wanted, sizes, expected):
    assert labels.spread(wanted, sizes=sizes, low=0, high=10) == pytest.approx(expected)


def test_event_names_do_not_collide(drawn):
    figure = drawn["share_by_half_year"]
    with style.style():
        figure.draw_without_rendering()
        names = {event.name for event in eras.events()}
        boxes = [t.get_window_extent() for t in figure.axes[0].texts if t.get_text() in names]
    assert len(boxes) >= 5
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])
