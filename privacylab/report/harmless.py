"""What of a notebook's own output may stand on a page: nothing in it runs, and it loads nothing."""

import re

from selectolax.lexbor import LexborHTMLParser

_OUTSIDE = (
    "script style link meta base iframe frame object embed template svg math video audio form button input noscript"
).split()
"""Elements that may run or load something, or hold what does; an output's own style is the page's."""
_ATTRIBUTE = re.compile(
    r"alt|aria-\w+|class|colspan|height|href|id|lang|open|role|rowspan|scope|src|style|tabindex|width"
)
_LOADING_STYLE = re.compile(r"[\\@]|url|image|src", re.IGNORECASE)
HREF = re.compile(r"https?:|mailto:|#|figures/|policy-\d+\.html$")
"""Where a link may lead; anything else is a file beside the notebook, or a script."""


def close(tree: LexborHTMLParser) -> None:
    """Takes out of a tree what is not known to be harmless."""
    tree.strip_tags(_OUTSIDE)
    for node in tree.css("*"):
        for name, value in node.attributes.items():
            loads = name == "style" and _LOADING_STYLE.search(value or "")
            if not _ATTRIBUTE.fullmatch(name) or loads or (name == "href" and node.tag != "a"):
                del node.attrs[name]
        source = node.attributes.get("src")
        if source is not None and not (node.tag == "img" and source.startswith("data:image/")):
            node.replace_with(node.attributes.get("alt") or "")
