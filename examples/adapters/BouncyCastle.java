// The line protocol in front of BouncyCastle (tried with 1.72 of Debian 12, java 17): docs/line-protocol.md.
//   java -cp /usr/share/java/bcprov.jar examples/adapters/BouncyCastle.java
// A product that comes as a jar, or behind JCE or PKCS#11 (SunPKCS11), is put in place of the calls below.

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.math.BigInteger;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;
import org.bouncycastle.asn1.gm.GMNamedCurves;
import org.bouncycastle.crypto.BufferedBlockCipher;
import org.bouncycastle.crypto.CipherParameters;
import org.bouncycastle.crypto.CryptoException;
import org.bouncycastle.crypto.InvalidCipherTextException;
import org.bouncycastle.crypto.RuntimeCryptoException;
import org.bouncycastle.crypto.digests.SM3Digest;
import org.bouncycastle.crypto.engines.SM2Engine;
import org.bouncycastle.crypto.engines.SM4Engine;
import org.bouncycastle.crypto.engines.Zuc128Engine;
import org.bouncycastle.crypto.macs.CMac;
import org.bouncycastle.crypto.macs.HMac;
import org.bouncycastle.crypto.modes.AEADBlockCipher;
import org.bouncycastle.crypto.modes.CBCBlockCipher;
import org.bouncycastle.crypto.modes.CCMBlockCipher;
import org.bouncycastle.crypto.modes.CFBBlockCipher;
import org.bouncycastle.crypto.modes.GCMBlockCipher;
import org.bouncycastle.crypto.modes.OFBBlockCipher;
import org.bouncycastle.crypto.modes.SICBlockCipher;
import org.bouncycastle.crypto.paddings.PaddedBufferedBlockCipher;
import org.bouncycastle.crypto.params.AEADParameters;
import org.bouncycastle.crypto.params.ECDomainParameters;
import org.bouncycastle.crypto.params.ECPrivateKeyParameters;
import org.bouncycastle.crypto.params.ECPublicKeyParameters;
import org.bouncycastle.crypto.params.KeyParameter;
import org.bouncycastle.crypto.params.ParametersWithID;
import org.bouncycastle.crypto.params.ParametersWithIV;
import org.bouncycastle.crypto.params.ParametersWithRandom;
import org.bouncycastle.crypto.signers.PlainDSAEncoding;
import org.bouncycastle.crypto.signers.SM2Signer;
import org.bouncycastle.crypto.signers.StandardDSAEncoding;

public class BouncyCastle {
    static final ECDomainParameters CURVE = new ECDomainParameters(GMNamedCurves.getByName("sm2p256v1"));

    record Request(String operation, Map<String, byte[]> fields) {
        byte[] get(String name) {
            return fields.get(name);
        }

        int number(String name) {
            return new BigInteger(1, get(name)).intValueExact();
        }

        boolean encrypts() {
            return operation.endsWith("-encrypt");
        }

        ECPublicKeyParameters publicKey() {
            return new ECPublicKeyParameters(CURVE.getCurve().decodePoint(get("public")), CURVE);
        }

        ECPrivateKeyParameters privateKey() {
            if (get("private").length != 32) {
                throw new IllegalArgumentException("the length of a private key");
            }
            return new ECPrivateKeyParameters(new BigInteger(1, get("private")), CURVE);
        }
    }

    static String output(byte[] bytes) {
        return "ok output=" + HexFormat.of().formatHex(bytes);
    }

    static String verdict(boolean good) {
        return good ? "valid" : "invalid";
    }

    static String verify(Request request, SM2Signer signer, byte[] signature) {
        signer.init(false, new ParametersWithID(request.publicKey(), request.get("id")));
        signer.update(request.get("message"), 0, request.get("message").length);
        return verdict(signer.verifySignature(signature));
    }

    static byte[] joined(byte[] first, byte[] second) {
        byte[] both = java.util.Arrays.copyOf(first, first.length + second.length);
        System.arraycopy(second, 0, both, first.length, second.length);
        return both;
    }

    static String sign(Request request) throws CryptoException {
        SM2Signer signer = new SM2Signer(PlainDSAEncoding.INSTANCE, new SM3Digest());
        signer.init(true, new ParametersWithID(request.privateKey(), request.get("id")));
        signer.update(request.get("message"), 0, request.get("message").length);
        String signature = HexFormat.of().formatHex(signer.generateSignature());
        return "ok r=" + signature.substring(0, 64) + " s=" + signature.substring(64);
    }

    static String sealed(Request request) throws InvalidCipherTextException {
        SM2Engine engine = new SM2Engine(SM2Engine.Mode.C1C3C2);
        CipherParameters key = request.encrypts()
            ? new ParametersWithRandom(request.publicKey(), new java.security.SecureRandom())
            : request.privateKey();
        engine.init(request.encrypts(), key);
        byte[] input = request.get(request.encrypts() ? "message" : "input");
        return output(engine.processBlock(input, 0, input.length));
    }

    static String digest(Request request) {
        byte[] out = new byte[32];
        SM3Digest digest = new SM3Digest();
        digest.update(request.get("input"), 0, request.get("input").length);
        digest.doFinal(out, 0);
        return output(out);
    }

