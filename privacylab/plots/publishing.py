"""Publishes a figure: the picture and its numbers in figures/, and with its text in a notebook."""

import base64
import datetime as dt
import html
import io
import json
import os
import re
from typing import NamedTuple

import matplotlib as mpl
import pandas as pd
from IPython.core.getipython import get_ipython
from IPython.display import display
from matplotlib.figure import Figure
from PIL import Image

from privacylab import eras, files, paths
from privacylab.plots import labels, style


def publish(figure: Figure, frame: pd.DataFrame, name: str, *, alt: str) -> None:
    """Writes a figure, ``figures/<name>.png``, ``.svg`` and ``.pdf``, and its numbers, ``.csv``; a notebook shows it.

    Without a named folder (``PRIVACYLAB_FIGURES``) existing figures stay: reading a notebook changes none. If a figure
    could not be drawn (`style.drawing`), only the numbers are written and the reason is shown.

    Args:
        figure: From one of the functions of `plots`.
        frame: The numbers that it draws; written with four significant decimals.
        name: Letters, digits, ``_`` and ``-``: the statistic's name.
        alt: What the figure shows, in words, for those who cannot see it: the finding, not the kind of figure.

    Raises:
        ValueError: The name is not a file name, or ``alt`` is empty.
    """
    if not re.fullmatch(r"[\w-]+", name, re.ASCII):
        raise ValueError(f"name {name!r} must be letters, digits, _ and -: it becomes a file name")
    if not alt.strip():
        raise ValueError("alt must say in words what the figure shows")
    folder = paths.figures()
    reason = style.why_empty(figure)
    written = {"csv": numbers(frame).encode()}
    if reason is not None:
        shown, about = {"text/markdown": f"*{reason}*", "text/plain": reason}, {}
    else:
        picture = png(figure)
        written |= {"png": picture, "svg": svg(figure, title=alt), "pdf": pdf(figure, title=alt)}
        # In pixels of a page, 96 per inch: JupyterLab and the report show the figure as large as on paper.
        width, height = (round(96 * inches) for inches in figure.get_size_inches())
        shown = {"image/png": base64.b64encode(picture).decode(), "text/plain": alt}
        about = {"image/png": {"alt": alt, "name": name, "width": width, "height": height}}
    if os.environ.get("PRIVACYLAB_FIGURES") or not (folder / f"{name}.csv").exists():
        folder.mkdir(parents=True, exist_ok=True)
        for kind in ("csv", "pdf", "png", "svg"):
            if kind not in written:
                (folder / f"{name}.{kind}").unlink(missing_ok=True)  # an older one would show other numbers
                continue
            with files.replacing(folder / f"{name}.{kind}") as staging:
                staging.write_bytes(written[kind])
    if get_ipython() is not None:
        display(shown, metadata=about, raw=True)  # type: ignore[no-untyped-call]


_CHANCES = ("p", "q", "p_equivalence")
"""Columns of p and q values."""


class Table(NamedTuple):
    """A table for a notebook: HTML with a caption, and the same as text."""

    frame: pd.DataFrame
    caption: str

    def _repr_html_(self) -> str:
        text = str(self.frame.to_html(na_rep="–", border=0)).replace("<th></th>", "<td></td>")
        head, body = text.replace(">", f">\n  <caption>{html.escape(self.caption)}</caption>", 1).split("<tbody>")
        head, body = re.sub(r"<th\b", '<th scope="col"', head), re.sub(r"<th\b", '<th scope="row"', body)
        body = re.sub(r"<td>(?=[^A-Za-z<]*\d[^A-Za-z<]*</td>)", '<td class="number">', body)
        return f"{head}<tbody>{body}"

    def __repr__(self) -> str:
        return f"{self.caption}\n{self.frame.to_string(na_rep='–')}"


