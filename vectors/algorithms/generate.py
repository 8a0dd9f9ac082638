#!/usr/bin/env python3
"""Makes the JSON vectors of this folder from its TOML files and adds malformed inputs. Python 3.11 or newer with SM3.

Hostile inputs are built so that a product which lacks one check really accepts them: an altered value that any check
refuses would show nothing. SM2 and the points of SM9 are computed here in plain integers, independent of the crates.
"""

import hashlib
import json
import pathlib
import tomllib

HERE = pathlib.Path(__file__).parent

# ---------------------------------------------------------------- SM2, GB/T 32918.5-2017

P = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFF
A = P - 3
B = 0x28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93
N = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123
G = (
    0x32C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7,
    0xBC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0,
)


def add(p, q):
    """The chord and tangent formulas; they do not use B, so they also run on points of another curve."""
    if p is None or q is None:
        return p or q
    if p[0] == q[0]:
        if (p[1] + q[1]) % P == 0:
            return None
        slope = (3 * p[0] * p[0] + A) * pow(2 * p[1], -1, P)
    else:
        slope = (q[1] - p[1]) * pow(q[0] - p[0], -1, P)
    x = (slope * slope - p[0] - q[0]) % P
    return x, (slope * (p[0] - x) - p[1]) % P


def times(k, p):
    total = None
    for bit in bin(k)[2:]:
        total = add(total, total)
        if bit == "1":
            total = add(total, p)
    return total


def on_curve(p):
    return (p[1] * p[1] - p[0] ** 3 - A * p[0] - B) % P == 0


assert on_curve(G) and times(N, G) is None


def b32(number):
    return number.to_bytes(32, "big")


def sm3(*pieces):
    return hashlib.new("sm3", b"".join(pieces)).digest()


