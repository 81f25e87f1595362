"""What an entity is: refs, kinds, relations, well-known annotations. Pure values, no I/O.

Source: spec/catalog.md §3.
"""
