"""Builds all parts and runs them: `once`, or `run` until stopped.

Builds the parts and runs them: `plan` loads and compiles, `programs` are those that a
configuration names, `build` creates outputs and targets, `supervision` adds what `exec` needs,
`assembly` wires up the services of one configuration, `once` and `run` drive them; `services`
(one TaskGroup), `signals`, `readiness` (for `/readyz`, and for starting the command),
`listeners`, `refresh` (on-demand refreshes until they are delivered), `files` (reacts to
changes on disk), `gotemplates` (what Go templates may access), `wording` (which words are the
operator's, for the redactor); `state` is what outlives a reload, `lastreload` what became of the
last one.

- `handing_over`: hands over: loads what the last process left, and keeps the file current for
  the next one
- `systemd`: tells systemd our state, for units of `Type=notify` and `notify-reload`

Nothing is imported here: `once` must not pay for the listener and the file watch of `run`.
"""
