"""Actions that templates and AI agents may invoke, of every plugin. Source: spec/ui-backends.md §4.2."""
