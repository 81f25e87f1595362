"""GitHub: integration and reader."""
