"""The program beside `bao agent`: start, memory, polling and the way of a new value into a file."""
