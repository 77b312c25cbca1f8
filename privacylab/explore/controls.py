"""The widgets of notebook 5: the results of `explore` and `findings`, with controls.

Each function gives one `Panel`. Everything that a control shows is text and HTML, so that it can be read aloud and
copied, and its table downloads as CSV.
"""

import base64
import difflib
from collections.abc import Callable
from typing import Any

import ipywidgets as widgets
import pandas as pd
from markupsafe import Markup
from matplotlib.figure import Figure

from privacylab import findings, plots
from privacylab.explore.texts import (
    SORTS,
    Texts,
    behind,
    csv_link,
    kwic,
    most_seen,
    service_timeline,
    timeline_figure,
    who_writes,
)
from privacylab.explore.versions import differences, side_by_side
from privacylab.plots.labels import in_full, readable, said
from privacylab.plots.style import COLOURS, why_empty
from privacylab.sources import counted
from privacylab.tables import Corpus

ALL = "all"
MAX_ROWS = 200
"""Rows that a table shows; its CSV has all."""

_FULL = widgets.Layout(width="100%")
_NAMED = {"description_width": "7rem"}


class Panel(widgets.VBox):  # type: ignore[misc]
    """Controls and what they show; as text it says how to use them, for static pages."""

    def __repr__(self) -> str:
        return "Controls: open this notebook in JupyterLab and run it to use them."

    def _repr_mimebundle_(self, **options: object) -> dict[str, Any]:
        bundle: dict[str, Any] = super()._repr_mimebundle_(**options)
        return {**bundle, "text/html": Markup('<p class="note">{}</p>').format(repr(self))}


def table(frame: pd.DataFrame, name: str, *, caption: str) -> Markup:
    """A frame as a table for readers, its first column as heads, cut at `MAX_ROWS`, with a link to its CSV."""
    cut = f", the first {MAX_ROWS} shown" if len(frame) > MAX_ROWS else ""
    rows = frame.head(MAX_ROWS).round(dict.fromkeys(frame.select_dtypes("float"), 3))
    shown = plots.table(rows.set_index(frame.columns[0]), caption + cut)
    # JupyterLab's own class for tables in outputs, which its widgets leave out.
    box = '<p>{}</p><div class="jp-RenderedHTMLCommon" style="max-height:24rem;overflow:auto" tabindex="0">{}</div>'
    return Markup(box).format(csv_link(frame, name), Markup(shown._repr_html_()))


def picture(figure: Figure, *, alt: str) -> Markup:
    """A figure as an HTML image with its alt text; one with too little data as the sentence that says so."""
    reason = why_empty(figure)
    if reason:  # the numbers are there
        return Markup("<p>{}</p>").format(reason)
    data = base64.b64encode(plots.png(figure)).decode()
    return Markup('<img alt="{}" style="max-width:100%" src="data:image/png;base64,{}">').format(alt, data)


def answer(sentence: str) -> Markup:
    """What a panel says in words."""
    return Markup('<p class="answer">{}</p>').format(sentence)


def _panel(controls: list[Any], draw: Callable[[], Markup]) -> Panel:
    """Controls above the result of ``draw`` for their values, or above the reason why it cannot be drawn.

    MathJax leaves it alone: two prices in a text are no formula.
    """
    view = widgets.HTML(layout=_FULL)

    def update(_: object = None) -> None:
        try:
            shown = draw()
        except ValueError as error:
            shown = Markup("<p>{}</p>").format(error)
        view.value = Markup('<div class="mathjax_ignore">{}</div>').format(shown)

    for control in controls:
        control.observe(update, names="value")
    update()
    return Panel([*controls, view])


def _dropdown(name: str, options: list[str]) -> widgets.Dropdown:
    return widgets.Dropdown(description=name, options=options, value=options[0] if options else None, style=_NAMED)


def _combobox(name: str, options: list[str], **more: str) -> widgets.Combobox:
    """A text that offers names while one types."""
    return widgets.Combobox(
        description=name, options=options, continuous_update=False, style=_NAMED, layout=_FULL, **more
    )


