"""The addresses of this machine, for `sockaddr`.

- `interfaces`: reads interfaces, addresses and the default route from the kernel (rtnetlink)
- `model`: what was read
- `choices`: selections that have a name: `GetPrivateIP` and the like
- `filters`: `include` and `exclude`
- `ranges`: ranges of addresses, by the number of the RFC that reserves them
- `order`: `sort`, `unique`, `limit`, `offset`
- `shifting`: `math`: addresses derived from others
- `attributes`: `attr` and `join`
"""
