"""The OAuth providers, a module each. Source: spec/ui-backends.md §3.6."""
