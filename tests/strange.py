"""Texts as no person writes them, for the tests of properties."""

from hypothesis import strategies as st

TEXT = st.text(
    st.sampled_from(
        "ab sd;.,&<>/p\u00a0\u2019\u201c\u2011\u00ad\u200b\x1c\x0b\u2028*[](){}:=%1_\tÃ©â€™\u3000\n\r\ufeffÉıß"
    ),
    max_size=60,
)


def documents(*lines):
    """Documents of some of these lines, with and without blank ones between them."""
    gaps = st.sampled_from(["\n", "\n\n", "\n\n", "\n \n", "\n\n\u00a0\n"])
    return st.lists(st.tuples(st.sampled_from(lines), gaps), max_size=12).map(lambda parts: "".join(sum(parts, ())))


MARKDOWN = documents(
    *(
        "",
        "**Our Rule**",
        "We share data.",
        "- pixels",
        "    - tags",
        "          deeper",
        "<script>x</script>",
        "* * *",
    ),
)
LEFTOVERS = documents(
    *("<p>We keep &amp.", "data.", "<p>Inc.", "<li>•", "<b>it is stored</b> for you.</p>", "</ul>", "o")
)
