"""The demo: a real server, a real application and the real injector, narrated live."""
