"""What every other room stands on.

- `clock`: the only place that reads the time or sleeps; wakes sleepers after a suspend
- `colour`: whether a stream gets colours
- `context`: what every service works with: time, chance, environment, redactor, log, metrics and
  health
- `errors`: the error classes, by what the caller can do about them; each has an exit code and a
  label
- `health`: what works, what fails, and since when; `verdict` decides when waiting is over
- `lean`: imports libraries without what they load for uses that we do not have
- `log`: structlog setup; which parts of an event are ours, and which are redacted
- `logfile`: the log on disk, in addition to standard error, and its rotation
- `metrics`: plain counters and gauges; `status` turns them into Prometheus' text format
- `printable`: text from outside without control characters, for terminals
- `private`: protects the memory and the environment of a process from others; imports next to
  nothing
- `redactor`: masks secret values in text, and says which it was
- `retry`: short retries for a lagging replica, and the one shared state "Vault is unreachable"
  with its probe
- `safe_open`: the one way to open a file where somebody else may have planted something else
"""
