"""Runs the notebooks and renders them as HTML."""

from privacylab.report.run import FILES, ReportError, build, refresh, run, write_pages
