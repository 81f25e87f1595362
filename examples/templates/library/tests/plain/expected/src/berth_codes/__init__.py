"""The library berth-codes."""
