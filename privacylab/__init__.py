"""Tools for the history of privacy policies."""

__version__ = "0.1.0"
