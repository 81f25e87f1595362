"""What agents and templates may do with the catalog: the `catalog:*` actions. Source: spec/catalog.md §1.6."""
