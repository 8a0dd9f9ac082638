#!/usr/bin/env python3
"""The line protocol in front of the openssl command (tried with 3.0 of Debian 12): docs/line-protocol.md.

One process of openssl answers one request, which is slow and shows nothing about timing. `openssl enc` fills up keys and
vectors that are too short with zeros, which the library does not do: their lengths are checked here.
"""

import os
import subprocess
import sys
import tempfile

FOLDER = tempfile.TemporaryDirectory()
CURVE = bytes.fromhex("301306072a8648ce3d020106082a811ccf5501822d")


class Refused(Exception):
    """openssl ended with an error, or the input cannot be put into its form."""


def openssl(*words, data=b""):
    done = subprocess.run(["openssl", *words], input=data, capture_output=True)
    if done.returncode != 0:
        raise Refused(done.stderr)
    return done.stdout


def file(name, data):
    path = os.path.join(FOLDER.name, name)
    with open(path, "wb") as out:
        out.write(data)
    return path


# ---- DER


def der(tag, *pieces):
    body = b"".join(pieces)
    size = len(body).to_bytes(max(1, (len(body).bit_length() + 7) // 8), "big")
    return bytes([tag]) + (size if len(body) < 128 else bytes([0x80 | len(size)]) + size) + body


def integer(data):
    data = data.lstrip(b"\0")
    return der(2, b"\0" + data if not data or data[0] > 127 else data)


def elements(data):
    """The bodies of the elements of a SEQUENCE that openssl wrote."""

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
    return file("public", der(0x30, CURVE, der(3, b"\0", point)))


def private_key(scalar):
    if len(scalar) != 32:
        raise Refused("the length of a private key")
    inner = der(0x30, b"\x02\x01\x01", der(4, scalar))
    return file("private", der(0x30, b"\x02\x01\x00", CURVE, der(4, inner)))


# ---- operations


def message(f):
    return ["-rawin", "-digest", "sm3", "-in", file("message", f["message"]), "-pkeyopt", "hexdistid:" + f["id"].hex()]


def verify(f, signature):
    key = ["-verify", "-pubin", "-keyform", "DER", "-inkey", public_key(f["public"]), "-sigfile", file("signature", signature)]
    words = message(f) if "message" in f else ["-in", file("message", f["digest"])]
    openssl("pkeyutl", *key, *words)
    return "valid"


def sign(f):
    signature = openssl("pkeyutl", "-sign", "-keyform", "DER", "-inkey", private_key(f["private"]), *message(f))
    r, s = elements(signature)
    return {"r": number(r), "s": number(s)}


def encrypt(f):
    sealed = openssl("pkeyutl", "-encrypt", "-pubin", "-keyform", "DER", "-inkey", public_key(f["public"]), "-pkeyopt", "digest:sm3", data=f["message"])
    x, y, c3, c2 = elements(sealed)
    return b"\4" + number(x) + number(y) + c3 + c2


def decrypt(f, sealed):
    return openssl("pkeyutl", "-decrypt", "-keyform", "DER", "-inkey", private_key(f["private"]), "-pkeyopt", "digest:sm3", data=sealed)


def ciphertext(data):
    if len(data) < 97 or data[0] != 4:
        raise Refused("not C1 | C3 | C2 with an uncompressed point")
    return der(0x30, integer(data[1:33]), integer(data[33:65]), der(4, data[65:97]), der(4, data[97:]))


def public_check(f):
    openssl("pkey", "-pubin", "-inform", "DER", "-in", public_key(f["public"]), "-pubcheck", "-noout")
    return "valid"


def cipher(mode, direction, padding):
    def run(f):
        if len(f["key"]) != 16 or len(f.get("iv", bytes(16))) != 16:
            raise Refused("the length of key or vector")
        words = ["-K", f["key"].hex()] + (["-iv", f["iv"].hex()] if "iv" in f else []) + ([] if padding else ["-nopad"])
        return openssl("enc", direction, "-sm4-" + mode, *words, data=f["input"])

    return run


def length(f):
    return str(int.from_bytes(f["length"], "big"))


OPERATIONS = {
    "sm3-hash": lambda f: openssl("dgst", "-sm3", "-binary", data=f["input"]),
    "sm3-hmac": lambda f: openssl("mac", "-digest", "SM3", "-macopt", "hexkey:" + f["key"].hex(), "-binary", "HMAC", data=f["input"]),
    # The KDF of ANSI X9.63 without shared information is that of SM2.
    "sm3-kdf": lambda f: openssl("kdf", "-keylen", length(f), "-kdfopt", "digest:SM3", "-kdfopt", "hexsecret:" + f["input"].hex(), "-binary", "X963KDF"),
    "sm4-cmac": lambda f: openssl("mac", "-cipher", "SM4-CBC", "-macopt", "hexkey:" + f["key"].hex(), "-binary", "CMAC", data=f["input"]),
    "sm2-verify": lambda f: verify(f, der(0x30, integer(f["r"]), integer(f["s"]))),
    "sm2-verify-digest": lambda f: verify(f, der(0x30, integer(f["r"]), integer(f["s"]))),
    "sm2-verify-der": lambda f: verify(f, f["signature"]),
    "sm2-sign": sign,
    "sm2-encrypt": encrypt,
    "sm2-decrypt": lambda f: decrypt(f, ciphertext(f["input"])),
    "sm2-decrypt-der": lambda f: decrypt(f, f["input"]),
    "sm2-public-key": public_check,
}
for mode in ("ecb", "cbc", "cfb", "ofb", "ctr"):
    OPERATIONS[f"sm4-{mode}-encrypt"] = cipher(mode, "-e", False)
    OPERATIONS[f"sm4-{mode}-decrypt"] = cipher(mode, "-d", False)
OPERATIONS["sm4-cbc-pkcs7-encrypt"] = cipher("cbc", "-e", True)
OPERATIONS["sm4-cbc-pkcs7-decrypt"] = cipher("cbc", "-d", True)


def answer(line):
    operation, *words = line.split()
    if operation not in OPERATIONS:
        return "unsupported"
    fields = {name: bytes.fromhex(value) for name, value in (word.split("=", 1) for word in words)}
    try:
        told = OPERATIONS[operation](fields)
    except Refused:
        return "invalid"
    if isinstance(told, str):
        return told
    if isinstance(told, bytes):
        told = {"output": told}
    return "ok " + " ".join(f"{name}={value.hex()}" for name, value in told.items())


for line in sys.stdin:
    print(answer(line), flush=True)
