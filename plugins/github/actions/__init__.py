"""Scaffolder actions on GitHub. Source: spec/scaffolder.md §5.3."""
