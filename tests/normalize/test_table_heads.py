"""Rows of tables under their columns' heads."""

import pytest

from privacylab import normalize

HEADS = "<tr><th>Data</th><th>Kept for:</th></tr>"
BOLD = "<tr><td><b>Data</b></td><td><strong>Kept for</strong></td></tr>"
ROW = "<tr><td>Orders</td><td>six years</td></tr>"
ARIA = "".join(
    f"<div role=row><span role={role}>{first}</span><span role={role}>{second}</span></div>"
    for role, first, second in [("columnheader", "Data", "Kept for"), ("cell", "Orders", "six years")]
)
NAMED = "Data: Orders | Kept for: six years"


def rows(table, media_type="text/html"):
    return [block.text for block in normalize.blocks(table, media_type=media_type)][1:]


@pytest.mark.parametrize(
    "table",
    [
        f"<body><table>{HEADS}{ROW}</table></body>",
        f"<body><table>{BOLD}{ROW}</table></body>",
        f"<body><table><thead>{HEADS}</thead><tbody>{ROW}</tbody></table></body>",
        f"<body><table><thead><tr><th colspan=2>Our data</th></tr>{HEADS}</thead>{ROW}</table></body>",
        f"<body><table>{HEADS}<tr><th>Orders</th><td>six years</td></tr></table></body>",
        f"<body><table><thead>{HEADS.replace('th>', 'td>')}</thead>{ROW}</table></body>",
        f"<body><div role=table>{ARIA}</div></body>",
        f"<body><div role=grid><div role=rowgroup>{ARIA}</div></div></body>",
    ],
)
def test_a_cell_is_read_with_its_columns_head(table):
    assert rows(table)[-1] == NAMED


@pytest.mark.parametrize("look", ["style='display:table-row'", "class=line"])
def test_a_row_by_its_style_is_a_row(look):
    sheet = "<style>.line { display: table-row; } .cell { display: table-cell }</style>"
    table = f"<div>Our data</div><div {look}><div class=cell>Orders</div><div class=cell>six years</div></div>"
    assert rows(f"<html>{sheet}<body>{table}</body></html>") == ["Orders | six years"]


def test_a_table_in_markdown():
    assert rows("| Data | Kept for |\n| --- | --- |\n| Orders | six years |\n", "text/markdown") == [NAMED]


def test_cells_over_several_rows_or_columns():
    logs = "<tr><td rowspan=2>Logs</td><td>90 days</td></tr><tr><td>two years</td></tr>"
    assert rows(f"<body><table>{HEADS}{logs}</table></body>") == [
        "Data: Logs | Kept for: 90 days",
        "Kept for: two years",
    ]
    wide = (
        "<tr><th>Data</th><th colspan=2>Kept</th><th>Why</th></tr><tr><td>Logs</td><td>a</td><td>b</td><td>c</td></tr>"
    )
    assert rows(f"<body><table>{wide}</table></body>") == ["Data: Logs | Kept: a | Kept: b | Why: c"]


@pytest.mark.parametrize(
    "first",
    [
        "<tr><td>Data</td><td>Kept for</td></tr>",
        "<tr><th>Orders</th><td>six years</td></tr>",
        f"<tr><th>Data</th><th>{'We say at length what we keep. ' * 3}</th></tr>",
        "<tr><th>Data</th></tr>",
    ],
)
def test_a_table_without_heads_is_read_as_it_stands(first):
    assert rows(f"<body><table>{first}{ROW}</table></body>")[-1] == "Orders | six years"


def test_a_title_amid_the_rows_has_no_head():
    title = "<tr><td>Marketing</td></tr>"
    assert rows(f"<body><table>{HEADS}{title}{ROW}</table></body>") == ["Marketing", NAMED]
