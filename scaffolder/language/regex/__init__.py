"""JavaScript regular expressions without the `u` flag, matched within a budget of steps.

A pattern comes from a template, so it is hostile: it must not be able to run for longer than the
budget, whatever it is matched against. Python's own engine can neither be interrupted nor has it
JavaScript's meaning; it is used for runs of single characters only, which are linear.
"""
