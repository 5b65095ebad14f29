"""Serves health, status and metrics: names and times, never values.

The listeners (`server`, `sockets`; `crowd` limits connections so that descriptors are left for
the rest, `malformed` keeps the mistakes of clients out of the log), and what they report: a
pure reading of what the services know, never of values (`report`), with what needs `attention`
and the `place` it runs at, as JSON, as a `page` with a `timeline`, and as an `exposition` for
Prometheus; `words` and `moments` are shared with the terminal.

- `refreshed`: the result of a requested refresh, as reported to the caller: never a value

Nothing is imported here: a user of `status.words` must not pay for a web server.
"""