def _unknown(name: str, known: list[str]) -> str:
    """That a name is unknown, and those that may be meant."""
    like = [each for each in known if name and name in each][:5] or difflib.get_close_matches(name, known, n=5)
    return f"{name or 'The name'} is not a service of this corpus{': ' + ', '.join(like) + '?' if like else '.'}"


def trend(policies: pd.DataFrame, features: pd.DataFrame, services: pd.DataFrame) -> Panel:
    """Shares of services over time or by era: choose categories, frameworks and cues, region, industry and services."""
    names = {_called(name): name for name in map(str, features) if "=" not in name}
    chosen = widgets.SelectMultiple(
        description="What",
        tooltip="Ctrl or Shift and a click choose several",
        options=names,
        value=[next(iter(names.values()))],
        rows=8,
        style=_NAMED,
        layout=_FULL,
    )
    pick = {
        column: _dropdown(column.title(), [ALL, *sorted(services[column].dropna().unique())])
        for column in ("region", "industry")
    }
    known = sorted(set(policies["service"]))
    only = _combobox("Services", known, placeholder="all; or a name, or several with commas between them")
    by = _dropdown("By", ["half-year", "era"])

    def draw() -> Markup:
        chosen_services = services
        for column, control in pick.items():
            if control.value != ALL:
                chosen_services = chosen_services[chosen_services[column] == control.value]
        names = [name.strip().lower() for name in only.value.split(",") if name.strip()]
        notes = [_unknown(name, known) for name in names if name not in known]
        if names:
            chosen_services = chosen_services[chosen_services["service"].isin(names)]
        rows = policies[policies["service"].isin(chosen_services["service"])]
        if rows.empty:
            notes.append("No service of the corpus matches all of this: choose another region, industry or name.")
            raise ValueError(" ".join(notes))
        if len(chosen.value) > len(COLOURS):
            notes.append(f"{len(chosen.value)} are chosen, the first {len(COLOURS)} are shown.")
        shown = _trend(rows, features, list(chosen.value)[: len(COLOURS)], by=by.value)
        return Markup("").join([*map(answer, notes), shown])

    return _panel([chosen, *pick.values(), only, by], draw)


def _trend(policies: pd.DataFrame, features: pd.DataFrame, columns: list[str], *, by: str) -> Markup:
    if not columns:
        raise ValueError("Choose what to count.")
    statistic, draw = (
        (findings.share_by_half_year, plots.share_by_half_year)
        if by == "half-year"
        else (findings.share_by_era, plots.share_by_era)
    )
    shares = statistic(policies, features, columns=columns)
    sentences = [_sentence(shares[shares["feature"] == column], column) for column in columns]
    services = f"The services behind the last half-year: {_called(columns[0])}"
    called = {column: _called(column) for column in columns}
    named = shares.assign(feature=shares["feature"].astype(str).map(called))
    drawn = picture(draw(shares, names=called), alt=" ".join(sentences))
    numbers = table(named, "trend", caption="Shares of services with 95% intervals")
    who = table(behind(policies, features, column=columns[0]), "services", caption=services)
    return Markup("").join([*map(answer, sentences), drawn, numbers, who])


def _called(feature: str) -> str:
    """What a feature is called in the controls: no two alike."""
    return in_full(feature) + (" (kind of clause)" if feature.startswith("category:") else "")


def _sentence(shares: pd.DataFrame, column: str) -> str:
    counted = shares[shares["n"] > 0]
    if counted.empty:
        return f"{_called(column)}: no service to count."
    last = counted.iloc[-1]
    when = readable(str(last.iloc[0])) if "half_year" not in shares else last["half_year"]
    note = " (by the classifier, not corrected)" if column.startswith("category:") else ""
    return f"{_called(column)}: {said(last, n=False)} of {last['n']:,.0f} services, {when}{note}."