def kdf(z, length):
    out = b"".join(sm3(z, counter.to_bytes(4, "big")) for counter in range(1, length // 32 + 2))
    return out[:length]


def point(p, prefix=4):
    """SEC 1: 04 and both coordinates, 06 or 07 the hybrid form; 02 or 03 x alone."""
    if prefix in (2, 3):
        return bytes([prefix]) + b32(p[0])
    return bytes([prefix]) + b32(p[0]) + b32(p[1])


def z_value(identifier, p, bits=None):
    bits = len(identifier) * 8 if bits is None else bits
    coordinates = [b32(number) for number in (A, B, *G, *p)]
    return sm3(bits.to_bytes(2, "big"), identifier, *coordinates)


def digest(identifier, p, message):
    return int.from_bytes(sm3(z_value(identifier, p), message), "big")


def counted(name):
    """A number below N that is the same in each run."""
    return int.from_bytes(sm3(name.encode()), "big") % (N - 2) + 1


# ---------------------------------------------------------------- what is written

SM2 = "GB/T 32918.2-2016"
NOTES = {
    "Standard": ("BASIC", "标准或规范中印出的示例。算不出它，说明实现的是另一种算法。",
                 "An example that a standard prints. Who misses it computes another algorithm.", "-", "confirmed"),
    "Lengths": ("BASIC", "各种长度与边界（空、分组边界前后）的普通输入。错误说明缓存或填充处理有误，数据会被悄悄损坏。",
                "Ordinary inputs of many lengths, empty and around block borders. A miss means that buffering or padding is wrong and data are damaged silently.", "-", "confirmed"),
    "EdgeKey": ("EDGE_CASE", "极端但合法的私钥。错误说明标量运算在边界处不正确。",
                "A private key that is extreme but allowed. A miss means that scalar arithmetic is wrong at its border.", SM2 + ", 6.1", "single"),
    "PrivateKeyRange": ("MISSING_STEP", "私钥不在 1 到 n-2 之内：0 与 n 没有公钥，n-1 使 1+d 不可逆。接受它说明密钥未经检查，签名可能泄露私钥。",
                        "A private key outside 1 to n-2: 0 and n have no public key, n-1 makes 1+d zero. Who takes it checks no keys; its signatures may give the key away.", SM2 + ", 6.1", "single"),
    "RangeOfR": ("MISSING_STEP", "r 不在 1 到 n-1 之内，验签的第一步就应拒绝。缺少该检查时，只控制摘要的人无需私钥就能造出被接受的签名。",
                 "r is outside 1 to n-1; the first step of verification must refuse it. Without it, whoever controls the digest makes signatures without the private key.", SM2 + ", 7.1 B1", "confirmed"),
    "RangeOfS": ("MISSING_STEP", "s 不在 1 到 n-1 之内，验签的第二步就应拒绝。s=0 时签名与基点无关，只控制摘要的人无需私钥就能造出被接受的签名。",
                 "s is outside 1 to n-1; the second step of verification must refuse it. With s = 0 the base point drops out, and whoever controls the digest makes signatures without the private key.", SM2 + ", 7.1 B2", "confirmed"),
    "ZeroSum": ("MISSING_STEP", "r+s=n，即 t=0：公钥从验证等式中消失。缺少 t≠0 的检查时，同一签名对任何人的公钥都成立。",
                "r + s = n, so t = 0 and the public key drops out of the equation. Without the check of t one signature fits everybody's key.", SM2 + ", 7.1 B5", "confirmed"),
    "ReducedModulo": ("SIGNATURE_MALLEABILITY", "r 或 s 加上了 n，模 n 后相同。接受它的实现使同一签名有多种写法：去重、吊销、上链编号可被绕过。",
                      "n was added to r or s, which is the same modulo n. Who takes it allows many forms of one signature: what counts, revokes or chains signatures by their bytes is deceived.", SM2 + ", 7.1 B1, B2", "confirmed"),
    "AlteredSignature": ("AUTH_BYPASS", "签名值被改动。接受它等于不验签。", "The signature was altered. Who takes it verifies nothing.", SM2 + ", 7.1", "confirmed"),
    "OtherMessage": ("AUTH_BYPASS", "消息不是被签名的那一条。接受它等于不验签。", "The message is not the one that was signed. Who takes it verifies nothing.", SM2 + ", 7.1", "confirmed"),
    "OtherKey": ("AUTH_BYPASS", "公钥不是签名者的公钥。接受它等于谁都能签名。", "The public key is not the signer's. Who takes it lets anybody sign.", SM2 + ", 7.1", "confirmed"),
    "OtherIdentifier": ("AUTH_BYPASS", "可辨别标识与签名时不同。接受它说明标识被忽略（常见为写死 1234567812345678）：签名不再绑定签名者身份，与使用其他标识的产品也不互通。",
                        "The distinguishing identifier is not the signer's. Who takes it ignores identifiers, mostly by a fixed 1234567812345678: signatures no longer bind who signed, and products with other identifiers do not fit.", SM2 + ", 5.5", "confirmed"),
    "UnusualIdentifier": ("MISSING_STEP", "标识不是 1234567812345678（空、很长、非文本）。算错说明标识被写死、截断或按文本处理：与使用其他标识的产品不互通，签名者身份未被绑定。",
                          "An identifier that is not 1234567812345678: empty, long, no text. A miss means that identifiers are fixed, cut or taken for text: other products do not fit, and who signed is not bound.", SM2 + ", 5.5", "confirmed"),
    "LongIdentifier": ("MISSING_STEP", "标识长 8192 字节，其比特数放不进 16 位。长度回绕的实现会为不同身份算出歧义的 Z 值。",
                       "An identifier of 8192 bytes: its length in bits does not fit 16 bits. Where the length wraps, Z is ambiguous between identities.", SM2 + ", 5.5", "single"),
    "PointOffCurve": ("INVALID_CURVE", "点不在曲线上（此处取其所在曲线上的 2 阶点）。缺少该检查时：验签可被不持私钥者伪造；用在解密和密钥交换中会逐位泄露私钥（无效曲线攻击）。",
                      "A point that is not on the curve, here one of order 2 on its own curve. Without the check signatures are forged without a key; in decryption and key exchange the private key leaks bit by bit (invalid curve attack).", "GB/T 32918.1-2016, 6.2", "confirmed"),
    "PointAtInfinity": ("INVALID_CURVE", "公钥是无穷远点（或以全零表示）。接受它时公钥从等式中消失，任何人都能伪造签名。",
                        "The public key is the point at infinity, or zeros that stand for it. Where it is taken the key drops out of the equation and anybody forges signatures.", "GB/T 32918.1-2016, 6.2", "confirmed"),
    "CoordinateOutOfField": ("INVALID_CURVE", "坐标不小于 p。接受它说明坐标被悄悄取模，同一公钥有多种写法。",
                             "A coordinate is not below p. Who takes it reduces silently, so that one key has many forms.", "GB/T 32918.1-2016, 6.2", "confirmed"),
    "InvalidEncoding": ("MISSING_STEP", "编码的前缀或长度不对。接受它说明输入被猜测或越界读取。",
                        "Prefix or length of the encoding is wrong. Who takes it guesses, or reads past the end.", "GB/T 32918.1-2016, 4.2", "confirmed"),
    "CompressedPoint": ("CAN_OF_WORMS", "压缩形式的公钥。标准允许，产品可以不支持；两种回答都可以。",
                        "A compressed point. The standard allows it and a product need not support it: both answers will do.", "GB/T 32918.1-2016, 4.2.9", "single"),
    "HybridPoint": ("CAN_OF_WORMS", "混合形式的公钥（06、07）。标准允许，产品可以不支持；两种回答都可以。",
                    "A hybrid point (06, 07). The standard allows it and a product need not support it: both answers will do.", "GB/T 32918.1-2016, 4.2.9", "single"),
    "HybridParity": ("INVALID_CURVE", "混合形式的前缀与 y 的奇偶不符。接受它说明前缀未检查，同一公钥有多种写法。",
                     "The prefix of a hybrid point contradicts y. Who takes it does not look at the prefix, so that one key has many forms.", "GB/T 32918.1-2016, 4.2.10", "single"),
    "DerTrailingBytes": ("BER_ENCODING", "DER 之后或其中有多余字节。接受它使同一签名有多种写法，也可在签名中夹带数据。",
                         "Bytes follow the DER or stand in it. Who takes them allows many forms of one signature, and freight in it.", "GB/T 35276-2017, 7.2; ITU-T X.690", "confirmed"),
    "DerNotMinimal": ("BER_ENCODING", "长度或整数不是最短写法（BER）。接受它使同一签名有多种写法。",
                      "A length or integer is not in its shortest form (BER). Who takes it allows many forms of one signature.", "ITU-T X.690, 8.3.2, 10.1", "confirmed"),
    "DerStructure": ("MISSING_STEP", "不是两个整数组成的 SEQUENCE。接受它或崩溃说明解析器不可靠。",
                     "Not a SEQUENCE of two integers. Who takes it, or dies, has an unreliable parser.", "GB/T 35276-2017, 7.2", "confirmed"),
    "DerNegative": ("BER_ENCODING", "缺少前导零，整数为负。接受它使同一签名有多种写法。",
                    "The leading zero is missing and the integer is negative. Who takes it allows many forms of one signature.", "ITU-T X.690, 8.3", "confirmed"),
    "RawForDer": ("CAN_OF_WORMS", "应为 DER 处给出 r‖s 64 字节。接受它说明格式靠猜测。", "r | s of 64 bytes where DER is due. Who takes it guesses the form.", "GB/T 35276-2017, 7.2", "confirmed"),
    "AlteredC1": ("AUTH_BYPASS", "密文的点 C1 被改动。", "C1, the point of the ciphertext, was altered.", "GB/T 32918.4-2016, 7.1", "confirmed"),
    "AlteredC2": ("AUTH_BYPASS", "密文 C2 被改动而 C3 未变。给出明文说明完整性值未核对：密文可被逐位篡改。",
                  "C2 was altered and C3 was not. Who gives a plaintext does not check the integrity value: ciphertexts can be changed bit by bit.", "GB/T 32918.4-2016, 7.1 B6", "confirmed"),
    "AlteredC3": ("AUTH_BYPASS", "完整性值 C3 不符。给出明文说明它未被核对：密文可被逐位篡改。",
                  "C3, the integrity value, does not fit. Who gives a plaintext does not check it: ciphertexts can be changed bit by bit.", "GB/T 32918.4-2016, 7.1 B6", "confirmed"),
    "TruncatedCiphertext": ("MISSING_STEP", "密文缺少部分内容。接受它或崩溃说明长度未检查。", "Parts of the ciphertext are missing. Who takes it, or dies, does not check lengths.", "GB/T 32918.4-2016, 7.1", "confirmed"),
    "WrongKeyLength": ("MISSING_STEP", "密钥长度不对。接受它说明密钥被悄悄截断或补齐：实际强度低于所称，与其他产品不互通。",
                       "The key has a wrong length. Who takes it cuts or fills it silently: the strength is less than claimed and other products do not fit.", "GB/T 32907-2016", "confirmed"),
    "WrongIvLength": ("MISSING_STEP", "初始向量长度不对。接受它说明向量被悄悄补齐，可能重复。", "The initialization vector has a wrong length. Who takes it fills it silently, and it may repeat.", "GB/T 17964-2021", "confirmed"),
    "PartialBlock": ("MISSING_STEP", "未填充的数据不是整分组。接受它说明数据被悄悄填充、截断或未加密。",
                     "Data without padding are no whole blocks. Who takes them pads or cuts silently, or leaves the rest in clear.", "GB/T 17964-2021", "confirmed"),
    "BadPadding": ("MISSING_STEP", "填充不合规。接受它说明解密结果未检查。注意：若拒绝的方式可与其他错误区分，本身就是填充谕示。",
                   "The padding is malformed. Who takes it does not look at it. Note: a refusal that differs from other errors is a padding oracle by itself.", "RFC 5652, 6.3", "confirmed"),
    "CounterWrap": ("EDGE_CASE", "计数器在 128 位边界回绕。错误说明计数器宽度不同，密钥流可能重复。",
                    "The counter wraps at 128 bits. A miss means another width of the counter; the key stream may repeat.", "GB/T 17964-2021", "confirmed"),
    "ModifiedTag": ("AUTH_BYPASS", "标签被改动。给出明文等于没有认证。", "The tag was altered. Who gives a plaintext authenticates nothing.", "GB/T 36624-2018", "confirmed"),
    "ZeroTag": ("AUTH_BYPASS", "标签全为零。给出明文说明标签未比较，或未初始化的内存被当作标签。",
                "The tag is all zeros. Who gives a plaintext does not compare it, or takes memory that was never filled for one.", "GB/T 36624-2018", "confirmed"),
    "TruncatedTag": ("CAN_OF_WORMS", "标签只有前几个字节。调用者可任选标签长度时，攻击者只需猜很少的位。12 字节以下应由使用者固定；两种回答都可以，但值得一问。",
                     "Only the first bytes of the tag. Where the sender chooses the length an attacker guesses few bits. Below 12 bytes the user must fix it: both answers will do, but ask.", "NIST SP 800-38D, 5.2.1.2", "confirmed"),
    "EmptyTag": ("AUTH_BYPASS", "标签为空或只有一个字节。给出明文说明比较的长度由攻击者决定，认证形同虚设。",
                 "The tag is empty or a single byte. Who gives a plaintext lets the attacker choose how much is compared: no authentication.", "GB/T 36624-2018", "confirmed"),
    "ModifiedCiphertext": ("AUTH_BYPASS", "密文被改动。给出明文等于没有认证。", "The ciphertext was altered. Who gives a plaintext authenticates nothing.", "GB/T 36624-2018", "confirmed"),
    "ModifiedAssociatedData": ("AUTH_BYPASS", "附加数据被改动。给出明文说明它未被认证。", "The associated data were altered. Who gives a plaintext does not authenticate them.", "GB/T 36624-2018", "confirmed"),
    "NonceLength": ("EDGE_CASE", "不常用的 IV、标签长度，产品可以不支持。错误说明推导初始计数器的方式不同。",
                    "A nonce or tag of an unusual length, which a product need not have. A miss means another way to the first counter.", "GB/T 36624-2018", "confirmed"),
    "EmptyNonce": ("MISSING_STEP", "IV 为空。接受它的实现使所有消息用同一密钥流。", "The nonce is empty. Where it is taken all messages share a key stream.", "NIST SP 800-38D, 5.2.1.1", "confirmed"),
    "TweakRule": ("EDGE_CASE", "XTS 的调柄更新：国标与 IEEE 1619 的比特次序不同，从第二个分组起结果不同。用错一种，磁盘或数据库无法由另一产品解密。",
                  "How XTS updates its tweak: GB/T 17964 and IEEE 1619 order bits differently and differ from the second block on. With the wrong rule another product cannot read the disk.", "GB/T 17964-2021; IEEE 1619", "confirmed"),
    "CiphertextStealing": ("EDGE_CASE", "末组不满时的密文挪用。错误会损坏最后两个分组。", "Ciphertext stealing for a last block that is not full. A miss damages the last two blocks.", "GB/T 17964-2021; IEEE 1619", "confirmed"),
    "EqualXtsKeys": ("CAN_OF_WORMS", "XTS 的两半密钥相同，会削弱调柄。FIPS 140 要求拒绝，国标未见要求；两种回答都可以。",
                     "Both halves of the XTS key are equal, which weakens the tweak. FIPS 140 wants a refusal, the GB text was not seen to: both answers will do.", "FIPS 140 IG", "single"),
    "RangeOfH": ("MISSING_STEP", "SM9 签名的 h 不在 1 到 N-1 之内，验签的第一步就应拒绝。", "h of an SM9 signature is outside 1 to N-1; the first step of verification must refuse it.", "GB/T 38635.2-2020", "confirmed"),
}
DANGER_WHEN_RUN = {
    "RepeatedNonce": ("KEY_LEAK", "两次运算用了同一个随机数 k。两个签名即可解出私钥；两个密文的异或即是两个明文的异或。",
                      "Two operations used the same random number k. Two such signatures give the private key; two such ciphertexts give the xor of their plaintexts.", SM2 + ", 6.1; GB/T 32918.4-2016, 6.1", "confirmed"),
    "Chain": ("EDGE_CASE", "长链（蒙特卡洛）中的某一步算错：随机输入下偶发的错误，示例向量发现不了。",
              "A step of a long chain (Monte Carlo) is wrong: an error that shows up now and then with random inputs, which printed examples do not find.", "-", "confirmed"),
}


class File:
    def __init__(self, name, algorithm):
        self.name, self.algorithm, self.groups, self.flags = name, algorithm, {}, set()
        with open(HERE / f"{name}.toml", "rb") as file:
            self.vectors = tomllib.load(file)["vector"]

    def test(self, operation, comment, flags, source, result, output=None, confidence="confirmed", **fields):
        def value(field):
            if isinstance(field, bytes):
                return field.hex()
            return f"{field:08x}" if isinstance(field, int) else field

        def named(fields):
            return {name.replace("_", "-"): value(field) for name, field in sorted(fields.items())}

        assert set(flags) <= set(NOTES), flags
        self.flags |= set(flags)
        test = {"comment": comment, "flags": flags, "input": named(fields), "result": result}
        if output:
            test["output"] = named(output)
        test |= {"source": source, "confidence": confidence}
        self.groups.setdefault(operation, []).append(test)

    def write(self, extra=()):
        note = lambda entry: dict(zip(("bugType", "description", "source", "confidence"),
                                      (entry[0], {"zh": entry[1], "en": entry[2]}, entry[3], entry[4])))
        notes = {flag: note(entry) for flag, entry in NOTES.items() if flag in self.flags}
        notes |= {flag: note(DANGER_WHEN_RUN[flag]) for flag in extra}
        count, lines = 0, []
        dump = lambda data: json.dumps(data, ensure_ascii=False)
        for operation, tests in self.groups.items():
            rows = []
            for test in tests:
                count += 1
                rows.append("    " + dump({"tcId": count} | test))
            lines.append(f'  {{"operation": {dump(operation)}, "tests": [\n' + ",\n".join(rows) + "\n  ]}")
        text = f'{{\n"algorithm": {dump(self.algorithm)},\n"schema": "schema.json",\n"numberOfTests": {count},\n"notes": {{\n'
        text += ",\n".join(f"  {dump(flag)}: {dump(notes[flag])}" for flag in sorted(notes))
        text += '\n},\n"testGroups": [\n' + ",\n".join(lines) + "\n]\n}\n"
        (HERE / f"{self.name}.json").write_text(text, encoding="utf-8")
        print(f"{self.name}.json: {count} tests, {len(notes)} notes")


def provenance(vector):
    source = vector["src"]
    return f"computed with two independent implementations ({source})" if source.startswith("computed") else source


def kind(vector):
    return ["Lengths"] if vector["src"].startswith("computed") else ["Standard"]


def flip(data, at=0, bit=1):
    data = bytearray(data)
    data[at] ^= bit
    return bytes(data)


MADE = "made for this set"

# ---------------------------------------------------------------- SM3


def write_sm3():
    file = File("sm3", "SM3")
    for v in file.vectors:
        flags, source = kind(v), provenance(v)
        match v["op"]:
            case "hash":
                file.test("sm3-hash", v["id"], flags, source, "valid", {"output": v["out"]}, input=v["msg"])
            case "hmac":
                file.test("sm3-hmac", v["id"], flags, source, "valid", {"output": v["out"]}, key=v["key"], input=v["msg"])
            case "kdf":
                file.test("sm3-kdf", v["id"], flags, source, "valid", {"output": v["out"]}, input=v["z"], length=v["len"])
    file.write(["Chain"])


# ---------------------------------------------------------------- SM4


def write_sm4():
    file = File("sm4", "SM4")
    key, iv, block = bytes.fromhex("0123456789abcdeffedcba9876543210"), bytes(range(16)), bytes(16)
    for v in file.vectors:
        operation = "sm4-" + v["op"].replace("cfb128", "cfb").replace("_", "-")
        flags, source = kind(v), provenance(v)
        stem = operation.rsplit("-", 1)[0]
        match v["op"]:
            case "cmac":
                file.test("sm4-cmac", v["id"], flags, source, "valid", {"output": v["tag"]}, key=v["key"], input=v["msg"])
            case "cbc_mac_pad80":
                file.test("sm4-cbc-mac", v["id"], flags, source, "valid", {"output": v["tag"]}, key=v["key"], input=v["msg"])
            case "gcm_encrypt" | "ccm_encrypt":
                if len(v["iv"]) != 24 or len(v["tag"]) != 32:
                    flags = flags + ["NonceLength"]
                shared = dict(key=v["key"], iv=v["iv"], aad=v["aad"])
                file.test(stem + "-encrypt", v["id"], flags, source, "valid", {"output": v["ct"], "tag": v["tag"]},
                          input=v["pt"], length=len(v["tag"]) // 2, **shared)
                file.test(stem + "-decrypt", v["id"], flags, source, "valid", {"output": v["pt"]}, input=v["ct"], tag=v["tag"], **shared)
            case "gcm_decrypt" | "ccm_decrypt":
                flag = {"tag": "ModifiedTag", "ct": "ModifiedCiphertext", "aad": "ModifiedAssociatedData"}[v["id"].split("bad-")[1].split("-")[0]]
                file.test(operation, v["id"], [flag], source, "invalid", key=v["key"], iv=v["iv"], aad=v["aad"], input=v["ct"], tag=v["tag"])
            case "cbc_pkcs7_decrypt":
                flag = "PartialBlock" if "length" in v["id"] else "BadPadding"
                file.test(operation, v["id"], [flag], source, "invalid", key=v["key"], iv=v["iv"], input=v["ct"])
            case "ecb_iterate":
                pass
            case _:
                if "xts" in operation:
                    flags = flags + (["TweakRule"] if len(v["pt"]) > 32 else []) + (["CiphertextStealing"] if len(v["pt"]) % 32 else [])
                if "wrap" in v["id"]:
                    flags = flags + ["CounterWrap"]
                shared = dict(key=v["key"], **({"iv": v["iv"]} if "iv" in v else {}))
                file.test(stem + "-encrypt", v["id"], flags, source, "valid", {"output": v["ct"]}, input=v["pt"], **shared)
                file.test(stem + "-decrypt", v["id"], flags, source, "valid", {"output": v["pt"]}, input=v["ct"], **shared)
    for mode in ("ecb", "cbc", "cfb", "ofb", "ctr"):
        shared = {} if mode == "ecb" else {"iv": iv}
        for length in (0, 8, 15, 17, 24, 32):
            file.test(f"sm4-{mode}-encrypt", f"key of {length} bytes", ["WrongKeyLength"], MADE, "invalid", key=bytes(length), input=block, **shared)
        if shared:
            for length in (0, 8, 12, 15, 17):
                file.test(f"sm4-{mode}-encrypt", f"iv of {length} bytes", ["WrongIvLength"], MADE, "invalid", key=key, iv=bytes(length), input=block)
    for mode in ("ecb", "cbc"):
        shared = {} if mode == "ecb" else {"iv": iv}
        for direction in ("encrypt", "decrypt"):
            for length in (1, 15, 17):
                file.test(f"sm4-{mode}-{direction}", f"{length} bytes", ["PartialBlock"], MADE, "invalid", key=key, input=bytes(length), **shared)
    file.test("sm4-cbc-pkcs7-decrypt", "no block at all", ["BadPadding"], MADE, "invalid", key=key, iv=iv, input=b"")
    for name in ("gcm", "ccm"):
        v = next(v for v in file.vectors if v["id"] == f"sm4-{name}-rfc8998")
        good = dict(key=v["key"], iv=v["iv"], aad=v["aad"], input=v["ct"])
        operation, tag = f"sm4-{name}-decrypt", bytes.fromhex(v["tag"])
        source = f"{v['src']} altered"
        for at in (7, 8, 11, 12, 15):
            file.test(operation, f"bit flipped in byte {at} of the tag", ["ModifiedTag"], source, "invalid", tag=flip(tag, at, 0x80), **good)
        file.test(operation, "all bits of the tag flipped", ["ModifiedTag"], source, "invalid", tag=bytes(byte ^ 255 for byte in tag), **good)
        file.test(operation, "tag of zeros", ["ZeroTag"], source, "invalid", tag=bytes(16), **good)
        file.test(operation, "tag of ones", ["ModifiedTag"], source, "invalid", tag=b"\xff" * 16, **good)
        for length in (0, 1):
            file.test(operation, f"first {length} bytes of the tag", ["EmptyTag"], source, "invalid", tag=tag[:length], **good)
        # CCM hashes the length of the tag into it: a shorter one is another tag.
        for length in (4, 8, 12, 15):
            result, flag = ("acceptable", "TruncatedTag") if name == "gcm" else ("invalid", "ModifiedTag")
            file.test(operation, f"first {length} bytes of the tag", [flag], source, result, {"output": v["pt"]} if name == "gcm" else None, tag=tag[:length], **good)
        file.test(operation, "tag with a byte behind it", ["ModifiedTag"], source, "invalid", tag=tag + b"\0", **good)
        file.test(operation, "ciphertext cut by a byte", ["ModifiedCiphertext"], source, "invalid", tag=tag, **(good | {"input": v["ct"][:-2]}))
        file.test(operation, "ciphertext left out", ["ModifiedCiphertext"], source, "invalid", tag=tag, **(good | {"input": ""}))
        file.test(operation, "associated data left out", ["ModifiedAssociatedData"], source, "invalid", tag=tag, **(good | {"aad": ""}))
        file.test(operation, "other nonce", ["ModifiedTag"], source, "invalid", tag=tag, **(good | {"iv": flip(bytes.fromhex(v["iv"]))}))
        file.test(operation, "other key", ["ModifiedTag"], source, "invalid", tag=tag, **(good | {"key": flip(bytes.fromhex(v["key"]))}))
        file.test(f"sm4-{name}-encrypt", "empty nonce", ["EmptyNonce"], MADE, "invalid", key=key, iv=b"", aad=b"", input=block, length=16)
        for length in (0, 15, 17, 32):
            file.test(f"sm4-{name}-encrypt", f"key of {length} bytes", ["WrongKeyLength"], MADE, "invalid", key=bytes(length), iv=bytes(12), aad=b"", input=block, length=16)
    for rule in ("gb", "ieee"):
        operation = f"sm4-xts-{rule}-encrypt"
        for length in (16, 31, 33):
            file.test(operation, f"key of {length} bytes", ["WrongKeyLength"], MADE, "invalid", key=bytes(range(length)), iv=iv, input=block)
        for length in (0, 15):
            file.test(operation, f"{length} bytes, less than a block", ["PartialBlock"], MADE, "invalid", key=bytes(range(32)), iv=iv, input=bytes(length))
        file.test(operation, "both halves of the key are equal", ["EqualXtsKeys"], MADE, "acceptable", key=key + key, iv=iv, input=block, confidence="single")
    for length in (0, 15, 17):
        file.test("sm4-cmac", f"key of {length} bytes", ["WrongKeyLength"], MADE, "invalid", key=bytes(length), input=block)
    file.write(["Chain"])


# ---------------------------------------------------------------- SM2


def der_integer(number):
    body = number.to_bytes(number.bit_length() // 8 + 1, "big")
    return b"\x02" + bytes([len(body)]) + body


def der(*pieces, length=None):
    body = b"".join(pieces)
    return b"\x30" + (bytes([len(body)]) if length is None else length) + body


def write_sm2():
    file = File("sm2", "SM2")
    known = {
        "r0": ["RangeOfR"], "r0s0": ["RangeOfR", "RangeOfS"], "r-eq-n": ["RangeOfR"], "t0-s-is-n-minus-r": ["ZeroSum"],
        "r-plus-1": ["AlteredSignature"], "n-minus-s": ["AlteredSignature"], "n-minus-r": ["AlteredSignature"],
        "r-all-ff": ["RangeOfR"], "s-all-ff": ["RangeOfS"], "id-changed": ["OtherIdentifier"], "id-empty": ["OtherIdentifier"],
        "pub-x-ge-p": ["CoordinateOutOfField"], "pub-zero-point": ["PointAtInfinity"], "pub-wrong-prefix": ["InvalidEncoding"],
        "pub-truncated": ["InvalidEncoding"], "pub-other-key": ["OtherKey"], "pub-negated-y": ["OtherKey"],
        "empty": ["DerStructure"], "truncated": ["DerStructure"], "wrong-tag": ["DerStructure"], "indefinite": ["DerNotMinimal"],
        "missing-pad-negative-r": ["DerNegative"], "third-integer": ["DerTrailingBytes"], "only-r": ["DerStructure"],
        "zero-length-int": ["DerStructure"], "raw-rs-64": ["RawForDer"], "r-33-bytes": ["RangeOfR"],
        "c3-bit": ["AlteredC3"], "c1-off-curve": ["PointOffCurve"], "c1-x-bit": ["PointOffCurve"], "extended": ["AlteredC2"],
        "no-c2": ["TruncatedCiphertext"], "c1-zero": ["PointAtInfinity"], "prefix-00": ["InvalidEncoding"],
    }
    def flags_of(v):
        name = v["id"].removeprefix("sm2-verify-bad-").removeprefix("sm2-decrypt-bad-").removeprefix("sm2-der-")
        return known[name] if v.get("expect") == "reject" else kind(v)

    for v in file.vectors:
        source = provenance(v)
        result = {"reject": "invalid"}.get(v.get("expect"), "valid")
        who = dict(public=v.get("pub"), id=v.get("id_hex"), message=v.get("msg"))
        match v["op"]:
            case "za":
                file.test("sm2-z", v["id"], kind(v), source, "valid", {"output": v["out"]}, public=v["pub"], id=v["id_hex"])
            case "sign_with_k":
                flags = ["EdgeKey"] if "edge" in v["id"] else kind(v)
                if v["id_hex"] != b"1234567812345678".hex():
                    flags = ["UnusualIdentifier"] + flags
                file.test("sm2-sign", v["id"], flags, source, "valid", {"public": v["pub"]}, private=v["priv"], id=v["id_hex"], message=v["msg"])
                file.test("sm2-sign-given-k", v["id"], flags, source, "valid", {"r": v["r"], "s": v["s"]}, private=v["priv"], id=v["id_hex"], message=v["msg"], k=v["k"])
                file.test("sm2-verify", v["id"], flags, source, "valid", r=v["r"], s=v["s"], **who)
                file.test("sm2-verify-der", v["id"], flags, source, "valid", signature=v["der"], **who)
            case "verify" if v["id"] != "sm2-verify-annexA":
                file.test("sm2-verify", v["id"], flags_of(v), source, result, r=v["r"], s=v["s"], **who)
            case "verify_der" if v["id"] != "sm2-der-good":
                file.test("sm2-verify-der", v["id"], flags_of(v), source, result, signature=v["der"], **who)
            case "verify_e":
                file.test("sm2-verify-digest", v["id"], kind(v), source, result, public=v["pub"], digest=v["e"], r=v["r"], s=v["s"])
            case "decrypt_der":
                file.test("sm2-decrypt-der", v["id"], kind(v), source, "valid", {"output": v["msg"]}, private=v["priv"], input=v["ct"])
            case "encrypt_with_k":
                flags = kind(v)
                file.test("sm2-encrypt", v["id"], flags, source, "valid", {"private": v["priv"]}, public=v["pub"], message=v["msg"])
                file.test("sm2-encrypt-given-k", v["id"], flags, source, "valid", {"output": v["c1c3c2"]}, public=v["pub"], message=v["msg"], k=v["k"])
                file.test("sm2-decrypt", v["id"], flags, source, "valid", {"output": v["msg"]}, private=v["priv"], input=v["c1c3c2"])
            case "decrypt_c1c3c2":
                file.test("sm2-decrypt", v["id"], flags_of(v), source, result, private=v["priv"], input=v["ct"])
            case "key_exchange":
                for role, (own, other) in enumerate((("a", "b"), ("b", "a"))):
                    file.test("sm2-exchange", f"{v['id']}, user {own.upper()}", kind(v), source, "valid",
                              {"key": v["key"], "s1": v["s1"], "s2": v["s2"]}, role=bytes([role]), private=v[f"priv_{own}"],
                              ephemeral=v[f"r_{own}"], id=v[f"id_{own}"], peer=v[f"pub_{other}"], peer_ephemeral=v[f"eph_{other}"],
                              peer_id=v[f"id_{other}"], length=v["klen"])

    # A key pair and a message for what is made here.
    d = counted("private key") | 1
    key, identifier, message = times(d, G), b"1234567812345678", b"pay 100 yuan"
    public, e = point(key), digest(b"1234567812345678", key, b"pay 100 yuan")
    k = counted("k")
    r = (e + times(k, G)[0]) % N
    s = pow(1 + d, -1, N) * (k - r * d) % N
    signed = dict(public=public, id=identifier, message=message)
    verify = lambda comment, flags, result="invalid", r=r, s=s, **changed: file.test(
        "sm2-verify", comment, flags, MADE, result, **({"r": b32(r), "s": b32(s)} | signed | changed))
    verify("a good signature", ["Lengths"], "valid")
    verify("another message", ["OtherMessage"], message=b"pay 900 yuan")
    verify("the message with a byte behind it", ["OtherMessage"], message=message + b"\0")
    verify("empty message", ["OtherMessage"], message=b"")
    verify("s = 0", ["RangeOfS"], s=0)
    verify("r = 0", ["RangeOfR"], r=0)
    verify("s = n", ["RangeOfS"], s=N)
    verify("r and s exchanged", ["AlteredSignature"], r=s, s=r)
    verify("r = s = 1", ["AlteredSignature"], r=1, s=1)
    # Good for the default identifier, but shown under another one.
    for name, other in (("empty", b""), ("ALICE", b"ALICE123@YAHOO.COM"), ("of TLS 1.3", b"TLSv1.3+GM+Cipher+Suite"), ("one byte longer", identifier + b"\0")):
        verify(f"signed under the default identifier, verified under another: {name}", ["OtherIdentifier"], id=other)
    # The length in bits wraps to 0, the identifier is hashed all the same.
    long = b"A" * 8192
    wrapped = int.from_bytes(sm3(z_value(long, key, bits=0), message), "big")
    wr = (wrapped + times(k, G)[0]) % N
    verify("identifier of 8192 bytes, its length wrapped to 0", ["LongIdentifier"], r=wr, s=pow(1 + d, -1, N) * (k - wr * d) % N, id=long)
    # Order 2 on a curve with another B: [t]P is neutral for each even t, so nobody needs a private key.
    def forged(p, encoded, comment, flags, even):
        s = counted(comment)
        e = digest(identifier, p, message)
        while True:
            r = (e + times(s, G)[0]) % N
            if not even or (r + s) % N % 2 == 0:
                return verify(comment, flags, r=r, s=s, public=encoded)
            s += 1
    two = (counted("x of order 2") % P, 0)
    assert not on_curve(two) and add(two, two) is None
    forged(two, point(two), "public key of order 2 off the curve, signature forged for it", ["PointOffCurve"], True)
    forged((0, 0), point((0, 0)), "public key of zeros as infinity, signature forged for it", ["PointAtInfinity"], False)
    forged((0, 0), b"\0", "public key 00, infinity in SEC 1, signature forged for it", ["PointAtInfinity"], False)
    verify("compressed public key", ["CompressedPoint"], "acceptable", public=point(key, 2 + key[1] % 2))
    verify("hybrid public key", ["HybridPoint"], "acceptable", public=point(key, 6 + key[1] % 2))
    verify("hybrid public key with the prefix of the other y", ["HybridParity"], public=point(key, 7 - key[1] % 2))
    verify("compressed public key with the prefix of the other y", ["OtherKey"], public=point(key, 3 - key[1] % 2))
    verify("public key with a byte behind it", ["InvalidEncoding"], public=public + b"\0")
    verify("public key without its prefix", ["InvalidEncoding"], public=public[1:])
    verify("empty public key", ["InvalidEncoding"], public=b"")

    # Digests chosen by the forger: e = r - x([s]G + [t]P) makes the equation true for any r and s.
    def chosen(comment, flags, r, s, shown_r=None, shown_s=None, result="invalid"):
        q = add(times(s, G), times((r + s) % N, key))
        e = (r - (q[0] if q else 0)) % N
        file.test("sm2-verify-digest", comment, flags, MADE, result, public=public, digest=b32(e),
                  r=b32(r if shown_r is None else shown_r), s=b32(s if shown_s is None else shown_s))
    some = counted("some number")
    chosen("a good signature", ["Lengths"], some, counted("another number"), result="valid")
    chosen("small r and s", ["Lengths"], 5, 7, result="valid")
    chosen("s = 0, digest chosen so that the equation holds", ["RangeOfS"], some, 0)
    chosen("r = 0, digest chosen so that the equation holds", ["RangeOfR"], 0, some)
    chosen("r = s = 0, digest of zeros", ["RangeOfR", "RangeOfS"], 0, 0)
    chosen("r + s = n, digest chosen so that the equation holds", ["ZeroSum"], some, N - some)
    chosen("s = n", ["RangeOfS"], some, 0, shown_s=N)
    chosen("r = n", ["RangeOfR"], 0, some, shown_r=N)
    chosen("r + n for a small r", ["RangeOfR", "ReducedModulo"], 5, 7, shown_r=5 + N)
    chosen("s + n for a small s", ["RangeOfS", "ReducedModulo"], 5, 7, shown_s=7 + N)

    encoded = lambda comment, flags, signature, result="invalid": file.test(
        "sm2-verify-der", comment, flags, MADE, result, signature=signature, **signed)
    ri, si = der_integer(r), der_integer(s)
    good = der(ri, si)
    encoded("a good signature", ["Lengths"], good, "valid")
    for name, tail in (("00", b"\0"), ("05 00", b"\5\0"), ("a second copy", good)):
        encoded(f"{name} behind the signature", ["DerTrailingBytes"], good + tail)
    encoded("NULL inside the SEQUENCE", ["DerTrailingBytes"], der(ri, si, b"\5\0"))
    encoded("length of the SEQUENCE in two bytes", ["DerNotMinimal"], der(ri, si, length=bytes([0x81, len(ri + si)])))
    encoded("length of the SEQUENCE in three bytes", ["DerNotMinimal"], der(ri, si, length=bytes([0x82, 0, len(ri + si)])))
    encoded("length of r in two bytes", ["DerNotMinimal"], der(b"\x02\x81" + ri[1:], si))
    encoded("a zero before r too many", ["DerNotMinimal"], der(b"\x02" + bytes([len(ri) - 1]) + b"\0" + ri[2:], si))
    encoded("a zero before s too many", ["DerNotMinimal"], der(ri, b"\x02" + bytes([len(si) - 1]) + b"\0" + si[2:]))
    encoded("indefinite length", ["DerNotMinimal"], b"\x30\x80" + ri + si + b"\0\0")
    encoded("length longer than the bytes", ["DerStructure"], der(ri, si, length=bytes([len(ri + si) + 1])))
    encoded("length of four gibibytes", ["DerStructure"], b"\x30\x84\xff\xff\xff\xff" + ri + si)
    encoded("length of 2^64 bytes", ["DerStructure"], b"\x30\x88" + b"\xff" * 8 + ri + si)
    encoded("r as OCTET STRING", ["DerStructure"], der(b"\x04" + ri[1:], si))
    encoded("SET in place of SEQUENCE", ["DerStructure"], b"\x31" + good[1:])
    encoded("r and s swapped", ["AlteredSignature"], der(si, ri))
    encoded("r + n", ["ReducedModulo"], der(der_integer(r + N), si))
    encoded("s + n", ["ReducedModulo"], der(ri, der_integer(s + N)))
    encoded("s + n * 2^256", ["ReducedModulo"], der(ri, der_integer(s + (N << 256))))
    encoded("-r", ["DerNegative"], der(b"\x02\x21" + ((1 << 264) - r).to_bytes(33, "big"), si))
    encoded("s = 0", ["RangeOfS"], der(ri, der_integer(0)))
    encoded("r = 0", ["RangeOfR"], der(der_integer(0), si))
    encoded("r = s = 0", ["RangeOfR", "RangeOfS"], der(der_integer(0), der_integer(0)))
    encoded("REAL infinity for s", ["DerStructure"], der(ri, b"\x09\x01\x40"))

    for name, private in (("0", 0), ("n - 1", N - 1), ("n", N), ("n + 1", N + 1), ("2^256 - 1", (1 << 256) - 1)):
        file.test("sm2-sign", f"private key {name}", ["PrivateKeyRange"], MADE, "invalid", private=b32(private), id=identifier, message=message)
    file.test("sm2-sign", "private key n - 2, the largest", ["EdgeKey"], MADE, "valid", {"public": point(times(N - 2, G))}, private=b32(N - 2), id=identifier, message=message)
    for name, private in (("empty", b""), ("of 31 bytes", bytes(30) + b"\1"), ("of 33 bytes", b"\1" * 33)):
        file.test("sm2-sign", f"private key {name}", ["WrongKeyLength"], MADE, "invalid", private=private, id=identifier, message=message)

    # C1 of order 2 and an odd d: [d]C1 = C1, so the forger knows the key stream and learns whether d is odd.
    plain = b"probe of the last bit"
    def sealed(shared, c1, text=plain):
        x, y = b32(shared[0]), b32(shared[1])
        stream = kdf(x + y, len(text))
        return c1 + sm3(x, text, y) + bytes(a ^ b for a, b in zip(stream, text))
    decrypt = lambda comment, flags, data, result="invalid", output=None: file.test(
        "sm2-decrypt", comment, flags, MADE, result, output, private=b32(d), input=data)
    c1 = times(counted("k of encryption"), G)
    shared = times(d, c1)
    good = sealed(shared, point(c1))
    decrypt("a good ciphertext", ["Lengths"], good, "valid", {"output": plain})
    decrypt("C1 of order 2 off the curve, C2 and C3 made for it", ["PointOffCurve"], sealed(two, point(two)))
    decrypt("C1 of zeros as infinity, C2 and C3 made for it", ["PointAtInfinity"], sealed((0, 0), point((0, 0))))
    decrypt("bit of C2 flipped", ["AlteredC2"], flip(good, 97))
    decrypt("last bit of C2 flipped", ["AlteredC2"], flip(good, len(good) - 1))
    decrypt("first bit of C3 flipped", ["AlteredC3"], flip(good, 65, 0x80))
    decrypt("last bit of C3 flipped", ["AlteredC3"], flip(good, 96))
    decrypt("C3 of zeros", ["AlteredC3"], good[:65] + bytes(32) + good[97:])
    decrypt("C1 of another encryption", ["AlteredC1"], point(times(5, G)) + good[65:])
    decrypt("y of C1 negated", ["AlteredC1"], point((c1[0], P - c1[1])) + good[65:])
    decrypt("x of C1 of ones", ["CoordinateOutOfField", "AlteredC1"], b"\4" + b"\xff" * 32 + good[33:])
    decrypt("C1 | C2 | C3, the old order", ["AlteredC3"], good[:65] + good[97:] + good[65:97])
    for length in (0, 1, 64, 65, 96):
        decrypt(f"cut to {length} bytes", ["TruncatedCiphertext"], good[:length])
    x, y, c3, c2 = der_integer(c1[0]), der_integer(c1[1]), good[65:97], good[97:]
    octets = lambda data: b"\4" + bytes([len(data)]) + data
    parts = lambda *pieces: (lambda body: b"\x30" + (bytes([len(body)]) if len(body) < 128 else bytes([0x81, len(body)])) + body)(b"".join(pieces))
    in_der = lambda comment, flags, data, result="invalid", output=None: file.test(
        "sm2-decrypt-der", comment, flags, MADE, result, output, private=b32(d), input=data)
    whole = parts(x, y, octets(c3), octets(c2))
    in_der("a good ciphertext", ["Lengths"], whole, "valid", {"output": plain})
    in_der("00 behind the ciphertext", ["DerTrailingBytes"], whole + b"\0")
    in_der("NULL inside the SEQUENCE", ["DerTrailingBytes"], parts(x, y, octets(c3), octets(c2), b"\5\0"))
    in_der("C3 cut by a byte", ["AlteredC3"], parts(x, y, octets(c3[:-1]), octets(c2)))
    in_der("C3 empty", ["AlteredC3"], parts(x, y, octets(b""), octets(c2)))
    in_der("bit of C3 flipped", ["AlteredC3"], parts(x, y, octets(flip(c3)), octets(c2)))
    in_der("C2 and C3 exchanged", ["AlteredC3"], parts(x, y, octets(c2), octets(c3)))
    made = sealed(two, point(two))
    in_der("C1 of order 2 off the curve, C2 and C3 made for it", ["PointOffCurve"], parts(der_integer(two[0]), der_integer(0), octets(made[65:97]), octets(made[97:])))
    in_der("x of C1 negative", ["DerNegative"], parts(b"\x02\x20" + b32(c1[0] | 1 << 255), y, octets(c3), octets(c2)))
    in_der("no C2", ["TruncatedCiphertext"], parts(x, y, octets(c3)))
    in_der("empty", ["TruncatedCiphertext"], b"")

    check = lambda comment, flags, encoded, result="invalid": file.test("sm2-public-key", comment, flags, MADE, result, public=encoded)
    check("a good key", ["Lengths"], public, "valid")
    check("the base point", ["Lengths"], point(G), "valid")
    check("the negative base point", ["Lengths"], point((G[0], P - G[1])), "valid")
    check("order 2 off the curve", ["PointOffCurve"], point(two))
    check("y plus 1", ["PointOffCurve"], point((key[0], key[1] + 1)))
    check("x and y exchanged", ["PointOffCurve"], point((key[1], key[0])))
    check("zeros", ["PointAtInfinity"], point((0, 0)))
    check("infinity of SEC 1", ["PointAtInfinity"], b"\0")
    check("x = p", ["CoordinateOutOfField"], b"\4" + b32(P) + b32(key[1]))
    check("all ones", ["CoordinateOutOfField"], b"\4" + b"\xff" * 64)
    # So small an x that x + p fits 32 bytes.
    small = next(p for p in ((x, y) for x in range(1, 200) for y in [pow(x**3 + A * x + B, (P + 1) // 4, P)]) if on_curve(p))
    check("a small x", ["Lengths"], point(small), "valid")
    check("a small x plus p", ["CoordinateOutOfField"], b"\4" + b32(small[0] + P) + b32(small[1]))
    check("compressed", ["CompressedPoint"], point(key, 2 + key[1] % 2), "acceptable")
    stray = next(x for x in range(1, 200) if pow(x**3 + A * x + B, (P - 1) // 2, P) == P - 1)
    check("compressed, x without a y", ["PointOffCurve"], b"\2" + b32(stray))
    check("hybrid", ["HybridPoint"], point(key, 6 + key[1] % 2), "acceptable")
    check("hybrid with the prefix of the other y", ["HybridParity"], point(key, 7 - key[1] % 2))
    for prefix in (0, 1, 5, 8, 0x84):
        check(f"prefix {prefix:02x}", ["InvalidEncoding"], bytes([prefix]) + public[1:])
    for name, encoded in (("empty", b""), ("64 bytes", public[:-1]), ("66 bytes", public + b"\0"), ("without a prefix", public[1:]), ("33 bytes with 04", public[:33])):
        check(name, ["InvalidEncoding"], encoded)

    v = next(v for v in file.vectors if v["id"] == "sm2-kex-annexA")
    for comment, flag, ephemeral in (("ephemeral point of order 2 off the curve", "PointOffCurve", point(two)),
                                     ("ephemeral point of zeros", "PointAtInfinity", point((0, 0)))):
        file.test("sm2-exchange", comment, [flag], MADE, "invalid", role=b"\0", private=v["priv_a"], ephemeral=v["r_a"], id=v["id_a"],
                  peer=v["pub_b"], peer_ephemeral=ephemeral, peer_id=v["id_b"], length=v["klen"])
    file.write(["RepeatedNonce"])


# ---------------------------------------------------------------- ZUC


def write_zuc():
    file = File("zuc", "ZUC")
    for v in file.vectors:
        flags, source, valid = kind(v), provenance(v), "valid"
        mobile = lambda: dict(key=v["key"], count=v["count"], bearer=v["bearer"], direction=v["direction"], bits=v["bits"], input=v["inp"])
        match v["op"]:
            case "zuc128_keystream":
                file.test("zuc-128-keystream", v["id"], flags, source, valid, {"output": v["first_words"]}, key=v["key"], iv=v["iv"], length=len(v["first_words"]) // 2)
            case "zuc256_keystream":
                file.test("zuc-256-keystream", v["id"], flags, source, valid, {"output": v["words"]}, key=v["key"], iv=v["iv"], length=len(v["words"]) // 2)
            case "eea3":
                file.test("zuc-eea3", v["id"], flags, source, valid, {"output": v["out"]}, **mobile())
            case "eia3":
                file.test("zuc-eia3", v["id"], flags, source, valid, {"output": v["mac"]}, **mobile())
            case "zuc256_mac":
                for bits in (32, 64, 128):
                    file.test("zuc-256-mac", f"{v['id']}, {bits} bits", flags, source, valid, {"output": v[f"mac{bits}"]},
                              key=v["key"], iv=v["iv"], input=v["unit"] * v["count"], length=bits // 8)
            case "zuc128_gxm":
                # Carried from one implementation only.
                split = len(v["out"]) - 2 * v["tag_len"]
                output, tag = v["out"][:split], v["out"][split:]
                shared = dict(key=v["key"], hash_key=v["hkey"], iv=v["iv"], aad=v["aad"])
                file.test("zuc-gxm-encrypt", v["id"], flags, source, valid, {"output": output, "tag": tag}, "single", input=v["pt"], length=v["tag_len"], **shared)
                file.test("zuc-gxm-decrypt", v["id"], flags, source, valid, {"output": v["pt"]}, "single", input=output, tag=tag, **shared)
                raw = bytes.fromhex(tag)
                for comment, flag, changed in (("bit of the tag flipped", "ModifiedTag", flip(raw)), ("tag of zeros", "ZeroTag", bytes(len(raw))), ("empty tag", "EmptyTag", b"")):
                    file.test("zuc-gxm-decrypt", f"{v['id']}, {comment}", [flag], source + ", altered", "invalid", None, "single", input=output, tag=changed, **shared)
    for operation, lengths, iv, right in (("zuc-128-keystream", (0, 15, 17, 32), 16, 16), ("zuc-256-keystream", (0, 16, 31, 33), 23, 32)):
        for length in lengths:
            file.test(operation, f"key of {length} bytes", ["WrongKeyLength"], MADE, "invalid", key=bytes(length), iv=bytes(iv), length=8)
        file.test(operation, "empty iv", ["WrongIvLength"], MADE, "invalid", key=bytes(right), iv=b"", length=8)
    file.write()


# ---------------------------------------------------------------- SM9, GB/T 38635: only G2 is computed here, for public keys

Q9 = 0xB640000002A3A6F1D603AB4FF58EC74521F2934B1A7AEEDBE56F9B27E351457D
N9 = 0xB640000002A3A6F1D603AB4FF58EC74449F2934B18EA8BEEE56EE19CD69ECF25
# x and y of the generator, as (c0, c1) with u^2 = -2.
P2 = (
    (0x3722755292130B08D2AAB97FD34EC120EE265948D19C17ABF9B7213BAF82D65B, 0x85AEF3D078640C98597B6027B441A01FF1DD2C190F5E93C454806C11D8806141),
    (0xA7CF28D519BE3DA65F3170153D278FF247EFBA98A71A08116215BBA5C999A7C7, 0x17509B092E845C1266BA0D262CBEE6ED0736A96FA347C8BD856DC76B84EBEB96),
)


def mul2(a, b):
    return (a[0] * b[0] - 2 * a[1] * b[1]) % Q9, (a[0] * b[1] + a[1] * b[0]) % Q9


def sub2(a, b):
    return (a[0] - b[0]) % Q9, (a[1] - b[1]) % Q9


def invert2(a):
    norm = pow(a[0] * a[0] + 2 * a[1] * a[1], -1, Q9)
    return a[0] * norm % Q9, -a[1] * norm % Q9


def add2(p, q):
    if p is None or q is None:
        return p or q
    if p[0] == q[0]:
        if p[1] != q[1]:
            return None
        slope = mul2(mul2((3, 0), mul2(p[0], p[0])), invert2(mul2((2, 0), p[1])))
    else:
        slope = mul2(sub2(q[1], p[1]), invert2(sub2(q[0], p[0])))
    x = sub2(sub2(mul2(slope, slope), p[0]), q[0])
    return x, sub2(mul2(slope, sub2(p[0], x)), p[1])


def times2(k, p):
    total = None
    for bit in bin(k)[2:]:
        total = add2(total, total)
        if bit == "1":
            total = add2(total, p)
    return total


assert sub2(mul2(P2[1], P2[1]), mul2(P2[0], mul2(P2[0], P2[0]))) == (0, 5) and times2(N9, P2) is None


def write_sm9():
    file = File("sm9", "SM9")
    of = {v["id"]: v for v in file.vectors}
    v = of["sm9-h1"]
    file.test("sm9-h1", v["id"], kind(v), v["src"], "valid", {"output": v["out"]}, input=v["inp"])
    v = of["sm9-sign-annexA"]
    x, y = times2(int(v["master_priv"], 16), P2)
    master = b"\4" + b32(x[1]) + b32(x[0]) + b32(y[1]) + b32(y[0])
    h, s = bytes.fromhex(v["h"]), bytes.fromhex(v["s"])
    hid = bytes([v["hid"]])

    def verify(comment, flags, result="invalid", **changed):
        fields = dict(master_public=master, user=v["user"], hid=hid, message=v["msg"], h=h, s=s) | changed
        file.test("sm9-verify", comment, flags, v["src"] + ("" if result == "valid" else ", altered"), result, **fields)

    verify(v["id"], ["Standard"], "valid")
    verify("h = 0", ["RangeOfH"], h=bytes(32))
    verify("h = N", ["RangeOfH"], h=b32(N9))
    verify("h of ones", ["RangeOfH"], h=b"\xff" * 32)
    verify("bit of h flipped", ["AlteredSignature"], h=flip(h, 31))
    verify("y of S negated", ["AlteredSignature"], s=s[:33] + b32(Q9 - int.from_bytes(s[33:], "big")))
    verify("S off the curve", ["PointOffCurve"], s=flip(s, 64))
    verify("S of zeros", ["PointAtInfinity"], s=b"\4" + bytes(64))
    verify("S with x of ones", ["CoordinateOutOfField"], s=b"\4" + b"\xff" * 32 + s[33:])
    verify("another message", ["OtherMessage"], message=v["msg"] + "00")
    verify("another user", ["OtherIdentifier"], user=b"Bob")
    verify("another hid", ["OtherIdentifier"], hid=b"\3")
    verify("master public key off the curve", ["PointOffCurve"], master_public=flip(master, 128))
    verify("another master public key", ["OtherKey"], master_public=b"\4" + b32(P2[0][1]) + b32(P2[0][0]) + b32(P2[1][1]) + b32(P2[1][0]))
    v = of["sm9-kem-annexC"]
    private = "04" * (len(v["user_priv"]) == 256) + v["user_priv"]
    file.test("sm9-decapsulate", v["id"], ["Standard"], v["src"], "valid", {"output": v["key"]}, private=private, user=v["user"], input=v["c"], length=v["klen"])
    file.test("sm9-decapsulate", "C off the curve", ["PointOffCurve"], v["src"] + ", altered", "invalid", private=private, user=v["user"], input=flip(bytes.fromhex(v["c"]), 63), length=v["klen"])
    # The same master key and the same user as in annex C.
    v = of["sm9-encrypt-xor-annexD"]
    good = bytes.fromhex(v["ct"])
    decrypt = lambda comment, flags, data, result="invalid", output=None: file.test(
        "sm9-decrypt", comment, flags, v["src"].split(";")[0] + ("" if output else ", altered"), result, output, private=private, user=v["user"], input=data)
    decrypt(v["id"], ["Standard"], good, "valid", {"output": v["msg"]})
    decrypt("bit of C3 flipped", ["AlteredC3"], flip(good, 64))
    decrypt("bit of C2 flipped", ["AlteredC2"], flip(good, 96))
    decrypt("C1 off the curve", ["PointOffCurve"], flip(good, 63))
    decrypt("cut to 64 bytes", ["TruncatedCiphertext"], good[:64])
    file.write()


write_sm3()
write_sm4()
write_sm2()
write_zuc()
write_sm9()
