"""Each sender's payloads in neutral terms. Pure: bodies in, `ScmPush` and `ScmRepositoryChange` out.

Bodies come from outside and may be anything: whatever is missing or of another type makes an event of no interest, or
an incomplete one, never an error.
"""