def service(policies: pd.DataFrame, features: pd.DataFrame) -> Panel:
    """One service's history: choose it, see its policies' length, frameworks, and what each gained and lost."""
    names = sorted(set(policies.loc[policies["date"].notna() & (policies["document"] == "main"), "service"]))
    chosen = _combobox("Service", names, value=most_seen(policies) if names else "")

    def draw() -> Markup:
        if not names:
            raise ValueError("No service of the corpus has a dated policy: there is no history to show.")
        name = chosen.value.strip().lower()
        if name not in names:
            raise ValueError(_unknown(name, names))
        rows = service_timeline(policies, features, name)
        first, last = rows.iloc[0], rows.iloc[-1]
        sentence = (
            f"{name}: {counted(len(rows), 'policy')}, {first['date']:%Y-%m-%d} to {last['date']:%Y-%m-%d}, "
            f"from {first['n_words']:,} to {last['n_words']:,} words."
        )
        history = table(rows, name, caption="Each policy, and what it gained and lost")
        return answer(sentence) + picture(timeline_figure(rows), alt=sentence) + history

    return _panel([chosen], draw)


def concordance(texts: Texts, phrase: str = "personal data") -> Panel:
    """A concordance: type words, choose the order."""
    typed = widgets.Text(description="Words", value=phrase, continuous_update=False, style=_NAMED)
    sort = _dropdown("Sort by", list(SORTS))

    def draw() -> Markup:
        lines = kwic(texts, typed.value, sort=sort.value)
        n_services = lines["service"].nunique()
        sentence = f"{len(lines):,} lines with “{typed.value}” in {n_services:,} services; from {texts.source}."
        return answer(sentence) + table(lines, "concordance", caption="The lines")

    return _panel([typed, sort], draw)


def words(corpus: Corpus, phrase: str = "blockchain") -> Panel:
    """Who writes words, and since when: type them; it needs no running text."""
    typed = widgets.Text(description="Words", value=phrase, continuous_update=False, style=_NAMED)

    def draw() -> Markup:
        rows = who_writes(corpus, typed.value)
        sentence = f"No service of this corpus writes “{typed.value}”."
        if len(rows):
            writers = f"{counted(len(rows), 'service')} with “{typed.value}” in one segment of a policy"
            sentence = f"{writers}, the first {rows['service'][0]} on {rows['first'][0]:%Y-%m-%d}."
        return answer(sentence) + table(rows, "words", caption="Who writes it, from the first policy to the last")

    return _panel([typed], draw)


def versions(texts: Texts) -> Panel:
    """Two versions of a policy side by side: choose service and versions."""
    policies = texts.policies.sort_values(["service", "document", "date", "policy_id"])
    counts = policies["service"].value_counts()
    several = sorted(counts[counts > 1].index)
    if not several:
        return Panel([widgets.HTML("<p>No service has two versions here.</p>")])
    service_, before, after = _dropdown("Service", several), _dropdown("Before", []), _dropdown("After", [])
    before.layout = after.layout = _FULL

    def choose(_: object = None) -> None:
        ids = policies.loc[policies["service"] == service_.value, "policy_id"].tolist()
        before.options = after.options = ids
        before.value, after.value = ids[0], ids[-1]

    choose()
    service_.observe(choose, names="value")

    def draw() -> Markup:
        if before.value is None or after.value is None:
            raise ValueError("Choose two versions.")
        diff = differences(texts, before.value, after.value)
        plain = diff.assign(**{c: diff[c].map("; ".join) for c in ("categories_before", "categories_after")})
        link = Markup("<p>{}; from {}.</p>").format(csv_link(plain, "versions"), texts.source)
        return side_by_side(diff, before=before.value, after=after.value) + link

    return _panel([service_, before, after], draw)


def tabs(**panels: Panel) -> Panel:
    """Panels as tabs, named by their keywords."""
    tab = widgets.Tab(list(panels.values()), titles=[name.replace("_", " ").capitalize() for name in panels])
    return Panel([tab])
