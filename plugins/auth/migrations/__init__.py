"""Tables of the OAuth server."""
