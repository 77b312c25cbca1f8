"""The direct dependencies as they are installed: version, licence, who keeps them, as their metadata say.

python benchmarks/dependencies.py
"""

import re
import tomllib
from importlib.metadata import PackageMetadata, metadata

from privacylab import paths


def licence(about: PackageMetadata) -> str:
    """The licence by its identifier, else by its classifier, else by its text's first words."""
    classifiers = [each.rpartition(" :: ")[2] for each in about.get_all("Classifier") or () if each[:7] == "License"]
    return about.get("License-Expression") or next(iter(classifiers), (about.get("License") or "unknown")[:40])


def keeper(about: PackageMetadata) -> str:
    """Who is named first, without an address."""
    named = [about.get(field) for field in ("Maintainer", "Author", "Maintainer-email", "Author-email")]
    return re.sub(r"\s*<[^>]*>|\"", "", next(filter(None, named), "unknown"))


def main() -> None:
    """Prints a row of a Markdown table for each."""
    project = tomllib.loads((paths.checkout() / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for requirement in project["dependencies"]:
        about = metadata(re.match(r"[\w.-]+", requirement)[0])  # type: ignore[index]
        print(f"| {about['Name'].lower()} | {about['Version']} | {licence(about)} | {keeper(about)} |")


if __name__ == "__main__":
    main()
