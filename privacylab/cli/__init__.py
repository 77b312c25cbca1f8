"""The command line: ``privacylab ...``, the only package that prints."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from typer import Argument, Option

import privacylab
from privacylab import files, paths, sources, tables
from privacylab.cli import reading
from privacylab.cli.console import err, line, out, progress
from privacylab.cli.scheduler import executor
from privacylab.tables import schema

# Heavy modules are imported by the commands that need them: `--help` answers at once.

app = typer.Typer(
    help="The history of privacy policies: build a corpus, annotate, measure, report.",
    epilog="Example: privacylab annotate my-policy.html",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
_debug = _verbose = False


def main() -> None:
    """Runs the command line: errors of the input become one line and exit code 2, a Ctrl-C one and 130."""
    arguments = _general_first(sys.argv[1:])
    try:
        app(args=arguments)
    except (tables.CorpusError, OSError, ValueError, RuntimeError, MemoryError) as error:
        if _debug:
            raise
        err.print(f"privacylab: {line(error) or 'not enough memory: fewer workers need less'}", style="red")
        sys.exit(2)
    except SystemExit as ended:
        if ended.code == STOPPED:
            going_on = ", and what was read is kept: give --resume to go on" if "build" in arguments else ""
            err.print(f"privacylab: stopped; existing files are unchanged{going_on}")
        raise


STOPPED = 130
"""How a program ends that Ctrl-C stopped."""


def _general_first(arguments: list[str]) -> list[str]:
    """The general options may also come after the command, as people expect."""
    end = arguments.index("--") if "--" in arguments else len(arguments)
    general = [word for word in arguments[:end] if word in ("-v", "--verbose", "--debug")]
    return general + [word for word in arguments[:end] if word not in general] + arguments[end:]


def _version(asked: bool) -> None:
    if asked:
        out.print(f"privacylab {privacylab.__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[bool, Option("--version", callback=_version, is_eager=True, help="Show the version.")] = False,
    verbose: Annotated[
        bool, Option("--verbose", "-v", help="Show each stage with its time, and everything that was rejected.")
    ] = False,
    debug: Annotated[bool, Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    global _debug, _verbose
    _debug, _verbose = debug, verbose


_Every = Annotated[
    str,
    Option(
        help="half-year or quarter: the last version of each, a text that stands again in each; all: each text once.",
        autocompletion=lambda: ["half-year", "quarter", "all"],
    ),
]
_Workers = Annotated[int | None, Option(min=1, help="Processes; all cores if not given.")]
_Scheduler = Annotated[str | None, Option(help="A dask scheduler whose workers read, as tcp://HOST:8786.")]
_Column = Annotated[str | None, Option(help="In tables: its column, if the column's name does not show it.")]


@app.command()
def build(
    source: Annotated[list[Path], Argument(help="Folders, files, zips, git repositories, web archives, tables.")],
    out_dir: Annotated[Path, Option("--out", help="The folder for the tables.")],
    every: _Every = "half-year",
    text: Annotated[bool, Option("--text/--no-text", help="Keep the segments' text.")] = True,
    workers: _Workers = None,
    scheduler: _Scheduler = None,
    update: Annotated[bool, Option("--update", help="Read only the services with new versions.")] = False,
    resume: Annotated[bool, Option("--resume", help="Continue a killed build.")] = False,
    force: Annotated[bool, Option("--force", help="Replace an existing corpus.")] = False,
    strict: Annotated[bool, Option("--strict", help="Exit with 1 if anything was rejected.")] = False,
    text_column: _Column = None,
    date_column: _Column = None,
    service_column: _Column = None,
) -> None:
    """Make a corpus from policies.

    Example: privacylab build my-policies --out my-corpus
    """
    from privacylab import build as building
    from privacylab.cli.summary import ledger, summary

    mode: Any = _the_one(update=update, resume=resume, force=force) or "new"
    columns = {"text_column": text_column, "date_column": date_column, "service_column": service_column}
    ways: dict[str, Any] = {"every": every, "text": text, "workers": workers, **columns}
    before = ledger(out_dir) if update else None
    with executor(scheduler, workers) as given, progress(verbose=_verbose) as bars:
        corpus = building.corpus(source, out_dir, mode=mode, executor=given, progress=bars, **ways)
    if summary(corpus, verbose=_verbose, before=before) and strict:
        raise typer.Exit(1)


def _the_one(**options: bool) -> str | None:
    """The given one of several options that exclude each other."""
    given = [name for name in options if options[name]]
    if len(given) > 1:
        raise ValueError(f"--{' and --'.join(given)} exclude each other: give one")
    return given[0] if given else None


@app.command()
def fetch(
    name: Annotated[list[str] | None, Argument(help="NAME=URL_OR_PATH; the public archives if not given.")] = None,
    into: Annotated[Path, Option(help="The folder for the clones.")] = Path("archives"),
) -> None:
    """Clone the public archives.

    Example: privacylab fetch --into archives
    """
    public = {label: archive.url for label, archive in sources.ARCHIVES.items()}
    places = dict(map(_named_place, name)) if name else public
    into.mkdir(parents=True, exist_ok=True)
    for label, place in places.items():
        target = into / label
        if target.exists():
            out.print(f"{target} already exists")
            continue
        sources.clone(place, target)
        out.print(f"{target} cloned from {place}")


def _named_place(given: str) -> tuple[str, str]:
    label, _, place = given.partition("=")
    if not place or not label.replace("-", "").isalnum() or label.startswith("-"):
        raise ValueError(f"{given!r} is not NAME=URL_OR_PATH, for example ota=../contrib-versions")
    if not place.startswith("https://") and not Path(place).exists():
        raise ValueError(f"{place} is neither an https address nor a local path")
    return label, place


@app.command()
def report(
    corpus: Annotated[Path | None, Option(help="The corpus; the embedded panel if not given.")] = None,
    out_dir: Annotated[Path, Option("--out", help="The folder for the HTML site.")] = Path("report"),
    keep_going: Annotated[
        bool, Option("--keep-going", hidden=True, help="What is done anyway; older scripts give it.")
    ] = False,
) -> None:
    """Run copies of the notebooks on a corpus and render the HTML site.

    A corpus of your own is told by its services and policies, a page each where it holds text; what is true of the
    embedded panel alone is left out. Where a notebook fails, its page says where and why, and the exit code is 1.

    Example: privacylab report --corpus my-corpus --out my-report
    """
    from privacylab import report as reporting

    chosen = corpus or paths.corpus()
    _check_some_policy(chosen)
    begun: set[str] = set()
    failed: list[reporting.ReportError] = []
    with progress(verbose=_verbose) as bars:

        def tell(done: int, total: int, notebook: str) -> None:
            bars("running cells", done, total)
            if _verbose and notebook not in begun:
                begun.add(notebook)
                err.print(f"running {notebook}")

        index = reporting.build(paths.notebooks(), corpus=chosen, out=out_dir, progress=tell, failed=failed.append)
    for error in failed:
        err.print(f"not shown: {error}")
    out.print(str(index))
    if failed:
        raise typer.Exit(1)


def _check_some_policy(corpus: Path) -> None:
    """Refuses what gives no report before any notebook runs: a damaged table, or no policy."""
    opened = tables.Corpus.open(corpus)
    n_rows = {name: len(opened.table(name, columns=[*table.key])) for name, table in schema.TABLES.items()}
    if not n_rows["policies"]:
        reasons = opened.versions(columns=["reason"])["reason"].value_counts()
        why = ", ".join(f"{n:,} {reason}" for reason, n in reasons.items())
        raise tables.CorpusError(f"{corpus} has no policy to report ({why}): build one from other files")


app.command()(reading.annotate)
app.command()(reading.compare)


@app.command()
def export(
    corpus: Annotated[Path, Argument(help="A corpus folder.")],
    csv: Annotated[Path | None, Option(help="A folder for one CSV per table.")] = None,
    xlsx: Annotated[Path | None, Option(help="A workbook with one sheet per table.")] = None,
) -> None:
    r"""Write the tables for R, Stata or a spreadsheet, and a codebook of their columns.

    In CSV a text that begins with = + - @ or a tab gets an apostrophe, so that no spreadsheet runs it. To undo this,
    remove the first apostrophe of cells that begin with apostrophes and one of these: in R sub("^'(?='*[=+@\t-])", "",
    x, perl = TRUE). A workbook has unchanged texts, up to 32,767 characters per cell.

    Example: privacylab export corpus/panel --csv panel-csv
    """
    from privacylab.tables import spreadsheet

    target, write = (csv, spreadsheet.to_csv) if csv else (xlsx, spreadsheet.to_xlsx)
    if target is None or (csv and xlsx):
        raise ValueError("give one of --csv FOLDER and --xlsx FILE")
    opened = tables.Corpus.open(corpus)
    target = target.resolve()
    if target.exists():
        raise ValueError(f"{target} exists: name another {'folder' if csv else 'file'}")
    if not target.parent.exists():
        target.parent.mkdir(parents=True)
    frames = {name: spreadsheet.joined(name, opened.table(name)) for name in schema.TABLES}
    with files.replacing(target) as staging:
        write({**frames, "codebook": spreadsheet.codebook()}, staging)
    out.print(f"{len(frames)} tables and their codebook in {target}")


@app.command()
def verify(corpus: Annotated[Path, Argument(help="A corpus folder.")]) -> None:
    """Check that a corpus is intact: schemas, keys, hashes, counts.

    Example: privacylab verify corpus/panel
    """
    faults = tables.verify(corpus)
    for fault in faults:
        err.print(fault)
    if faults:
        many = sources.counted(len(faults), "fault")
        raise tables.CorpusError(f"{corpus} is not intact ({many}): make it again with privacylab build --force")
    out.print(f"{corpus} is whole")


@app.command()
def train(
    opp115: Annotated[Path, Option(help="The folder of train.jsonl and valid.jsonl.")],
    archives: Annotated[
        Path | None, Option(help="The archives: word vectors and segments read. Without: only OPP-115.")
    ] = None,
    out_dir: Annotated[
        Path, Option("--out", show_default="the package's", help="The folder for the weights.")
    ] = paths.MODELS,
) -> None:
    """Make the shipped clause model again.

    Example: privacylab train --opp115 ../shared/data/opp115 --archives ../shared/data
    """
    from privacylab.clauses import training

    training.train(opp115, archives=archives, out=out_dir)
    out.print(f"weights in {out_dir}")


@app.command()
def evaluate(
    opp115: Annotated[Path | None, Option(help="A file of labelled segments: policy, text, label.")] = None,
    passages: Annotated[Path | None, Option(help="Labelled passages, as in GDPR Transparency 200.")] = None,
    coders: Annotated[Path | None, Option(help="A folder of coders' answers, as in PrivacyPolicyLong.")] = None,
    gold: Annotated[Path | None, Option(help="The hand-made labels; corpus/gold if nothing is given.")] = None,
    archives: Annotated[Path | None, Option(help="Where the archives of the hand-made labels are.")] = None,
    predictions: Annotated[Path | None, Option(help="A folder to store the predictions in.")] = None,
) -> None:
    """Score the program against labels: our own and other people's.

    Example: privacylab evaluate --opp115 ../shared/data/opp115/valid.jsonl
    """
    from privacylab import evaluate as evaluation

    scores = _scores_by_others(opp115, passages, coders)
    if gold or not scores:
        predicted = evaluation.predict(gold or paths.gold(), archives=archives)
        scores |= evaluation.score(gold or paths.gold(), predicted)
        if predictions:
            predicted.to_csv(predictions / evaluation.PREDICTIONS, index=False)
    for name, frame in scores.items():
        for text in ("", name, *frame.to_string(index=False).splitlines()):
            out.print(text)


def _scores_by_others(opp115: Path | None, passages: Path | None, coders: Path | None) -> dict[str, Any]:
    """The scores against other people's labels, by the files that hold them."""
    from privacylab import evaluate as evaluation
    from privacylab import findings

    scores = {}
    if opp115:
        scores[str(opp115)] = evaluation.clauses_on(opp115)
        if evaluation.was_trained_on(opp115):
            err.print(f"{opp115} was used to train the shipped model: these are not test scores")
    if passages:
        scores[str(passages)] = evaluation.passages(passages)
    if coders:
        corpus = tables.Corpus.open(paths.corpus())
        coded = evaluation.coded(evaluation.answers(coders), corpus.policies(), findings.features(corpus))
        scores[str(coders)] = evaluation.coders(coded)
    return scores
