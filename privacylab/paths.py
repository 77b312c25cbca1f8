"""Where the corpus and the figures are, independent of the working directory."""

import os
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

PACKAGE = Path(__file__).parent
RULES = PACKAGE / "rules"
MODELS = PACKAGE / "models"


@cache
def rules(name: str) -> dict[str, Any]:
    """The content of ``rules/<name>.toml``; it is read once, and nobody may change it."""
    return tomllib.loads((RULES / f"{name}.toml").read_text(encoding="utf-8"))


def checkout() -> Path:
    """The project's checkout: the folder with corpus/ and notebooks/.

    Raises:
        FileNotFoundError: The package was installed without its checkout.
    """
    root = PACKAGE.parent
    if not (root / "notebooks").is_dir() or not (root / "corpus").is_dir():
        raise FileNotFoundError(
            "no corpus/ and notebooks/ beside the package: this needs a checkout of the PrivacyLab repository "
            "(pip install -e . in it), or PRIVACYLAB_CORPUS set to a corpus folder"
        )
    return root


def corpus() -> Path:
    """The corpus that notebooks read: ``PRIVACYLAB_CORPUS``, or the embedded panel."""
    override = os.environ.get("PRIVACYLAB_CORPUS")
    return Path(override) if override else checkout() / "corpus" / "panel"


def samples() -> Path:
    """The sample policies, written for this project, with text."""
    return checkout() / "corpus" / "samples"


def gold() -> Path:
    """The hand-made labels, as references without text."""
    return checkout() / "corpus" / "gold"


def notebooks() -> list[Path]:
    """The notebooks, in their order."""
    return sorted((checkout() / "notebooks").glob("*.ipynb"))


def figures() -> Path:
    """Where figures and their numbers go: ``PRIVACYLAB_FIGURES``, or figures/."""
    override = os.environ.get("PRIVACYLAB_FIGURES")
    return Path(override) if override else checkout() / "figures"
