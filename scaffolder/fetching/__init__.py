"""Where the fetch actions get their content from."""
