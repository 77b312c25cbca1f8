"""Publishing a figure: the picture and its numbers in figures/, and on the page of a notebook with its words."""

import base64
import io
import os
import tempfile
from pathlib import Path

import pandas as pd
from IPython.core.getipython import get_ipython
from IPython.display import display
from matplotlib.figure import Figure
from PIL import Image

from privacylab import paths
from privacylab.canvas import style


def publish(figure: Figure, frame: pd.DataFrame, name: str, *, alt: str, caption: str | None = None) -> None:
    """Writes a figure and its numbers, ``figures/<name>.png`` and ``<name>.csv``, and shows it in a notebook.

    Args:
        figure: From one of the functions of `plots`.
        frame: The numbers that it draws; written with four significant decimals.
        name: Letters, digits, ``_`` and ``-``: the statistic's name.
        alt: What the figure shows, in words, for those who do not see it: the finding, not the kind of figure.
        caption: A sentence shown below the figure.

    Raises:
        ValueError: The name is no file name, or ``alt`` is empty.
    """
    if not name or not all(letter.isalnum() or letter in "_-" for letter in name) or not name.isascii():
        raise ValueError(f"name {name!r} must be letters, digits, _ and -: it becomes a file name")
    if not alt.strip():
        raise ValueError("alt must say in words what the figure shows")
    picture = png(figure)
    folder = paths.figures()
    folder.mkdir(parents=True, exist_ok=True)
    _write(folder / f"{name}.png", picture)
    _write(folder / f"{name}.csv", numbers(frame).encode())
    if get_ipython() is not None:
        shown = {"image/png": base64.b64encode(picture).decode(), "text/plain": alt}
        display(shown, metadata={"image/png": {"alt": alt}}, raw=True)  # type: ignore[no-untyped-call]
        if caption:
            markdown = {"text/markdown": f"*{caption}*", "text/plain": caption}
            display(markdown, raw=True)  # type: ignore[no-untyped-call]


def png(figure: Figure) -> bytes:
    """The figure as PNG: the same figure gives the same bytes under one version of matplotlib."""
    buffer = io.BytesIO()
    with style():
        if figure.get_layout_engine() is not None:
            # The layout moves a little whenever it is solved again: solve it once.
            figure.draw_without_rendering()
            figure.set_layout_engine("none")
        figure.savefig(buffer, format="png", metadata={"Software": None})
    # 256 colours look the same and take a third of the space: a notebook of ten figures stays below a megabyte.
    small, colours = io.BytesIO(), Image.Quantize.FASTOCTREE
    image = Image.open(buffer).convert("RGB").quantize(256, method=colours, dither=Image.Dither.NONE)
    image.save(small, format="png", optimize=True)
    return small.getvalue()


def numbers(frame: pd.DataFrame) -> str:
    """The frame as CSV: numbers with four significant digits, dates as ``YYYY-MM-DD``, null as an empty cell."""
    plain = frame.copy()
    for column in plain.columns:
        if pd.api.types.is_float_dtype(plain[column]):
            plain[column] = [None if pd.isna(value) else _four_digits(value) for value in plain[column]]
        elif pd.api.types.is_datetime64_any_dtype(plain[column]):
            plain[column] = plain[column].dt.strftime("%Y-%m-%d")
    return plain.to_csv(index=False, lineterminator="\n")


def _four_digits(value: float) -> str:
    # Whole numbers in full: 12,345 words are not 1.234e+04.
    return f"{value:.0f}" if abs(value) >= 1000 else f"{value + 0.0:.4g}"


def _write(path: Path, data: bytes) -> None:
    """All or nothing: a figure half written would be taken for a figure."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
