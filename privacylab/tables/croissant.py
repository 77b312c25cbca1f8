"""A corpus's ``croissant.json``: describes its tables for those who search or load data sets (Croissant 1.1).

Columns come from ``rules/columns.toml``, hashes, counts and sources from the manifest and
``rules/archives.toml``, and the description from ``rules/dataset.toml``: what is true of any corpus, and what is true
only of the embedded panel.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from string import Template
from typing import Any

from privacylab import paths
from privacylab.tables.schema import TABLES, Column, Kind

FILE = "croissant.json"

_TYPES: Mapping[Kind, str] = {
    "text": "sc:Text",
    "list": "sc:Text",
    "date": "sc:Date",
    "share": "sc:Float",
    "number": "sc:Float",
}
"""Kinds of columns whose values are not whole numbers."""


def describe(folder: Path, manifest: Mapping[str, Any]) -> dict[str, Any]:
    """The content of ``croissant.json``: the same for the same tables and manifest in any place.

    Args:
        folder: Where the tables are.
        manifest: The corpus's manifest.
    """
    rules = paths.rules("dataset")
    files = {name: _file(name, folder, manifest) for name in TABLES}
    return {
        "@context": {**rules["format"]["context"], **{term: f"cr:{term}" for term in rules["format"]["terms"]}},
        "@type": "sc:Dataset",
        "conformsTo": rules["format"]["conformsTo"],
        **_about(manifest, rules),
        "distribution": [*files.values()],
        "recordSet": [_records(name, files[name]) for name in TABLES],
    }


def search_entry(described: Mapping[str, Any]) -> dict[str, Any]:
    """What a web page tells search engines about a corpus: schema.org's words only, without files and columns."""
    left_out = re.compile(r"[@:]|conformsTo|citeAs|^record|^dist")
    own = {key: value for key, value in described.items() if not left_out.search(key)}
    return {"@context": "https://schema.org/", "@type": "Dataset", **own}


def _about(manifest: Mapping[str, Any], rules: Mapping[str, Any]) -> dict[str, Any]:
    """The description of the whole, and its origin."""
    sources, archives = sorted(manifest.get("sources", ())), paths.rules("archives")
    has_all = "sample" not in manifest and not manifest["parameters"]["text"]
    of_archives = sources and archives.keys() >= set(sources) and has_all
    words = {
        "n_policies": f"{manifest['counts']['policies']:,}",
        "n_services": f"{manifest['counts']['services']:,}",
        "panel": manifest["sha256"]["policies"][:16],
        "sources": ", ".join(sources) or "unknown",
        "version": manifest.get("versions", {}).get("privacylab", "unknown"),
    }
    texts = {**rules["any"], **(rules["panel"] if of_archives else {})}
    origins = [{"@type": "prov:Entity", "name": name, **archives.get(name, {})} for name in sources]
    label = f"privacylab build, PrivacyLab {words['version']}"
    return {
        **{key: _filled(value, words) for key, value in texts.items()},
        # Of a public archive: its name, address and licence.
        "prov:wasDerivedFrom": [{key: value for key, value in each.items() if key != "places"} for each in origins],
        "prov:wasGeneratedBy": [{"@type": "prov:Activity", "prov:label": label}],
    }


def _filled(written: object, words: Mapping[str, str]) -> object:
    """A text (a long one is a list of ``lines``), or each of a list, with its words filled in; others unchanged."""
    if isinstance(written, list):
        return [_filled(each, words) for each in written]
    text = " ".join(written["lines"]) if isinstance(written, dict) and "lines" in written else written
    return Template(text).substitute(words) if isinstance(text, str) else text


def _file(name: str, folder: Path, manifest: Mapping[str, Any]) -> dict[str, Any]:
    path, n_rows = folder / f"{name}.parquet", f"{manifest['counts'][name]:,} rows"
    described = {"name": path.name, "description": f"{n_rows}."}
    described["encodingFormat"] = "application/x-parquet"
    if not path.is_file():
        parts = f"{name}/part-*.parquet"
        described |= {"name": name, "description": f"{n_rows}, in parts that follow each other."}
        return {**described, "@type": "cr:FileSet", "@id": parts, "includes": parts}
    size, digest = f"{path.stat().st_size} B", manifest["sha256"][name]
    own = {"@type": "cr:FileObject", "@id": path.name, "contentUrl": path.name}
    return {**described, **own, "contentSize": size, "sha256": digest}


def _records(name: str, file: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "@type": "cr:RecordSet",
        "@id": name,
        "name": name,
        "description": TABLES[name].meaning,
        # No `references` to other tables: mlcroissant 1.1 would join them, and fails where one leads to the next.
        "key": [{"@id": _id(name, column)} for column in TABLES[name].key],
        "field": [_field(name, column, spec, file) for column, spec in TABLES[name].columns.items()],
    }


def _field(name: str, column: str, spec: Column, file: Mapping[str, Any]) -> dict[str, Any]:
    kind = "fileSet" if file["@type"] == "cr:FileSet" else "fileObject"
    allowed = f" One of: {', '.join(spec.allowed)}." if spec.allowed else ""
    return {
        "@type": "cr:Field",
        "@id": _id(name, column),
        "name": column,
        "description": spec.meaning + allowed,
        "dataType": _TYPES.get(spec.kind, "sc:Integer"),
        "source": {kind: {"@id": file["@id"]}, "extract": {"column": column}},
        **({"isArray": True, "arrayShape": "-1"} if spec.kind == "list" else {}),
    }


def _id(name: str, column: str) -> str:
    """A column's name in the file, which is part of an address."""
    return f"{name}/{re.sub(r'[^a-z]+', '_', column.lower())}"
