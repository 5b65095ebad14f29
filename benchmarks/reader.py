"""Reads a certificate, its key and its chain in a tight loop, and judges every reading.

`python -m benchmarks.reader DIRECTORY opened|resolved|paths`, until its standard input ends: how
the three are found (docs/files.md), in an order drawn each time. Prints its counts as JSON.
"""

import json
import os
import random
import select
import sys
import time
from collections import Counter
from collections.abc import Callable
from functools import cache

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.serialization import load_pem_private_key

NAMES = ("cert.pem", "key.pem", "chain.pem")
Reading = dict[str, bytes]


def opened(directory: str) -> Reading:
    """Open `..data` once, and the files through its descriptor."""
    data = os.open(f"{directory}/..data", os.O_RDONLY | os.O_DIRECTORY)
    try:
        return _each(lambda name: os.open(name, os.O_RDONLY, dir_fd=data))
    finally:
        os.close(data)


def resolved(directory: str) -> Reading:
    """Resolve `..data` once, and open the files under the result."""
    generation = os.path.realpath(f"{directory}/..data")
    return _each(lambda name: os.open(f"{generation}/{name}", os.O_RDONLY))


def paths(directory: str) -> Reading:
    """Open each file by its path, as most programs do."""
    return _each(lambda name: os.open(f"{directory}/{name}", os.O_RDONLY))


WAYS: dict[str, Callable[[str], Reading]] = {way.__name__: way for way in (opened, resolved, paths)}


def _each(find: Callable[[str], int]) -> Reading:
    reading = {}
    for name in random.sample(NAMES, len(NAMES)):
        with open(find(name), "rb") as file:
            reading[name] = file.read()
    return reading


@cache
def judged(cert: bytes, key: bytes, chain: bytes) -> tuple[str, float]:
    """Return "whole", "torn" or "mismatched", and when the certificate ends."""
    try:
        certificate = x509.load_pem_x509_certificate(cert)
        issuer = x509.load_pem_x509_certificates(chain)[0]
        public = load_pem_private_key(key, None).public_key()
    except ValueError:
        return "torn", 0.0
    ends_at = certificate.not_valid_after_utc.timestamp()
    if public != certificate.public_key():
        return "mismatched", ends_at
    try:
        certificate.verify_directly_issued_by(issuer)
    except (InvalidSignature, ValueError):
        return "mismatched", ends_at
    return "whole", ends_at


def main(directory: str, way: str) -> None:
    counts = Counter(dict.fromkeys(("reads", "whole", "torn", "mismatched", "expired"), 0))
    certificates = set()
    print("ready", flush=True)
    while not select.select([sys.stdin], [], [], 0)[0]:
        counts["reads"] += 1
        try:
            reading = WAYS[way](directory)
        except FileNotFoundError:
            counts["missing"] += 1
            continue
        verdict, ends_at = judged(*(reading[name] for name in NAMES))
        counts[verdict] += 1
        counts["expired"] += verdict != "torn" and ends_at < time.time()
        certificates.add(reading["cert.pem"])
    print(json.dumps({**counts, "missing": counts["missing"], "certificates": len(certificates)}))


if __name__ == "__main__":
    main(*sys.argv[1:])
