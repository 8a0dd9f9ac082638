#!/usr/bin/env python3
"""The line protocol in front of OpenSSL's libcrypto, loaded as a library (tried with 3.0 of Debian 12): docs/line-protocol.md.

    libcrypto.py [FILE]     default libcrypto.so.3

What a version lacks (GCM, CCM and XTS of SM4 before 3.1) is `unsupported`. No process is started for an answer, so that
`--timing` sees the library through it. The pattern for any other library with an interface in C.
"""

import ctypes
import sys
from ctypes import byref, c_char_p, c_int, c_size_t, c_void_p

from protocol import Refused, Unsupported, ciphertext, halves, pieces, private_key, public_key, serve, signature

SET_TAG_LENGTH, GET_TAG, SET_TAG, SET_VECTOR_LENGTH = 0x11, 0x10, 0x11, 0x9
library = ctypes.CDLL(sys.argv[1] if len(sys.argv) > 1 else "libcrypto.so.3")


def function(name, *arguments, returns=c_int):
    found = getattr(library, name)
    found.argtypes, found.restype = arguments, returns
    return found


fetch = function("EVP_CIPHER_fetch", c_void_p, c_char_p, c_char_p, returns=c_void_p)
new_cipher = function("EVP_CIPHER_CTX_new", returns=c_void_p)
free_cipher = function("EVP_CIPHER_CTX_free", c_void_p, returns=None)
key_length = function("EVP_CIPHER_get_key_length", c_void_p)
vector_length = function("EVP_CIPHER_get_iv_length", c_void_p)
start = function("EVP_CipherInit_ex", c_void_p, c_void_p, c_void_p, c_char_p, c_char_p, c_int)
control = function("EVP_CIPHER_CTX_ctrl", c_void_p, c_int, c_int, c_void_p)
set_padding = function("EVP_CIPHER_CTX_set_padding", c_void_p, c_int)
update = function("EVP_CipherUpdate", c_void_p, c_char_p, c_void_p, c_char_p, c_int)
finish = function("EVP_CipherFinal_ex", c_void_p, c_char_p, c_void_p)
mac = function(
    "EVP_Q_mac", c_void_p, c_char_p, c_char_p, c_char_p, c_void_p, c_char_p, c_size_t, c_char_p, c_size_t, c_char_p, c_size_t, c_void_p,
    returns=c_void_p,
)
digest = function("EVP_Q_digest", c_void_p, c_char_p, c_char_p, c_char_p, c_size_t, c_char_p, c_void_p)
read_public = function("d2i_PUBKEY", c_void_p, c_void_p, c_size_t, returns=c_void_p)
read_private = function("d2i_AutoPrivateKey", c_void_p, c_void_p, c_size_t, returns=c_void_p)
free_key = function("EVP_PKEY_free", c_void_p, returns=None)
new_use = function("EVP_PKEY_CTX_new", c_void_p, c_void_p, returns=c_void_p)
free_use = function("EVP_PKEY_CTX_free", c_void_p, returns=None)
set_identifier = function("EVP_PKEY_CTX_set1_id", c_void_p, c_char_p, c_int)
check_public = function("EVP_PKEY_public_check", c_void_p)
new_digest = function("EVP_MD_CTX_new", returns=c_void_p)
free_digest = function("EVP_MD_CTX_free", c_void_p, returns=None)
set_use = function("EVP_MD_CTX_set_pkey_ctx", c_void_p, c_void_p, returns=None)
sm3 = function("EVP_sm3", returns=c_void_p)()
start_use = {name: function(f"EVP_PKEY_{name}_init", c_void_p) for name in ("verify", "encrypt", "decrypt")}
use = {
    name: function(f"EVP_PKEY_{name}", c_void_p, c_char_p, c_void_p, c_char_p, c_size_t) for name in ("encrypt", "decrypt")
}
verify_raw = function("EVP_PKEY_verify", c_void_p, c_char_p, c_size_t, c_char_p, c_size_t)
start_message = {
    name: function(f"EVP_Digest{name}Init", c_void_p, c_void_p, c_void_p, c_void_p, c_void_p) for name in ("Sign", "Verify")
}
sign_message = function("EVP_DigestSign", c_void_p, c_char_p, c_void_p, c_char_p, c_size_t)
verify_message = function("EVP_DigestVerify", c_void_p, c_char_p, c_size_t, c_char_p, c_size_t)


def need(good, what="refused"):
    """The library answers 1 when it did what was asked."""
    if not isinstance(good, int) or good <= 0:
        raise Refused(what)
    return good


class Owned:
    """What the library made is given back to it."""

    def __init__(self, made, free):
        self.made, self.free = made, free

    def __enter__(self):
        return need(self.made, "nothing made")

    def __exit__(self, *_):
        self.free(self.made)


def read(reader, encoded):
    at = ctypes.cast(ctypes.create_string_buffer(encoded, len(encoded)), c_void_p)
    return Owned(reader(None, byref(at), len(encoded)), free_key)


def public(f):
    return read(read_public, public_key(f["public"]))


def private(f):
    return read(read_private, private_key(f["private"]))


# ---- SM3, SM4


def hash_of(f):
    out = ctypes.create_string_buffer(32)
    need(digest(None, b"SM3", None, f["input"], len(f["input"]), out, None))
    return out.raw


