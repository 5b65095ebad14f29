"""The demo: a real server, a real application and the real injector, narrated live.

- `application`: the demo's application: reads its file on SIGHUP and prints what it holds,
  masked
- `directory`: the demo's directory: it holds all that the demo writes, in memory, until the end
- `server`: the demo's OpenBao: what an operator sets up and changes, and what befalls it
- `stage`: what the steps of the story act on: server, application, injector and figures
- `steps`: the steps of the story, in order
- `story`: runs the demo from beginning to end and checks that it leaves nothing behind
"""
