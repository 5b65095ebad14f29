"""The annotations of HashiCorp's webhook (vault-k8s 1.7.6), also under OpenBao's prefix.

- `annotations`: the table; `improvements`: where the default is not what vault-k8s does
- `reading`: annotations with the defaults in them; `settings`, `secrets`, `token`: what they say
- `agent_config`, `telemetry`: the configuration for the agent
- `containers`, `volumes`, `pod_patch`: what is added to the pod
- `dialect`: decides, and collects every problem
"""