    static String code(Request request, org.bouncycastle.crypto.Mac mac) {
        byte[] out = new byte[mac.getMacSize()];
        mac.init(new KeyParameter(request.get("key")));
        mac.update(request.get("input"), 0, request.get("input").length);
        mac.doFinal(out, 0);
        return output(out);
    }

    static String block(Request request, BufferedBlockCipher cipher) throws InvalidCipherTextException {
        CipherParameters key = new KeyParameter(request.get("key"));
        byte[] iv = request.get("iv");
        cipher.init(request.encrypts(), iv == null ? key : new ParametersWithIV(key, iv));
        byte[] input = request.get("input");
        byte[] out = new byte[cipher.getOutputSize(input.length)];
        int count = cipher.processBytes(input, 0, input.length, out, 0);
        count += cipher.doFinal(out, count);
        return output(java.util.Arrays.copyOf(out, count));
    }

    static String authenticated(Request request, AEADBlockCipher cipher) throws InvalidCipherTextException {
        int tag = request.encrypts() ? request.number("length") : request.get("tag").length;
        cipher.init(request.encrypts(), new AEADParameters(new KeyParameter(request.get("key")), tag * 8, request.get("iv"), request.get("aad")));
        byte[] input = request.encrypts() ? request.get("input") : joined(request.get("input"), request.get("tag"));
        byte[] out = new byte[cipher.getOutputSize(input.length)];
        int count = cipher.processBytes(input, 0, input.length, out, 0);
        count += cipher.doFinal(out, count);
        String hex = HexFormat.of().formatHex(out, 0, count);
        int end = hex.length() - 2 * tag;
        return request.encrypts() ? "ok output=" + hex.substring(0, end) + " tag=" + hex.substring(end) : "ok output=" + hex;
    }

    static String stream(Request request) {
        byte[] out = new byte[request.number("length")];
        Zuc128Engine engine = new Zuc128Engine();
        engine.init(true, new ParametersWithIV(new KeyParameter(request.get("key")), request.get("iv")));
        engine.processBytes(out, 0, out.length, out, 0);
        return output(out);
    }

    static String answer(Request request) throws CryptoException {
        String operation = request.operation();
        return switch (operation) {
            case "sm3-hash" -> digest(request);
            case "sm3-hmac" -> code(request, new HMac(new SM3Digest()));
            case "sm4-cmac" -> code(request, new CMac(new SM4Engine()));
            case "sm4-ecb-encrypt", "sm4-ecb-decrypt" -> block(request, new BufferedBlockCipher(new SM4Engine()));
            case "sm4-cbc-encrypt", "sm4-cbc-decrypt" -> block(request, new BufferedBlockCipher(new CBCBlockCipher(new SM4Engine())));
            case "sm4-cbc-pkcs7-encrypt", "sm4-cbc-pkcs7-decrypt" -> block(request, new PaddedBufferedBlockCipher(new CBCBlockCipher(new SM4Engine())));
            case "sm4-cfb-encrypt", "sm4-cfb-decrypt" -> block(request, new BufferedBlockCipher(new CFBBlockCipher(new SM4Engine(), 128)));
            case "sm4-ofb-encrypt", "sm4-ofb-decrypt" -> block(request, new BufferedBlockCipher(new OFBBlockCipher(new SM4Engine(), 128)));
            case "sm4-ctr-encrypt", "sm4-ctr-decrypt" -> block(request, new BufferedBlockCipher(new SICBlockCipher(new SM4Engine())));
            case "sm4-gcm-encrypt", "sm4-gcm-decrypt" -> authenticated(request, new GCMBlockCipher(new SM4Engine()));
            case "sm4-ccm-encrypt", "sm4-ccm-decrypt" -> authenticated(request, new CCMBlockCipher(new SM4Engine()));
            case "sm2-verify" -> verify(request, new SM2Signer(PlainDSAEncoding.INSTANCE, new SM3Digest()), joined(request.get("r"), request.get("s")));
            case "sm2-verify-der" -> verify(request, new SM2Signer(StandardDSAEncoding.INSTANCE, new SM3Digest()), request.get("signature"));
            case "sm2-sign" -> sign(request);
            case "sm2-encrypt", "sm2-decrypt" -> sealed(request);
            case "sm2-public-key" -> verdict(request.publicKey() != null);
            case "zuc-128-keystream" -> stream(request);
            default -> "unsupported";
        };
    }

    public static void main(String[] arguments) throws Exception {
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            String[] words = line.split(" ");
            Map<String, byte[]> fields = new HashMap<>();
            for (int at = 1; at < words.length; at++) {
                String[] parts = words[at].split("=", 2);
                fields.put(parts[0], HexFormat.of().parseHex(parts[1]));
            }
            String told;
            try {
                told = answer(new Request(words[0], fields));
            } catch (CryptoException | RuntimeCryptoException | IllegalArgumentException | IllegalStateException refused) {
                // How this library refuses; anything else is a fault of it, and ends the adapter.
                told = "invalid";
            }
            System.out.println(told);
            System.out.flush();
        }
    }
}
