"""`callboard lint` and `callboard schema`: the server's own rules, offline, before anything is pushed."""
