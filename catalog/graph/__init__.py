"""Relations between entities, walked in the database a level at a time."""
