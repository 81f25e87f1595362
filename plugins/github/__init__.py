"""GitHub: integration, API client, reader, providers, events."""
