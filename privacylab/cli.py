"""The command line: ``privacylab ...``, the only module that prints."""

import atexit
import gc
import json
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

import privacylab
from privacylab import paths, sources, tables
from privacylab.tables import schema

if TYPE_CHECKING:
    import pandas as pd

    from privacylab.explore.policy import Profile

# Heavy modules are imported by the commands that need them: `--help` answers at once.

app = typer.Typer(
    help="The history of privacy policies: build a corpus, annotate, measure, report.",
    epilog="Example: privacylab annotate my-policy.html",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
# File names and policies may hold what looks like markup: nothing is read as such.


def _console(*, stderr: bool = False) -> Console:
    return Console(stderr=stderr, markup=False, emoji=False, highlight=False)


out, err = _console(), _console(stderr=True)

ARCHIVES = {
    "tosback2": "https://github.com/tosdr/tosback2.git",
    "ota": "https://github.com/OpenTermsArchive/contrib-versions.git",
    "through-time": "https://github.com/workmanjack/privacy-policies-through-time.git",
}
"""The public archives that ``fetch`` clones."""

_debug = _verbose = False


atexit.register(gc.freeze)  # else a process that ends looks for garbage in all that its libraries hold: half a second


def main() -> None:
    """Runs the command line: errors of the input become one line and exit code 2."""
    try:
        app(args=_general_first(sys.argv[1:]))
    except (tables.CorpusError, OSError, ValueError, RuntimeError) as error:
        if _debug:
            raise
        err.print(f"privacylab: {_line(error)}", style="red", soft_wrap=True)
        sys.exit(2)
    except KeyboardInterrupt:
        err.print("privacylab: stopped; what was there before is unchanged", soft_wrap=True)
        sys.exit(2)


def _general_first(arguments: list[str]) -> list[str]:
    """The options of all commands may stand behind the command too, as people expect."""
    end = arguments.index("--") if "--" in arguments else len(arguments)
    general = [each for each in arguments[:end] if each in ("-v", "--verbose", "--debug")]
    return general + [each for each in arguments[:end] if each not in general] + arguments[end:]


def _line(error: BaseException) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}: {error.filename}" if error.filename else error.strerror
    return str(error).replace("\n", " ")


def _version(asked: bool) -> None:
    if asked:
        out.print(f"privacylab {privacylab.__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Tell each stage with its time, and all that was rejected.")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    global _debug, _verbose, out, err
    _debug, _verbose = debug, verbose
    out, err = _console(), _console(stderr=True)  # as wide as the terminal is now


class _Rate(ProgressColumn):
    """How many a second are done, or a minute where it takes longer."""

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        if not speed:
            return Text("")
        return Text(f"{speed:,.0f}/s" if speed >= 1 else f"{60 * speed:.0f}/min", style="progress.data.speed")


@contextmanager
def _progress() -> Iterator[Callable[[str, int, int], None]]:
    """A bar a stage with rate and time left; silent where standard error is no terminal.

    With ``--verbose`` each stage leaves a line with its time, terminal or not.
    """
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=None if err.width < 60 else 40),
        MofNCompleteColumn(),
        _Rate(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=err, disable=not err.is_terminal, expand=err.width < 60) as bars:
        shown: dict[str, Any] = {}
        begun = time.monotonic()

        def update(stage: str, done: int, total: int) -> None:
            if stage not in shown:
                shown[stage] = bars.add_task(stage, total=total)
            bars.update(shown[stage], completed=done, total=total)
            if _verbose and done == total and shown.get(f"told {stage}") is None:
                shown[f"told {stage}"] = True
                bars.console.print(f"{time.monotonic() - begun:6.1f} s  {stage}: {total:,}", soft_wrap=True)

        yield update


@app.command()
def build(
    source: Annotated[list[Path], typer.Argument(help="Folders, files, git repositories, bundles, zips, tars.")],
    out_dir: Annotated[Path, typer.Option("--out", help="The folder for the tables.")],
    every: Annotated[
        str, typer.Option(help="half-year, quarter or all: the last version of each is kept.")
    ] = "half-year",
    text: Annotated[bool, typer.Option("--text/--no-text", help="Whether the segments' text is kept.")] = True,
    workers: Annotated[int | None, typer.Option(min=1, help="Processes; all cores if not given.")] = None,
    update: Annotated[bool, typer.Option("--update", help="Read only the services with new versions.")] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with a killed build.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace what is there.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 1 if anything was rejected.")] = False,
) -> None:
    """Make a corpus from policies.

    Example: privacylab build my-policies --out my-corpus
    """
    from privacylab import build as building

    chosen = [name for name, given in (("update", update), ("resume", resume), ("force", force)) if given]
    if len(chosen) > 1:
        raise ValueError(f"--{' and --'.join(chosen)} exclude each other: give one")
    mode: Any = chosen[0] if chosen else "new"
    with _progress() as progress:
        corpus = building.corpus(source, out_dir, every=every, text=text, workers=workers, mode=mode, progress=progress)
    rejected = _summary(corpus)
    if strict and rejected:
        raise typer.Exit(1)


