"""Where secrets go: what is changed outside of this process.

- `files`: files and bundles on disk
- `notify`: an application that is told of a change, and asked
- `child`: a command that is run
- `program`: why a program did not start, and how one ended, in words
"""