def table(frame: pd.DataFrame, caption: str, *, names: labels.Names = None) -> Table:
    """A frame for readers: features, eras and columns by their names, with a caption.

    Args:
        frame: The rows and columns to show, rounded.
        caption: What the numbers are, with their unit, and what a row is.
        names: Other names.
    """
    kinds, columns = (paths.rules("names")[part] for part in ("kinds", "columns"))
    periods = {part.id for part in (*eras.eras(), *eras.sub_eras())}

    def cell(value: object) -> object:
        if not isinstance(value, str):
            if value is pd.NA or value != value:
                return "–"  # in an index; to_html handles NaN in a column
            return f"{value:%Y-%m-%d}" if isinstance(value, dt.date) else value
        is_named = value in periods or value.partition(":")[0] in kinds or (names and value in names)
        return labels.in_full(value, names) if is_named else value

    def heading(value: object) -> object:
        fine = cell(value)
        plain = isinstance(value, str) and fine == value and " " not in value
        return columns.get(str(value)) or labels.readable(str(value)) if plain else fine

    def chance(value: object) -> object:
        return value if isinstance(value, str) else labels.chance(value)  # type: ignore[arg-type]

    chances = {column: frame[column].map(chance) for column in _CHANCES if column in frame}
    shown = frame.assign(**chances).apply(
        lambda column: column if pd.api.types.is_float_dtype(column) else column.astype(object).map(cell)
    )
    shown = shown.rename(index=cell, columns=heading).rename_axis(index=heading, columns=heading)
    if shown.index.nlevels == shown.columns.nlevels == 1:  # one row of heads: pandas puts the index's name in a second
        shown = shown.rename_axis(index=None, columns=shown.index.name or shown.columns.name)
    # As objects, because an index of fractions would be formatted differently.
    return Table(shown.set_axis(shown.index.astype(object)), caption)


def png(figure: Figure) -> bytes:
    """The figure as PNG: the same figure gives the same bytes under one version of matplotlib."""
    buffer = io.BytesIO()
    with style.style():
        if figure.get_layout_engine() is not None:
            # The layout moves a little each time it is solved: solve it once.
            figure.draw_without_rendering()
            figure.set_layout_engine("none")
        figure.savefig(buffer, format="png", metadata={"Software": None})
    # 256 colours look the same and take a third of the space: a notebook with ten figures stays below a megabyte.
    small, colours = io.BytesIO(), Image.Quantize.FASTOCTREE
    image = Image.open(buffer).convert("RGB").quantize(256, method=colours, dither=Image.Dither.NONE)
    image.save(small, format="png", optimize=True)
    return small.getvalue()


def svg(figure: Figure, *, title: str) -> bytes:
    """The figure as SVG with a title, its letters as paths; call `png` first, which settles the layout."""
    buffer, nameless = io.BytesIO(), {"Date": None, "Creator": None, "Title": title}
    with style.style(), mpl.rc_context({"svg.hashsalt": "privacylab", "svg.fonttype": "path"}):
        figure.savefig(buffer, format="svg", metadata=nameless)
    drawn = buffer.getvalue().decode().replace("<svg ", '<svg role="img" ', 1)
    # The name of a clip hashes its place to the last digit, which another run may round otherwise.
    for number, clip in enumerate(dict.fromkeys(_CLIP.findall(drawn))):
        drawn = drawn.replace(clip, f"clip{number}")
    titled = _MARKS.sub(_titled, drawn)
    # Who points at the number in a shaded cell points at the cell.
    return titled.replace('<g id="text_', '<g style="pointer-events: none" id="text_').encode()


_CLIP = re.compile(r'clip-path="url\(#(\w+)\)"')


_MARKS = re.compile(r"""<g id=(["'])(\[.*?)\1>(.*?)(?=<g id=|</svg>)""", re.DOTALL)
"""The marks that are drawn from rows (`style.known`)."""


def _titled(marks: re.Match[str]) -> str:
    """The group of marks, each with a title that says what it shows, if there is one for each row."""
    titles = [html.escape(labels.mark(row)) for row in json.loads(html.unescape(marks[2]))]
    shape = "<use " if "<use " in marks[3] else "<path "
    start, *shapes = marks[3].split(shape)
    if len(shapes) == len(titles) and all(titles):
        pairs = zip(shapes, titles, strict=True)
        shapes = [each.replace("/>", f"><title>{title}</title></{shape[1:-1]}>", 1) for each, title in pairs]
    return f"<g>{shape.join([start, *shapes])}"


def pdf(figure: Figure, *, title: str) -> bytes:
    """The figure as PDF, for print; call `png` first."""
    buffer, nameless = io.BytesIO(), {"CreationDate": None, "Creator": None, "Producer": None, "Title": title}
    with style.style():
        figure.savefig(buffer, format="pdf", metadata=nameless)
    return buffer.getvalue()


def numbers(frame: pd.DataFrame) -> str:
    """The frame as CSV: numbers with four significant digits, dates as ``YYYY-MM-DD``, null as an empty cell."""
    return frame.to_csv(index=False, lineterminator="\n", float_format=_four_digits, date_format="%Y-%m-%d")


def _four_digits(value: object) -> str:
    # Whole numbers in full: 12,345 words are not 1.234e+04.
    number = float(str(value))
    return f"{number:.0f}" if abs(number) >= 1000 else f"{number + 0.0:.4g}"
