"""What Go's libraries make of texts and trees, with their messages: users rely on both.

- `values`: strconv and time.ParseDuration
- `encoding`: encoding/json, to the byte
- `quantity`: Kubernetes' quantities
- `container`: a container read into Kubernetes' type and written again
- `json_patch`: evanphx/json-patch
"""
