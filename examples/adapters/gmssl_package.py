#!/usr/bin/env python3
"""The line protocol in front of the Python package gmssl (tried with 3.2 of PyPI): docs/line-protocol.md.

The package knows one identifier, and points without the prefix 04.
"""

from gmssl import func, sm2, sm3, sm4

from protocol import Refused, Unsupported, serve


def crypt(f, mode, direction):
    cipher = sm4.CryptSM4(padding_mode=None if mode == "ecb" else sm4.PKCS7)
    cipher.set_key(f["key"], direction)
    return cipher.crypt_ecb(f["input"]) if mode == "ecb" else cipher.crypt_cbc(f["iv"], f["input"])


def point(encoded):
    if encoded[:1] != b"\4":
        raise ValueError("no uncompressed point")
    return encoded[1:]


def public(f, **options):
    if f.get("id", b"1234567812345678") != b"1234567812345678":
        raise Unsupported
    return sm2.CryptSM2(private_key="", public_key=point(f["public"]).hex(), **options)


def private(f, **options):
    if f.get("id", b"1234567812345678") != b"1234567812345678":
        raise Unsupported
    key = f["private"].hex()
    holder = sm2.CryptSM2(private_key=key, public_key="", **options)
    holder.public_key = holder._kg(int(key, 16), sm2.default_ecc_table["g"])
    return holder


def verify(f):
    return "valid" if public(f).verify_with_sm3(f["r"].hex() + f["s"].hex(), f["message"]) else "invalid"


def verify_digest(f):
    return "valid" if public(f).verify(f["r"].hex() + f["s"].hex(), f["digest"]) else "invalid"


def sign(f):
    signature = private(f).sign_with_sm3(f["message"], func.random_hex(64))
    return "invalid" if signature is None else {"r": bytes.fromhex(signature[:64]), "s": bytes.fromhex(signature[64:])}


OPERATIONS = {
    "sm3-hash": lambda f: bytes.fromhex(sm3.sm3_hash(list(f["input"]))),
    "sm4-ecb-encrypt": lambda f: crypt(f, "ecb", sm4.SM4_ENCRYPT),
    "sm4-ecb-decrypt": lambda f: crypt(f, "ecb", sm4.SM4_DECRYPT),
    "sm4-cbc-pkcs7-encrypt": lambda f: crypt(f, "cbc", sm4.SM4_ENCRYPT),
    "sm4-cbc-pkcs7-decrypt": lambda f: crypt(f, "cbc", sm4.SM4_DECRYPT),
    "sm2-verify": verify,
    "sm2-verify-digest": verify_digest,
    "sm2-sign": sign,
    # The package writes C1 without its prefix.
    "sm2-encrypt": lambda f: b"\4" + public(f, mode=1).encrypt(f["message"]),
    "sm2-decrypt": lambda f: private(f, mode=1).decrypt(point(f["input"])) or "invalid",
}


def guarded(operation):
    """The package has no errors of its own: whatever it raises is its refusal."""

    def run(f):
        try:
            return operation(f)
        except Unsupported:
            raise
        except Exception as error:
            raise Refused(repr(error)) from error

    return run


serve({name: guarded(operation) for name, operation in OPERATIONS.items()})
