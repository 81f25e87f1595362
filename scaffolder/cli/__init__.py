"""`callboard template …`: templates checked, rendered and tested without a server."""
