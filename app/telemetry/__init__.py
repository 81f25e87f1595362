"""Logs, metrics and trace ids."""
