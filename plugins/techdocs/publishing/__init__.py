"""Where sites are kept: on disk, or in S3. See `plugins.techdocs.interfaces.Publisher`."""
