"""The portal in a real browser: `make e2e`."""
