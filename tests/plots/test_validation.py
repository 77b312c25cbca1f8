import pandas as pd

from privacylab import plots


def validation_rows():
    rows = [(gold, "all", 10, 0.9, 0.6, 0.98) for gold in ("dates", "dates_2")]
    return pd.DataFrame(rows, columns=["gold", "measure", "n", "value", "low", "high"])


def test_validation_draws_a_row_for_each_kind_of_label_and_a_cross_for_each_baseline():
    baselines = pd.DataFrame({"gold": ["dates_2", "dates_2"], "measure": ["all", "all"], "share": [0.5, 0.7]})
    axes = plots.validation(validation_rows(), baselines).axes[0]
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["dates: all", "dates, second draw: all"]
    crosses = next(line for line in axes.lines if line.get_marker() == "x")
    assert crosses.get_ydata().tolist() == [1, 1]
    assert crosses.get_xdata().tolist() == [0.5, 0.7]


def test_validation_of_nothing_says_so():
    figure = plots.validation(validation_rows().iloc[:0], pd.DataFrame(columns=["gold", "measure", "share"]))
    assert "no service" in figure.texts[0].get_text()
