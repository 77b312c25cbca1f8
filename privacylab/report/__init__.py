"""Runs the notebooks and renders them as HTML."""

from privacylab.report.run import build, refresh, run
from privacylab.report.site import FILES, ReportError, write_pages
