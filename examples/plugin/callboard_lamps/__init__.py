"""Signal lamps in the catalog."""
