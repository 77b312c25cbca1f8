"""Runs the notebooks and renders them as HTML."""

from privacylab.report.run import FILES
from privacylab.report.run import ReportError
from privacylab.report.run import build
from privacylab.report.run import refresh
from privacylab.report.run import run
from privacylab.report.run import write_pages
