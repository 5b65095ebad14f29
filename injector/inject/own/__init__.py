"""Our own annotations, under `vault-injector/`.

- `annotations`: the table
- `reading`: what a pod says, checked by what each annotation takes
- `settings`: what it means: mode, containers, uid, order
- `config`: the injector's configuration, checked before the pod exists
- `containers`: what is added to the pod
- `dialect`: decides, and collects every problem
"""
