"""The demo: a real server, a real application and the real injector, narrated live.

- `story`: runs it from beginning to end, and checks that it leaves nothing behind
- `steps`: the steps of the story, in order
- `stage`: what the steps act on: server, application, injector and figures
- `server`: its OpenBao: what an operator sets up and changes, and what befalls it
- `application`: reads its file on SIGHUP and prints what it holds, masked
- `directory`: holds all that the demo writes, in memory, until the end
"""
