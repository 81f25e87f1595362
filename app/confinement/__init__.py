"""Work on hostile input in a child process with limits: without the network, without the environment, with the files
it was given and no others, as far as the kernel can do it.

`run_confined` starts a fresh interpreter for one piece of work; features may use it and `Limits`. The scaffolder keeps
a warm mother process of its own for its many small jobs, made of the same parts. Nothing is imported here: that mother
has to stay small.
"""
