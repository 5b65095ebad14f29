"""What can be found out before a configuration is used. Looks, and changes nothing.

- `check`: every problem of a configuration, of this machine and of the server
- `render`: what would be written, and how that differs from what is there
- `policy`: the least-privilege policy that a configuration needs
"""
