"""The scaffolder over HTTP."""
