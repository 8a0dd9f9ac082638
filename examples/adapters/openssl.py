#!/usr/bin/env python3
"""The line protocol in front of the openssl command (tried with 3.0 of Debian 12): docs/line-protocol.md.

One process of openssl answers one request, which is slow and shows nothing about timing. `openssl enc` fills up keys and
vectors that are too short with zeros, which the library does not do: their lengths are checked here.
"""

import os
import subprocess
import tempfile

from protocol import Refused, ciphertext, halves, pieces, private_key, public_key, serve, signature

FOLDER = tempfile.TemporaryDirectory()


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


def message(f):
    return ["-rawin", "-digest", "sm3", "-in", file("message", f["message"]), "-pkeyopt", "hexdistid:" + f["id"].hex()]


def public(f):
    return ["-pubin", "-keyform", "DER", "-inkey", file("public", public_key(f["public"]))]


def private(f):
    return ["-keyform", "DER", "-inkey", file("private", private_key(f["private"]))]


def verify(f, signature):
    key = ["-verify", *public(f), "-sigfile", file("signature", signature)]
    words = message(f) if "message" in f else ["-in", file("message", f["digest"])]
    openssl("pkeyutl", *key, *words)
    return "valid"


def encrypt(f):
    return pieces(openssl("pkeyutl", "-encrypt", *public(f), "-pkeyopt", "digest:sm3", data=f["message"]))


def decrypt(f, sealed):
    return openssl("pkeyutl", "-decrypt", *private(f), "-pkeyopt", "digest:sm3", data=sealed)


def public_check(f):
    openssl("pkey", "-pubin", "-inform", "DER", "-in", file("public", public_key(f["public"])), "-pubcheck", "-noout")
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
    "sm2-verify": lambda f: verify(f, signature(f)),
    "sm2-verify-digest": lambda f: verify(f, signature(f)),
    "sm2-verify-der": lambda f: verify(f, f["signature"]),
    "sm2-sign": lambda f: halves(openssl("pkeyutl", "-sign", *private(f), *message(f))),
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


serve(OPERATIONS)
