"""Finds descriptors in the repositories of organizations and users. Source: spec/catalog.md §6.2."""
