"""Reads sources that are too large for one answer, page by page."""
