"""The addresses of this machine, as `sockaddr` asks for them."""
