"""Attacks that others have suffered from, each with our defence and the tests that would notice its absence.

`make attacks` takes each defence away, in a copy of the project, and sees the tests fail.
"""
