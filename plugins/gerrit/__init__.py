"""Gerrit with Gitiles: integration and reader."""
