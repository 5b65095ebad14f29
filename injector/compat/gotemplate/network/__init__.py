"""The addresses of this machine, for `sockaddr`."""