def authenticate(name, cipher, hash_name, size):
    def run(f):
        out, written = ctypes.create_string_buffer(size), c_size_t()
        key, data = f["key"], f["input"]
        need(mac(None, name, None, cipher or hash_name, None, key, len(key), data, len(data), out, size, byref(written)))
        return out.raw[: written.value]

    return run


def crypt(name, encrypt, padding=False):
    authenticated = name in (b"SM4-GCM", b"SM4-CCM")
    counter_of_ccm = name == b"SM4-CCM"
    cipher = fetch(None, name, None)

    def run(f):
        if not cipher:
            raise Unsupported
        vector, data = f.get("iv", b""), f["input"]
        # A library cannot see how long a key is: whoever calls it must.
        if len(f["key"]) != key_length(cipher) or not authenticated and len(vector) != vector_length(cipher):
            raise Refused("the length of key or vector")
        with Owned(new_cipher(), free_cipher) as made:
            need(start(made, cipher, None, None, None, encrypt))
            if authenticated:
                need(control(made, SET_VECTOR_LENGTH, len(vector), None))
                tag = int.from_bytes(f["length"], "big") if encrypt else len(f["tag"])
                if counter_of_ccm or not encrypt:
                    need(control(made, SET_TAG_LENGTH, tag, None if encrypt else f["tag"]))
            need(start(made, None, None, f["key"], vector, encrypt))
            set_padding(made, padding)
            out, written, last = ctypes.create_string_buffer(len(data) + 32), c_int(), c_int()
            if counter_of_ccm:
                need(update(made, None, byref(written), None, len(data)))
            if f.get("aad"):
                need(update(made, None, byref(written), f["aad"], len(f["aad"])))
            need(update(made, out, byref(written), data, len(data)))
            done = written.value
            if not counter_of_ccm:
                end = ctypes.create_string_buffer(32)
                need(finish(made, end, byref(last)))
                out = out.raw[:done] + end.raw[: last.value]
            else:
                out = out.raw[:done]
            if authenticated and encrypt:
                mark = ctypes.create_string_buffer(tag)
                need(control(made, GET_TAG, tag, mark))
                return {"output": out, "tag": mark.raw}
            return out

    return run


# ---- SM2


def with_message(f, key, direction, run):
    """The library puts Z of the identifier before the message."""
    with Owned(new_use(key, None), free_use) as made, Owned(new_digest(), free_digest) as context:
        need(set_identifier(made, f["id"], len(f["id"])))
        set_use(context, made)
        need(start_message[direction](context, None, sm3, None, key))
        return run(context)


def verify(f, signature):
    message = f["message"]
    with public(f) as key:
        need(with_message(f, key, "Verify", lambda it: verify_message(it, signature, len(signature), message, len(message))))
    return "valid"


def verify_digest(f):
    encoded = signature(f)
    with public(f) as key, Owned(new_use(key, None), free_use) as made:
        need(start_use["verify"](made))
        need(verify_raw(made, encoded, len(encoded), f["digest"], len(f["digest"])))
    return "valid"


def sign(f):
    out, written = ctypes.create_string_buffer(128), c_size_t(128)
    message = f["message"]
    with private(f) as key:
        need(with_message(f, key, "Sign", lambda it: sign_message(it, out, byref(written), message, len(message))))
    return halves(out.raw[: written.value])


def seal(name, key, data):
    with Owned(new_use(key, None), free_use) as made:
        need(start_use[name](made))
        size = c_size_t()
        need(use[name](made, None, byref(size), data, len(data)))
        out = ctypes.create_string_buffer(size.value)
        need(use[name](made, out, byref(size), data, len(data)))
        return out.raw[: size.value]


def encrypt(f):
    with public(f) as key:
        return pieces(seal("encrypt", key, f["message"]))


def decrypt(f, sealed):
    with private(f) as key:
        return seal("decrypt", key, sealed)


def check(f):
    with public(f) as key, Owned(new_use(key, None), free_use) as made:
        need(check_public(made))
    return "valid"


OPERATIONS = {
    "sm3-hash": hash_of,
    "sm3-hmac": authenticate(b"HMAC", None, b"SM3", 32),
    "sm4-cmac": authenticate(b"CMAC", b"SM4-CBC", None, 16),
    "sm2-verify": lambda f: verify(f, signature(f)),
    "sm2-verify-digest": verify_digest,
    "sm2-verify-der": lambda f: verify(f, f["signature"]),
    "sm2-sign": sign,
    "sm2-encrypt": encrypt,
    "sm2-decrypt": lambda f: decrypt(f, ciphertext(f["input"])),
    "sm2-decrypt-der": lambda f: decrypt(f, f["input"]),
    "sm2-public-key": check,
}
for mode in ("ecb", "cbc", "cfb", "ofb", "ctr", "gcm", "ccm", "xts"):
    name = {"cfb": b"SM4-CFB128", "xts": b"SM4-XTS"}.get(mode, b"SM4-" + mode.upper().encode())
    for word, direction in (("encrypt", 1), ("decrypt", 0)):
        # Which XTS a version means by default is GB/T 17964-2021's.
        OPERATIONS[f"sm4-{'xts-gb' if mode == 'xts' else mode}-{word}"] = crypt(name, direction)
OPERATIONS["sm4-cbc-pkcs7-encrypt"] = crypt(b"SM4-CBC", 1, padding=True)
OPERATIONS["sm4-cbc-pkcs7-decrypt"] = crypt(b"SM4-CBC", 0, padding=True)

serve(OPERATIONS)
