"""The addresses of this machine, for `sockaddr`.

- `attributes`: attributes of addresses: `attr` and `join`
- `choices`: the named selections of addresses: `GetPrivateIP` and the like
- `filters`: filters for addresses: `include` and `exclude`
- `interfaces`: reads interfaces, their addresses and the default route from the kernel
  (rtnetlink)
- `model`: addresses of network interfaces
- `order`: orders addresses and selects by position: `sort`, `unique`, `limit`, `offset`
- `ranges`: ranges of addresses by the number of the RFC that reserves them
- `shifting`: derives addresses from others: `math`
"""
