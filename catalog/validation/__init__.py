"""Whether a value is an entity: envelope, policies, kinds; with the reference's words. Pure.

Source: spec/catalog.md §3.1, §3.3.
"""
