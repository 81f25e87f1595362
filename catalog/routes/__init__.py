"""The catalog's HTTP API. What is asked for has been held against `openapi/catalog.yaml` before a route sees it."""
