"""Reads of final entities: the query language, and the in-memory index that answers it."""