def _summary(corpus: tables.Corpus) -> int:
    versions = corpus.versions(columns=["status", "reason", "source", "detail"])
    counts = versions["status"].value_counts()
    shown = ", ".join(
        f"{counts[status]:,} {status.replace('_', ' ')}" for status in schema.STATUSES if status in counts
    )
    out.print(f"{len(versions):,} versions: {shown}", soft_wrap=True)
    rejected = versions[versions["status"] == "rejected"]
    told = len(rejected) if _verbose else 10
    for row in rejected.head(told).itertuples():
        detail = f"{row.source}: rejected, {row.reason} ({row.detail})"
        err.print(detail, soft_wrap=True)
    if len(rejected) > told:
        err.print(f"... and {len(rejected) - told:,} more: see versions.parquet, status rejected, or give -v")
    for label, described in corpus.manifest["sources"].items():
        for note in described.get("notes", ()):
            err.print(f"{label}: {note}", soft_wrap=True)
    n_policies, n_segments = corpus.manifest["counts"]["policies"], corpus.manifest["counts"]["segments"]
    out.print(f"{n_policies:,} policies, {n_segments:,} distinct segments in {corpus.path}", soft_wrap=True)
    return len(rejected)


@app.command()
def fetch(
    name: Annotated[
        list[str] | None, typer.Argument(help="NAME=URL_OR_PATH; the public archives if not given.")
    ] = None,
    into: Annotated[Path, typer.Option(help="The folder for the clones.")] = Path("archives"),
) -> None:
    """Clone the public archives.

    Example: privacylab fetch --into archives
    """
    wanted = dict(ARCHIVES) if not name else dict(_named_place(given) for given in name)
    into.mkdir(parents=True, exist_ok=True)
    for label, place in wanted.items():
        target = into / label
        if target.exists():
            out.print(f"{target} is there already", soft_wrap=True)
            continue
        staging = Path(tempfile.mkdtemp(prefix=f".{label}.", dir=into))
        # The user's own settings hold: a network may need them. Nothing else speaks to git.
        env = sources.without_git() | {"GIT_ALLOW_PROTOCOL": "https:file", "GIT_NO_LAZY_FETCH": "1"}
        try:
            clone = ["git", "clone", "--quiet", "--mirror", "--", place, str(staging / label)]
            if subprocess.run(clone, env=env, check=False).returncode:
                raise RuntimeError(f"{place} cannot be cloned (see git's message above)")
            (staging / label).rename(target)
        finally:
            shutil.rmtree(staging, ignore_errors=True)
        out.print(f"{target} cloned from {place}", soft_wrap=True)


def _named_place(given: str) -> tuple[str, str]:
    label, _, place = given.partition("=")
    if not place or not label.replace("-", "").isalnum() or label.startswith("-"):
        raise ValueError(f"{given!r} is not NAME=URL_OR_PATH, for example ota=../contrib-versions")
    if not place.startswith("https://") and not Path(place).exists():
        raise ValueError(f"{place} is neither an https address nor a local path")
    return label, place


@app.command()
def report(
    corpus: Annotated[Path | None, typer.Option(help="The corpus; the embedded panel if not given.")] = None,
    out_dir: Annotated[Path, typer.Option("--out", help="The folder for the HTML site.")] = Path("report"),
    keep_going: Annotated[
        bool, typer.Option("--keep-going", help="Say in a failing cell's place why it is not shown, and go on.")
    ] = False,
) -> None:
    """Run copies of the notebooks on a corpus and render the HTML site.

    What a small corpus cannot tell, its pages say in a sentence. A notebook of your own that fails ends the run, and
    the old report stays; with --keep-going its page says where and why instead.

    Example: privacylab report --corpus my-corpus --out my-report
    """
    from privacylab import report as reporting

    chosen = corpus or paths.corpus()
    tables.Corpus.open(chosen)
    with _progress() as progress:

        def cells(done: int, total: int, name: str) -> None:
            progress("running cells", done, total)
            if _verbose and name != running[-1]:
                running.append(name)
                err.print(f"running {name}", soft_wrap=True)

        running = [""]
        failed: list[reporting.ReportError] = []
        index = reporting.build(
            paths.notebooks(),
            corpus=chosen,
            out=out_dir,
            progress=cells,
            failed=failed.append if keep_going else None,
        )
    for error in failed:
        err.print(f"not shown: {error}", soft_wrap=True)
    out.print(f"{index}", soft_wrap=True)


