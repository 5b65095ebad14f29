"""The life of a secret, from the login to the application.

- `auth`: keeps one token alive
- `watch`: one state machine per secret
- `store`: the record of every generation, and who wants what
- `delivery`: brings each change to files and applications, or back
- `revoke`: gives back what is no longer used
- `handover`: what one process leaves to the next
- `history`: what became of each new value; names, numbers and times only
- `journal`: a line of JSON for every step of every rotation
- `reload`: notices changed files
"""
