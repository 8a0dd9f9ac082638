"""What the Python adapters share: the loop of docs/line-protocol.md, and the DER of signatures and keys."""

import sys


class Refused(Exception):
    """The product refuses the input: `invalid`."""


class Unsupported(Exception):
    """The product does not have it, or not at this length: `unsupported`."""


def answer(operations, line):
    operation, *words = line.split()
    if operation not in operations:
        return "unsupported"
    fields = {name: bytes.fromhex(value) for name, value in (word.split("=", 1) for word in words)}
    try:
        told = operations[operation](fields)
    except Unsupported:
        return "unsupported"
    except Refused as refusal:
        print(f"{operation}: {refusal}", file=sys.stderr)
        return "invalid"
    if isinstance(told, str):
        return told
    if isinstance(told, bytes):
        told = {"output": told}
    return "ok " + " ".join(f"{name}={value.hex()}" for name, value in told.items())


def serve(operations):
    for line in sys.stdin:
        print(answer(operations, line), flush=True)


# ---- DER

CURVE = bytes.fromhex("301306072a8648ce3d020106082a811ccf5501822d")


def der(tag, *pieces):
    body = b"".join(pieces)
    size = len(body).to_bytes(max(1, (len(body).bit_length() + 7) // 8), "big")
    return bytes([tag]) + (size if len(body) < 128 else bytes([0x80 | len(size)]) + size) + body


def integer(data):
    data = data.lstrip(b"\0")
    return der(2, b"\0" + data if not data or data[0] > 127 else data)


def elements(data):
    """The bodies of the elements of a SEQUENCE that the product wrote."""

    def head(data):
        size, at = data[1], 2
        if size > 127:
            at = 2 + size - 128
            size = int.from_bytes(data[2:at], "big")
        return data[at : at + size], data[at + size :]

    rest, found = head(data)[0], []
    while rest:
        body, rest = head(rest)
        found.append(body)
    return found


def number(body):
    return body.lstrip(b"\0").rjust(32, b"\0")


def public_key(point):
    return der(0x30, CURVE, der(3, b"\0", point))


def private_key(scalar):
    if len(scalar) != 32:
        raise Refused("the length of a private key")
    inner = der(0x30, b"\x02\x01\x01", der(4, scalar))
    return der(0x30, b"\x02\x01\x00", CURVE, der(4, inner))


def signature(f):
    return der(0x30, integer(f["r"]), integer(f["s"]))


def halves(signature):
    r, s = elements(signature)
    return {"r": number(r), "s": number(s)}


def ciphertext(data):
    """SEQUENCE of x, y, C3, C2 from C1 C3 C2."""
    if len(data) < 97 or data[0] != 4:
        raise Refused("not C1 | C3 | C2 with an uncompressed point")
    return der(0x30, integer(data[1:33]), integer(data[33:65]), der(4, data[65:97]), der(4, data[97:]))


def pieces(sealed):
    """C1 C3 C2 from that SEQUENCE."""
    x, y, c3, c2 = elements(sealed)
    return b"\4" + number(x) + number(y) + c3 + c2
