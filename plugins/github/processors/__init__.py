"""Optional steps on the way into the catalog: what GitHub knows of an entity's repository."""