@app.command()
def annotate(
    file: Annotated[list[Path], typer.Argument(help="Policies as HTML, Markdown, plain text or PDF.")],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """Read policies, each as a person would: date, era, frameworks, clauses, rights, contacts, and what is unusual.

    Example: privacylab annotate corpus/samples/farwend/farwend-2018-06-12.md
    """
    from privacylab.explore import policy

    for path in file:
        found = policy.of_file(path)
        lacks, why = _lacks(found)
        if as_json:
            record = {**found.record(), "lacks": lacks, "lacks_unknown": why}
            sys.stdout.write(json.dumps(record, ensure_ascii=False) + "\n")
        else:
            _show(found)
            _show_lacks(found, lacks, why)


def _lacks(found: "Profile") -> tuple[list[dict[str, Any]] | None, str | None]:
    """What others of its era mostly have and it lacks; or None, and why that is not known."""
    from privacylab.explore import policy

    try:
        rows = policy.lacking(found, _era_shares())
    except (ValueError, OSError) as error:  # no date, no panel, few services of that era
        return None, _line(error)
    return [{str(key): value for key, value in row.items()} for row in rows.to_dict("records")], None


@cache
def _era_shares() -> "pd.DataFrame":
    from privacylab.explore import policy

    return policy.era_shares(tables.Corpus.open(paths.corpus()))


def _show(found: "Profile") -> None:
    stated = found.effective_date
    date = f"{stated.value} ({stated.kind}{', ambiguous' if stated.ambiguous else ''})" if stated else "none stated"
    out.print(f"{found.name}: {found.n_words:,} words, {found.n_segments} segments", style="bold")
    out.print(f"date {date}, era {found.era}" + (f"; no policy: {found.reason}" if found.reason else ""))
    rows = dict.fromkeys(found.frameworks)
    _grid(("framework", "stance", "sentence"), [(name, stance, _short(text)) for name, stance, text in rows])
    hits = {name: [clause for clause in found.clauses if name in clause.categories] for name in schema.CATEGORIES}
    best = {name: max(those, key=lambda c: c.categories[name]) for name, those in hits.items() if those}
    clauses = [(name, str(len(hits[name])), _short(clause.segment.text)) for name, clause in best.items()]
    _grid(("category", "segments", "clearest"), clauses)
    named: dict[str, tuple[str, list[str]]] = {}
    for cue, value, sentence in found.cues:
        named.setdefault(cue, (sentence, []))[1].append(_duration(value or ""))
    for title, rights in (("right", True), ("other", False)):
        chosen = [(cue, *told) for cue, told in sorted(named.items()) if cue.startswith("right_") == rights]
        rows_ = [
            (cue.removeprefix("right_").replace("_", " "), ", ".join(dict.fromkeys(filter(None, values))), _short(text))
            for cue, text, values in chosen
        ]
        _grid((title, "value", "sentence"), rows_)
    _grid(("contact", "where"), found.contacts)


def _show_lacks(found: "Profile", lacks: list[dict[str, Any]] | None, why: str | None) -> None:
    if lacks is None:
        out.print(f"what its era mostly has and it lacks is not known: {why}")
    elif not lacks:
        out.print(f"it has all that most services of the era {found.era} have")
    else:
        from privacylab.plots import labels

        rows = [
            (labels.readable(row["feature"]), f"{row['value']:.0%} ({row['low']:.0%} to {row['high']:.0%})")
            for row in lacks
        ]
        _grid((f"most of the era {found.era} have, it lacks", "services"), rows)


def _grid(columns: tuple[str, ...], rows: "list[Any]") -> None:
    grid = Table(box=None, pad_edge=False)
    for column in columns:
        grid.add_column(column, overflow="fold")
    for row in rows:
        grid.add_row(*row)
    if rows:
        out.print(grid)


def _short(text: str, limit: int = 160) -> str:
    line = text.split("\n")[0]
    return line if len(line) <= limit else line[:limit].rsplit(" ", 1)[0] + " ..."


def _duration(value: str) -> str:
    """An ISO 8601 duration in words; any other value as it is."""
    found = re.fullmatch(r"PT?(\d+)([HDWMY])", value)
    if found is None:
        return value
    unit = dict(zip("HDWMY", ("hour", "day", "week", "month", "year"), strict=True))[found[2]]
    return f"{found[1]} {unit}{'s' * (found[1] != '1')}"


@app.command()
def export(
    corpus: Annotated[Path, typer.Argument(help="A corpus folder.")],
    csv: Annotated[Path, typer.Option("--csv", help="The folder for a CSV file a table.")],
) -> None:
    """Write the tables as CSV for R, Stata or a spreadsheet.

    Example: privacylab export corpus/panel --csv panel-csv
    """
    opened = tables.Corpus.open(corpus)
    csv = csv.resolve()
    if csv.exists():
        raise ValueError(f"{csv} exists: name another folder")
    if not csv.parent.exists():
        csv.parent.mkdir(parents=True)
    staging = Path(tempfile.mkdtemp(prefix=f".{csv.name}.", dir=csv.parent))
    staging.chmod(0o755)
    try:
        names = [name for name in schema.ALL_TABLES if (opened.path / f"{name}.parquet").is_file()]
        for name in names:
            _as_csv(name, opened.table(name)).to_csv(staging / f"{name}.csv", index=False, date_format="%Y-%m-%d")
        staging.rename(csv)
    except BaseException:
        shutil.rmtree(staging, ignore_errors=True)
        raise
    out.print(f"{len(names)} tables in {csv}", soft_wrap=True)


def _as_csv(name: str, frame: "pd.DataFrame") -> "pd.DataFrame":
    """A table whose lists are text: their values joined by semicolons."""
    lists = [column for column, spec in schema.ALL_TABLES[name].columns.items() if spec.kind == "list"]
    return frame.assign(**{column: frame[column].map(";".join) for column in lists})


@app.command()
def verify(corpus: Annotated[Path, typer.Argument(help="A corpus folder.")]) -> None:
    """Check that a corpus is whole: schemas, keys, hashes, counts.

    Example: privacylab verify corpus/panel
    """
    faults = tables.verify(corpus)
    for fault in faults:
        err.print(fault, soft_wrap=True)
    if faults:
        raise tables.CorpusError(
            f"{corpus} is not whole ({len(faults)} faults): make it again with privacylab build --force"
        )
    out.print(f"{corpus} is whole", soft_wrap=True)


@app.command()
def train(
    opp115: Annotated[Path, typer.Option(help="The folder of train.jsonl and valid.jsonl.")],
    archives: Annotated[
        Path | None, typer.Option(help="The archives: word vectors and the segments read. Without: OPP-115 alone.")
    ] = None,
    out_dir: Annotated[
        Path | None, typer.Option("--out", help="Where the weights go; the package's if not given.")
    ] = None,
) -> None:
    """Make the shipped clause model again.

    Example: privacylab train --opp115 ../shared/data/opp115 --archives ../shared/data
    """
    from privacylab.clauses import training

    training.train(opp115, archives=archives, out=out_dir or paths.MODELS)
    out.print(f"weights in {out_dir or paths.MODELS}", soft_wrap=True)


@app.command()
def evaluate(
    opp115: Annotated[Path | None, typer.Option(help="A file of labelled segments: policy, text, label.")] = None,
    gold: Annotated[Path | None, typer.Option(help="The hand-made labels; corpus/gold if neither is given.")] = None,
    archives: Annotated[
        Path | None, typer.Option(help="Where the archives are, whose texts the labels refer to.")
    ] = None,
    predictions: Annotated[Path | None, typer.Option(help="A folder to store the predictions in.")] = None,
) -> None:
    """Score the reading of policies against hand-made labels.

    Example: privacylab evaluate --opp115 ../shared/data/opp115/valid.jsonl
    """
    from privacylab import evaluate as evaluation

    if opp115:
        out.print(evaluation.clauses_on(opp115).to_string(index=False))
        if evaluation.was_trained_on(opp115):
            err.print(
                f"{opp115} is part of what the shipped model learnt from: these are no test scores", soft_wrap=True
            )
    if gold or not opp115:
        labelled = gold or paths.gold()
        predicted = evaluation.predict(labelled, archives=archives)
        for name, frame in evaluation.score(labelled, predicted).items():
            out.print(f"\n{name}\n{frame.to_string(index=False)}")
        if predictions:
            predicted.to_csv(predictions / evaluation.PREDICTIONS, index=False)


if __name__ == "__main__":
    main()
