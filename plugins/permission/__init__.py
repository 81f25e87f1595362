"""The permission backend: what frontends ask, and who decides. Source: spec/ui-backends.md §5."""
