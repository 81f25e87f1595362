"""Webhooks in: checked, remembered, queued, and published as events."""
