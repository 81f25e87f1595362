"""GitHub's API: REST and GraphQL, within what GitHub allows each credential."""
