"""What every other package stands on.

- `clock`: the only place that reads the time or sleeps; wakes sleepers after a suspend
- `context`: what every service works with: time, chance, redactor, log, metrics, health
- `errors`: error classes by what the caller can do about them, each with an exit code
- `health`: what works, what fails, and since when; when waiting for it is over
- `retry`: short retries for a lagging replica; the one shared state "Vault is unreachable"
- `log`: structlog's setup; which parts of an event are ours, and which are redacted
- `logfile`: the log in a file, too, and its rotation
- `metrics`: plain counters and gauges
- `redactor`: masks secret values in text
- `printable`: text from outside, harmless to a terminal
- `colour`: whether to write in colours
- `safe_open`: opens files where somebody else may have planted something else
- `private`: hides this process's memory and environment from others
- `lean`: imports libraries without what they load for uses that we do not have
"""
