"""What the scaffolder does for those who ask over HTTP or on the command line."""
