#!/usr/bin/env python3
"""The line protocol in front of a module with the interface PKCS#11 (2.40): docs/line-protocol.md.

    pkcs11.py MODULE.so SLOT [pin=…] [NAME=NUMBER …]

The standard has no numbers for SM2, SM3 and SM4: each maker takes their own from 0x80000000 on, and the manual has them.
Names of mechanisms: sm3, sm3-hmac, sm4-ecb, sm4-cbc, sm4-cbc-pkcs7, sm4-cmac, sm2 (digest in, r and s out). Key types: sm4-key,
sm3-key (generic secret, 0x10, unless told), sm2-key (EC, 3, unless told). What has no number is `unsupported`. Keys are objects
of the session: nothing stays in the token.
"""

import ctypes
import sys
from ctypes import byref, c_ubyte, c_ulong, c_void_p

from protocol import Refused, Unsupported, der, serve

OK, RW_SERIAL, USER = 0, 6, 1
PUBLIC, PRIVATE, SECRET = 2, 3, 4
# CKA_…: class, token, value, key type, sensitive, encrypt, decrypt, sign, verify, EC parameters and point, extractable.
CLASS, TOKEN, VALUE, KEY_TYPE, SENSITIVE, ENCRYPT, DECRYPT, SIGN, VERIFY = 0, 1, 0x11, 0x100, 0x103, 0x104, 0x105, 0x108, 0x10A
EC_PARAMETERS, EC_POINT, EXTRACTABLE = 0x180, 0x181, 0x162
CURVE = bytes.fromhex("06082a811ccf5501822d")
# CKR_FUNCTION_NOT_SUPPORTED, CKR_MECHANISM_INVALID. Anything else that a module says is its refusal.
LACKING = {0x54, 0x70}

module, slot = ctypes.CDLL(sys.argv[1]), int(sys.argv[2], 0)
words = dict(word.split("=", 1) for word in sys.argv[3:])
numbers = {name: int(value, 0) for name, value in words.items() if name != "pin"}
numbers = {"sm3-key": 0x10, "sm2-key": 3, **numbers}


class Attribute(ctypes.Structure):
    _fields_ = [("type", c_ulong), ("value", c_void_p), ("length", c_ulong)]


class Mechanism(ctypes.Structure):
    _fields_ = [("mechanism", c_ulong), ("parameter", c_void_p), ("length", c_ulong)]


def call(name, *arguments):
    function = getattr(module, name)
    function.restype = c_ulong
    code = function(*arguments)
    if code in LACKING:
        raise Unsupported
    if code != OK:
        raise Refused(f"{name}: {code:#x}")


def buffer(data):
    return (c_ubyte * max(1, len(data))).from_buffer_copy(data or b"\0")


call("C_Initialize", None)
session = c_ulong()
call("C_OpenSession", c_ulong(slot), c_ulong(RW_SERIAL), None, None, byref(session))
if "pin" in words:
    call("C_Login", session, c_ulong(USER), buffer(words["pin"].encode()), c_ulong(len(words["pin"])))


def number(name):
    if name not in numbers:
        raise Unsupported
    return numbers[name]


class Key:
    """An object of the session, taken away again."""

    def __init__(self, kind, type_name, **attributes):
        values = {CLASS: c_ulong(kind), KEY_TYPE: c_ulong(number(type_name)), TOKEN: c_ubyte(0)}
        if kind != PUBLIC:
            values |= {SENSITIVE: c_ubyte(0), EXTRACTABLE: c_ubyte(1)}
        for name, value in attributes.items():
            values[globals()[name]] = c_ubyte(1) if value is True else buffer(value)
        held = [(kind, value, ctypes.sizeof(value)) for kind, value in values.items()]
        template = (Attribute * len(held))(*[Attribute(kind, ctypes.cast(byref(value), c_void_p), size) for kind, value, size in held])
        self.handle = c_ulong()
        call("C_CreateObject", session, template, c_ulong(len(held)), byref(self.handle))

    def __enter__(self):
        return self.handle

    def __exit__(self, *_):
        call("C_DestroyObject", session, self.handle)


def mechanism(name, parameter=b""):
    held = buffer(parameter)
    return Mechanism(number(name), ctypes.cast(held, c_void_p) if parameter else None, len(parameter)), held


def run(what, name, key, data, parameter=b""):
    """One call of C_EncryptInit and C_Encrypt, or of their relatives."""
    chosen, _held = mechanism(name, parameter)
    arguments = [] if key is None else [key]
    call(f"C_{what}Init", session, byref(chosen), *arguments)
    out, size = (c_ubyte * (len(data) + 256))(), c_ulong(len(data) + 256)
    call(f"C_{what}", session, buffer(data), c_ulong(len(data)), out, byref(size))
    return bytes(out[: size.value])


def crypt(name, what):
    def done(f):
        number(name)
        with Key(SECRET, "sm4-key", VALUE=f["key"], ENCRYPT=True, DECRYPT=True) as key:
            return run(what, name, key, f["input"], f.get("iv", b""))

    return done


def authenticate(name, type_name):
    def done(f):
        number(name)
        with Key(SECRET, type_name, VALUE=f["key"], SIGN=True) as key:
            return run("Sign", name, key, f["input"])

    return done


def verify(f):
    number("sm2")
    both = f["r"].rjust(32, b"\0") + f["s"].rjust(32, b"\0")
    if len(both) != 64:
        raise Refused("the length of a signature")
    with Key(PUBLIC, "sm2-key", EC_PARAMETERS=CURVE, EC_POINT=der(4, f["public"]), VERIFY=True) as key:
        chosen, _held = mechanism("sm2")
        call("C_VerifyInit", session, byref(chosen), key)
        call("C_Verify", session, buffer(f["digest"]), c_ulong(len(f["digest"])), buffer(both), c_ulong(64))
    return "valid"


OPERATIONS = {
    "sm3-hash": lambda f: run("Digest", "sm3", None, f["input"]),
    "sm3-hmac": authenticate("sm3-hmac", "sm3-key"),
    "sm4-cmac": authenticate("sm4-cmac", "sm4-key"),
    "sm2-verify-digest": verify,
}
for mode in ("sm4-ecb", "sm4-cbc", "sm4-cbc-pkcs7"):
    OPERATIONS[f"{mode}-encrypt"] = crypt(mode, "Encrypt")
    OPERATIONS[f"{mode}-decrypt"] = crypt(mode, "Decrypt")

serve(OPERATIONS)
