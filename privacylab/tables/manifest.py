"""What a corpus says of itself, read from a folder that may hold anything."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from privacylab import files
from privacylab.tables.schema import CATEGORIES

FORMAT = 2
"""Raised when a table changes its columns: an older corpus is then refused with the way to rebuild it."""

MANIFEST = "manifest.json"
_AGAIN = "make it again with privacylab build --force"


class CorpusError(ValueError):
    """A folder is not a corpus, or not a complete one; the message says what to do."""


def read(folder: Path) -> dict[str, Any]:
    """The manifest of a corpus; what it holds is of the right kind, though something may be missing (`missing`).

    Raises:
        CorpusError: There is none, it is damaged, or of another format.
    """
    path = folder / MANIFEST
    try:
        with files.ordinary(path) as file:
            known = json.loads(file.read().decode())
    except FileNotFoundError:
        raise CorpusError(
            f"{folder} is not a corpus (no {MANIFEST}): make one with privacylab build SOURCE --out DIR"
        ) from None
    except (ValueError, RecursionError):
        known = None
    if not isinstance(known, dict):
        raise CorpusError(f"{path} is damaged: make the corpus again with privacylab build --force")
    if "format" not in known:
        raise CorpusError(
            f"{path} has no format, so {folder} is not a corpus: make one with privacylab build SOURCE --out DIR"
        )
    if known["format"] != FORMAT:
        raise CorpusError(f"{folder} has format {known['format']}, this version reads {FORMAT}: {_AGAIN}")
    if wrong := _wrong(known):
        raise CorpusError(f"{path} is damaged (its {wrong} are not what a build writes): {_AGAIN}")
    return known


def _wrong(known: Mapping[str, Any]) -> str:
    """What of a manifest is of another kind than a build writes it; '' if nothing is."""
    parameters, sources = known.get("parameters"), known.get("sources", {})
    holds = {name: _holds(known.get(name, {}), kind) for name, kind in _KINDS.items()}
    holds["parameters"] = (
        isinstance(parameters, dict)
        and isinstance(parameters.get("text"), bool)
        and _holds(parameters.get("thresholds"), int)
    )
    holds["sources"] = _holds(sources, dict) and all(_is_texts(source.get("notes", [])) for source in sources.values())
    return " and ".join(name for name, right in holds.items() if not right)


_KINDS = {"counts": int, "sha256": str, "versions": str}


def _holds(value: object, kind: type) -> bool:
    return isinstance(value, dict) and all(type(each) is kind for each in value.values())


def _is_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


def missing(known: Mapping[str, Any], *, sources: bool = True) -> list[str]:
    """A sentence for each thing that a manifest should say and does not; hashes and counts are for who compares."""
    unsaid = sources and "sources" not in known
    faults = [f"{MANIFEST}: it does not say of which sources the tables are"] if unsaid else []
    lacking = [name for name in CATEGORIES if name not in known["parameters"]["thresholds"]]
    return faults + ([f"{MANIFEST}: it has no threshold of {', '.join(lacking)}"] if lacking else [])
