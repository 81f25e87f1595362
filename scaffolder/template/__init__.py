"""Templates as entities of the catalog. Source: spec/scaffolder.md §2."""
