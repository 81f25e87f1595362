"""The page at `/` and the API documentation at `/docs`: for people who open Callboard itself in a browser."""
