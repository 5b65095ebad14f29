"""Builds all parts and runs them: `once`, or `run` until stopped.

- `plan`: loads a configuration, checks it against this machine, compiles its templates
- `programs`: the programs that a configuration names, and whether they are there
- `build`: the outputs and targets of a configuration
- `sources`: the sources of a configuration
- `supervision`: what `exec` adds to a configuration's services
- `assembly`: the services of one configuration, wired up
- `services`: runs services in one TaskGroup
- `once`: runs until everything is in place
- `run`: runs until stopped
- `state`: what outlives a reload
- `lastreload`: what became of the last reload
- `files`: reacts to changes on disk
- `signals`: reacts to signals
- `refresh`: refreshes that are asked for, until they are delivered
- `listeners`: the status servers
- `readiness`: for `/readyz`, and for starting the supervised command
- `systemd`: tells systemd our state, for units of `Type=notify` and `notify-reload`
- `handing_over`: loads what the last process left, and keeps the file current for the next one
- `configuration_words`: which words are the operator's, for the redactor

Nothing is imported here: `once` must not pay for the listener and the file watch of `run`.
"""
