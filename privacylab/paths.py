"""Where the corpus and the figures are, independent of the working directory."""

import os
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

PACKAGE = Path(__file__).parent
RULES = PACKAGE / "rules"
MODELS = PACKAGE / "models"


class RulesError(ValueError):
    """Rules that cannot be read or added; the message is one line and says what to do."""


@cache
def rules(name: str) -> dict[str, Any]:
    """The content of ``rules/<name>.toml``, and what one's own file of that name adds; nobody may change it.

    Raises:
        RulesError: One's own rules cannot be read, or say again what is there.
    """
    shipped = tomllib.loads((RULES / f"{name}.toml").read_text(encoding="utf-8"))
    for file in own_rules():
        if file.stem == name:
            try:
                return _added(shipped, tomllib.loads(file.read_text(encoding="utf-8")), file)
            except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
                raise RulesError(f"{file} cannot be read ({error}): mend it, or unset PRIVACYLAB_RULES") from None
    return shipped


@cache
def own_rules() -> tuple[Path, ...]:
    """The files of ``PRIVACYLAB_RULES``, a folder whose files add blocks to the shipped rules of the same names.

    Raises:
        RulesError: There is no such folder, or a file in it adds to nothing.
    """
    folder = os.environ.get("PRIVACYLAB_RULES")
    if not folder:
        return ()
    if not Path(folder).is_dir():
        raise RulesError(f"PRIVACYLAB_RULES is {folder}, which is not a folder: make it, or unset the variable")
    own = tuple(sorted(Path(folder).glob("*.toml")))
    names = sorted(path.stem for path in RULES.glob("*.toml"))
    for file in own:
        if file.stem not in names:
            raise RulesError(f"{file} adds to no rules: name it after one of {', '.join(names)}")
    return own


def _added(shipped: dict[str, Any], own: dict[str, Any], file: Path) -> dict[str, Any]:
    """Rules with one's own: blocks come behind the shipped ones, and nothing that is there is said anew."""
    joined = dict(shipped)
    for key, value in own.items():
        there = shipped.get(key)
        if isinstance(value, dict) and isinstance(there, dict):
            joined[key] = _added(there, value, file)
        elif isinstance(value, list) and isinstance(there, list):
            ids = {block["id"] for block in there if isinstance(block, dict) and "id" in block}
            twice = [block["id"] for block in value if isinstance(block, dict) and block.get("id") in ids]
            if twice:
                raise RulesError(f"{file}: there is already a {key} {twice[0]!r}: give it another id")
            joined[key] = there + value
        elif key in shipped:
            raise RulesError(f"{file}: {key} is already said: only blocks and new keys can be added")
        else:
            joined[key] = value
    return joined


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
