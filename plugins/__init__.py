"""Everything that names a vendor, a product or a user interface."""
