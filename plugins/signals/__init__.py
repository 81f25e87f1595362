"""Signals: what browsers are told over a WebSocket as it happens. Source: spec/ui-backends.md §9."""
