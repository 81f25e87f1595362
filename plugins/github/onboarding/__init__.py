"""`callboard import github`: descriptors for repositories that have none, as pull requests."""
