"""The commands that read single policies: `annotate` and `compare`."""

import json
import sys
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from privacylab import paths, tables
from privacylab.cli.console import line, out

if TYPE_CHECKING:
    import pandas as pd
    from markupsafe import Markup

_Html = Annotated[Path | None, typer.Option("--html", help="A page to write; it must not be there yet.")]


def annotate(
    file: Annotated[list[Path], typer.Argument(help="Policies as HTML, Markdown, text, PDF, Word and the like.")],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    html: _Html = None,
    date: Annotated[
        str | None, typer.Option(metavar="YYYY-MM-DD", help="The policy's; it outweighs what the text states.")
    ] = None,
) -> None:
    """Read policies, each as a person would: date, era, rights, periods, frameworks, contacts, clauses.

    Of what most services of its era have and was not found, it tells how often the program finds it where it is.

    Example: privacylab annotate corpus/samples/farwend/farwend-2018-06-12.md
    """
    from privacylab.explore import others, pages, policy, terminal

    if (html and as_json) or ((html or date) and len(file) > 1):
        raise ValueError("--html takes one policy and no --json, --date one policy")
    read = partial(policy.of_file, date=date)

    @cache
    def shares() -> "pd.DataFrame":
        return others.era_shares(tables.Corpus.open(paths.corpus()))

    profiles = [read(path) for path in file] if len(file) > 1 and not as_json else []
    if profiles:
        out.print(terminal.overview(profiles, out.width), soft_wrap=False)
    for profile in profiles or map(read, file):
        missing, unknown = None, None
        try:
            missing = others.not_found(profile, shares())
        except (ValueError, OSError) as error:  # no date, no panel, few services of that era
            unknown = line(error)
        if as_json:
            rows = None if missing is None else json.loads(missing.to_json(orient="records"))
            record = {**profile.record(), "not_found": rows, "not_found_unknown": unknown}
            sys.stdout.write(json.dumps(record) + "\n")  # in ASCII: no terminal obeys it
        elif html:
            _write_page(html, profile.name, pages.annotated(profile, missing=missing, unknown=unknown))
        else:
            shown = terminal.shown(profile, missing=missing, unknown=unknown, width=out.width)
            out.print(shown, soft_wrap=False)


def compare(
    old: Annotated[Path, typer.Argument(help="A policy.")],
    new: Annotated[Path, typer.Argument(help="A later version of it, or another policy.")],
    html: _Html = None,
) -> None:
    """Tell what came and what went between two policies, and set their sentences side by side.

    Example: privacylab compare old-policy.html new-policy.html --html changes.html
    """
    from privacylab.explore import compared, pages, policy, terminal

    comparison = compared(policy.of_file(old), policy.of_file(new))
    if html:
        _write_page(html, f"{old.name} and {new.name}", pages.compared(comparison))
    else:
        out.print(terminal.compared(comparison, out.width), soft_wrap=False)


def _write_page(path: Path, title: str, body: "Markup") -> None:
    """Writes one page that needs no other file, and says where it is."""
    from privacylab.explore import terminal
    from privacylab.report import pages

    with path.open("x", encoding="utf-8") as file:
        file.write(pages.single(title, body, caveat=terminal.CAVEAT))
    out.print(str(path))
