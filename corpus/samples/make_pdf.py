"""Write `ledgerquay/privacy-statement.pdf`, the one sample policy in PDF.

The text stands here and not in a file of its own, so that a reader of this folder finds the policy once. Run it from
anywhere after a change to the text: `python corpus/samples/make_pdf.py`. The same text gives the same bytes.
"""

import textwrap
from pathlib import Path
from typing import NamedTuple

import matplotlib as mpl
from matplotlib.backends.backend_pdf import PdfPages
from matplotlib.figure import Figure

PDF = Path(__file__).parent / "ledgerquay" / "privacy-statement.pdf"

PAGE_INCHES = (8.27, 11.69)  # A4
LEFT, TOP, FOOT = 0.12, 0.92, 0.05  # shares of the page's width and height
LINE_HEIGHT = 0.0165
LINES_A_PAGE = 50
# None leaves an entry out: dates and version numbers would change the bytes from run to run.
METADATA = {"Title": "Ledgerquay Privacy Statement", "CreationDate": None, "Creator": None, "Producer": None}
COLUMNS = 96

# "# " begins the title, "## " a heading, "- " an item; blocks are separated by a blank line.
TEXT = """\
# Ledgerquay Privacy Statement

Effective Date: 1 September 2020

Ledgerquay makes accounting software for small firms. It is offered by Ledgerquay, Inc. (Austin, Texas) and, for
customers in Europe, by Ledgerquay Ireland Limited (Cork). Together we are "Ledgerquay", "we" or "us". This statement
explains how we treat personal data when you visit our website, when you use our service, and when your accountant uses
our service and your data is in the books.

## 1. Two roles

For visitors to our website and for the people who administer a customer's account, we are the controller. For
everything that a customer enters into its books ("Customer Data"), the customer is the controller and we are its
processor. If you are a client, a supplier or an employee of one of our customers, please turn to that customer first.

## 2. What we collect

- Account data: name, work e-mail address, telephone number, job title, user name, password and language.
- Billing data: company name and address, VAT number, card number (kept by our payment processor) or bank account.
- Usage data: IP address, browser, operating system, pages and features used.
- Marketing data: webinars that you attended, papers that you downloaded, and business contact data that we buy from
lead providers.

Credit unions that use our reporting module may enter figures on loans and capital adequacy. Such figures are
Customer Data, and we treat them like any other entry in the books.

## 3. How we use it, and on what legal basis

- To provide the service and charge for it: performance of our contract.
- To find faults, prevent abuse and decide what to build next: our legitimate interests.
- To tell you about products that may suit your firm: our legitimate interests, or your consent where the law requires
it. You may withdraw consent at any time.
- To keep invoices: legal obligation.

We suggest an account for each entry with a machine learning model that is trained on entries from which names have
been removed. A customer may switch the suggestions off, and its entries are then left out of the training.

## 4. Cookies and similar technologies

We use cookies, pixels and local storage. Strictly necessary cookies keep you signed in. With your consent, analytics
cookies, among them those of Google Analytics, tell us which pages are read, and advertising cookies let us show
Ledgerquay advertisements to people who have visited our website before. You can change your choice at any time in
Cookie settings. Our website does not change its behavior when it receives a "Do Not Track" signal from a browser.

## 5. Whom we share it with

We share personal data with the companies of our group, with the processors on the list that we keep at
www.ledgerquay.example/processors, with partners where you ask us to connect their product to your books, with advisers
and auditors, and with authorities where a valid legal process obliges us. We would also share it with a buyer in a
merger or a sale of assets. We do not sell personal data. We give customers 30 days to object before we add a processor.

## 6. International transfers

We no longer rely on the Privacy Shield, which the Court of Justice of the European Union invalidated on 16 July 2020
in case C-311/18. Since that day we have asked every customer and every vendor concerned to sign other terms with us.

Transfers from Ledgerquay Ireland Limited to vendors in the United States are based on the standard contractual clauses
adopted by the European Commission. We have added technical safeguards to them: Customer Data is encrypted with keys
that are kept in Cork, and we will challenge any request by a government that we believe to be unlawful.

Within our group, Customer Data is transferred on the basis of binding corporate rules for processors, which the Data
Protection Commission of Ireland oversees.

Our support desk is in Canada. For transfers to it we rely on the adequacy decision that the European Commission has
adopted for commercial organizations there.

## 7. Your rights

Ledgerquay complies with the General Data Protection Regulation (GDPR). You have the right to:

- obtain access to your personal data and a copy of it;
- have it rectified or erased, or its processing restricted;
- receive it in a portable format;
- object to processing that rests on our legitimate interests;
- lodge a complaint with a supervisory authority, in Ireland the Data Protection Commission.

We answer within one month. Write to our Data Protection Officer at dpo@ledgerquay.example. Administrators can export
or delete Customer Data themselves under Settings. You can unsubscribe from marketing with the link in each message.

If you live in California, you have the right under the California Consumer Privacy Act (CCPA) to know what we have
collected about you in the past 12 months, to have it deleted, and not to be discriminated against because you asked.
For Customer Data we are a service provider, and we will pass your request on to the customer.

## 8. How long we keep data

- Account data: until the account is closed, and 12 months after that.
- Billing data: seven years, as tax law requires.
- Customer Data: 90 days after the subscription ends, so that the customer can export it; backups are erased 30 days
later.
- Usage data: 14 months.
- Marketing data: until you object, or three years after our last contact.

## 9. Security

We encrypt data in transit and at rest, keep the books of each customer apart, let staff see Customer Data only with a
ticket number, and have our controls examined each year by an outside auditor (SOC 2 Type II and ISO 27001). If a
breach affects Customer Data we will tell the customer without undue delay, and within 48 hours at the latest.

## 10. Children

Our service is made for businesses and not for anyone under 16. We do not knowingly collect data from children.

## 11. Changes to this statement

We will post changes on our website and move the date at the top. We will send administrators an e-mail at least 30
days before a material change takes effect.

## 12. Contact

Data Protection Officer, Ledgerquay Ireland Limited, 9 Lavitt's Slip, Cork, Ireland
"""


