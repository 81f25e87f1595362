"""Templates in, repositories out."""
