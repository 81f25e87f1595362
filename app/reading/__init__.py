"""Reading from outside: the guarded HTTP client, files, git remotes, and the port that finds the right reader."""
