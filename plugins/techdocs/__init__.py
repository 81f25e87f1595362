"""Documentation sites of entities: built with mkdocs, published to disk or S3, served to the portal."""
