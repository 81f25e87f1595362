"""Work on hostile input in a child process of its own, with limits. See docs/actions.md.

`pool.ConfinedJobs` is what the rest of the scaffolder uses. Nothing is imported here: the mother of all jobs has to
stay small.
"""
