"""What may be done to the catalog, and how a policy's conditions become predicates over entities."""