class Line(NamedTuple):
    """One printed line; `bold` and `size` (points) set headings apart."""

    text: str
    bold: bool = False
    size: float = 10


def _block_lines(block: str) -> list[Line]:
    """Lines of one block of TEXT, with the empty line that follows it."""
    if block.startswith("# "):
        return [Line(block[2:], bold=True, size=16), Line("")]
    if block.startswith("## "):
        return [Line(block[3:], bold=True, size=12)]
    parts = block.split("\n- ") if block.startswith("- ") else [block]
    lines = []
    for part in parts:
        if block.startswith("- "):
            lines += textwrap.wrap("• " + part.removeprefix("- "), COLUMNS, subsequent_indent="  ")
        else:
            lines += textwrap.wrap(part, COLUMNS)
    return [*map(Line, lines), Line("")]


def pages(text: str) -> list[list[Line]]:
    """Text -> the lines of each page; a heading stays with the block below it."""
    done: list[list[Line]] = [[]]
    heading: list[Line] = []
    for block in text.strip().split("\n\n"):
        lines = heading + _block_lines(block)
        if block.startswith("## "):
            heading = lines
            continue
        heading = []
        if len(done[-1]) + len(lines) > LINES_A_PAGE:
            done.append([])
        done[-1] += lines
    return done


def write(path: Path) -> None:
    """Write TEXT as a PDF with real text in the standard Helvetica font, without the date of making."""
    sheets = pages(TEXT)
    with (
        mpl.rc_context({"pdf.use14corefonts": True, "font.family": "Helvetica"}),
        PdfPages(path, metadata=METADATA) as pdf,
    ):
        for number, lines in enumerate(sheets, 1):
            figure = Figure(figsize=PAGE_INCHES)
            for row, line in enumerate(lines):
                weight = "bold" if line.bold else "medium"  # as the standard fonts call it
                figure.text(LEFT, TOP - row * LINE_HEIGHT, line.text, fontsize=line.size, fontweight=weight)
            figure.text(
                LEFT,
                FOOT,
                f"Ledgerquay Privacy Statement | Page {number} of {len(sheets)}",
                fontsize=8,
                fontweight="medium",
            )
            pdf.savefig(figure)


if __name__ == "__main__":
    write(PDF)
