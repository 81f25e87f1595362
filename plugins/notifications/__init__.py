"""Notifications: who is told what, and what they have read. Source: spec/ui-backends.md §8."""
