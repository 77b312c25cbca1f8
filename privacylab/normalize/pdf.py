"""PDF -> plain text, read by pypdf."""

import io
import logging

from privacylab.normalize.chunks import NormalizeError
from privacylab.normalize.plain import PAGE_NUMBER

# What pypdf says of a damaged file becomes a reason in the ledger; it shall not go to standard error as well.
logging.getLogger("pypdf").setLevel(logging.CRITICAL)


def pdf_text(data: bytes) -> str:
    """The text of a PDF.

    Raises:
        NormalizeError: As `normalize.blocks`.
    """
    import pypdf  # a tenth of a second, for what hardly a corpus holds

    try:
        reader = pypdf.PdfReader(io.BytesIO(data))
        if reader.is_encrypted and not reader.decrypt(""):
            raise NormalizeError("encrypted", "the PDF asks for a password")
        text = "\n".join(page.extract_text() for page in reader.pages)
    except NormalizeError:
        raise
    except pypdf.errors.DependencyError:
        raise NormalizeError("encrypted", "the PDF is encrypted in a way that cannot be read here") from None
    except Exception as error:  # pypdf raises whatever a damaged file makes its parser meet
        raise NormalizeError("unreadable", f"the PDF is damaged ({type(error).__name__})") from None
    if not text.strip():
        raise NormalizeError("no_text", "the PDF holds no text: a scan?")
    return PAGE_NUMBER.sub("", text)
