"""Serves health, status and metrics: names and times, never values.

What the listeners are:

- `sockets`: their sockets, which outlive a reload
- `server`: what each path answers
- `connection_limit`: limits connections, so that descriptors are left for secrets
- `malformed`: keeps the mistakes of clients out of the log

What they say, a pure reading of what the services know:

- `report`: everything as JSON
- `attention`: what a person has to look at
- `place`: the machine, pod or container it runs at
- `refreshed`: the result of a refresh that was asked for
- `page`: the status page for browsers, with a `timeline` of each secret's life
- `exposition`: the metrics as Prometheus reads them
- `wording` and `moments`: states and times as people read them, shared with the terminal

Nothing is imported here: a user of `status.wording` must not pay for a web server.
"""
