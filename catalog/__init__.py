"""What exists and who owns it: repositories in, the Backstage catalog API out."""
